"""A suite file that we write is read back as what was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivlm_bench.suite import SUITES, load_suite, read_suite_file, suite_names
from ivlm_bench.suite_file import SuiteFile, TaskSeeds, suite_toml

HAND_MADE = SuiteFile(
    name="own-v0",
    title='Quotes "and" a back\\slash, ümlaut',
    track="rgb4",
    tasks={
        "ivlm/GraspAny-v0": TaskSeeds(count=3, first_seed=7, replaced={"8": 1000}),
        "ivlm/PressButton-v0": TaskSeeds(count=0),
    },
    cross_check_share=0.25,
    repeats=2,
)


def test_the_text_of_a_suite_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "own-v0.toml"
    path.write_text(suite_toml(HAND_MADE), encoding="utf-8")
    assert read_suite_file(path) == HAND_MADE


@pytest.mark.parametrize("name", suite_names())
def test_shipped_suites_survive_it(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.toml"
    path.write_text(suite_toml(read_suite_file(SUITES.get(name))), encoding="utf-8")
    assert load_suite(str(path)).hash == load_suite(name).hash
