"""Contact of body vertices after DECO (DAMON, RICH) and LEMON (3DIR)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ivlm_bench.errors import AssetError, ConfigError, InvalidAnswerError
from ivlm_bench.metrics import trivial
from ivlm_bench.metrics import vertex_contact as contact
from ivlm_bench.metrics.affordance import aiou, auc
from ivlm_bench.metrics.heatmap import sim
from ivlm_bench.metrics.profile import Control, Measured, Param, Profile, Quantity, add_profile
from ivlm_bench.metrics.shaped import (
    predicted_array,
    predicted_shares,
    true_array,
    true_shares,
)
from ivlm_bench.metrics.spec import Absent

#: Why there is no geodesic error without the matrix.
NO_MATRIX = Absent("no matrix of geodesic distances was given (parameter dist)")

DIST = Param(
    name="dist",
    default=None,
    meaning="geodesic distances (n, n) in m between the vertices, as in DECO's "
    "smpl_neutral_geodesic_dist.npy; without it there is no geodesic error",
)

_PREDICTION = "probability of contact (n,) of each vertex, in [0, 1]; 6,890 for SMPL"
_TRUTH = "contact (n,), 0 or 1; or a mapping with it under 'contact'"
_GUARDED = "0"

#: What DECO's rates are where nothing is true.
DECO_EMPTY = {
    "precision": "0, and 1 if nothing is predicted",
    "recall": "1, and 0 if nothing is predicted",
    "f1": "0",
}

#: What geodesic errors are where nothing is true: towards the truth, and from it.
_TO_TRUTH = "0, as every vertex counts as true"
_FROM_TRUTH = "the mean distance of every vertex to the nearest predicted one"


def pair_of(prediction: Any, truth: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return predicted and true contact (n,) of one sample, checked.

    Raises
    ------
    InvalidAnswerError
        If the prediction is no (n,) array in [0, 1] of the truth's length.
    AssetError
        If the truth is no (n,) array in [0, 1].
    """
    true = true_shares(_contact_of(truth, "truth", AssetError), "contact", shape=(None,))
    given = _contact_of(prediction, "prediction", InvalidAnswerError)
    return predicted_shares(given, "contact", shape=true.shape), true


def _contact_of(side: Any, whose: str, error: type[InvalidAnswerError] | type[AssetError]) -> Any:
    """Return what a mapping has under 'contact', anything else as it is."""
    if not isinstance(side, Mapping):
        return side
    if "contact" not in side:
        keys = ", ".join(repr(key) for key in side) or "none"
        raise error(f"The {whose} has no 'contact' (n,); its keys: {keys}.")
    return side["contact"]


def geodesics(params: Mapping[str, Any], n: int) -> np.ndarray | None:
    """Return the matrix of distances (n, n) in m, or None if there is none.

    Raises
    ------
    ConfigError
        If it has another shape.
    """
    if params["dist"] is None:
        return None
    matrix = np.asarray(params["dist"])
    if matrix.shape != (n, n) or matrix.dtype.kind not in "iuf":
        raise ConfigError(
            f"dist has shape {matrix.shape} and holds {matrix.dtype.name}; distances ({n}, {n}) "
            "in m between the vertices were expected."
        )
    return matrix


def directions(
    prediction: np.ndarray, truth: np.ndarray, dist: np.ndarray | None
) -> dict[str, float | Absent]:
    """Return ``fp_geo`` and ``fn_geo`` (m), none without a matrix."""
    if dist is None:
        return {"fp_geo": NO_MATRIX, "fn_geo": NO_MATRIX}
    fp_geo, fn_geo = contact.geodesic_errors_m(prediction, truth, dist)
    return {"fp_geo": fp_geo, "fn_geo": fn_geo}


def deco_scores(prediction: np.ndarray, truth: np.ndarray) -> dict[str, float | Absent]:
    """Return DECO's precision, recall and F1."""
    found = contact.agreement_deco(contact.tally(prediction, truth))
    return {"precision": found.precision, "recall": found.recall, "f1": found.f1}


def _score_deco(prediction: Any, truth: Any, params: Mapping[str, Any]) -> Measured:
    predicted, true = pair_of(prediction, truth)
    counts = contact.tally(predicted, true)
    guarded = contact.agreement_guarded(counts)
    scores = deco_scores(predicted, true) | directions(
        predicted, true, geodesics(params, true.size)
    )
    return Measured(
        scores
        | {
            "acc": contact.accuracy(counts),
            "precision_eps": guarded.precision,
            "recall_eps": guarded.recall,
        }
    )


def _score_lemon(prediction: Any, truth: Any, params: Mapping[str, Any]) -> Measured:
    predicted, true = pair_of(prediction, truth)
    found = contact.agreement_guarded(contact.tally(predicted, true))
    scores: dict[str, float | Absent] = {
        "precision": found.precision,
        "recall": found.recall,
        "f1": found.f1,
    }
    scores |= directions(predicted, true, geodesics(params, true.size))
    return Measured(scores | _object_scores(prediction, truth))


def _object_scores(prediction: Any, truth: Any) -> dict[str, float | Absent]:
    """Return LEMON's scores of the object's affordance and centre, where both sides have them."""
    none = Absent("no affordance or centre of the object was given")
    scores: dict[str, float | Absent] = dict.fromkeys(("auc", "aiou", "sim", "mse"), none)
    if not (isinstance(prediction, Mapping) and isinstance(truth, Mapping)):
        return scores
    if "affordance" in prediction and "affordance" in truth:
        true = true_shares(truth["affordance"], "affordance", shape=(None,))
        values = predicted_shares(prediction["affordance"], "affordance", shape=true.shape)
        doubles = values.astype(np.float64), true.astype(np.float64)
        scores |= {"auc": auc(values, true), "aiou": aiou(values, true), "sim": sim(*doubles)}
    if "centre_m" in prediction and "centre_m" in truth:
        centre_m = true_array(truth["centre_m"], "centre", shape=(3,))
        gap_m = predicted_array(prediction["centre_m"], "centre", shape=(3,)) - centre_m
        scores["mse"] = float((gap_m.astype(np.float64) ** 2).mean())
    return scores


def rates(empty_truth: str, *names: str) -> tuple[Quantity, ...]:
    """Return quantities in [0, 1], higher is better."""
    return tuple(Quantity(name=name, empty_truth=empty_truth) for name in names)


def deco_rates(prefix: str = "") -> tuple[Quantity, ...]:
    """Return DECO's precision, recall and F1."""
    return tuple(
        Quantity(name=f"{prefix}{name}", empty_truth=rule) for name, rule in DECO_EMPTY.items()
    )


def distance(name: str, *, to_truth: bool) -> Quantity:
    """Return a geodesic error in m: of predicted vertices to the truth, or the other way."""
    return Quantity(
        name=name,
        unit="m",
        high=None,
        higher_is_better=False,
        empty_truth=_TO_TRUTH if to_truth else _FROM_TRUTH,
    )


#: Both geodesic errors.
BOTH_GEO = (distance("fp_geo", to_truth=True), distance("fn_geo", to_truth=False))


def _everywhere(truth: Any, rng: np.random.Generator) -> Any:
    return _filled(truth, lambda n: np.ones(n, np.float32))


def _nowhere(truth: Any, rng: np.random.Generator) -> Any:
    return _filled(truth, lambda n: np.zeros(n, np.float32))


def _at_random(truth: Any, rng: np.random.Generator) -> Any:
    return _filled(truth, lambda n: rng.random(n, np.float32))


def _filled(truth: Any, make: Callable[[int], np.ndarray]) -> Any:
    """Return ``make(n)`` for the contact, and for the object's affordance if the truth has it."""
    if not isinstance(truth, Mapping):
        return make(int(np.size(truth)))
    known = [key for key in ("contact", "affordance") if key in truth]
    return {key: make(int(np.size(truth[key]))) for key in known}


CONTROLS: dict[str, Control] = {
    "oracle": trivial.same,
    "constant": _everywhere,
    "empty": _nowhere,
    "random": _at_random,
}

add_profile(
    Profile(
        name="damon:deco",
        title="Contact of body vertices on DAMON (and RICH, PROX), after DECO",
        source="sha2nkt/deco d1061cef utils/metrics.py: precision_recall_f1score, "
        "acc_precision_recall_f1score, det_error_metric",
        dataset="damon",
        form="values",
        prediction=_PREDICTION,
        truth=_TRUTH,
        quantities=(
            *deco_rates(),
            *BOTH_GEO,
            *rates("the share of vertices that are not predicted", "acc"),
            *rates(_GUARDED, "precision_eps", "recall_eps"),
        ),
        params=(DIST,),
        score=_score_deco,
        controls=CONTROLS,
        quirks=(
            "An empty prediction has precision 1 (recall and F1 0), even where nothing is true.",
            "The geodesic error of the paper is fp_geo in cm: 100 times this.",
            "Without a prediction fp_geo is the mean over all vertices; without a truth it is 0.",
        ),
    )
)

add_profile(
    Profile(
        name="3dir:lemon",
        title="Contact of body vertices on 3DIR, after LEMON; with the object's affordance",
        source="yyvhang/lemon_3d ea81f22f tools/utils/evaluation.py and eval.py",
        dataset="3dir",
        form="values",
        prediction=_PREDICTION + "; or a mapping with 'contact' and, if wanted, 'affordance' (k,) "
        "of the object's points and 'centre_m' (3,)",
        truth=_TRUTH + ", with 'affordance' and 'centre_m' beside it if these are to be scored",
        quantities=(
            *rates(_GUARDED, "precision", "recall", "f1"),
            *BOTH_GEO,
            *rates("none (official NaN is left out)", "auc", "aiou"),
            *rates("0", "sim"),
            Quantity(
                name="mse",
                unit="m^2",
                high=None,
                higher_is_better=False,
                empty_truth="as any other",
            ),
        ),
        params=(DIST,),
        score=_score_lemon,
        controls=CONTROLS,
        quirks=(
            "Precision, recall and F1 have 1e-10 in each denominator: an empty prediction has "
            "precision 0 here and 1 in damon:deco.",
            "The paper's geo is fp_geo in cm: 100 times this.",
        ),
    )
)
