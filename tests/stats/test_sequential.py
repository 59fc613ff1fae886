"""Bets over nights: martingales by enumeration, Ville's inequality and run length by simulation."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivlm_bench.stats.sequential import STAKES, EDetector, EProcess

DIFFERENCES = st.lists(st.floats(-1, 1), max_size=20)


def capital(differences: Sequence[float]) -> float:
    """Return what the bets are worth, by their definition."""
    won = [math.prod(1.0 - stake * d for d in differences) for stake in STAKES]
    return math.fsum(won) / len(STAKES)


@given(DIFFERENCES)
def test_capital_by_its_definition(differences: list[float]) -> None:
    got = EProcess.start().after(np.array(differences))
    assert got.e_value == pytest.approx(capital(differences), rel=1e-9)
    assert got.p_value == pytest.approx(min(1.0, 1.0 / capital(differences)), rel=1e-9)


@given(DIFFERENCES, DIFFERENCES)
def test_evidence_may_come_in_any_portions_and_order(first: list[float], then: list[float]) -> None:
    at_once = EProcess.start().after(np.array(first + then))
    bit_by_bit = EProcess.start().after(np.array(then)).after(np.array(first))
    assert bit_by_bit.e_value == pytest.approx(at_once.e_value, rel=1e-9)


@given(DIFFERENCES, st.floats(-1, 1), st.floats(0, 1))
def test_a_larger_loss_is_more_evidence(before: list[float], last: float, less: float) -> None:
    process = EProcess.start().after(np.array(before))
    lower = max(-1.0, last - less)
    worse, better = (process.after(np.array([d])).e_value for d in (lower, last))
    assert worse >= better * (1 - 1e-12)


#: Fair differences (value, chance): ties, rare large gains against frequent small losses.
FAIR = {
    "symmetric": ((-1.0, 0.05), (0.0, 0.9), (1.0, 0.05)),
    "skewed": ((-0.25, 0.8), (1.0, 0.2)),
    "fair coin": ((-1.0, 0.5), (1.0, 0.5)),
}


@pytest.mark.parametrize("law", FAIR.values(), ids=FAIR)
def test_nothing_is_won_on_average(law: tuple[tuple[float, float], ...]) -> None:
    """Of fair differences the mean capital is 1, and the mean of the detector the nights."""
    assert sum(value * chance for value, chance in law) == pytest.approx(0.0)
    process = detector = 0.0
    for path in itertools.product(law, repeat=5):
        chance = math.prod(c for _, c in path)
        nights = [np.array([value]) for value, _ in path]
        process += chance * EProcess.start().after(np.concatenate(nights)).e_value
        state = EDetector.start()
        for night in nights:
            state = state.after_night(night)
        detector += chance * state.value
    assert process == pytest.approx(1.0, rel=1e-9)
    assert detector == pytest.approx(5.0, rel=1e-9)


@given(st.lists(DIFFERENCES, min_size=1, max_size=6))
def test_the_detector_adds_the_capitals_of_every_start(nights: list[list[float]]) -> None:
    state = EDetector.start()
    assert state.value == 0.0
    for night in nights:
        state = state.after_night(np.array(night))
    wanted = sum(capital([d for night in nights[k:] for d in night]) for k in range(len(nights)))
    assert state.value == pytest.approx(wanted, rel=1e-9)


def test_more_evidence_than_a_float_holds_overflows_nowhere() -> None:
    loss = np.full(5000, -1.0)
    assert math.isfinite(EProcess.start().after(loss).e_value)
    assert math.isfinite(EDetector.start().after_night(loss).after_night(loss).value)
    assert EProcess.start().after(loss).p_value < 1e-300
    assert EProcess.start().after(-loss).p_value == 1.0


@pytest.mark.parametrize("bad", [[1.1], [-1.1], [math.nan], [[0.1]]])
def test_what_is_no_difference_is_refused(bad: list[float]) -> None:
    for process in (EProcess.start().after, EDetector.start().after_night):
        with pytest.raises(ValueError, match="Differences"):
            process(np.array(bad))


def drawn(rng: np.random.Generator, law: tuple[tuple[float, float], ...], n: int) -> np.ndarray:
    values, chances = zip(*law, strict=True)
    return rng.choice(values, size=n, p=chances)


@pytest.mark.parametrize("law", FAIR.values(), ids=FAIR)
def test_ville(law: tuple[tuple[float, float], ...]) -> None:
    """Looked at after each of 40 nights of 25, at most .05 of 400 paths ever reach 20.

    Three standard errors more are allowed to chance: .05 + 3 sqrt(.05 .95 / 400) = .083.
    """
    rng = np.random.default_rng(8)
    n_reached = 0
    for _ in range(400):
        process = EProcess.start()
        for _ in range(40):
            process = process.after(drawn(rng, law, 25))
            if process.e_value >= 20.0:
                n_reached += 1
                break
    assert n_reached / 400 <= 0.083


@pytest.mark.parametrize("law", FAIR.values(), ids=FAIR)
def test_run_length_of_the_detector(law: tuple[tuple[float, float], ...]) -> None:
    """Without a loss a value of 30 is reached after 30 nights on average, or later."""
    rng = np.random.default_rng(9)
    lengths = []
    for _ in range(150):
        state, night = EDetector.start(), 0
        while state.value < 30.0 and night < 200:
            state, night = state.after_night(drawn(rng, law, 20)), night + 1
        lengths.append(night)
    assert np.mean(lengths) >= 30.0


def test_a_loss_is_found() -> None:
    """Two points lost of 1,000 scenarios a night with 10 % discordance: within a month."""
    rng = np.random.default_rng(10)
    law = ((-1.0, 0.06), (0.0, 0.9), (1.0, 0.04))
    state, night = EDetector.start(), 0
    while state.value < 1000.0 and night < 60:
        state, night = state.after_night(drawn(rng, law, 1000)), night + 1
    assert night <= 30
