"""A probe against drawers of known friction and damping."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from ivlm_bench.engines import available_engines, get_engine
from ivlm_bench.protocols import Engine
from ivlm_bench.trials.attempt import Attempt
from ivlm_bench.trials.push import PushTrial
from ivlm_bench.types import Interaction, Motion, Placement, Scene, TrialOutcome, TrialSpec

SHUT = TrialSpec(kind="push", joint="upper_slide", sign=-1.0)
INWARDS = (-1.0, 0.0, 0.0)
#: How far the upper drawer stands open; the front's face is then at x = 0.02 + OPEN_M.
OPEN_M = 0.15
FACE = (0.02 + OPEN_M, 0.10, 0.20)


def open_scene(shop: SimpleNamespace, *, low_m: float = 0.0, **build: object) -> Scene:
    scene = shop.scene_of(shop.drawers(**build))
    joints = {"upper_slide": OPEN_M, "low_slide": low_m}
    placements = tuple(
        replace(p, joints=joints) if p.role == "target" else p for p in scene.placements
    )
    return replace(scene, placements=placements)


def push(
    engine: Engine,
    scene: Scene,
    point: tuple[float, ...],
    direction: tuple[float, ...],
    *,
    spec: TrialSpec = SHUT,
) -> TrialOutcome:
    unit = np.array(direction) / np.linalg.norm(direction)
    answer = Interaction(motion=Motion(np.array(point), unit))
    return PushTrial().run(engine, Attempt(scene, answer, spec))


def value(outcome: TrialOutcome, name: str) -> float:
    return next(check.value for check in outcome.checks if check.name == name)


CASES = {
    "on the front": (FACE, INWARDS, "SUCCESS"),
    "on the handle": ((0.05 + OPEN_M, 0.0, 0.20), INWARDS, "SUCCESS"),
    "20 degrees off": (FACE, (-math.cos(0.35), -math.sin(0.35), 0.0), "SUCCESS"),
    "over it": ((0.02 + OPEN_M, 0.10, 0.30), INWARDS, "NO_CONTACT"),
    "outwards": (FACE, (1.0, 0.0, 0.0), "INVALID"),
    "from inside the front": ((OPEN_M - 0.01, 0.10, 0.20), INWARDS, "INVALID"),
    # The lower drawer is shut: its front is at x = 0.02.
    "the lower drawer": ((0.02, 0.10, 0.07), INWARDS, "WRONG_PART"),
    # On the upper drawer's upper edge, from above: touched, but it goes nowhere.
    "from above": ((0.01 + OPEN_M, 0.10, 0.25), (0.0, 0.0, -1.0), "NOT_MOVED"),
}


@pytest.mark.parametrize("case", CASES)
def test_outcomes_of_hand_made_pushes(engine: Engine, shop: SimpleNamespace, case: str) -> None:
    point, direction, code = CASES[case]
    outcome = push(engine, open_scene(shop), point, direction)
    assert outcome.code == code
    assert outcome.success == (code == "SUCCESS")


@pytest.mark.parametrize("damping", [10.0, 40.0])
def test_travel_by_closed_form(engine: Engine, shop: SimpleNamespace, damping: float) -> None:
    """The sphere meets the front after 15 mm, 0.15 s, and pushes for 0.85 s, less a run-up.

    Both bodies, 0.1 + 1.0 kg, start from 0.1 x 0.1 / 1.1 m/s, their momentum. MuJoCo's servo gives
    200 N s/m (10 N at half its speed): 200 (0.1 - v) = 2 N + c v, time constant 1.1 / (200 + c).
    PyBullet's is hard up to 10 N: it keeps 0.1 m/s after speeding up by (10 N - 2 N - c v) / 1.1.
    """
    shared = 0.1 * 0.1 / 1.1
    if engine.name == "mujoco":
        speed = (20.0 - 2.0) / (200.0 + damping)
        expected = speed * 0.85 - (speed - shared) * 1.1 / (200.0 + damping)
    else:
        gain = (10.0 - 2.0 - damping * (0.1 + shared) / 2.0) / 1.1
        expected = 0.1 * 0.85 - (0.1 - shared) ** 2 / (2.0 * gain)
    outcome = push(engine, open_scene(shop, damping=damping), FACE, INWARDS)
    assert value(outcome, "moved") == pytest.approx(expected, rel=0.02)


def test_ten_newtons_do_not_move_what_twelve_hold(engine: Engine, shop: SimpleNamespace) -> None:
    scene = open_scene(shop)
    placed = scene.target
    links = tuple(
        link if link.joint is None else replace(link, joint=replace(link.joint, friction_loss=12.0))
        for link in placed.model.links
    )
    stiff = replace(placed, model=replace(placed.model, links=links))
    scene = replace(scene, placements=(stiff, *scene.placements[1:]))
    assert push(engine, scene, FACE, INWARDS).code == "NOT_MOVED"


def test_a_named_part_must_be_met_first(engine: Engine, shop: SimpleNamespace) -> None:
    spec = TrialSpec(kind="push", part="upper_handle", joint="upper_slide", sign=-1.0)
    scene = open_scene(shop)
    assert push(engine, scene, FACE, INWARDS, spec=spec).code == "WRONG_PART"
    handle = (0.05 + OPEN_M, 0.0, 0.20)
    assert push(engine, scene, handle, INWARDS, spec=spec).code == "SUCCESS"


def test_what_is_shut_already_can_not_be_shut(engine: Engine, shop: SimpleNamespace) -> None:
    scene = shop.scene_of(shop.drawers())
    outcome = push(engine, scene, (0.02, 0.10, 0.20), INWARDS)
    assert outcome.code == "NOT_MOVED"


def test_the_last_bit_counts_as_moved(engine: Engine, shop: SimpleNamespace) -> None:
    """12 mm to go: half of them is less than 10 mm and enough."""
    scene = open_scene(shop)
    placed = replace(scene.target, joints={"upper_slide": 0.012})
    scene = replace(scene, placements=(placed, *scene.placements[1:]))
    outcome = push(engine, scene, (0.032, 0.10, 0.20), INWARDS)
    assert outcome.code == "SUCCESS"
    check = next(check for check in outcome.checks if check.name == "moved")
    assert check.limit == pytest.approx(0.006)
    assert check.value == pytest.approx(0.012, abs=1e-3)


def test_taking_another_drawer_along_is_told(engine: Engine, shop: SimpleNamespace) -> None:
    """The lower drawer's lip, 60 mm before its front, stands before the upper one's front."""
    scene = open_scene(shop, lip=True, low_m=OPEN_M)
    spec = TrialSpec(kind="push", joint="low_slide", sign=-1.0)
    # 0.02 m below the lip's top, at its outer face: the lip meets the upper front after 40 mm.
    outcome = push(engine, scene, (0.08 + OPEN_M, 0.0, 0.26), INWARDS, spec=spec)
    assert outcome.code == "SIDE_EFFECT"


def test_engines_agree(shop: SimpleNamespace) -> None:
    engines = [get_engine(name) for name in available_engines()]
    if len(engines) < 2:
        pytest.skip("one engine is installed")
    scene = open_scene(shop)
    for y_m in (-0.12, -0.06, 0.08, 0.13):
        for aside in (-0.8, 0.0, 0.5):
            point = (0.02 + OPEN_M, y_m, 0.20)
            results = [push(e, scene, point, (-1.0, aside, 0.0)) for e in engines]
            assert len({r.code for r in results}) == 1, (y_m, aside)
            moved = [value(r, "moved") for r in results]
            # The servos differ as told above: by 3 N / 200 N s/m of 0.1 m/s, and some friction.
            assert max(moved) - min(moved) <= 0.2 * max(moved), (y_m, aside)


def test_turning_the_whole_scene_keeps_the_outcome(engine: Engine, shop: SimpleNamespace) -> None:
    scene = open_scene(shop)
    scene_turned, turned = shop.turned(scene, 1.1)
    plain = push(engine, scene, FACE, INWARDS)
    other = push(
        engine, scene_turned, tuple(turned.apply(np.array(FACE))),
        tuple(turned.turn(np.array(INWARDS))),
    )  # fmt: skip
    assert plain.code == other.code == "SUCCESS"
    assert value(plain, "moved") == pytest.approx(value(other, "moved"), abs=1e-3)


def test_a_part_that_is_not_there_is_never_pushed(engine: Engine, shop: SimpleNamespace) -> None:
    spec = TrialSpec(kind="push", joint="none", sign=-1.0)
    assert push(engine, open_scene(shop), FACE, INWARDS, spec=spec).code == "WRONG_PART"


def test_placement_keeps_its_joints_when_turned(shop: SimpleNamespace) -> None:
    turned_scene, _ = shop.turned(open_scene(shop), 0.3)
    target: Placement = turned_scene.target
    assert target.joints["upper_slide"] == OPEN_M
