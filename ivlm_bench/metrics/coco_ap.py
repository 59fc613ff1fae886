"""Average precision and recall of boxes and masks as COCO counts them, image by image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Float64

from ivlm_bench.errors import InvalidAnswerError
from ivlm_bench.metrics.run_length import Edges, area_px, mask_edges, shared_px

Kind = Literal["bbox", "segm"]

#: IoU of a match, recalls at which precision is read (pycocotools ``Params``).
IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0.0, 1.0, 101)
#: Detections an image and class, at most; recalls are also read at the first two.
MAX_DETECTIONS = (1, 10, 100)
#: Areas of truths in px^2, both ends with them.
AREAS_PX2: Mapping[str, tuple[float, float]] = {
    "all": (0.0, 1e10),
    "small": (0.0, 32.0**2),
    "medium": (32.0**2, 96.0**2),
    "large": (96.0**2, 1e10),
}
#: Names of the twelve numbers, in the order of ``COCOeval.stats``.
STATS = (
    *("ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large"),
    *("ar1", "ar10", "ar100", "ar_small", "ar_medium", "ar_large"),
)
#: What COCO prints where there is no truth.
NONE = -1.0


@dataclass(frozen=True, eq=False, slots=True)
class Shapes:
    """Boxes (n, 4) as x, y, w, h and masks of one image, with areas; masks None if not all have."""

    categories: np.ndarray
    boxes_px: Float64[np.ndarray, "n 4"]
    masks: tuple[Edges, ...] | None
    areas_px2: Mapping[Kind, Float64[np.ndarray, " n"]]
    is_crowd: Bool[np.ndarray, " n"]
    has_id: Bool[np.ndarray, " n"]
    scores: Float64[np.ndarray, " n"]


@dataclass(frozen=True, eq=False, slots=True)
class Matches:
    """Detections of one class in one image, best first: what the whole set needs of them."""

    scores: Float64[np.ndarray, " d"]
    is_matched: Bool[np.ndarray, "t d"]
    is_ignored: Bool[np.ndarray, "t d"]
    n_truths: int


@dataclass(frozen=True, eq=False, slots=True)
class CocoResult:
    """``stats``: the twelve numbers (12,), -1 without truth; ``class_ap``: NaN without truth."""

    stats: Float64[np.ndarray, "12"]
    class_ap: Mapping[int, float] = field(default_factory=dict)


def read_truths(
    annotations: Sequence[Mapping[str, Any]], *, height_px: int | None, width_px: int | None
) -> Shapes:
    """Return COCO annotations of one image as arrays; ``InvalidAnswerError`` if one is malformed.

    ``area`` is taken from the annotation for boxes and masks alike; crowds are regions in which
    detections are neither right nor wrong.
    """
    shapes = _shapes(annotations, "annotation", height_px, width_px)
    try:
        areas = np.array([float(each["area"]) for each in annotations], dtype=np.float64)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidAnswerError(f"An annotation's area can't be read ({error!r}).") from None
    return Shapes(*shapes, {"bbox": areas, "segm": areas}, *_flags(annotations), areas)


def read_detections(
    detections: Sequence[Mapping[str, Any]], *, height_px: int | None, width_px: int | None
) -> Shapes:
    """Return COCO results of one image as arrays; ``InvalidAnswerError`` if one is malformed."""
    categories, boxes, masks = _shapes(detections, "detection", height_px, width_px)
    try:
        scores = np.array([float(each["score"]) for each in detections], dtype=np.float64)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidAnswerError(f"A detection's score can't be read ({error!r}).") from None
    if np.isnan(scores).any():
        raise InvalidAnswerError("A detection's score is NaN; leave the detection out.")
    areas = boxes[:, 2] * boxes[:, 3]
    mask_areas = areas if masks is None else np.array([area_px(m) for m in masks], dtype=np.float64)
    by_kind: dict[Kind, np.ndarray] = {"bbox": areas, "segm": mask_areas}
    return Shapes(categories, boxes, masks, by_kind, *_flags(detections), scores)


def _flags(entries: Sequence[Mapping[str, Any]]) -> tuple[np.ndarray, np.ndarray]:
    """Return (is a crowd, has an id other than 0); pycocotools takes a match with id 0 for none."""
    is_crowd = np.array([bool(each.get("iscrowd", 0)) for each in entries], dtype=bool)
    return is_crowd, np.array([each.get("id", 1) != 0 for each in entries], dtype=bool)


def _shapes(
    entries: Any, what: str, height_px: int | None, width_px: int | None
) -> tuple[np.ndarray, np.ndarray, tuple[Edges, ...] | None]:
    if not isinstance(entries, Sequence) or not all(isinstance(e, Mapping) for e in entries):
        raise InvalidAnswerError(
            f"The {what}s of an image are no list of objects as COCO has them."
        )
    try:
        categories = np.array([int(each["category_id"]) for each in entries], dtype=np.int64)
        boxes = np.array([each["bbox"] for each in entries], dtype=np.float64).reshape(-1, 4)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidAnswerError(
            f"The category_id or bbox of some {what} can't be read ({error!r}); bbox is [x, y, "
            "width, height] in pixels."
        ) from None
    if not np.isfinite(boxes).all() or len(boxes) != len(entries):
        raise InvalidAnswerError(f"The bbox of some {what} is not four finite numbers.")
    if any("segmentation" not in each for each in entries):
        return categories, boxes, None
    masks = [_edges(each["segmentation"], height_px, width_px) for each in entries]
    return categories, boxes, tuple(masks)


def _edges(segmentation: Any, height_px: int | None, width_px: int | None) -> Edges:
    if height_px is None or width_px is None:
        size = segmentation.get("size") if isinstance(segmentation, Mapping) else None
        if size is None or len(size) != 2:
            raise InvalidAnswerError("Polygons need the image's height and width in the truth.")
        height_px, width_px = int(size[0]), int(size[1])
    return mask_edges(segmentation, height_px=height_px, width_px=width_px)


def overlaps(detected: Shapes, truths: Shapes, kind: Kind) -> Float64[np.ndarray, "d g"]:
    """Return the IoU of every detection with every truth; with a crowd, the share that lies in it.

    Raises
    ------
    ValueError
        If masks are asked for and some have none.
    """
    if kind == "segm":
        if detected.masks is None or truths.masks is None:
            raise ValueError("Some detection or truth has no mask.")
        shared = np.array(
            [[shared_px(d, g) for g in truths.masks] for d in detected.masks], dtype=np.float64
        ).reshape(len(detected.scores), len(truths.scores))
        sizes = np.array([area_px(mask) for mask in truths.masks], dtype=np.float64)
    else:
        shared = _box_overlap(detected.boxes_px, truths.boxes_px)
        sizes = truths.boxes_px[:, 2] * truths.boxes_px[:, 3]
    own = detected.areas_px2[kind][:, None]
    union = np.where(truths.is_crowd, own, own + sizes - shared)
    return np.divide(shared, union, out=np.zeros_like(shared), where=shared > 0)


def _box_overlap(first: np.ndarray, second: np.ndarray) -> Float64[np.ndarray, "d g"]:
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(
        first[:, None, :2] + first[:, None, 2:], second[None, :, :2] + second[None, :, 2:]
    )
    return np.prod(np.clip(high - low, 0.0, None), axis=2)


def match_image(
    truths: Shapes, detected: Shapes, *, kind: Kind, categories: Iterable[int]
) -> dict[tuple[int, str], Matches]:
    """Return what the set needs of one image, by class and range of areas."""
    found: dict[tuple[int, str], Matches] = {}
    iou = overlaps(detected, truths, kind)
    for category in categories:
        mine = np.flatnonzero(detected.categories == category)
        mine = mine[np.argsort(-detected.scores[mine], kind="stable")][: MAX_DETECTIONS[-1]]
        theirs = np.flatnonzero(truths.categories == category)
        if not len(mine) and not len(theirs):
            continue
        for name, (low, high) in AREAS_PX2.items():
            areas, own = truths.areas_px2[kind][theirs], detected.areas_px2[kind][mine]
            skipped = truths.is_crowd[theirs] | (areas < low) | (areas > high)
            order = np.argsort(skipped, kind="stable")
            chosen = theirs[order]
            partner = _partners(
                iou[np.ix_(mine, chosen)],
                is_crowd=truths.is_crowd[chosen],
                is_skipped=skipped[order],
            )
            is_matched = (partner >= 0) & np.append(truths.has_id[chosen], False)[partner]
            is_ignored = (partner >= 0) & np.append(skipped[order], False)[partner]
            is_ignored |= ~is_matched & ((own < low) | (own > high))
            found[category, name] = Matches(
                detected.scores[mine], is_matched, is_ignored, int((~skipped).sum())
            )
    return found


def _partners(
    iou: Float64[np.ndarray, "d g"],
    *,
    is_crowd: Bool[np.ndarray, " g"],
    is_skipped: Bool[np.ndarray, " g"],
) -> np.ndarray:
    """Return which truth each detection takes at each threshold (t, d), -1 for none.

    Detections come best first, truths that count before those that are skipped. A detection takes
    the unused truth that it overlaps most (the last of equals); one that counts goes before any
    that is skipped; a crowd is never used up.
    """
    partner = np.full((len(IOU_THRESHOLDS), len(iou)), -1)
    used = np.zeros((len(IOU_THRESHOLDS), iou.shape[1]), dtype=bool)
    for index, row in enumerate(iou):
        candidates = np.flatnonzero(row >= IOU_THRESHOLDS[0])
        for level, threshold in enumerate(IOU_THRESHOLDS):
            chosen, best = -1, min(float(threshold), 1.0 - 1e-10)
            for truth in candidates:
                if used[level, truth] and not is_crowd[truth]:
                    continue
                if chosen >= 0 and not is_skipped[chosen] and is_skipped[truth]:
                    break
                if row[truth] >= best:
                    chosen, best = int(truth), row[truth]
            if chosen >= 0:
                partner[level, index] = chosen
                used[level, chosen] = True
    return partner


def summarize(
    images: Sequence[Mapping[tuple[int, str], Matches]], categories: Sequence[int]
) -> CocoResult:
    """Return the twelve numbers of a set and the average precision of each class.

    Parameters
    ----------
    images
        ``match_image`` of each, in the order of their ids: it decides between equal scores.
    categories
        Ids of all classes.
    """
    curves = {
        (category, area, limit): _curve(
            [m[category, area] for m in images if (category, area) in m], limit
        )
        for category in categories
        for area, limit in _NEEDED
    }

    def mean(which: int, area: str, limit: int, threshold: int | None = None) -> float:
        values = np.array([curves[category, area, limit][which] for category in categories])
        chosen = values if threshold is None else values[:, [threshold]]
        return float(np.mean(chosen[chosen > NONE])) if (chosen > NONE).any() else NONE

    most = MAX_DETECTIONS[-1]
    sizes = ("small", "medium", "large")
    stats = [mean(0, "all", most), mean(0, "all", most, 0), mean(0, "all", most, 5)]
    stats += [mean(0, size, most) for size in sizes]
    stats += [mean(1, "all", limit) for limit in MAX_DETECTIONS]
    stats += [mean(1, size, most) for size in sizes]
    per_class = {category: _class_mean(curves[category, "all", most][0]) for category in categories}
    return CocoResult(np.array(stats), per_class)


#: Ranges of areas and numbers of detections that the twelve numbers are made of.
_NEEDED = (
    *(("all", limit) for limit in MAX_DETECTIONS),
    *((size, MAX_DETECTIONS[-1]) for size in ("small", "medium", "large")),
)


def _class_mean(precision: np.ndarray) -> float:
    known = precision[precision > NONE]
    return float(np.mean(known)) if len(known) else float("nan")


def _curve(matches: Sequence[Matches], limit: int) -> np.ndarray:
    """Return (mean precision over recalls, greatest recall), each (t,); -1 without truth."""
    n_truths = sum(each.n_truths for each in matches)
    curve = np.full((2, len(IOU_THRESHOLDS)), NONE)
    if not n_truths:
        return curve
    scores = np.concatenate([each.scores[:limit] for each in matches])
    order = np.argsort(-scores, kind="stable")
    matched = np.concatenate([each.is_matched[:, :limit] for each in matches], axis=1)[:, order]
    counts = ~np.concatenate([each.is_ignored[:, :limit] for each in matches], axis=1)[:, order]
    hits = np.cumsum(matched & counts, axis=1).astype(np.float64)
    misses = np.cumsum(~matched & counts, axis=1).astype(np.float64)
    for level, (hit, miss) in enumerate(zip(hits, misses, strict=True)):
        recall = hit / n_truths
        precision = hit / (hit + miss + np.spacing(1))
        envelope = np.maximum.accumulate(precision[::-1])[::-1]
        places = np.searchsorted(recall, RECALLS, side="left")
        reached = np.append(envelope, 0.0)[places]
        curve[:, level] = reached.mean(), recall[-1] if len(recall) else 0.0
    return curve
