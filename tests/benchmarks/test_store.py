"""Cost of the store, as ratios against SQLite itself in the same run."""

from __future__ import annotations

import sqlite3
import statistics
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ivlm_bench.digest import encode_result
from ivlm_bench.records import EpisodeRecord, EpisodeResult
from ivlm_bench.store import RunHeader, RunStore

N_ROWS, N_ROUNDS = 400, 5

#: Recording an episode (encode, check, checksum, commit) against one bare INSERT and commit:
#: twice what four measurements on a fully loaded machine gave (1.37 to 1.42).
MAX_APPEND_RATIO = 2.8


def episode(index: int) -> EpisodeResult:
    record = EpisodeRecord(
        episode_key=f"{index:032x}",
        scenario_key=f"{index:032x}",
        task="ivlm/Grasp-v0",
        seed=index,
        repeat=0,
        cluster="mug-1",
        split="seen",
        answerable=True,
        status="ok",
        abstained=False,
        success=True,
        code="SUCCESS",
        confidence=0.5,
        stages={"contact": "own", "action": "shared"},
        scores={f"metric_{i}": i / 7 for i in range(12)},
        prediction_hash="p" * 32,
        scene_hash="s" * 32,
        query_text="Grasp the mug by its handle.",
    )
    return EpisodeResult(episode=record, prediction=bytes(index % 256 for _ in range(2000)))


def seconds(action: Callable[[Any], object], rows: list[Any]) -> list[float]:
    times = []
    for row in rows:
        start = time.perf_counter()
        action(row)
        times.append(time.perf_counter() - start)
    return times


@pytest.mark.benchmark
def test_recording_an_episode(tmp_path: Path, benchmark: Any) -> None:
    results = [episode(i) for i in range(N_ROWS)]
    payloads = [(r.episode.episode_key, encode_result(r)) for r in results]

    ratios: list[float] = []

    def measure() -> None:
        folder = tmp_path / str(time.perf_counter_ns())
        keys = tuple(key for key, _ in payloads)
        with RunStore(folder) as store, closing(sqlite3.connect(folder / "bare.sqlite")) as bare:
            store.begin(RunHeader(run_id="r", config_hash="c", planned=keys, created_at="t"))
            bare.execute("PRAGMA journal_mode=WAL")
            bare.execute("PRAGMA synchronous=NORMAL")
            bare.execute("CREATE TABLE t (k TEXT PRIMARY KEY, p BLOB)")

            def insert(row: tuple[str, bytes]) -> None:
                with bare:
                    bare.execute("INSERT INTO t VALUES (?, ?)", row)

            reference = statistics.median(seconds(insert, payloads))
            ratios.append(statistics.median(seconds(store.append, results)) / reference)

    benchmark.pedantic(measure, rounds=N_ROUNDS)
    ratio = statistics.median(ratios)
    benchmark.extra_info.update(ratio=ratio, ratios=ratios)
    assert ratio <= MAX_APPEND_RATIO
