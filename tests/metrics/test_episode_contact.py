"""Contact, region and label metrics of one episode, by hand and against the profiles."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ivlm_bench.metrics import METRICS, evaluate
from ivlm_bench.metrics.contact import SAME_CONTACT_M
from ivlm_bench.types import Interaction, TrialSpec, Truth

ALL = dict(METRICS)
TRIPLE = ("contact_precision", "contact_recall", "contact_f1")


def truth(**fields: Any) -> Truth:
    masks = np.zeros((2, 4, 4), bool)
    masks[0, :2] = True
    given: dict[str, Any] = {
        "interaction_label": "open",
        "feasible": True,
        "trial": TrialSpec(kind="grasp"),
        "oracle": Interaction(contact_points_m=np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]])),
        "target_part": None,
        "part_masks": masks,
        "affordance_maps": masks.astype(np.float32),
        "vertex_affordance": np.array([1.0, 0.5, 0.2, 0.0], np.float32),
    }
    return Truth(**given | fields)


def triple(answer: Interaction, true: Truth | None = None) -> tuple[float | None, ...]:
    return tuple(ALL[name](answer, truth() if true is None else true, ()) for name in TRIPLE)


def test_values_on_vertices_are_scored_as_contact() -> None:
    """True are vertices 0 and 1; chosen 0 and 2, vertex 2 at exactly one half."""
    answer = Interaction(vertex_prob=np.array([0.9, 0.1, 0.5, 0.0]))
    assert triple(answer) == (0.5, 0.5, 0.5)
    assert triple(Interaction(vertex_prob=np.zeros(4))) == (0.0, 0.0, 0.0)
    assert triple(Interaction(vertex_prob=np.array([1.0, 1.0, 0.0, 0.0]))) == (1.0, 1.0, 1.0)


def test_values_on_vertices_agree_with_decos_protocol() -> None:
    rng = np.random.default_rng(0)
    prob, affordance = rng.random((2, 50)).astype(np.float32)
    got = triple(Interaction(vertex_prob=prob), truth(vertex_affordance=affordance))
    wanted = evaluate("damon:deco", [prob], [(affordance >= 0.5).astype(float)])
    assert got == pytest.approx(tuple(wanted[n] for n in ("precision", "recall", "f1")))


def test_points_are_compared_with_the_reference_answers_at_a_radius() -> None:
    """Of three points one lies near one of two references: 1/3, 1/2, 2/5."""
    heights_m = [0.99 * SAME_CONTACT_M, 1.01 * SAME_CONTACT_M, 5.0]
    points = np.array([[0.0, 0.0, height_m] for height_m in heights_m])
    assert triple(Interaction(contact_points_m=points)) == pytest.approx((1 / 3, 1 / 2, 2 / 5))
    unlikely = Interaction(contact_points_m=points, contact_prob=np.array([0.9, 0.4, 0.4]))
    assert triple(unlikely) == pytest.approx((1.0, 1 / 2, 2 / 3))
    none = Interaction(contact_points_m=points, contact_prob=np.array([0.1, 0.1, 0.1]))
    assert triple(none) == (0.0, 0.0, 0.0)


def test_vertices_come_before_points() -> None:
    answer = Interaction(
        vertex_prob=np.array([1.0, 1.0, 0.0, 0.0]), contact_points_m=np.array([[9.0, 0, 0]])
    )
    assert triple(answer) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("answer", "fields"),
    [
        (Interaction(), {}),
        (Interaction(vertex_prob=np.array([1.0])), {}),
        (
            Interaction(vertex_prob=np.array([1.0, 0, 0, 0])),
            {"vertex_affordance": np.zeros(4, np.float32)},
        ),
        (Interaction(contact_points_m=np.array([[0.0, 0, 0]])), {"oracle": Interaction()}),
    ],
    ids=["nothing", "length", "no region", "no reference"],
)
def test_where_there_is_nothing_to_compare_there_is_no_score(
    answer: Interaction, fields: dict[str, Any]
) -> None:
    assert triple(answer, truth(**fields)) == (None, None, None)


def test_region_iou_counts_pixels_of_all_views_together() -> None:
    """Eight true pixels in view 0; four of them marked and four in view 1: 4 / 12."""
    maps = np.zeros((2, 4, 4), np.float32)
    maps[0, 0], maps[1, 0] = 0.5, 0.9
    assert ALL["region_iou"](Interaction(affordance_maps=maps), truth(), ()) == pytest.approx(1 / 3)


def test_region_iou_brings_maps_to_the_masks() -> None:
    """A map of 2 x 2 whose upper half is 1: rows 0 and (0.75) 1 of four reach one half."""
    maps = np.zeros((2, 2, 2), np.float32)
    maps[0, 0] = 1.0
    assert ALL["region_iou"](Interaction(affordance_maps=maps), truth(), ()) == 1.0


def test_region_iou_without_a_region_or_with_other_views_is_no_score() -> None:
    hidden = truth(part_masks=np.zeros((2, 4, 4), bool))
    maps = np.ones((2, 4, 4), np.float32)
    assert ALL["region_iou"](Interaction(affordance_maps=maps), hidden, ()) is None
    assert ALL["region_iou"](Interaction(affordance_maps=maps[:1]), truth(), ()) is None


@pytest.mark.parametrize(
    ("stated", "wanted"),
    [
        ({"open": 0.6, "lift": 0.4}, 1.0),
        ({"open": 0.4, "lift": 0.6}, 0.0),
        ({"open": 0.4, "lift": 0.4}, 0.5),
        ({"open": 0.0}, None),
        ({}, None),
    ],
)
def test_the_most_probable_label_counts(stated: dict[str, float], wanted: float | None) -> None:
    assert ALL["label_correct"](Interaction(label_prob=stated), truth(), ()) == wanted
