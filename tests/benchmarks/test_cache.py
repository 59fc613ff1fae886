"""A question from the observation cache against the same question posed anew.

Time is the process's own; each pair is measured one after the other, so that a busy machine slows
both alike.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from ivlm_bench.env import TASKS
from ivlm_bench.harness import sources
from ivlm_bench.harness.cache import EpisodeCache
from ivlm_bench.records import EpisodeSpec
from ivlm_bench.registry import load_plugins
from ivlm_bench.store.blobs import BlobCache
from ivlm_bench.tracks import Sensors

#: Largest share of the time of posing that reading may take.
LARGEST_RATIO = 0.5
N_ROUNDS = 9
SENSORS = Sensors(track="rgbd4")


@pytest.mark.benchmark
@pytest.mark.parametrize("task", ["ivlm/GraspAny-v0", "ivlm/OpenDrawer-v0"])
def test_reading_takes_a_small_part_of_posing(
    task: str, tmp_path: Path, benchmark: BenchmarkFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "STARTED_S", float("inf"))  # whoever edits a source meanwhile
    load_plugins()
    env = TASKS.get(task)(track=SENSORS.track, size_px=SENSORS.size_px)
    cache = EpisodeCache(BlobCache(tmp_path, 10**9))
    spec = EpisodeSpec(task=task, seed=3)
    cache.episode(env, spec, SENSORS)
    posed_s, read_s = [], []
    for _ in range(N_ROUNDS):
        begin_s = time.process_time()
        env.episode(3)
        middle_s = time.process_time()
        cache.episode(env, spec, SENSORS)
        posed_s.append(middle_s - begin_s)
        read_s.append(time.process_time() - middle_s)
    ratio = float(np.median(read_s) / np.median(posed_s))
    ratios = [read / posed for read, posed in zip(read_s, posed_s, strict=True)]
    benchmark.extra_info.update(ratio=ratio, ratios=ratios)
    benchmark.extra_info["posed_ms"] = 1e3 * float(np.median(posed_s))
    benchmark.extra_info["read_ms"] = 1e3 * float(np.median(read_s))
    benchmark(lambda: cache.episode(env, spec, SENSORS))
    assert ratio <= LARGEST_RATIO
