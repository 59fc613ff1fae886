"""Cost of scoring maps and point clouds, as ratios against plain per-sample loops in numpy."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ivlm_bench.metrics import evaluate

#: Sizes of a PIAD cloud and of AGD20K's official maps.
N_POINTS, SIDE_PX = 2_048, 224
N_CLOUDS, N_MAPS = 200, 20
ROUNDS = 5

#: Time of ours over that of the plain loop; 0.37 and 0.07 where it was measured.
MAX_POINTS_RATIO, MAX_MAPS_RATIO = 0.6, 0.2


def plain_points(scores: np.ndarray, truth: np.ndarray) -> tuple[float, ...]:
    """IAGNet's four numbers one after the other: ranks by sorting, a mask for each threshold."""
    p, t = scores / (scores.sum() + 1e-12), truth / (truth.sum() + 1e-12)
    true = truth >= 0.5
    _, group, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[group]
    n_true = int(true.sum())
    pairs = ranks[true].sum() - n_true * (n_true + 1) / 2
    levels = [np.float32(k / 19) for k in range(20)]
    chosen = [(scores >= level).astype(int) for level in levels]
    label = true.astype(int)
    ious = [np.sum(mask & label) / np.sum(mask | label) for mask in chosen]
    return (
        100.0 * float(pairs) / (n_true * (len(scores) - n_true)),
        100.0 * float(np.mean(ious)),
        float(np.minimum(p, t).sum()),
        float(np.abs(scores - truth).sum()) / len(scores),
    )


def plain_maps(prediction: np.ndarray, truth: np.ndarray) -> tuple[float, float, float]:
    """KLD, SIM and NSS as written down, with a loop over pixels for the fixations."""
    p, g = prediction / (prediction.sum() + 1e-12), truth / (truth.sum() + 1e-12)
    kld = np.sum(g * np.log(g / (p + 1e-12) + 1e-12))
    sim = np.sum(np.minimum(p, g))
    height = (truth - truth.min()) / (truth.max() - truth.min() + 1e-12)
    fixated = np.zeros(height.shape)
    for row in range(height.shape[0]):
        for column in range(height.shape[1]):
            if height[row, column] > 0.1:
                fixated[row, column] = 1.0
    z = (prediction - prediction.mean()) / prediction.std()
    return float(kld), float(sim), float(np.sum(z * fixated) / np.sum(fixated + 1e-12))


def ratio(ours: Callable[[], object], plain: Callable[[], object], benchmark: Any) -> float:
    """Return the median of the times of ours over plain, CPU time, taken in turns."""
    ratios = []
    for _ in range(ROUNDS):
        start = time.process_time()
        ours()
        middle = time.process_time()
        plain()
        ratios.append((middle - start) / (time.process_time() - middle))
    benchmark.extra_info.update(ratio=statistics.median(ratios), ratios=ratios)
    benchmark.pedantic(ours, rounds=1)
    return statistics.median(ratios)


@pytest.mark.benchmark
def test_scoring_point_clouds(benchmark: Any) -> None:
    rng = np.random.default_rng(0)
    scores = rng.random((N_CLOUDS, N_POINTS)).astype(np.float32)
    truths = np.clip(rng.normal(0.2, 0.3, scores.shape), 0.0, 1.0).astype(np.float32)
    got = [sample.scores for sample in evaluate("piad:iagnet", scores, truths).samples]
    for sample, p, t in zip(got, scores, truths, strict=True):
        numbers = [sample[name] for name in ("auc", "aiou", "sim", "mae")]
        assert numbers == pytest.approx(plain_points(p, t), rel=1e-6)
    found = ratio(
        lambda: evaluate("piad:iagnet", scores, truths),
        lambda: [plain_points(p, t) for p, t in zip(scores, truths, strict=True)],
        benchmark,
    )
    assert found < MAX_POINTS_RATIO


@pytest.mark.benchmark
def test_scoring_heat_maps(benchmark: Any) -> None:
    rng = np.random.default_rng(0)
    predictions = rng.random((N_MAPS, SIDE_PX, SIDE_PX))
    truths = rng.random(predictions.shape)
    got = [sample.scores for sample in evaluate("agd20k:locate", predictions, truths).samples]
    for sample, p, t in zip(got, predictions, truths, strict=True):
        numbers = [sample[name] for name in ("kld", "sim", "nss")]
        assert numbers == pytest.approx(plain_maps(p, t), rel=1e-9)
    found = ratio(
        lambda: evaluate("agd20k:locate", predictions, truths),
        lambda: [plain_maps(p, t) for p, t in zip(predictions, truths, strict=True)],
        benchmark,
    )
    assert found < MAX_MAPS_RATIO
