from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control
from statsmodels.stats.multitest import multipletests

from ivlm_bench.stats.multiplicity import benjamini_hochberg, holm

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=20)


@given(P_VALUES)
def test_against_statsmodels_and_scipy(p: list[float]) -> None:
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1], abs=1e-12)
    wanted = multipletests(p, method="fdr_bh")[1]
    assert benjamini_hochberg(p) == pytest.approx(wanted, abs=1e-12)
    assert benjamini_hochberg(p) == pytest.approx(false_discovery_control(p), abs=1e-12)


def test_holm_is_the_closure_of_bonferroni() -> None:
    """The adjusted p is the worst Bonferroni p of the sets of hypotheses that hold it."""
    p = [0.011, 0.02, 0.2, 0.012, 1.0]
    for k, got in enumerate(holm(p)):
        worst = 0.0
        for size in range(1, 6):
            for some in itertools.combinations(range(5), size):
                if k in some:
                    worst = max(worst, min(1.0, size * min(p[i] for i in some)))
        assert got == pytest.approx(worst, abs=1e-15)


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
@given(p=P_VALUES, shuffler=st.randoms())
def test_order_does_not_matter(adjust: Any, p: list[float], shuffler: Any) -> None:
    places = list(range(len(p)))
    shuffler.shuffle(places)
    got = adjust([p[k] for k in places])
    assert got.tolist() == adjust(p)[places].tolist()


@given(P_VALUES)
def test_adjusting_keeps_the_order_and_never_lowers(p: list[float]) -> None:
    order = np.argsort(p, kind="stable")
    for found in (holm(p), benjamini_hochberg(p)):
        assert (np.diff(found[order]) >= 0).all()
        assert (found >= np.array(p) - 1e-15).all()
        assert (found <= 1.0).all()
    assert (benjamini_hochberg(p) <= holm(p) + 1e-12).all()


def test_nothing_is_adjusted_to_nothing() -> None:
    assert len(holm([])) == 0
    assert len(benjamini_hochberg([])) == 0


@pytest.mark.parametrize("p", [[-0.1], [1.1], [math.nan], [[0.1]]])
def test_what_is_no_p_value_is_refused(p: Any) -> None:
    for adjust in (holm, benjamini_hochberg):
        with pytest.raises(ValueError, match="p-values"):
            adjust(p)
