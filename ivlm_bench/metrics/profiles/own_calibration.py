"""Our own protocol of stated probabilities: Brier, calibration error, risk-coverage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ivlm_bench.errors import AssetError, InvalidAnswerError
from ivlm_bench.metrics import calibration, trivial
from ivlm_bench.metrics.profile import Measured, Profile, Quantity, add_profile, mean_of_numbers
from ivlm_bench.metrics.spec import Absent


def _calibration(prediction: Any, truth: Any, params: Mapping[str, Any]) -> Measured:
    prob = _probability(prediction)
    if np.ndim(truth) != 0 or truth not in (0, 1):
        raise AssetError(f"The outcome is {truth!r}; true or false was expected.")
    return Measured(
        {"brier": calibration.brier_score(prob, bool(truth))}, tally=(prob, bool(truth))
    )


def _probability(prediction: Any) -> float:
    number = np.asarray(prediction)
    if number.ndim == 0 and number.dtype.kind in "biuf" and 0.0 <= float(number) <= 1.0:
        return float(number)
    raise InvalidAnswerError(
        f"The stated probability is {prediction!r}; a number in [0, 1] was expected."
    )


def _calibration_of_set(measured: Sequence[Measured]) -> dict[str, float | Absent]:
    probs, outcomes = zip(*(sample.tally for sample in measured), strict=True)
    numbers: dict[str, float | Absent] = mean_of_numbers(measured)
    for name, found in (
        ("ece", calibration.expected_calibration_error(probs, outcomes)),
        ("risk_coverage_area", calibration.risk_coverage_area(probs, outcomes)),
    ):
        numbers[name] = Absent("no sample was scored") if found is None else found
    return numbers


def _oracle(truth: Any, rng: np.random.Generator) -> float:
    return float(truth)


def _undecided(truth: Any, rng: np.random.Generator) -> float:
    return trivial.CONSTANT


def _random(truth: Any, rng: np.random.Generator) -> float:
    return float(rng.random())


_NOT_EMPTY = "every sample has an outcome"

add_profile(
    Profile(
        name="ivlm:calibration",
        title="Stated probabilities against what happened: Brier, ECE, area under risk-coverage",
        source=(
            "own: Brier (Monthly Weather Review 78, 1950), Guo et al. (ICML 2017) with 15 bins, "
            "Geifman et al. (ICLR 2019)"
        ),
        form="answer",
        prediction="stated probability of success, in [0, 1]",
        truth="whether it succeeded",
        quantities=(
            Quantity(name="brier", higher_is_better=False, empty_truth=_NOT_EMPTY),
            Quantity(name="ece", higher_is_better=False, empty_truth=_NOT_EMPTY, each=False),
            Quantity(
                name="risk_coverage_area",
                higher_is_better=False,
                empty_truth=_NOT_EMPTY,
                each=False,
            ),
        ),
        score=_calibration,
        combine=_calibration_of_set,
        controls={"oracle": _oracle, "constant": _undecided, "random": _random},
        quirks=(
            "The area under risk-coverage can't be below that of the failures ranked last: see "
            "the oracle's row.",
        ),
    )
)
