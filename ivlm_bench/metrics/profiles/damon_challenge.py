"""DAMON's challenge (RHOBIN): contact of the whole body, and of each object by its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ivlm_bench.errors import AssetError, ConfigError, InvalidAnswerError
from ivlm_bench.metrics import trivial
from ivlm_bench.metrics.profile import (
    Control,
    Measured,
    Param,
    Profile,
    Quantity,
    add_profile,
    mean_of_numbers,
)
from ivlm_bench.metrics.profiles.contact import (
    DIST,
    deco_rates,
    deco_scores,
    directions,
    distance,
    geodesics,
    pair_of,
)
from ivlm_bench.metrics.spec import Absent

#: Keys of a submission: the whole body (0/1 a vertex), and objects (lists of vertex ids).
BODY, OBJECTS = "gen_contact_vids", "sem_contact_vids"

#: Vertices of SMPL.
N_VERTICES = 6890

#: A label that is no object and is left out.
SUPPORTING = "supporting"


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


#: Objects of each category (DECO ``common/constants.py``, d1061cef; spaces written as '_').
CATEGORIES: dict[str, tuple[str, ...]] = {
    "transportation": _words("motorcycle bicycle boat car truck bus train airplane"),
    "accessories": _words("backpack tie handbag baseball_glove"),
    "furniture": _words("bench chair couch bed toilet dining_table"),
    "everyday_objects": _words(
        "book umbrella cell_phone laptop kite suitcase bottle remote toothbrush teddy_bear "
        "scissors keyboard hair_drier traffic_light fire_hydrant stop_sign tv vase parking_meter "
        "clock potted_plant mouse"
    ),
    "sports_equipment": _words(
        "frisbee sports_ball tennis_racket baseball_bat skateboard snowboard skis surfboard"
    ),
    "food_items": _words("banana cake apple carrot pizza donut hot_dog sandwich broccoli orange"),
    "kitchen_appliances": _words(
        "knife spoon cup wine_glass oven fork bowl refrigerator toaster sink microwave"
    ),
}
CATEGORY_OF = {name: category for category, names in CATEGORIES.items() for name in names}

#: What is printed of the body, of all objects and of each category.
_PRINTED = ("precision", "recall", "f1", "fp_geo")


#: Label of the numbers over all objects; those of a category are labelled by its name.
ALL_OBJECTS = "semantic"

#: Why the body has no numbers.
NO_BODY = Absent("the truth has no contact of the body")


@dataclass(frozen=True, slots=True)
class _Found:
    """What the set's numbers need of one image: scores of the body, and of each object."""

    body: Mapping[str, float | Absent] | None
    objects: tuple[tuple[str, Mapping[str, float | Absent]], ...]


def no_object(label: str) -> Absent:
    """Return why a category has no number, or all objects together (``semantic``)."""
    if label == ALL_OBJECTS:
        return Absent("the truth has no objects")
    return Absent(f"the truth has no object of the category '{label}'")


def object_name(name: str) -> str:
    """Return an object's name as the challenge writes it: small letters, '_' for spaces."""
    return name.strip().lower().replace(" ", "_")


def _score(prediction: Any, truth: Any, params: Mapping[str, Any]) -> Measured:
    body = _body(prediction, truth, params)
    objects = _objects(prediction, truth, params)
    none = no_object(ALL_OBJECTS)
    each = mean_of_numbers([Measured(scores) for _, scores in objects])
    scores: dict[str, float | Absent] = {
        name: NO_BODY if body is None else body[name] for name in _PRINTED
    }
    scores |= {f"semantic_{name}": each.get(name, none) for name in _PRINTED}
    return Measured(scores, _Found(body, objects))


def _body(
    prediction: Any, truth: Any, params: Mapping[str, Any]
) -> Mapping[str, float | Absent] | None:
    """Return the scores of the whole body, None if the truth has none."""
    if isinstance(truth, Mapping) and BODY not in truth:
        return None
    if isinstance(prediction, Mapping) and BODY not in prediction:
        raise InvalidAnswerError(f"The prediction has no {BODY!r}, which the truth has.")
    predicted, true = pair_of(
        prediction[BODY] if isinstance(prediction, Mapping) else prediction,
        truth[BODY] if isinstance(truth, Mapping) else truth,
    )
    dist = geodesics(params, true.size)
    return deco_scores(predicted, true) | directions(predicted, true, dist)


def _objects(
    prediction: Any, truth: Any, params: Mapping[str, Any]
) -> tuple[tuple[str, Mapping[str, float | Absent]], ...]:
    """Return (name, scores) of each object of the truth; others that are predicted cost nothing."""
    wanted = _named(truth, AssetError)
    if not wanted:
        return ()
    given = _named(prediction, InvalidAnswerError)
    n = params["n_vertices"] if params["dist"] is None else len(params["dist"])
    if not isinstance(n, (int, np.integer)) or n < 1:
        raise ConfigError(f"n_vertices is {n!r}; a number of vertices was expected.")
    dist = geodesics(params, int(n))
    found = []
    for name, vertex_ids in wanted.items():
        true = _contact(name, vertex_ids, int(n), AssetError)
        predicted = _contact(name, given.get(name, ()), int(n), InvalidAnswerError)
        scores = deco_scores(predicted, true) | directions(predicted, true, dist)
        found.append((name, scores))
    return tuple(found)


def _named(
    side: Any, error: type[InvalidAnswerError] | type[AssetError]
) -> dict[str, Iterable[int]]:
    """Return the vertex ids by object of a submission's record, or of a mapping of objects."""
    if not isinstance(side, Mapping):
        return {}
    objects = side.get(OBJECTS, {}) if {BODY, OBJECTS} & set(side) else side
    if not isinstance(objects, Mapping):
        raise error(f"{OBJECTS!r} is no mapping of objects to lists of vertex ids.")
    named = {object_name(str(name)): ids for name, ids in objects.items()}
    return {name: ids for name, ids in named.items() if name != SUPPORTING}


def _contact(
    name: str,
    vertex_ids: Iterable[int],
    n_vertices: int,
    error: type[InvalidAnswerError] | type[AssetError],
) -> np.ndarray:
    """Return contact (n,), 0 or 1, of a list of vertex ids."""
    ids = np.asarray(vertex_ids if isinstance(vertex_ids, np.ndarray) else list(vertex_ids))
    if ids.size and (ids.ndim != 1 or ids.dtype.kind not in "iu"):
        raise error(f"The contact of {name!r} is no list of vertex ids (integers).")
    if ids.size and not (ids.min() >= 0 and ids.max() < n_vertices):
        raise error(
            f"The contact of {name!r} names vertices {ids.min()} to {ids.max()}; ids are 0 to "
            f"{n_vertices - 1}."
        )
    contact = np.zeros(n_vertices)
    contact[ids.astype(np.int64)] = 1.0
    return contact


def _combine(measured: Sequence[Measured]) -> dict[str, float | Absent]:
    found = [sample.tally for sample in measured]
    bodies = [Measured(f.body) for f in found if f.body is not None]
    objects = [pair for f in found for pair in f.objects]
    numbers: dict[str, float | Absent] = dict.fromkeys(_PRINTED, NO_BODY)
    numbers |= mean_of_numbers(bodies)
    numbers |= _named_means(ALL_OBJECTS, [scores for _, scores in objects])
    for category in CATEGORIES:
        mine = [scores for name, scores in objects if CATEGORY_OF.get(name) == category]
        numbers |= _named_means(category, mine)
    return numbers


def _named_means(
    label: str, scores: Sequence[Mapping[str, float | Absent]]
) -> dict[str, float | Absent]:
    """Return the mean over objects, each (image, object) with equal weight, as ``label_name``."""
    none = no_object(label)
    means = mean_of_numbers([Measured(each) for each in scores])
    return {f"{label}_{name}": means.get(name, none) for name in _PRINTED}


def _constant(truth: Any, rng: np.random.Generator) -> Any:
    return _filled(truth, lambda n: np.ones(n, int))


def _empty(truth: Any, rng: np.random.Generator) -> Any:
    return _filled(truth, lambda n: np.zeros(n, int))


def _random(truth: Any, rng: np.random.Generator) -> Any:
    return _filled(truth, lambda n: rng.integers(0, 2, n))


def _filled(truth: Any, make: Any) -> Any:
    """Return the truth's record with ``make(n)`` (0 or 1 a vertex) in place of each contact."""
    if not isinstance(truth, Mapping):
        return make(len(truth))
    if not {BODY, OBJECTS} & set(truth):
        return {name: np.flatnonzero(make(N_VERTICES)) for name in truth}
    record: dict[str, Any] = {}
    if BODY in truth:
        record[BODY] = make(len(truth[BODY]))
    if OBJECTS in truth:
        record[OBJECTS] = {name: np.flatnonzero(make(N_VERTICES)) for name in truth[OBJECTS]}
    return record


_CONTROLS: dict[str, Control] = {
    "oracle": trivial.same,
    "constant": _constant,
    "empty": _empty,
    "random": _random,
}


def _block(label: str, *, each: bool) -> tuple[Quantity, ...]:
    """Return the four printed quantities under a label."""
    prefix = f"{label}_" if label else ""
    made = (*deco_rates(prefix), distance(f"{prefix}fp_geo", to_truth=True))
    return made if each else tuple(_of_set_only(quantity) for quantity in made)


def _of_set_only(quantity: Quantity) -> Quantity:
    return Quantity(
        name=quantity.name,
        unit=quantity.unit,
        high=quantity.high,
        higher_is_better=quantity.higher_is_better,
        empty_truth=quantity.empty_truth,
        each=False,
    )


add_profile(
    Profile(
        name="damon:challenge",
        title="DAMON challenge: contact of the body, and of each object (semantic contact)",
        source="sha2nkt/damon_challenge evaluation scripts over DECO d1061cef utils/metrics.py",
        dataset="damon",
        form="values",
        prediction="contact (n,) of the body, 0 or 1; or {object: [vertex ids]}; or the "
        f"submission's record with {BODY!r} and {OBJECTS!r}",
        truth="as the prediction; what the truth has is scored",
        quantities=(
            *_block("", each=True),
            *_block("semantic", each=True),
            *(q for category in CATEGORIES for q in _block(category, each=False)),
        ),
        params=(
            DIST,
            Param(
                name="n_vertices",
                default=N_VERTICES,
                meaning="vertices of the body, where dist does not say",
            ),
        ),
        score=_score,
        combine=_combine,
        controls=_CONTROLS,
        quirks=(
            "Semantic contact goes over the objects of the truth: predicting others is free, "
            "leaving one out counts as an empty prediction, which has precision 1.",
            "Every pair of image and object has equal weight, so common objects dominate.",
            "'supporting' is left out; names are written with '_' for spaces.",
        ),
    )
)
