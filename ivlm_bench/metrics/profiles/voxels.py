"""Occupancy of voxels after CHAIRS."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ivlm_bench.metrics import region, trivial
from ivlm_bench.metrics.profile import Measured, Profile, Quantity, add_profile
from ivlm_bench.metrics.shaped import predicted_shares, true_shares
from ivlm_bench.metrics.spec import Absent


def _score(prediction: Any, truth: Any, params: Mapping[str, Any]) -> Measured:
    true = true_shares(truth, "occupancy")
    predicted = predicted_shares(prediction, "occupancy", shape=true.shape)
    iou = region.mask_iou(predicted >= region.REGION, true >= region.REGION)
    # In single precision, as the official quotient of sums is.
    return Measured({"iou": math.nan if isinstance(iou, Absent) else float(np.float32(iou))})


add_profile(
    Profile(
        name="chairs:voxel",
        title="IoU of occupied voxels on CHAIRS (64^3 over a cube of 2 m)",
        source="jnnan/chairs 8760d9ad optimize_cvae_part.py",
        dataset="chairs",
        form="voxels",
        prediction="occupancy in [0, 1] of each voxel, any shape; occupied where >= 0.5",
        truth="occupancy of the same shape, occupied where >= 0.5",
        quantities=(
            Quantity(
                name="iou",
                empty_truth="0 if anything is predicted, else none (official NaN, left out of "
                "the mean)",
            ),
        ),
        score=_score,
        controls=trivial.OF_REGIONS,
        quirks=(
            "The only IoU of the official code; there is no IoU of functional regions on CHAIRS.",
            "The mean over samples is ours: the official code prints single values.",
        ),
    )
)
