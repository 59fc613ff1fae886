"""VISOR-HOS: hands, the objects they touch, their sides and contacts, by COCO's numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ivlm_bench.errors import InvalidAnswerError
from ivlm_bench.metrics.coco_ap import (
    NONE,
    STATS,
    Kind,
    Matches,
    match_image,
    read_detections,
    read_truths,
    summarize,
)
from ivlm_bench.metrics.hand_linking import TASKS
from ivlm_bench.metrics.profile import Control, Measured, Param, Profile, Quantity, add_profile
from ivlm_bench.metrics.run_length import decode, encode
from ivlm_bench.metrics.spec import Absent

KINDS: tuple[Kind, ...] = ("bbox", "segm")
_NO_TRUTH = "no truth of this class or size (officially -1)"
_NO_MASK = "some detection or truth has no mask"


@dataclass(frozen=True, eq=False, slots=True)
class ImageTally:
    """Matches of one image by kind; None where there are no masks. ``image_id``: order of ties."""

    image_id: int | None
    matches: Mapping[Kind, Mapping[tuple[int, str], Matches] | None]


def _parts(truth: Any) -> tuple[Sequence[Mapping[str, Any]], dict[str, int | None], int | None]:
    """Return (annotations, size, image id) of a truth: a mapping, or the annotations alone."""
    if isinstance(truth, Mapping):
        if "annotations" not in truth:
            raise InvalidAnswerError("The truth of an image has no 'annotations'.")
        size = {"height_px": truth.get("height"), "width_px": truth.get("width")}
        return truth["annotations"], size, truth.get("image_id", truth.get("id"))
    known = next((each.get("image_id") for each in truth if isinstance(each, Mapping)), None)
    return truth, {"height_px": None, "width_px": None}, known


def _score(
    prediction: Any, truth: Any, params: Mapping[str, Any], *, task: str, classes: Mapping[int, str]
) -> Measured:
    annotations, size, image_id = _parts(truth)
    given = TASKS[task](prediction) if params["raw"] else prediction
    truths, detected = read_truths(annotations, **size), read_detections(given, **size)
    matches: dict[Kind, Mapping[tuple[int, str], Matches] | None] = {}
    for kind in KINDS:
        has_masks = truths.masks is not None and detected.masks is not None
        matches[kind] = (
            match_image(truths, detected, kind=kind, categories=classes)
            if kind == "bbox" or has_masks
            else None
        )
    return Measured({}, ImageTally(image_id, matches))


def _combine(
    measured: Sequence[Measured], *, classes: Mapping[int, str]
) -> dict[str, float | Absent]:
    tallies: list[ImageTally] = [sample.tally for sample in measured]
    if all(isinstance(tally.image_id, int) for tally in tallies):
        tallies.sort(key=lambda tally: tally.image_id or 0)
    numbers: dict[str, float | Absent] = {}
    for kind in KINDS:
        names = [*STATS, *(f"ap_{name}" for name in classes.values())]
        images = [tally.matches[kind] for tally in tallies]
        known = [each for each in images if each is not None]
        if len(known) < len(images):
            numbers |= {f"{kind}_{name}": Absent(_NO_MASK) for name in names}
            continue
        result = summarize(known, list(classes))
        values = [*result.stats.tolist(), *(result.class_ap[category] for category in classes)]
        for name, value in zip(names, values, strict=True):
            is_known = value != NONE and not math.isnan(value)
            numbers[f"{kind}_{name}"] = value if is_known else Absent(_NO_TRUTH)
    return numbers


def results_by_image(results: Sequence[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return a COCO results file's detections by image id (as text, the items' ids).

    Raises
    ------
    InvalidAnswerError
        If it is no list of objects with an ``image_id``.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for index, each in enumerate(results):
        if not isinstance(each, Mapping) or "image_id" not in each:
            raise InvalidAnswerError(
                f"Result {index} has no 'image_id'; write COCO results [{{image_id, category_id, "
                "bbox, score, segmentation}}, ...]."
            )
        found.setdefault(str(each["image_id"]), []).append(dict(each))
    return found


def _nothing() -> list[dict[str, Any]]:
    return []


def _oracle(truth: Any, rng: np.random.Generator) -> list[dict[str, Any]]:
    annotations, _, _ = _parts(truth)
    kept = ("category_id", "bbox", "segmentation")
    return [
        {**{name: each[name] for name in kept if name in each}, "score": 1.0}
        for each in annotations
        if not each.get("iscrowd")
    ]


def _random(truth: Any, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Return each truth's box and mask moved to another place in the image, scored by chance."""
    annotations, size, _ = _parts(truth)
    height, width = size["height_px"], size["width_px"]
    if height is None or width is None:
        height, width = _rle_size(annotations)
    moved = []
    for each in _oracle(truth, rng):
        right, down = int(rng.integers(width)), int(rng.integers(height))
        x, y, box_width, box_height = each["bbox"]
        place = [(x + right) % width, (y + down) % height, box_width, box_height]
        found = {**each, "bbox": [float(v) for v in place], "score": float(rng.random())}
        if "segmentation" in each:
            mask = decode(each["segmentation"], height_px=height, width_px=width)
            found["segmentation"] = encode(np.roll(mask, (down, right), axis=(0, 1)))
        moved.append(found)
    return moved


def _rle_size(annotations: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    for each in annotations:
        if isinstance(each.get("segmentation"), Mapping):
            height, width = each["segmentation"]["size"]
            return int(height), int(width)
    return 1, 1


_CONTROLS: Mapping[str, Control] = {"oracle": _oracle, "random": _random}

#: Official task and classes of each profile.
_PROFILES: tuple[tuple[str, str, str, Mapping[int, str]], ...] = (
    (
        "visor:hos",
        "Average precision of hands and touched objects",
        "hand_obj",
        {1: "hand", 2: "object"},
    ),
    (
        "visor:handside",
        "Average precision of left and right hands",
        "handside",
        {1: "left", 2: "right"},
    ),
    (
        "visor:contact",
        "Average precision of hands by whether they touch something",
        "contact",
        {1: "not_incontact", 2: "incontact"},
    ),
    (
        "visor:combineho",
        "Average precision of hands joined with what they touch",
        "combineHO",
        {1: "combineHandObj"},
    ),
)


def _quantities(classes: Mapping[int, str]) -> tuple[Quantity, ...]:
    names = [*STATS, *(f"ap_{name}" for name in classes.values())]
    nothing = "none: a class without truth does not count"
    return tuple(
        Quantity(name=f"{kind}_{name}", empty_truth=nothing, each=False)
        for kind in KINDS
        for name in names
    )


for _name, _title, _task, _classes in _PROFILES:
    add_profile(
        Profile(
            name=_name,
            title=_title,
            source="epic-kitchens/VISOR-HOS@85665073:hos/evaluation/epick_evaluation.py "
            f"(task {_task}) over pycocotools COCOeval",
            dataset="visor" if _name == "visor:hos" else _name.replace(":", "_"),
            form="detections",
            prediction="a list an image of COCO results {category_id, bbox: [x, y, w, h] in px, "
            "score, segmentation}",
            truth="{image_id, height, width, annotations: COCO annotations} of an image, or its "
            "annotations alone",
            quantities=_quantities(_classes),
            params=(
                Param(
                    name="raw",
                    default=False,
                    meaning="hands still carry contact, handside and offset scores, and are linked "
                    "to objects here",
                ),
            ),
            score=partial(_score, task=_task, classes=_classes),
            combine=partial(_combine, classes=_classes),
            no_prediction=_nothing,
            controls=_CONTROLS,
            quirks=(
                "COCO prints -1 where there is no truth of a size; here that is no number.",
                "An annotation whose id is 0 can't be matched: pycocotools takes id 0 for 'none', "
                "and VISOR-HOS's own conversion starts at 0.",
                "Masks are sized by their own area, boxes by theirs; truths by the annotation's "
                "'area' in both.",
                "Images with an inconclusive hand are dropped by the owner's conversion; "
                "detections in other images are refused.",
                "The shipped eval.py passes a task name that its own evaluator rejects.",
                "Fractions; detectron2 prints percent.",
            ),
        )
    )
