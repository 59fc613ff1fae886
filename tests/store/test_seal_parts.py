"""A run that is sealed in parts is the same run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ivlm_bench.records import EpisodeResult, Manifest
from ivlm_bench.store import RunHeader, RunStore, journal, load_run, seal
from ivlm_bench.store.load import SealedTables


def sealed(
    folder: Path, header: RunHeader, results: list[EpisodeResult], manifest: Manifest
) -> Manifest:
    with RunStore(folder) as store:
        store.begin(header)
        for result in results:
            store.append(result)
        return store.seal(manifest)


@pytest.mark.parametrize("rows", [1, 3, 1000])
def test_parts_change_no_record_and_no_digest(
    tmp_path: Path,
    header: RunHeader,
    results: list[EpisodeResult],
    manifest: Manifest,
    monkeypatch: pytest.MonkeyPatch,
    rows: int,
) -> None:
    whole = sealed(tmp_path / "whole", header, results, manifest)
    for module in (journal, seal):
        monkeypatch.setattr(module, "GROUP_ROWS", rows)
    monkeypatch.setattr(journal, "_ASKED_AT_ONCE", 2)
    parted = sealed(tmp_path / "parted", header, results, manifest)
    assert (parted.bit_digest, parted.outcome_digest) == (whole.bit_digest, whole.outcome_digest)
    assert parted.n_by_status == whole.n_by_status
    one, other = (load_run(tmp_path / name) for name in ("whole", "parted"))
    assert other.results == one.results
    assert {n: t.schema for n, t in other.tables.items()} == {
        n: t.schema for n, t in one.tables.items()
    }
    groups = pq.read_metadata(tmp_path / "parted" / "episodes.parquet").num_row_groups
    assert groups == -(-len(results) // rows)


def test_a_run_without_an_episode_is_sealed(tmp_path: Path, manifest: Manifest) -> None:
    header = RunHeader(run_id="r", config_hash="c", planned=(), created_at="t")
    assert sealed(tmp_path / "empty", header, [], manifest).n_planned == 0
    assert load_run(tmp_path / "empty").results == ()


def test_columns_are_read_alone(
    tmp_path: Path, header: RunHeader, results: list[EpisodeResult], manifest: Manifest
) -> None:
    sealed(tmp_path / "run", header, results, manifest)
    run = load_run(tmp_path / "run")
    assert isinstance(run.tables, SealedTables)
    names = run.column_names("episodes.parquet")
    assert names == run.tables["episodes.parquet"].column_names
    fresh = load_run(tmp_path / "run")
    table = fresh.columns("episodes.parquet", ("success", "task", "no such column"))
    assert table.column_names == ["task", "success"]
    assert table["task"].to_pylist() == [r.episode.task for r in run.results]
    with pytest.raises(KeyError):
        fresh.tables["other.parquet"]
    shutil.rmtree(tmp_path / "run")
