"""Where2Place, RefSpatial-Bench and Point-Bench: do the points of a reply lie in the mask?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ivlm_bench.errors import InvalidAnswerError
from ivlm_bench.metrics.arena_points import Mark
from ivlm_bench.metrics.mask_hits import given_points, mark_share, pixel_values
from ivlm_bench.metrics.profile import (
    Control,
    Measured,
    Param,
    Profile,
    Quantity,
    add_profile,
    mean_of_numbers,
)
from ivlm_bench.metrics.reply_points import UnparsedReplyError, text_marks, text_points
from ivlm_bench.metrics.spec import Absent

#: Canvas of RoboPoint's parser, whatever size the image has (``summarize_vqa.py``).
WHERE2PLACE_CANVAS_PX = (640, 480)

#: The five kinds of questions of Point-Bench, as ``data.json`` spells them.
POINTBENCH_CATEGORIES = ("affordable", "counting", "reasoning", "spatial", "steerable")

#: The one kind in which more than the first point counts.
COUNTING = "counting"

_DROPPED = "the official parser stops at this reply, so its question drops out of the mean"
_RECORD = (
    "Prompt, image size and coordinate convention move a model by several points; note them with "
    "every row."
)


def _mask(truth: Any) -> np.ndarray:
    """Return a truth mask (h, w) as numbers: bytes / 255, others as they are."""
    mask = _array_of(truth)
    if mask.ndim != 2 or not mask.size or mask.dtype.kind not in "buif":
        raise InvalidAnswerError(
            f"The truth has shape {mask.shape} and dtype {mask.dtype}; a mask (h, w) was expected."
        )
    return mask / 255.0 if mask.dtype == np.uint8 else mask.astype(np.float64)


def _array_of(truth: Any) -> np.ndarray:
    """Return a truth as an array; a mapping, as Point-Bench has it, is told from a mask."""
    if isinstance(truth, Mapping):
        keys = ", ".join(repr(key) for key in truth) or "none"
        raise InvalidAnswerError(
            f"The truth is a mapping (keys: {keys}); a mask (h, w) alone was expected, such as "
            "the value under 'mask'."
        )
    return np.asarray(truth)


def _first_channel(truth: Any) -> np.ndarray:
    """Return where the first channel of a mask (h, w) or (h, w, c) is not 0, as 0.0 and 1.0."""
    mask = _array_of(truth)
    return (_mask(mask[:, :, 0] if mask.ndim == 3 else mask) > 0).astype(np.float64)


def _marks(prediction: Any, *, family: str, width_px: int, height_px: int) -> list[Mark]:
    if not isinstance(prediction, str):
        points = given_points(prediction)
        return [(x, y) for x, y in np.trunc(points).tolist()]
    marks = text_marks(prediction, family=family, width_px=width_px, height_px=height_px)
    if any(value != int(value) for mark in marks for value in mark):
        raise InvalidAnswerError(
            f"The reply {prediction[:80]!r} has a fraction of a pixel, at which the official "
            f"script stops; round it, or read it with another parser than {family!r}."
        )
    return marks


def _shared(prediction: Any, mask: np.ndarray, **reading: Any) -> Measured:
    try:
        marks = _marks(prediction, **reading)
    except UnparsedReplyError:
        return Measured({"accuracy": Absent(_DROPPED)})
    return Measured({"accuracy": mark_share(marks, mask)})


def _with_dropped(measured: Sequence[Measured]) -> dict[str, float | Absent]:
    n = sum(isinstance(sample.scores["accuracy"], Absent) for sample in measured)
    return mean_of_numbers(measured) | {"dropped": float(n)}


def _where2place(prediction: Any, truth: Any, params: Mapping[str, Any]) -> Measured:
    width_px, height_px = int(params["width_px"]), int(params["height_px"])
    family = params["parser"]
    return _shared(prediction, _mask(truth), family=family, width_px=width_px, height_px=height_px)


def _refspatial(prediction: Any, truth: Any, params: Mapping[str, Any]) -> Measured:
    mask = _first_channel(truth)
    height_px, width_px = mask.shape
    family = params["parser"]
    return _shared(prediction, mask, family=family, width_px=width_px, height_px=height_px)


def _question(truth: Any) -> tuple[np.ndarray, str, int]:
    """Return (mask (h, w) bool, category, count) of a Point-Bench truth."""
    parts = truth if isinstance(truth, Mapping) else {"mask": truth}
    mask, count = np.asarray(parts.get("mask")), parts.get("count", 1)
    if mask.dtype.kind not in "bui" or mask.ndim not in (2, 3):
        raise InvalidAnswerError(
            f"The truth mask has shape {mask.shape} and dtype {mask.dtype}; give bytes or booleans "
            "(h, w) or (h, w, c)."
        )
    if not isinstance(count, int | np.integer):
        raise InvalidAnswerError(f"The truth's count is {count!r}; give a whole number.")
    brightest = mask.max(axis=2) if mask.ndim == 3 else mask
    is_white = brightest if mask.dtype == bool else np.asarray(brightest > 127)
    return is_white, str(parts.get("category", "")), int(count)


def _pointbench(prediction: Any, truth: Any, params: Mapping[str, Any]) -> Measured:
    mask, category, count = _question(truth)
    height_px, width_px = mask.shape
    if isinstance(prediction, str):
        size = {"width_px": width_px, "height_px": height_px}
        points = text_points(prediction, family=params["parser"], **size)
    else:
        points = given_points(prediction)
    if category != COUNTING:
        points = points[:1]
    is_right = len(points) > 0 and (category != COUNTING or len(points) == count)
    hit = float(is_right and bool(pixel_values(points, mask).all()))
    scores: dict[str, float | Absent] = {"accuracy": hit}
    return Measured(scores | ({category: hit} if category in POINTBENCH_CATEGORIES else {}))


def _of_kinds(measured: Sequence[Measured]) -> dict[str, float | Absent]:
    """Return the share of all questions and of each kind; a kind without a question has none."""
    none = Absent("no question of this kind")
    return dict.fromkeys(POINTBENCH_CATEGORIES, none) | mean_of_numbers(measured)


def _no_points() -> list[tuple[float, float]]:
    return []


def _size_px(truth: Any) -> tuple[int, int]:
    mask = np.asarray(truth["mask"] if isinstance(truth, Mapping) else truth)
    return mask.shape[0], mask.shape[1]


def brightest_points(truth: Any, rng: np.random.Generator) -> np.ndarray:
    """Return points (n, 2) in pixels drawn from where the truth is highest, as many as asked."""
    parts = truth if isinstance(truth, Mapping) else {"mask": truth}
    mask = np.asarray(parts["mask"])
    mask = mask[:, :, 0] if mask.ndim == 3 else mask
    rows, columns = np.nonzero(mask == mask.max())
    n = int(parts.get("count", 1)) if parts.get("category") == COUNTING else 1
    chosen = rng.integers(len(rows), size=n)
    return np.column_stack([columns[chosen], rows[chosen]]).astype(np.float64)


def centre_point(truth: Any, rng: np.random.Generator) -> np.ndarray:
    """Return the image's centre (1, 2) in pixels."""
    height_px, width_px = _size_px(truth)
    return np.array([[width_px // 2, height_px // 2]], dtype=np.float64)


def random_point(truth: Any, rng: np.random.Generator) -> np.ndarray:
    """Return one point (1, 2) drawn uniformly from the image."""
    height_px, width_px = _size_px(truth)
    return np.array([[rng.integers(width_px), rng.integers(height_px)]], dtype=np.float64)


#: A point in the mask; the image's centre; a point anywhere.
POINTING_CONTROLS: Mapping[str, Control] = {
    "oracle": brightest_points,
    "centre": centre_point,
    "random": random_point,
}

_SHARE = Quantity(name="accuracy", empty_truth="0: no point lies in an empty mask")
_N_DROPPED = Quantity(
    name="dropped",
    high=None,
    higher_is_better=False,
    empty_truth="does not matter",
    each=False,
    source="own: number of questions that the official mean leaves out",
)


def _parser(default: str, meaning: str) -> Param:
    return Param(name="parser", default=default, meaning=f"how replies are read: {meaning}")


_REPLY = "the model's reply (str), or pixel points (n, 2) as (x, y), cut towards zero"

add_profile(
    Profile(
        name="where2place",
        title="Mean share of points in the mask, after RoboPoint",
        source="wentaoyuan/RoboPoint@adbee8db:robopoint/eval/summarize_vqa.py",
        dataset="where2place",
        form="points",
        prediction=_REPLY,
        truth="mask (h, w): bytes as in the JPEG (divided by 255), or numbers in [0, 1]",
        quantities=(_SHARE, _N_DROPPED),
        params=(
            _parser("robopoint", "any of ivlm_bench.metrics.reply_points.FAMILIES"),
            Param(
                name="width_px",
                default=WHERE2PLACE_CANVAS_PX[0],
                meaning="width that fractions are multiplied by",
            ),
            Param(
                name="height_px",
                default=WHERE2PLACE_CANVAS_PX[1],
                meaning="height that fractions are multiplied by",
            ),
        ),
        score=_where2place,
        combine=_with_dropped,
        controls=POINTING_CONTROLS,
        quirks=(
            "Fractions are multiplied by 640 x 480 whatever size the image has.",
            "The mask is a JPEG that is not made binary: near its edge a hit counts a little more "
            "or less than 0 or 1, and the truth itself scores just under 1.",
            "A reply at which the parser stops drops out of the mean (counted as 'dropped'); one "
            "without points scores 0.",
            "(.5, .5) is no point, 4-tuples are filled boxes, tuples of other lengths are ignored.",
            "The official accuracy is a fraction; papers print it in percent.",
            _RECORD,
        ),
    )
)

add_profile(
    Profile(
        name="refspatial",
        title="Mean share of points in the mask, after RoboRefer",
        source="Zhoues/RoboRefer@d97a995a:Evaluation/summarize_acc.py",
        dataset="refspatial",
        form="points",
        prediction=_REPLY,
        truth="mask (h, w) or (h, w, c): the first channel counts, above 0 is inside",
        quantities=(_SHARE, _N_DROPPED),
        params=(
            _parser(
                "roborefer",
                "roborefer (RoboRefer, RoboPoint, Claude, GPT), absolute (Qwen, RoboBrain), molmo "
                "or gemini",
            ),
        ),
        score=_refspatial,
        combine=_with_dropped,
        controls=POINTING_CONTROLS,
        quirks=(
            "The parser depends on the name of the model: the same reply scores differently.",
            "The relative parser multiplies boxes by the image's size even if they are in pixels.",
            "Molmo's plain <point x= y=> has no digit after x and is not matched.",
            "A reply at which the parser stops drops out of the mean (counted as 'dropped').",
            "A fraction of a pixel in the absolute convention stops the official script; here it "
            "is an error of its sample.",
            _RECORD,
        ),
    )
)

add_profile(
    Profile(
        name="pointbench",
        title="Share of questions whose points all lie in the mask, after PointArena",
        source="pointarena/pointarena@dcd82f29:molmo_evaluator.py",
        dataset="pointbench",
        form="points",
        prediction="the model's reply (str), or pixel points (n, 2) as (x, y)",
        truth="mask (h, w) or (h, w, c), above 127 in any channel is inside; or a mapping with "
        "'mask', 'category' and 'count'",
        quantities=(
            Quantity(name="accuracy", empty_truth="0: no point lies in an empty mask"),
            *(
                Quantity(name=category, empty_truth="none: no question of this kind")
                for category in POINTBENCH_CATEGORIES
            ),
        ),
        params=(
            _parser(
                "pointarena",
                "pointarena, pointarena_molmo, pointarena_json (OpenAI, Claude, Grok) or "
                "pointarena_gemini",
            ),
        ),
        score=_pointbench,
        combine=_of_kinds,
        no_prediction=_no_points,
        controls=POINTING_CONTROLS,
        quirks=(
            "Only the first point counts, in the order of the parser's patterns; in 'counting' all "
            "do, and their number must be right.",
            "(x.y, x.y) is read as percent and needs exactly one decimal: (0.5, 0.5) is the upper "
            "left corner, (12.34, 5) no point at all.",
            "Click(x, y) is read twice, which a counting question notices.",
            "Officially a missing image or mask is a failed question; here it is an error of its "
            "item.",
            "Coordinates are cut towards zero, so -0.5 is pixel 0.",
            "Each model has its own parser; those of Qwen and LLaVA, which in the end take any two "
            "numbers for a point, are not reproduced: give points.",
            "The official code prints percent.",
            _RECORD,
        ),
    )
)
