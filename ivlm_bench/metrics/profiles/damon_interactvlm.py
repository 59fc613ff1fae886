"""Contact as InteractVLM's evaluate.py prints it, with its swapped geodesic error beside both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ivlm_bench.metrics import vertex_contact as contact
from ivlm_bench.metrics.profile import Measured, Profile, Quantity, add_profile, mean_of_numbers
from ivlm_bench.metrics.profiles.contact import (
    BOTH_GEO,
    CONTROLS,
    DIST,
    NO_MATRIX,
    directions,
    distance,
    geodesics,
    pair_of,
    rates,
)
from ivlm_bench.metrics.profiles.damon_challenge import CATEGORY_OF, no_object, object_name
from ivlm_bench.metrics.spec import Absent

_TRIPLE = ("precision", "recall", "f1")
_ZERO = "0"
_SPACED = ("hair_drier", "traffic_light", "stop_sign", "parking_meter", "potted_plant")
_SWAPPED = ("geo_as_called", "geo_as_called_second")
_SWAPPED_HARD = ("geo_as_called_hard", "geo_as_called_hard_second")


@dataclass(frozen=True, slots=True)
class _Found:
    """What the set's numbers need of one pair of image and object."""

    image: str
    category: str | None
    predicted: np.ndarray
    true: np.ndarray
    n_nonzero_hits: int
    soft_sum: float
    true_sum: float
    geo: float | Absent


def _score(prediction: Any, truth: Any, params: Mapping[str, Any]) -> Measured:
    soft, true = pair_of(prediction, truth)
    is_true = true > 0
    found = contact.agreement_guarded(contact.tally(soft, is_true))
    values = (found.precision, found.recall, found.f1)
    scores: dict[str, float | Absent] = dict(zip(_TRIPLE, values, strict=True))
    scores |= {f"obj_{name}": value for name, value in zip(_TRIPLE, values, strict=True)}
    scores |= _geo(soft, true, geodesics(params, true.size))
    return Measured(scores, _found(truth, soft, true, scores["geo_as_called"]))


def _geo(soft: np.ndarray, true: np.ndarray, dist: np.ndarray | None) -> dict[str, float | Absent]:
    """Return the geodesic errors as defined, as called (arguments swapped), and so if hard."""
    if dist is None:
        return dict.fromkeys(("fp_geo", "fn_geo", *_SWAPPED, *_SWAPPED_HARD), NO_MATRIX)
    scores = directions(soft, true, dist)
    hard = (soft >= contact.CONTACT).astype(np.float64)
    for names, predicted in ((_SWAPPED, soft), (_SWAPPED_HARD, hard)):
        pair = contact.geodesic_errors_m(true, predicted, dist)
        scores |= dict(zip(names, pair, strict=True))
    return scores


def _found(truth: Any, soft: np.ndarray, true: np.ndarray, geo: float | Absent) -> _Found:
    about = truth if isinstance(truth, Mapping) else {}
    name = about.get("object")
    return _Found(
        image=str(about.get("image", "")),
        category=None if name is None else _category(str(name)),
        predicted=soft >= contact.CONTACT,
        true=true > 0,
        n_nonzero_hits=int(((soft != 0) & (true != 0)).sum()),
        soft_sum=float(soft.sum(dtype=np.float64)),
        true_sum=float(true.sum(dtype=np.float64)),
        geo=geo,
    )


def _category(name: str) -> str | None:
    """Return the category of an object as evaluate.py finds it: its own list, small letters only.

    Five names of that list have a space, the others '_', so 'hair_drier' is in no category.
    """
    plain = name.lower()
    spaced = object_name(plain) in _SPACED
    if " " in plain:
        return CATEGORY_OF.get(object_name(plain)) if spaced else None
    return None if spaced else CATEGORY_OF.get(plain)


def _combine(measured: Sequence[Measured]) -> dict[str, float | Absent]:
    found: list[_Found] = [sample.tally for sample in measured]
    f1 = [sample.scores["f1"] for sample in measured]
    numbers = mean_of_numbers(measured) | _as_semantic("semantic", found)
    numbers |= _as_binary(found)
    for category in _CATEGORIES:
        mine = [i for i, each in enumerate(found) if each.category == category]
        numbers |= _as_semantic(category, [found[i] for i in mine])
        numbers[f"{category}_f1"] = (
            float(np.mean([f1[i] for i in mine])) if mine else no_object(category)
        )
    return numbers


def _as_semantic(label: str, found: Sequence[_Found]) -> dict[str, float | Absent]:
    """Return micro precision and recall as printed: hits by non-zero, predictions by their sum."""
    hits = sum(each.n_nonzero_hits for each in found)
    chosen, true = sum(each.soft_sum for each in found), sum(each.true_sum for each in found)
    if not found:
        none = no_object(label)
        return {f"{label}_precision": none, f"{label}_recall": none}
    return {
        f"{label}_precision": hits / chosen if chosen > 0 else 0.0,
        f"{label}_recall": hits / true if true > 0 else 0.0,
    }


def _as_binary(found: Sequence[_Found]) -> dict[str, float | Absent]:
    """Return the numbers over images, an image's objects united; precision and recall micro."""
    images: dict[str, _Found] = {}
    for place, each in enumerate(found):
        key = each.image or f"sample {place}"
        images[key] = _united(images[key], each) if key in images else each
    tallies = [contact.tally(each.predicted, each.true) for each in images.values()]
    total = contact.Tally(
        hit=sum(t.hit for t in tallies),
        chosen=sum(t.chosen for t in tallies),
        true=sum(t.true for t in tallies),
        n=sum(t.n for t in tallies),
    )
    overall = contact.agreement_plain(total)
    geos = [each.geo for each in images.values() if not isinstance(each.geo, Absent)]
    return {
        "binary_f1": float(np.mean([contact.agreement_plain(t).f1 for t in tallies])),
        "binary_precision": overall.precision,
        "binary_recall": overall.recall,
        "binary_geo_as_called": float(np.mean(geos)) if geos else NO_MATRIX,
    }


def _united(one: _Found, other: _Found) -> _Found:
    geo = one.geo if isinstance(one.geo, Absent) else other.geo
    if not (isinstance(one.geo, Absent) or isinstance(other.geo, Absent)):
        geo = max(one.geo, other.geo)
    return replace(
        one,
        predicted=one.predicted | other.predicted,
        true=one.true | other.true,
        geo=geo,
    )


_CATEGORIES = tuple(dict.fromkeys(CATEGORY_OF.values()))


def _of_set(name: str) -> Quantity:
    return Quantity(name=name, empty_truth=_ZERO, each=False)


def _of_category(label: str) -> tuple[Quantity, ...]:
    return (
        _of_set(f"{label}_f1"),
        _of_set(f"{label}_precision"),
        _of_set(f"{label}_recall"),
    )


add_profile(
    Profile(
        name="damon:interactvlm",
        title="Contact on DAMON after InteractVLM: binary, semantic, and its geodesic error",
        source="saidwivedi/InteractVLM 79b4bf26 utils/eval_utils.py and evaluate.py",
        dataset="damon",
        form="values",
        prediction="probability of contact (n,) of each vertex, in [0, 1]",
        truth="contact (n,), true where > 0; or a mapping with 'contact' and, for the numbers over "
        "images and categories, 'image' and 'object'",
        quantities=(
            *rates(_ZERO, *_TRIPLE),
            *rates(_ZERO, *(f"obj_{name}" for name in _TRIPLE)),
            *BOTH_GEO,
            *(
                distance(name, to_truth=name.endswith("second"))
                for name in (*_SWAPPED, *_SWAPPED_HARD)
            ),
            *(_of_set(f"binary_{name}") for name in _TRIPLE),
            replace(distance("binary_geo_as_called", to_truth=False), each=False),
            _of_set("semantic_precision"),
            _of_set("semantic_recall"),
            *(q for category in _CATEGORIES for q in _of_category(category)),
        ),
        params=(DIST,),
        score=_score,
        combine=_combine,
        controls=CONTROLS,
        quirks=(
            "geo_as_called is what evaluate.py prints as geo: its function is called with truth "
            "and prediction swapped, so it is the false-negative direction; DECO reports fp_geo.",
            "geo_as_called asks where the prediction equals 1; soft predictions hardly ever do, "
            "and the value falls towards 0. geo_as_called_hard rounds them first.",
            "f1 is the mean over pairs of image and object (the semantic F1), binary_f1 the mean "
            "over images with their objects united; binary precision and recall are of the sums.",
            "semantic precision and recall count hits by non-zero values but predictions by the "
            "sum of probabilities: with soft predictions they are no rates and may exceed 1: the "
            "authors' corrected table has a precision of 1.0042.",
            "Categories find names as evaluate.py does: small letters, '_' for spaces, but a space "
            "in 'hair drier', 'traffic light', 'stop sign', 'parking meter' and 'potted plant'; "
            "a part of DAMON's pairs is so in no category.",
            "obj_* are the numbers of the function for object meshes, which has the same formula.",
        ),
    )
)
