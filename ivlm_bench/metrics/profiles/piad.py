"""PIAD and PIADv2: affordance values on points after IAGNet, InteractVLM and GREAT."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ivlm_bench.metrics import heatmap, trivial
from ivlm_bench.metrics.point_samples import MAE_QUIRK, PREDICTION, QUIRKS, TRUTH, point_sample
from ivlm_bench.metrics.profile import (
    Measured,
    Profile,
    Quantity,
    add_profile,
    mean_of_all,
    mean_of_numbers,
)
from ivlm_bench.metrics.spec import Absent

#: IAGNet prints AUC and aIoU in percent.
PERCENT = 100.0

#: Set-level means that leave NaN out (``np.nanmean``).
_NAN_LEFT_OUT = ("auc", "aiou")

_KLD_SOURCE = "yyvhang/IAGNet 5b9a898a: utils/eval.py:KLD, which no script prints"


def _iagnet(prediction: Any, truth: Any, params: Mapping[str, Any]) -> Measured:
    sample = point_sample(prediction, truth)
    return Measured(
        {
            "auc": PERCENT * sample.ranking.auc(),
            "aiou": PERCENT * sample.ranking.aiou(),
            "sim": heatmap.sim(sample.scores, sample.truth),
            "mae": sample.official_mae(),
            "kld": heatmap.kld(sample.scores, sample.truth),
        }
    )


def _iagnet_set(measured: Sequence[Measured]) -> dict[str, float | Absent]:
    """Return the means: NaN left out of AUC and aIoU, and of nothing else."""
    plain, without_nan = mean_of_all(measured), mean_of_numbers(measured)
    return plain | {name: without_nan[name] for name in _NAN_LEFT_OUT}


def _interactvlm(prediction: Any, truth: Any, params: Mapping[str, Any]) -> Measured:
    sample = point_sample(prediction, truth)
    returned = {
        "sim": heatmap.sim(sample.scores, sample.truth),
        "mae": sample.official_mae(),
        "auc": sample.ranking.auc(),
        "aiou": sample.ranking.aiou(),
    }
    if not math.isnan(returned["auc"]):
        return Measured({**returned, "valid_samples": 1.0}, tally=returned)
    skipped = Absent("the truth has one class only: the official code skips the sample")
    scores: dict[str, float | Absent] = dict.fromkeys(returned, skipped)
    return Measured({**scores, "valid_samples": 0.0}, tally=returned | {"auc": 0.0, "aiou": 0.0})


def _interactvlm_set(measured: Sequence[Measured]) -> dict[str, float | Absent]:
    """Return the means over valid samples; where none is valid, what its function returns.

    That is, AUC and aIoU 0 and SIM and MAE over all samples.
    """
    n_valid = sum(float(sample.scores["valid_samples"] == 1.0) for sample in measured)
    if not n_valid:
        measured = [Measured(sample.tally) for sample in measured]
    return {**mean_of_all(measured), "valid_samples": n_valid}


_EMPTY_AUC = "NaN for a truth without a positive or without a negative; left out of the mean"
_EMPTY_AIOU = "NaN for a truth without a positive; left out of the mean"
_SKIPPED = "the sample is skipped if its truth has one class only"

_IN_PERCENT = (
    Quantity(name="auc", unit="%", high=PERCENT, empty_truth=_EMPTY_AUC),
    Quantity(name="aiou", unit="%", high=PERCENT, empty_truth=_EMPTY_AIOU),
    Quantity(name="sim", empty_truth="0 for an all-zero truth, counted"),
    Quantity(name="mae", high=None, higher_is_better=False, empty_truth="a number like any other"),
    Quantity(
        name="kld",
        low=-1e-4,
        high=None,
        higher_is_better=False,
        empty_truth="0 for an all-zero truth",
        source=_KLD_SOURCE,
    ),
)
_PIAD_QUIRKS = (
    *QUIRKS,
    MAE_QUIRK,
    "SIM and MAE count every sample, AUC and aIoU only those that have a number.",
    "KLD is in the official repository but no official script prints it.",
)

add_profile(
    Profile(
        name="piad:iagnet",
        title="PIAD point affordance: AUC, aIoU, SIM, MAE after IAGNet (ICCV 2023)",
        source="yyvhang/IAGNet 5b9a898a: evalization.py, utils/eval.py",
        dataset="piad",
        form="values",
        prediction=PREDICTION,
        truth=TRUTH,
        quantities=_IN_PERCENT,
        score=_iagnet,
        combine=_iagnet_set,
        controls=trivial.OF_VALUES,
        quirks=_PIAD_QUIRKS,
    )
)
add_profile(
    Profile(
        name="piadv2:great",
        title="PIADv2 point affordance: AUC, aIoU, SIM, MAE after GREAT (CVPR 2025)",
        source="yawen-shao/GREAT_code 8ab28ec4: evalization.py, the same block as IAGNet's",
        dataset="piadv2",
        form="values",
        prediction=PREDICTION,
        truth=TRUTH,
        quantities=_IN_PERCENT,
        score=_iagnet,
        combine=_iagnet_set,
        controls=trivial.OF_VALUES,
        quirks=_PIAD_QUIRKS,
    )
)
add_profile(
    Profile(
        name="piad:interactvlm",
        title="PIAD point affordance: SIM, MAE, AUC, aIoU after InteractVLM (CVPR 2025)",
        source=(
            "saidwivedi/InteractVLM 79b4bf26: utils/eval_utils.py:get_o_affordance_metrics, "
            "evaluate.py"
        ),
        dataset="piad",
        form="values",
        prediction=PREDICTION,
        truth=TRUTH,
        quantities=(
            Quantity(name="sim", empty_truth=_SKIPPED),
            Quantity(name="mae", high=None, higher_is_better=False, empty_truth=_SKIPPED),
            Quantity(name="auc", empty_truth=_SKIPPED),
            Quantity(name="aiou", empty_truth=_SKIPPED),
            Quantity(name="valid_samples", high=None, empty_truth="0"),
        ),
        score=_interactvlm,
        combine=_interactvlm_set,
        controls=trivial.OF_VALUES,
        quirks=(
            *QUIRKS,
            MAE_QUIRK,
            "Samples whose truth has one class only are left out of all four means: SIM and MAE "
            "are over other samples than IAGNet's.",
            "Where no sample is valid, AUC and aIoU are the 0 that the official function returns: "
            "look at valid_samples.",
            "The paper's table gives AUC and aIoU in percent and MAE times ten.",
        ),
    )
)
