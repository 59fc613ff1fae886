"""AGD20K: KLD, SIM and NSS of affordance heat maps after LOCATE, OOAL and Cross-View-AG."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ivlm_bench.errors import AssetError, ConfigError, InvalidAnswerError
from ivlm_bench.metrics import heatmap, trivial
from ivlm_bench.metrics.arrays import WHITE, must_match, of_rank, predicted_numbers, true_numbers
from ivlm_bench.metrics.maps import resize_bilinear
from ivlm_bench.metrics.profile import Measured, Param, Profile, Quantity, add_profile, mean_of_all

#: Side that the official scripts bring maps to (``--crop_size``), and their word for the truth's.
CROP_PX = 224
OWN_SIZE = "gt"


@dataclass(frozen=True, kw_only=True, slots=True)
class Guards:
    """Where one of the official codes adds a small number to a denominator."""

    spread: float
    deviation: float = 0.0
    each_pixel: bool = True


LOCATE = Guards(spread=1e-10)
OOAL = Guards(spread=1e-10, deviation=1e-12)
CVAG = Guards(spread=0.0)
CVAG_EXT = Guards(spread=1e-12, each_pixel=False)

_QUANTITIES = (
    Quantity(
        name="kld",
        low=-1e-6,
        high=None,
        higher_is_better=False,
        empty_truth="0 for an all-zero truth",
    ),
    Quantity(name="sim", empty_truth="0 for an all-zero truth"),
    Quantity(name="nss", low=None, high=None, empty_truth="0 for a flat truth"),
)

_CROP = Param(
    name="crop_size",
    default=None,
    meaning=(
        "side in px that both maps are brought to, as the official script does, which then "
        "stretches the prediction to [0, 1]; 'gt' for the truth's own size; None compares arrays "
        "of one shape as they are, as the official functions do"
    ),
)

_QUIRKS = (
    "KLD may be slightly negative (about -1e-9) for a perfect prediction.",
    "NSS knows only how a map varies: any constant added to a prediction leaves it as it is.",
    "The mean is over images, not over affordances; images without a truth do not count.",
    "Negative predictions have no KLD unless crop_size stretches them to [0, 1].",
)


def _scored(guards: Guards, prediction: Any, truth: Any, params: Mapping[str, Any]) -> Measured:
    p = _map(predicted_numbers(prediction, "heat map"), InvalidAnswerError)
    t = _map(true_numbers(truth, "heat map"), AssetError)
    if params["crop_size"] is None:
        must_match(p, t, ", or crop_size must say to which size both are brought")
    else:
        p, t = _as_in_script(p, t, params["crop_size"], guards)
    # The official functions divide both maps by the white of 8 bits before NSS.
    nss = heatmap.nss(
        p, t, scale=WHITE, deviation_guard=guards.deviation, guard_each=guards.each_pixel
    )
    shares = heatmap.normalised(p), heatmap.normalised(t)
    return Measured(
        {"kld": heatmap.kld_of_shares(*shares), "sim": heatmap.sim_of_shares(*shares), "nss": nss}
    )


def _map(values: np.ndarray, error: type[AssetError] | type[InvalidAnswerError]) -> np.ndarray:
    values = of_rank(values, 2)
    if values.ndim != 2:
        raise error(f"A heat map has shape {values.shape}; (height, width) was expected.")
    return values


def _as_in_script(
    prediction: np.ndarray, truth: np.ndarray, crop_size: object, guards: Guards
) -> tuple[np.ndarray, np.ndarray]:
    """Return both maps as the official test script hands them to its metrics.

    8-bit truths are divided by 255; those of floating point are taken as they are.
    """
    divisor = WHITE if truth.dtype.kind in "iu" else 1.0
    side_px = None if crop_size == OWN_SIZE else _side_px(crop_size)
    size = truth.shape if side_px is None else (side_px, side_px)
    truth = resize_bilinear(truth, *size, divisor=divisor)
    return heatmap.stretched(resize_bilinear(prediction, *size), guards.spread), truth


def _side_px(crop_size: object) -> int:
    if isinstance(crop_size, int | np.integer) and not isinstance(crop_size, bool):
        side_px = int(crop_size)
        if side_px >= 1:
            return side_px
    raise ConfigError(
        f"crop_size is {crop_size!r}; a side in px such as {CROP_PX}, '{OWN_SIZE}' or None "
        "was expected."
    )


def _add(
    name: str, *, after: str, source: str, guards: Guards, official: object, quirk: str
) -> Profile:
    def score(prediction: Any, truth: Any, params: Mapping[str, Any]) -> Measured:
        return _scored(guards, prediction, truth, params)

    return add_profile(
        Profile(
            name=name,
            title=f"AGD20K heat maps: KLD, SIM, NSS after {after}",
            source=source,
            dataset="agd20k",
            form="heatmap",
            prediction="heat map (h, w) of non-negative numbers, any scale",
            truth="heat map (h, w): 8-bit grey, or floats in [0, 1]",
            quantities=_QUANTITIES,
            params=(_CROP,),
            official={"crop_size": official},
            score=score,
            combine=mean_of_all,
            controls=trivial.OF_HEATMAPS,
            quirks=(*_QUIRKS, quirk),
        )
    )


_add(
    "agd20k:locate",
    after="LOCATE (CVPR 2023)",
    source="Reagan1311/LOCATE 8db3d015: utils/evaluation.py, test.py",
    guards=LOCATE,
    official=CROP_PX,
    quirk="A flat prediction has no NSS, and one such image leaves the set without NSS.",
)
_add(
    "agd20k:ooal",
    after="OOAL (CVPR 2024)",
    source="Reagan1311/OOAL b65857c0: utils/evaluation.py, test.py",
    guards=OOAL,
    official=CROP_PX,
    quirk="A flat prediction has an NSS of 0: the deviation is guarded by 1e-12.",
)
_add(
    "agd20k:cvag",
    after="Cross-View-AG (CVPR 2022)",
    source="lhc1224/Cross-View-AG 6bd56385: code/cvpr/test.py, utils/evaluation.py",
    guards=CVAG,
    official=CROP_PX,
    quirk="With crop_size a flat prediction has no number at all: its stretching is unguarded.",
)
_add(
    "agd20k:cvag_ext",
    after="Cross-View-AG's extended version (Grounded Affordance)",
    source="lhc1224/Cross-View-AG 6bd56385: code/extension/test.py, utils/evaluation.py",
    guards=CVAG_EXT,
    official=OWN_SIZE,
    quirk=(
        "The script scores at the truth's own size and on testsetv2: its numbers can't be held "
        "against those of the other three."
    ),
)
