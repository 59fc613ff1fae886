from __future__ import annotations

import numpy as np
import pytest

from ivlm_bench.geometry.seen import Seen, see
from ivlm_bench.testing.analytic import Block, table_observation
from ivlm_bench.types import Motion, Query
from ivlm_policies.ivlm.proposing.region import Region
from ivlm_policies.ivlm.proposing.shutting import is_shut, shutting_motion

BODY = Block((-0.04, 0.0, 0.06), (0.08, 0.14, 0.12))
#: A front before the body, and a door that stands square to it at its right end (+y).
DRAWER = Block((0.05, 0.0, 0.06), (0.02, 0.13, 0.06))
DOOR = Block((0.05, 0.065, 0.06), (0.10, 0.01, 0.11))


def _seen(front: Block, *others: Block) -> tuple[Seen, Region]:
    """Return what is seen of a body with a front before it, which is what is meant."""
    blocks = (BODY, front, *others)
    seen = see(table_observation(blocks, Query("push", "cabinet", None, "")).views)
    low = np.array(front.centre_m) - np.array(front.size_m) / 2 - 0.004
    high = np.array(front.centre_m) + np.array(front.size_m) / 2 + 0.004
    points = seen.cloud.points_m
    inside = ((points >= low) & (points <= high)).all(axis=1)
    wish = np.asarray(inside, np.float32)
    contacts = points[wish > 0.5]
    return seen, Region(wish, contacts, np.ones(len(contacts), np.float32))


def _shut(front: Block) -> Motion:
    stem = Block((0.02, 0.0, 0.06), (0.04, 0.04, 0.04))  # what joins a drawer to its body
    motion = shutting_motion(*_seen(front, *([stem] if front is DRAWER else [])))
    assert motion is not None
    return motion


def test_a_drawer_is_pushed_straight_back_on_its_front() -> None:
    motion = _shut(DRAWER)
    assert motion.direction @ [-1.0, 0.0, 0.0] == pytest.approx(1.0, abs=0.02)
    assert motion.point_m[0] == pytest.approx(0.06, abs=0.004)


def test_an_open_door_is_pushed_from_outside_at_its_far_end() -> None:
    motion = _shut(DOOR)
    assert motion.direction @ [0.0, -1.0, 0.0] == pytest.approx(1.0, abs=0.02)
    assert motion.point_m[0] > 0.08, "where there is most leverage"
    assert motion.point_m[1] >= 0.07 - 0.004, "its outer side, or beyond it"


def test_what_stands_alone_is_not_shut() -> None:
    seen = see(table_observation((DOOR,), Query("push", "cabinet", None, "")).views)
    wish = np.ones(len(seen.cloud), np.float32)
    assert shutting_motion(seen, Region(wish, seen.cloud.points_m, wish)) is None


@pytest.mark.parametrize(
    ("front", "shut"),
    [
        (Block((0.006, 0.0, 0.06), (0.012, 0.13, 0.06)), True),
        (Block((0.031, 0.0, 0.06), (0.012, 0.13, 0.06)), False),
        (DRAWER, False),
        (DOOR, False),
    ],
    ids=["against the body", "37 mm out", "a drawer", "a door"],
)
def test_what_hardly_stands_out_of_its_body_is_shut(front: Block, shut: bool) -> None:
    assert is_shut(*_seen(front)) is shut


def test_an_open_door_beside_it_does_not_count_as_the_body() -> None:
    front = Block((0.031, -0.035, 0.06), (0.012, 0.06, 0.06))
    beside = Block((0.05, 0.065, 0.06), (0.10, 0.01, 0.12))
    assert not is_shut(*_seen(front, beside))


def test_without_a_top_nobody_can_tell() -> None:
    seen = see(table_observation((), Query("push", "cabinet", None, "")).views)
    wish = np.ones(len(seen.cloud), np.float32)
    assert not is_shut(seen, Region(wish, seen.cloud.points_m, wish))
