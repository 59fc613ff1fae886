"""Our own protocol of maps: every number of the field, safe everywhere."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ivlm_bench.errors import AssetError, ConfigError, InvalidAnswerError, IvlmBenchError
from ivlm_bench.metrics import affordance, point_values, region, trivial
from ivlm_bench.metrics.arrays import (
    WHITE,
    must_match,
    of_rank,
    of_shape,
    predicted_numbers,
    true_numbers,
)
from ivlm_bench.metrics.maps import resize
from ivlm_bench.metrics.profile import (
    Measured,
    Param,
    Profile,
    Quantity,
    add_profile,
    mean_of_numbers,
)
from ivlm_bench.metrics.shaped import UNIT_SLACK
from ivlm_bench.metrics.spec import Absent
from ivlm_bench.metrics.vertex_contact import agreement_plain, geodesic_errors_m, tally

_NO_POSITIVE = Absent("nothing in the truth reaches 0.5")
_NOTHING_AT_ALL = Absent("neither prediction nor truth reaches 0.5 anywhere")


def _score(prediction: Any, truth: Any, params: Mapping[str, Any]) -> Measured:
    p = _shares(predicted_numbers(prediction, "map"), "predicted", InvalidAnswerError)
    t = _shares(true_numbers(truth, "map"), "true", AssetError)
    p = of_shape(p, t.shape)
    if p.shape != t.shape:
        p, t = of_rank(p, 2), of_rank(t, 2)
    if p.ndim == t.ndim == 2:
        p = resize(p, *t.shape)
    must_match(p, t, "; only pictures (h, w) are brought to one size")
    chosen, positive = (p >= region.REGION).ravel(), (t >= region.REGION).ravel()
    return Measured(
        {
            **_of_maps(p, t),
            **_of_ranks(p.ravel(), positive),
            **_of_regions(chosen, positive),
            "mae": float(np.abs(p - t).mean()),
            "mse": float(np.square(p - t).mean()),
            **_geodesics(chosen, positive, params["dist"]),
        }
    )


def _shares(values: np.ndarray, whose: str, error: type[IvlmBenchError]) -> np.ndarray:
    """Return values in [0, 1] in double precision, 8-bit ones divided by 255."""
    values = values / WHITE if values.dtype == np.uint8 else values.astype(np.float64)
    low, high = float(values.min()), float(values.max())
    if low < -UNIT_SLACK:
        raise error(f"The {whose} map has negative values (lowest {low:.4g}); give them in [0, 1].")
    if high > 1.0 + UNIT_SLACK:
        raise error(
            f"The {whose} map has values above 1 (highest {high:.4g}); give them in [0, 1]."
        )
    return np.clip(values, 0.0, 1.0)


def _of_maps(p: np.ndarray, t: np.ndarray) -> dict[str, float | Absent]:
    kld = affordance.kld(p, t)
    flat = float(p.std()) == 0.0 and float(t.std()) > 0.0
    return {
        "kld": kld if isinstance(kld, Absent) else max(0.0, kld),
        "sim": affordance.sim(p, t),
        "nss": 0.0 if flat else affordance.nss(p, t),
    }


def _of_ranks(scores: np.ndarray, positive: np.ndarray) -> dict[str, float | Absent]:
    if not positive.any():
        return dict.fromkeys(("auc", "aiou", "ap"), _NO_POSITIVE)
    ranking = point_values.Ranking.of(scores, positive)
    area = ranking.auc()
    one_class = Absent("everything in the truth reaches 0.5")
    return {
        "auc": one_class if math.isnan(area) else area,
        "aiou": ranking.aiou(),
        "ap": ranking.average_precision(),
    }


def _of_regions(chosen: np.ndarray, positive: np.ndarray) -> dict[str, float | Absent]:
    if not positive.any() and not chosen.any():
        return dict.fromkeys(("precision", "recall", "f1", "iou"), _NOTHING_AT_ALL)
    found = agreement_plain(tally(chosen.astype(np.float64), positive.astype(np.float64)))
    return {
        "precision": found.precision,
        "recall": found.recall if positive.any() else _NO_POSITIVE,
        "f1": found.f1,
        "iou": region.mask_iou(chosen, positive),
    }


def _geodesics(
    chosen: np.ndarray, positive: np.ndarray, distances_m: Any
) -> dict[str, float | Absent]:
    """Return both directions of the mean geodesic distance (m) between the regions."""
    names = ("fp_geo", "fn_geo")
    if distances_m is None:
        return dict.fromkeys(names, Absent("dist was not given"))
    if np.shape(distances_m) != (chosen.size, chosen.size):
        raise ConfigError(
            f"dist has shape {np.shape(distances_m)}; distances of all pairs of the "
            f"{chosen.size} points were expected."
        )
    if not chosen.any() or not positive.any():
        return dict.fromkeys(names, Absent("prediction or truth reaches 0.5 nowhere"))
    there_m, back_m = geodesic_errors_m(
        chosen.astype(np.float64), positive.astype(np.float64), np.asarray(distances_m)
    )
    return {names[0]: there_m, names[1]: back_m}


_NONE = "none where nothing in the truth reaches 0.5"
_NONE_IF_BOTH = "0, and none where the prediction reaches 0.5 nowhere either"

_QUANTITIES = (
    Quantity(name="kld", high=None, higher_is_better=False, empty_truth="none for all zeros"),
    Quantity(name="sim", empty_truth="none for all zeros"),
    Quantity(name="nss", low=None, high=None, empty_truth="none for a flat truth"),
    Quantity(name="auc", empty_truth=f"{_NONE}, or all of it does"),
    Quantity(name="aiou", empty_truth=_NONE),
    Quantity(name="ap", empty_truth=_NONE),
    Quantity(name="precision", empty_truth=_NONE_IF_BOTH),
    Quantity(name="recall", empty_truth=_NONE),
    Quantity(name="f1", empty_truth=_NONE_IF_BOTH),
    Quantity(name="iou", empty_truth=_NONE_IF_BOTH),
    Quantity(name="mae", higher_is_better=False, empty_truth="a number like any other"),
    Quantity(name="mse", higher_is_better=False, empty_truth="a number like any other"),
    Quantity(
        name="fp_geo",
        unit="m",
        high=None,
        higher_is_better=False,
        empty_truth="none where either reaches 0.5 nowhere",
    ),
    Quantity(
        name="fn_geo",
        unit="m",
        high=None,
        higher_is_better=False,
        empty_truth="none where either reaches 0.5 nowhere",
    ),
)

add_profile(
    Profile(
        name="ivlm",
        title="Any map or values in [0, 1] against true ones: every number, never NaN",
        source=(
            "own: KLD, SIM, NSS, AUC, aIoU, AP as the field defines them (agd20k:locate, "
            "affordancenet), in double precision, with one region of both maps: >= 0.5"
        ),
        form="heatmap",
        prediction="values in [0, 1] of any shape, or 8 bit; pictures (h, w) are resized",
        truth="true values in [0, 1] of the same shape, or 8 bit",
        quantities=_QUANTITIES,
        params=(
            Param(
                name="dist",
                default=None,
                meaning="distances (n, n) in metres along the surface between all points",
            ),
        ),
        score=_score,
        combine=mean_of_numbers,
        controls=trivial.OF_HEATMAPS,
        quirks=(
            "Precision, recall, F1, IoU and the geodesics are of one and the same region.",
            "fp_geo is the mean distance from the predicted region to the true one, fn_geo from "
            "the true to the predicted one.",
            "An empty prediction has precision, recall, F1 and IoU 0: saying nothing never helps.",
            "NSS of a flat prediction is 0, that of chance.",
            "aIoU has a ceiling below 1, see the oracle's row.",
        ),
    )
)
