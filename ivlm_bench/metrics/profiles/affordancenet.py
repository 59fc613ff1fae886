"""3D AffordanceNet: 18 affordances a shape, values on points, after its evaluation code."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ivlm_bench.errors import AssetError, ConfigError, InvalidAnswerError
from ivlm_bench.metrics import point_values, trivial
from ivlm_bench.metrics.arrays import must_match, of_rank, predicted_numbers, true_numbers
from ivlm_bench.metrics.point_samples import QUIRKS
from ivlm_bench.metrics.profile import Measured, Profile, Quantity, add_profile
from ivlm_bench.metrics.spec import Absent

#: A point is chosen for F1 where its value exceeds this (strictly).
CHOSEN_ABOVE = 0.5

#: What each affordance of a shape has, in the order of a tally's columns.
_OF_EACH = ("map", "auc", "aiou", "f1")


def _score(prediction: Any, truth: Any, params: Mapping[str, Any]) -> Measured:
    p = of_rank(predicted_numbers(prediction, "point values"), 2).astype(np.float32)
    t = of_rank(true_numbers(truth, "point values"), 2).astype(np.float32)
    for values, error in ((p, InvalidAnswerError), (t, AssetError)):
        if values.ndim != 2:
            raise error(
                f"Point values have shape {values.shape}; (points, affordances), officially "
                "(2048, 18), was expected."
            )
    must_match(p, t)
    columns = [_column(p[:, k], t[:, k] >= point_values.POSITIVE) for k in range(p.shape[1])]
    mse = p.shape[1] * point_values.mean_squared_error(p, t)
    return Measured({"mse": mse}, tally=np.array(columns))


def _column(scores: np.ndarray, positive: np.ndarray) -> tuple[float, float, float, float]:
    """Return AP, AUC, aIoU and F1 of one affordance of one shape; all NaN without a positive."""
    if not positive.any():
        return (math.nan, math.nan, math.nan, math.nan)
    ranking = point_values.Ranking.of(scores, positive)
    return (
        ranking.average_precision(),
        ranking.auc(),
        ranking.aiou(),
        point_values.f1_score(scores > CHOSEN_ABOVE, positive),
    )


def _combine(measured: Sequence[Measured]) -> dict[str, float | Absent]:
    """Return means over affordances of means over the shapes that have a number."""
    tallies = [sample.tally for sample in measured]
    widths = sorted({len(tally) for tally in tallies})
    if len(widths) > 1:
        raise ConfigError(f"Shapes have {widths} affordances; all must have the same in one order.")
    table = np.stack(tallies)  # (shapes, affordances, numbers)
    known = ~np.isnan(table)
    with np.errstate(invalid="ignore"):
        means = np.where(known, table, 0.0).sum(axis=0) / known.sum(axis=0)
    numbers = dict(zip(_OF_EACH, means.mean(axis=0).tolist(), strict=True))
    return {**numbers, "mse": float(np.mean([sample.scores["mse"] for sample in measured]))}


_EMPTY = (
    "an affordance without a positive in a shape is left out there; one without a positive in "
    "any shape leaves the set without a number"
)

add_profile(
    Profile(
        name="affordancenet",
        title="3D AffordanceNet: mAP, AUC, aIoU, MSE over 18 affordances (CVPR 2021)",
        source="Gorilla-Lab-SCUT/AffordanceNet d959a52c: utils/eval.py",
        dataset="affordancenet",
        form="values",
        prediction="values (n, 18) in [0, 1], one a point and affordance; officially n = 2,048",
        truth="true values (n, 18) in [0, 1] of the same points and affordances",
        quantities=(
            Quantity(name="map", empty_truth=_EMPTY, each=False),
            Quantity(name="auc", empty_truth=_EMPTY, each=False),
            Quantity(name="aiou", empty_truth=_EMPTY, each=False),
            Quantity(
                name="mse",
                high=None,
                higher_is_better=False,
                empty_truth="a number like any other",
            ),
            Quantity(
                name="f1",
                empty_truth=_EMPTY,
                each=False,
                source="utils/eval.py: computed of values > 0.5, never printed",
            ),
        ),
        score=_score,
        combine=_combine,
        controls=trivial.OF_VALUES,
        quirks=(
            *QUIRKS,
            "MSE is the sum over the 18 affordances, not their mean.",
            "Means are over shapes for each affordance first, then over affordances: rare ones "
            "weigh as much as common ones.",
            "F1 is computed officially but not printed.",
        ),
    )
)
