from __future__ import annotations

import numpy as np
import pytest

from ivlm_bench.geometry.seen import see
from ivlm_bench.testing.analytic import Block, table_observation
from ivlm_bench.types import Motion, Query
from ivlm_policies.ivlm.proposing.region import Region
from ivlm_policies.ivlm.proposing.shutting import shutting_motion

BODY = Block((-0.04, 0.0, 0.06), (0.08, 0.14, 0.12))
#: A front before the body, and a door that stands square to it at its right end (+y).
DRAWER = Block((0.05, 0.0, 0.06), (0.02, 0.13, 0.06))
DOOR = Block((0.05, 0.065, 0.06), (0.10, 0.01, 0.11))


def _shut(front: Block) -> Motion:
    stem = Block((0.02, 0.0, 0.06), (0.04, 0.04, 0.04))  # what joins a drawer to its body
    blocks = (BODY, front, stem) if front is DRAWER else (BODY, front)
    seen = see(table_observation(blocks, Query("push", "cabinet", None, "")).views)
    low = np.array(front.centre_m) - np.array(front.size_m) / 2 - 0.004
    high = np.array(front.centre_m) + np.array(front.size_m) / 2 + 0.004
    points = seen.cloud.points_m
    inside = ((points >= low) & (points <= high)).all(axis=1)
    wish = np.asarray(inside, np.float32)
    contacts = points[wish > 0.5]
    motion = shutting_motion(seen, Region(wish, contacts, np.ones(len(contacts), np.float32)))
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
