"""Suite files: what is refused, and how it is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivlm_bench.errors import ConfigError, UnknownNameError
from ivlm_bench.suite import load_suite, select_tasks, suite_names

GOOD = """
name = "mine"
title = "Mine"
track = "rgbd4"
[tasks."ivlm/GraspAny-v0"]
count = 3
first_seed = 10
replaced = { 11 = 900 }
"""


def write(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("name", suite_names())
def test_shipped_suites_resolve(name: str) -> None:
    suite = load_suite(name)
    assert suite.name == name
    assert len(set(suite.episodes())) == len(suite.episodes())


def test_replaced_seeds_take_the_place_of_the_failed_ones(tmp_path: Path) -> None:
    suite = load_suite(write(tmp_path, GOOD))
    assert [episode.seed for episode in suite.episodes()] == [10, 900, 12]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD.replace('"rgbd4"', "rgbd4"), "not valid TOML"),
        (GOOD + "colour = 3\n", "colour"),
        (GOOD.replace("count = 3", 'count = "three"'), "count"),
        (GOOD.replace("count = 3", "count = 0"), "no question"),
        (GOOD.replace("= 900", "= 12"), "twice"),
        ('frozen = "00"\n' + GOOD, "never changes"),
        (GOOD.replace('"rgbd4"', '"rgbdx"'), "track.*Did you mean 'rgbd'"),
        ("size_px = 15\n" + GOOD, "size_px is 15; views of 16 to 2048"),
        ("size_px = 2049\n" + GOOD, "size_px is 2049"),
        ("n_perturbed = -2\n" + GOOD, "n_perturbed is -2; a whole number of at least 0"),
        ("repeats = 0\n" + GOOD, "repeats is 0; a whole number of at least 1"),
        (GOOD.replace("count = 3", "count = -3"), "count of task 'ivlm/GraspAny-v0' is -3"),
        (GOOD.replace("= 10", "= -5"), "first_seed of task 'ivlm/GraspAny-v0' is -5"),
        (GOOD.replace("{ 11 =", "{ 13 ="), "'replaced' .* '13', .* planned 10 to 12"),
        (GOOD.replace("{ 11 =", "{ eleven ="), "'replaced' .* 'eleven'"),
        (GOOD.replace("= 900", "= -1"), "'replaced' for seed 11 .* is -1"),
    ],
)
def test_bad_suites_get_a_sentence(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        load_suite(write(tmp_path, text))
    assert "mine.toml" in str(caught.value)


def test_the_least_and_the_largest_values_are_taken(tmp_path: Path) -> None:
    for size_px in (16, 2048):
        text = f"size_px = {size_px}\nn_perturbed = 0\nrepeats = 1\n" + GOOD
        assert load_suite(write(tmp_path, text)).sensors.size_px == size_px


def test_missing_file_and_typo() -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml can't be read"):
        load_suite("nowhere.toml")
    with pytest.raises(UnknownNameError, match="Did you mean 'smoke-v0'"):
        load_suite("smok-v0")


def test_tasks_are_chosen_by_short_name() -> None:
    suite = load_suite("smoke-v0")
    assert select_tasks(suite, ("OpenDrawer",)) == ("ivlm/OpenDrawer-v0",)
    assert select_tasks(suite, ()) == suite.tasks
    with pytest.raises(UnknownNameError, match="OpenDrawer"):
        select_tasks(suite, ("OpenDrawr",))
