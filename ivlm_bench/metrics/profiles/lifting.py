"""How far lifted views are from the values that their vertices should have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ivlm_bench.errors import InvalidAnswerError
from ivlm_bench.metrics.lift import VARIANTS, lift_views
from ivlm_bench.metrics.profile import Measured, Param, Profile, Quantity, add_profile
from ivlm_bench.metrics.shaped import true_array


def _score(prediction: Any, truth: Any, params: Mapping[str, Any]) -> Measured:
    true = true_array(truth, "values", shape=(None,))
    if not isinstance(prediction, Mapping):
        raise InvalidAnswerError("Views to be lifted are a mapping of arrays by name.")
    lifted = lift_views(prediction, true.size, variant=params["variant"])
    gaps = np.abs(lifted - true)
    return Measured(
        {
            "mae": float(gaps.mean()),
            "rmse": float(np.sqrt((gaps**2).mean())),
            "largest_error": float(gaps.max()),
        }
    )


def _error(name: str) -> Quantity:
    return Quantity(name=name, higher_is_better=False, empty_truth="as any other")


add_profile(
    Profile(
        name="lift:interactvlm",
        title="Views lifted to vertices or points as InteractVLM lifts them, against true values",
        source="saidwivedi/InteractVLM 79b4bf26 model/components.py (human_hard: ea516170)",
        form="views",
        prediction="a mapping of arrays: logits (v, h, w), pixel_to_vertex (v, h, w, 3) and "
        "weights (v, h, w, 3); for object_points prob (v, h, w) and pixel_to_point (v, h, w)",
        truth="value (n,) of each vertex or point",
        quantities=(_error("mae"), _error("rmse"), _error("largest_error")),
        params=(Param(name="variant", default="human", meaning=f"one of {', '.join(VARIANTS)}"),),
        score=_score,
        quirks=(
            "The errors are ours: the official code scores lifted values by the contact or "
            "affordance protocols. The lifted array itself: ivlm_bench.metrics.lift_views.",
            "Published numbers of the paper belong to human_hard.",
            "Vertices that no view sees get 0.",
        ),
    )
)
