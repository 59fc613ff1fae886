"""The committed face of a results folder is made from its runs, and checked against them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ivlm_bench.cli.leaderboard import command
from ivlm_bench.errors import ConfigError, StoreError
from ivlm_bench.leaderboard import boards_csv, boards_of, publish, verify
from ivlm_bench.store import Run

MakeRun = Callable[..., Run]


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="holds no finished run"):
        publish(tmp_path)


def test_a_damaged_run_is_named_beside_the_table_of_the_others(
    make_run: MakeRun, toy: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, torn = (make_run([toy(seed=seed) for seed in range(3)], n) for n in ("whole", "torn"))
    (torn.folder / "episodes.parquet").write_bytes(b"")
    root = whole.folder.parent
    assert command([str(root), "--publish"]) == 5
    shown = capsys.readouterr()
    assert "Whole" in shown.out or "whole" in shown.out
    assert "torn" not in shown.out.lower()
    assert f"{torn.folder / 'episodes.parquet'} is damaged" in shown.err
    assert "nothing was published" in shown.err
    assert not (root / "README.md").exists()


def test_what_is_published_is_what_the_runs_give(
    make_run: MakeRun, toy: Any, tmp_path: Path
) -> None:
    run = make_run([toy(seed=seed) for seed in range(3)])
    root = run.folder.parent
    readme, sheet = publish(root)
    assert sheet.read_text() == boards_csv(boards_of(root))
    assert "### toy-v0 (rgb)" in readme.read_text()
    assert verify(root) == []
    sheet.write_text(sheet.read_text().replace("1", "2", 1))
    assert any("leaderboard.csv" in line for line in verify(root))


def test_a_run_that_cannot_be_counted_is_shown_named_and_published_nowhere(
    make_run: MakeRun, toy: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toys = [toy(seed=i) for i in range(12)]
    make_run(toys, "whole")
    short = make_run(toys, "short")
    said = msgspec.structs.replace(short.manifest, n_planned=13)
    (short.folder / "manifest.json").write_bytes(msgspec.json.encode(said))
    make_run(toys, "old", schema_version=0)
    assert command([str(tmp_path), "--bounds", "none", "--publish"]) == 5
    told = capsys.readouterr()
    assert "whole" in told.out
    assert "of short, as 12 episodes are there, 13 were planned. Restore it" in told.err
    assert "of old, as its schema version is 0, this version writes 1. Restore it" in told.err
    assert "nothing was published" in told.err
    assert not (tmp_path / "leaderboard.csv").exists()


def test_bounds_that_are_not_there_are_told(make_run: MakeRun, toy: Any) -> None:
    root = str(make_run([toy(seed=0)]).folder.parent)
    with pytest.raises(ConfigError, match="--bounds names nowhere, which is no folder"):
        command([root, "--bounds", "nowhere"])
