from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.inter_rater import cohens_kappa

from ivlm_bench.stats.agreement import cohen_kappa


@pytest.mark.parametrize(
    ("table", "kappa"),
    [
        ([[20, 5], [10, 15]], 0.4),
        ([[3, 0], [0, 9]], 1.0),
        ([[0, 5], [5, 0]], -1.0),
        ([[25, 25], [25, 25]], 0.0),
    ],
)
def test_by_hand(table: list[list[float]], kappa: float) -> None:
    assert cohen_kappa(table) == pytest.approx(kappa, abs=1e-15)


@pytest.mark.parametrize("size", [2, 3, 5])
def test_against_statsmodels(size: int) -> None:
    table = np.random.default_rng(size).integers(1, 30, (size, size))
    assert cohen_kappa(table) == pytest.approx(cohens_kappa(table).kappa, abs=1e-12)


@pytest.mark.parametrize("table", [[[0, 0], [0, 0]], [[7, 0], [0, 0]], np.zeros((0, 0))])
def test_undefined_is_none(table: list[list[float]]) -> None:
    assert cohen_kappa(table) is None


@pytest.mark.parametrize("table", [[[1, 2]], [1, 2], [[-1, 1], [1, 1]], [[np.nan, 1], [1, 1]]])
def test_nonsense_is_refused(table: list[list[float]]) -> None:
    with pytest.raises(ValueError, match=r"square|finite"):
        cohen_kappa(table)
