"""A run made anew takes the old one's place when it is complete, and not before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ivlm_bench.errors import ConfigError, IvlmBenchError
from ivlm_bench.harness.anew import execute_anew
from ivlm_bench.harness.config import RunConfig
from ivlm_bench.harness.run import execute
from ivlm_bench.store import load_run

Configure = Callable[..., RunConfig]


def test_the_new_run_lies_where_the_old_one_lay(config: Configure, tmp_path: Path) -> None:
    old = execute(config()).run
    (old.folder / "of the old run").touch()
    new = execute_anew(config()).run
    assert new.folder == old.folder
    assert not (new.folder / "of the old run").exists()
    assert new.manifest.bit_digest == old.manifest.bit_digest
    assert not (tmp_path / "run.new").exists()


def test_where_nothing_is_yet_it_simply_runs(config: Configure, tmp_path: Path) -> None:
    assert execute_anew(config()).run.folder == tmp_path / "run"


def test_a_new_run_that_can_not_be_made_leaves_the_old_one(
    config: Configure, tmp_path: Path
) -> None:
    digest = execute(config()).run.manifest.bit_digest
    with pytest.raises(IvlmBenchError):
        execute_anew(config(reasoner="nobody-of-that-name"))
    assert load_run(tmp_path / "run").manifest.bit_digest == digest


def test_without_a_folder_there_is_nothing_to_replace(config: Configure) -> None:
    with pytest.raises(ConfigError, match="--out"):
        execute_anew(config(out=None))
