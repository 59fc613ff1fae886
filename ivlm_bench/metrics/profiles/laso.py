"""LASO: affordance values on points that a question asks for, after its evaluation script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ivlm_bench.metrics import heatmap, trivial
from ivlm_bench.metrics.point_samples import PREDICTION, QUIRKS, TRUTH, point_sample
from ivlm_bench.metrics.profile import Measured, Profile, Quantity, add_profile, mean_of_all

_EMPTY = "NaN, and one such sample leaves the set without a number"


def _laso(prediction: Any, truth: Any, params: Mapping[str, Any]) -> Measured:
    sample = point_sample(prediction, truth)
    return Measured(
        {
            "aiou": sample.ranking.aiou(),
            "auc": sample.ranking.auc(),
            "sim": heatmap.sim(sample.scores, sample.truth),
            "mae": sample.mae(),
        }
    )


add_profile(
    Profile(
        name="laso",
        title="LASO point affordance by question: aIoU, AUC, SIM, MAE after PointRefer (CVPR 2024)",
        source="yl3800/LASO c412ec37: eval_lyc.py",
        dataset="laso",
        form="values",
        prediction=f"{PREDICTION}; the official one is the mean of 3 votes (seeds 0, 1, 2)",
        truth=TRUTH,
        quantities=(
            Quantity(name="aiou", empty_truth=_EMPTY),
            Quantity(name="auc", empty_truth=f"{_EMPTY}; so does a truth without a negative"),
            Quantity(name="sim", empty_truth="0 for an all-zero truth, counted"),
            Quantity(name="mae", higher_is_better=False, empty_truth="a number like any other"),
        ),
        score=_laso,
        combine=mean_of_all,
        controls=trivial.OF_VALUES,
        quirks=(
            *QUIRKS,
            "A prediction is officially the mean of 3 stochastic votes: average yours before.",
            "The set's number is the plain mean over samples; the official tables a class and an "
            "affordance are plain means over their samples, and NaN spoils those too.",
            "The training loop of the same repository leaves NaN out, as piad:iagnet does.",
        ),
    )
)
