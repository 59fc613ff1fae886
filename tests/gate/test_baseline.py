"""Baselines: promoted with a reason, replaced as a whole, found by suite, sensors and reasoner."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ivlm_bench.comparison import NotComparableError
from ivlm_bench.errors import ConfigError, StoreError
from ivlm_bench.gate.baseline import HOME, find_baseline, promote, read_promotion
from ivlm_bench.store import Run, load_run

MakeNight = Callable[..., Run]
Toys = Callable[..., list[Any]]


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_a_reason_is_needed(make_night: MakeNight, toys: Toys, tmp_path: Path, reason: str) -> None:
    with pytest.raises(ConfigError, match="needs a reason"):
        promote(make_night(toys(3)), reason, tmp_path / "home")
    assert not (tmp_path / "home").exists()


def test_the_one_before_is_recorded(make_night: MakeNight, toys: Toys, tmp_path: Path) -> None:
    home = tmp_path / "home"
    old, new = make_night(toys(3), "old"), make_night(toys(4), "new")
    folder = promote(old, "the first one", home)
    first = read_promotion(folder)
    assert first is not None
    assert (first.run_id, first.reason, first.replaced) == ("old", "the first one", None)
    assert promote(new, " better grasps ", home) == folder
    second = read_promotion(folder)
    assert second is not None
    assert (second.run_id, second.reason, second.replaced) == ("new", "better grasps", "old")
    assert load_run(folder).manifest == new.manifest
    assert [p.name for p in folder.parent.iterdir()] == [folder.name]


def test_a_copy_that_fails_leaves_the_one_before(
    make_night: MakeNight, toys: Toys, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    folder = promote(make_night(toys(3), "old"), "first", home)
    new = make_night(toys(4), "new")
    (new.folder / "verdicts.parquet").unlink()
    with pytest.raises(StoreError):
        promote(new, "second", home)
    assert load_run(folder).manifest.run_id == "old"
    again = make_night(toys(4), "again")
    promote(again, "third", home)
    assert load_run(folder).manifest.run_id == "again"


def test_it_is_found_for_its_own_method_and_suite_only(
    make_night: MakeNight, toys: Toys, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    run = make_night(toys(3), "old")
    promote(run, "first", home)
    found = find_baseline(home, make_night(toys(3), "new").manifest)
    assert found is not None
    assert found.manifest == run.manifest
    for fields in ({"suite": "other-v0"}, {"track": "rgbd"}, {"renderer": "gl"}):
        other = make_night(toys(3), f"o-{next(iter(fields))}", **fields)
        assert find_baseline(home, other.manifest, first_night=True) is None
        with pytest.raises(ConfigError, match=r"no baseline of toy on .*only of: toy-v0/.*/toy"):
            find_baseline(home, other.manifest)


def test_a_folder_that_is_not_there_is_no_first_night(
    make_night: MakeNight, toys: Toys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = make_night(toys(3)).manifest
    with pytest.raises(ConfigError, match=r"There is no folder .*homee"):
        find_baseline(tmp_path / "homee", night)
    assert find_baseline(tmp_path / "homee", night, first_night=True) is None
    empty = tmp_path / "empty"
    empty.mkdir()
    assert find_baseline(empty, night) is None
    monkeypatch.chdir(tmp_path)
    assert find_baseline(HOME, night) is None, "the usual place need not be there"


@pytest.mark.parametrize("level", [0, 2], ids=["reasoner", "suite"])
@pytest.mark.parametrize("first_night", [False, True])
def test_a_renamed_folder_is_named(
    make_night: MakeNight, toys: Toys, tmp_path: Path, level: int, first_night: bool
) -> None:
    run = make_night(toys(3))
    folder = promote(run, "first", tmp_path / "home")
    renamed = [folder, *folder.parents][level]
    renamed.rename(renamed.with_name("renamed"))
    with pytest.raises(ConfigError, match="was the folder renamed"):
        find_baseline(tmp_path / "home", run.manifest, first_night=first_night)


def test_a_run_may_be_given_itself(make_night: MakeNight, toys: Toys) -> None:
    run = make_night(toys(3), "old")
    found = find_baseline(run.folder, run.manifest)
    assert found is not None
    assert found.manifest == run.manifest


@pytest.mark.parametrize("content", [b"{", b'{"run_id": "x"}', b"[]"])
def test_a_damaged_promotion_is_named(
    make_night: MakeNight, toys: Toys, tmp_path: Path, content: bytes
) -> None:
    folder = promote(make_night(toys(3)), "first", tmp_path / "home")
    (folder / "promotion.json").write_bytes(content)
    with pytest.raises(StoreError, match="damaged"):
        read_promotion(folder)


def test_a_half_deleted_baseline_is_not_no_baseline(
    make_night: MakeNight, toys: Toys, tmp_path: Path
) -> None:
    run = make_night(toys(3))
    folder = promote(run, "first", tmp_path / "home")
    (folder / "manifest.json").write_text(json.dumps(["not", "a", "manifest"]))
    with pytest.raises(Exception, match=r"schema version|damaged"):
        find_baseline(tmp_path / "home", run.manifest)
    (folder / "manifest.json").unlink()
    with pytest.raises(StoreError, match="not a whole one"):
        find_baseline(tmp_path / "home", run.manifest)
    folder.rename(folder.with_name(folder.name + ".old"))
    with pytest.raises(StoreError, match="not a whole one"):
        find_baseline(tmp_path / "home", run.manifest)
    assert find_baseline(promote(run, "again", tmp_path / "home").parents[2], run.manifest)
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_a_file_is_no_folder_of_baselines(
    tmp_path: Path, make_night: MakeNight, toys: Toys
) -> None:
    path = tmp_path / "baselines.txt"
    path.write_text("")
    with pytest.raises(ConfigError, match="is a file; give the folder of baselines"):
        find_baseline(path, make_night(toys(3)).manifest)


def test_what_no_night_could_be_compared_with_is_not_promoted(
    make_night: MakeNight, toys: Toys, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    with pytest.raises(NotComparableError, match="has schema version 0, this version writes 1"):
        promote(make_night(toys(3), "old", schema_version=0), "first", home)
    run = make_night(toys(3), "short")
    short = replace(run, manifest=msgspec.structs.replace(run.manifest, n_planned=9))
    with pytest.raises(StoreError, match=r"\d episodes are there, 9 were planned"):
        promote(short, "first", home)
    with pytest.raises(StoreError, match="it has no episode"):
        promote(make_night([], "none"), "first", home)
    with pytest.raises(StoreError, match="no episode of toy/Turn-v0"):
        promote(make_night(toys(3), "few", config={"tasks": "toy/Turn-v0"}), "first", home)
    with pytest.raises(StoreError, match=r"6 of 6 episodes of .* crashed"):
        promote(make_night(toys(3, status="crashed"), "crashed"), "first", home)
    assert not home.exists()


def test_a_run_that_lost_its_manifest_is_no_first_night(
    make_night: MakeNight, toys: Toys, tmp_path: Path
) -> None:
    baseline, night = make_night(toys(3), "old"), make_night(toys(3), "new")
    (baseline.folder / "manifest.json").unlink()
    with pytest.raises(StoreError, match="what is left of a baseline"):
        find_baseline(baseline.folder, night.manifest)
    assert find_baseline(tmp_path / "none", night.manifest, first_night=True) is None
