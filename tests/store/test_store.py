from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from ivlm_bench.digest import bit_digest, outcome_digest
from ivlm_bench.errors import StoreError
from ivlm_bench.records import EpisodeResult, Manifest
from ivlm_bench.store import RunHeader, RunStore, is_sealed, load_run

Results = list[EpisodeResult]


def write(folder: Path, header: RunHeader, results: Results) -> None:
    with RunStore(folder) as store:
        store.begin(header)
        for result in results:
            store.append(result)


def sealed(folder: Path, header: RunHeader, results: Results, manifest: Manifest) -> Manifest:
    with RunStore(folder) as store:
        store.begin(header)
        for result in results:
            store.append(result)
        return store.seal(manifest)


def test_seal_and_load_return_what_was_recorded(
    tmp_path: Path, header: RunHeader, results: Results, manifest: Manifest
) -> None:
    written = sealed(tmp_path / "run", header, results, manifest)
    run = load_run(tmp_path / "run")
    assert run.manifest == written
    assert written.n_by_status == {"ok": 6}
    assert written.n_planned == 6
    assert written.bit_digest == bit_digest(results) == bit_digest(run.results)
    assert written.outcome_digest == outcome_digest(run.results)
    assert {r.episode.episode_key: r.prediction for r in results} == run.predictions
    assert list(run.episodes["task"]) == ["ivlm/Grasp-v0"] * 3 + ["ivlm/Press-v0"] * 3
    assert list(run.episodes["seed"]) == [0, 2, 4, 1, 3, 5]
    assert list(run.episodes["m_success"]) == [1.0] * 6
    assert run.episodes["m_pointing_hit"].isna().tolist() == [False] * 3 + [True] * 3
    assert set(run.episodes["stage_grasp"]) == {"own"}
    assert len(run.verdicts) == 12
    assert run.verdicts["robust_prob"].dropna().tolist() == [0.1 + 0.2] * 6


def test_records_come_back_equal_field_by_field(
    tmp_path: Path, header: RunHeader, results: Results, manifest: Manifest
) -> None:
    sealed(tmp_path, header, results, manifest)
    back = {r.episode.episode_key: r for r in load_run(tmp_path).results}
    for result in results:
        scores = {k: v for k, v in result.episode.scores.items() if v is not None}
        episode = msgspec.structs.replace(result.episode, scores=scores)
        verdicts = tuple(sorted(result.verdicts, key=lambda v: v.engine))
        want = msgspec.structs.replace(result, episode=episode, verdicts=verdicts)
        assert back[result.episode.episode_key] == want


def test_sealed_folder_holds_no_journal_and_sums_that_match(
    tmp_path: Path, header: RunHeader, results: Results, manifest: Manifest
) -> None:
    sealed(tmp_path, header, results, manifest)
    names = sorted(p.name for p in tmp_path.iterdir())
    assert names == [
        "SHA256SUMS",
        "episodes.parquet",
        "manifest.json",
        "predictions.parquet",
        "verdicts.parquet",
    ]
    for line in (tmp_path / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == digest


def test_order_of_recording_changes_no_sealed_byte(
    tmp_path: Path, header: RunHeader, results: Results, manifest: Manifest
) -> None:
    sealed(tmp_path / "a", header, results, manifest)
    sealed(tmp_path / "b", header, results[::-1], manifest)
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


def test_a_key_is_recorded_once(tmp_path: Path, header: RunHeader, results: Results) -> None:
    first = results[0]
    other = msgspec.structs.replace(first, prediction=b"other")
    with RunStore(tmp_path) as store:
        store.begin(header)
        assert store.append(first) is True
        assert store.append(other) is False
        assert store.keys() == {first.episode.episode_key}
        assert [r.prediction for r in store.results()] == [first.prediction]


def test_an_unplanned_key_and_a_nan_are_refused(
    tmp_path: Path, header: RunHeader, results: Results, make_result: Callable[[int], EpisodeResult]
) -> None:
    nan = msgspec.structs.replace(results[0].episode, scores={"success": float("nan")})
    with RunStore(tmp_path) as store:
        store.begin(header)
        with pytest.raises(ValueError, match="not planned"):
            store.append(make_result(99))
        with pytest.raises(ValueError, match="NaN or infinite"):
            store.append(msgspec.structs.replace(results[0], episode=nan))
        assert list(store.results()) == []


def test_resume_returns_the_recorded_keys(
    tmp_path: Path, header: RunHeader, results: Results
) -> None:
    write(tmp_path, header, results[:4])
    with RunStore(tmp_path) as store:
        assert store.begin(header, resume=True) == {r.episode.episode_key for r in results[:4]}


def test_resume_with_another_configuration_is_refused(
    tmp_path: Path, header: RunHeader, results: Results
) -> None:
    write(tmp_path, header, results)
    other = msgspec.structs.replace(header, config_hash="b", config={"suite": "other-v0"})
    with RunStore(tmp_path) as store, pytest.raises(StoreError, match="differs in suite"):
        store.begin(other, resume=True)


def test_a_begun_folder_needs_resume(tmp_path: Path, header: RunHeader, results: Results) -> None:
    write(tmp_path, header, results)
    with RunStore(tmp_path) as store, pytest.raises(StoreError, match="--resume"):
        store.begin(header)


def test_a_sealed_folder_is_not_written_again(
    tmp_path: Path, header: RunHeader, results: Results, manifest: Manifest
) -> None:
    sealed(tmp_path, header, results, manifest)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    with RunStore(tmp_path) as store, pytest.raises(StoreError, match="finished run"):
        store.begin(header, resume=True)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_two_runs_into_one_folder_are_refused(tmp_path: Path) -> None:
    with RunStore(tmp_path), pytest.raises(StoreError, match="Another run is writing"):
        RunStore(tmp_path)
    RunStore(tmp_path).close()


def test_sealing_an_incomplete_run_fails_closed(
    tmp_path: Path, header: RunHeader, results: Results, manifest: Manifest
) -> None:
    with RunStore(tmp_path) as store:
        store.begin(header)
        for result in results[:4]:
            store.append(result)
        with pytest.raises(StoreError, match="2 of 6 planned episodes"):
            store.seal(manifest)
    assert not is_sealed(tmp_path)
    with pytest.raises(StoreError, match="finish the run with --resume"):
        load_run(tmp_path)


KILLED = """
import sys, pathlib, msgspec
sys.path.insert(0, {here!r})
from conftest import build_result
from ivlm_bench.store import RunHeader, RunStore
results = [build_result(i) for i in range(3000)]
keys = tuple(r.episode.episode_key for r in results)
store = RunStore({folder!r})
store.begin(RunHeader(run_id="r", config_hash="a", planned=keys, created_at="t"))
for index, result in enumerate(results):
    store.append(result)
    print(f"{{index:400d}}", flush=True)  # a full pipe holds the writer back
"""


@pytest.mark.parametrize("wait_rows", [1, 40, 150])
def test_kill_loses_at_most_the_row_in_flight(
    tmp_path: Path, wait_rows: int, make_result: Callable[[int], EpisodeResult]
) -> None:
    code = KILLED.format(here=str(Path(__file__).parent), folder=str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        seen = [process.stdout.readline() for _ in range(wait_rows)]
        os.kill(process.pid, 9)
        seen += process.stdout.readlines()
    n_told = sum(line.endswith(b"\n") for line in seen)
    assert wait_rows <= n_told < 3000
    keys = tuple(make_result(i).episode.episode_key for i in range(3000))
    header = RunHeader(run_id="r", config_hash="a", planned=keys, created_at="t")
    with RunStore(tmp_path) as store:
        kept = store.begin(header, resume=True)
        rows = list(store.results())
    assert kept >= set(keys[:n_told])
    assert len(kept) <= n_told + 1
    assert all(r == make_result(r.episode.seed) for r in rows)


def test_killed_and_resumed_run_has_the_digest_of_an_undisturbed_one(
    tmp_path: Path, header: RunHeader, results: Results, manifest: Manifest
) -> None:
    whole = sealed(tmp_path / "a", header, results, manifest)
    write(tmp_path / "b", header, results[:2])
    with RunStore(tmp_path / "b") as store:
        done = store.begin(header, resume=True)
        for result in results:
            if result.episode.episode_key not in done:
                store.append(result)
        resumed = store.seal(manifest)
    assert resumed == whole
