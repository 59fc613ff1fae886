"""Drawers and a button whose outcomes follow by hand."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from ivlm_bench.errors import ConfigError
from ivlm_bench.protocols import Engine
from ivlm_bench.trials.articulate import ArticulateTrial
from ivlm_bench.trials.attempt import Attempt
from ivlm_bench.trials.judge import TRIALS, judge
from ivlm_bench.trials.press import PressTrial
from ivlm_bench.types import Interaction, Motion, ObjectModel, Scene, TrialOutcome, TrialSpec

OPEN = TrialSpec(kind="articulate", part="upper_handle", joint="upper_slide")
PRESS = TrialSpec(kind="press", part="cap", joint="push")
HANDLE = (0.05, 0.0, 0.20)
CAP = (0.018, 0.0, 0.1)


def moved(point: tuple[float, ...], direction: tuple[float, ...], **more: object) -> Interaction:
    unit = np.array(direction) / np.linalg.norm(direction)
    return Interaction(motion=Motion(np.array(point), unit), **more)  # type: ignore[arg-type]


def attempt(
    engine: Engine, scene: Scene, answer: Interaction, spec: TrialSpec, *, record: bool = False
) -> TrialOutcome:
    return TRIALS.get(spec.kind).run(engine, Attempt(scene, answer, spec), record=record)


def value(outcome: TrialOutcome, name: str) -> float:
    return next(check.value for check in outcome.checks if check.name == name)


PULLS = {
    "handle": (HANDLE, (1.0, 0.0, 0.0), "SUCCESS"),
    "face, suction": ((0.02, 0.1, 0.20), (1.0, 0.0, 0.0), "SUCCESS"),
    "9 mm before the handle": ((0.059, 0.0, 0.20), (1.0, 0.0, 0.0), "SUCCESS"),
    # 11 mm before the handle and everything else is farther.
    "in the air": ((0.061, 0.0, 0.20), (1.0, 0.0, 0.0), "NO_CONTACT"),
    "44 degrees off": (HANDLE, (1.0, 0.96, 0.0), "SUCCESS"),
    "46 degrees off": (HANDLE, (1.0, 1.04, 0.0), "SLIP"),
    "inwards": (HANDLE, (-1.0, 0.0, 0.0), "NOT_MOVED"),
    "the other drawer": ((0.05, 0.0, 0.07), (1.0, 0.0, 0.0), "WRONG_PART"),
    "the case": ((-0.26, 0.0, 0.20), (1.0, 0.0, 0.0), "WRONG_PART"),
    "the table": ((0.3, 0.0, 0.0), (0.0, 0.0, -1.0), "WRONG_PART"),
}


@pytest.mark.parametrize("case", PULLS)
def test_pulls(engine: Engine, shop: SimpleNamespace, case: str) -> None:
    point, direction, code = PULLS[case]
    outcome = attempt(engine, shop.scene_of(shop.drawers()), moved(point, direction), OPEN)
    assert outcome.code == code
    assert outcome.success == (code == "SUCCESS")


def test_a_grasp_there_widens_the_cone_and_one_elsewhere_does_not(
    engine: Engine, shop: SimpleNamespace
) -> None:
    scene = shop.scene_of(shop.drawers())
    # 60 degrees off the handle's normal; the component along the slide is 5 N > 2 N of friction.
    sideways = (0.5, math.sqrt(0.75), 0.0)
    here = shop.grasp_at(HANDLE, approach=(-1.0, 0.0, 0.0), closing=(0.0, 0.0, 1.0))
    there = shop.grasp_at((0.05, 0.0, 0.4))
    assert attempt(engine, scene, moved(HANDLE, sideways, grasps=(here,)), OPEN).code == "SUCCESS"
    assert attempt(engine, scene, moved(HANDLE, sideways, grasps=(there,)), OPEN).code == "SLIP"


@pytest.mark.parametrize(("range_m", "code"), [(0.4, "PARTIAL"), (0.2, "SUCCESS")])
def test_viscous_drawer_by_closed_form(
    engine: Engine, shop: SimpleNamespace, range_m: float, code: str
) -> None:
    # m v' = F - R - c v with m 1 kg, F 10 N, R 2 N, c 100 N s/m, for t = 2 s:
    # x = (F - R) / c (t - (m / c) (1 - exp(-c t / m))) = 0.08 (2 - 0.01) = 159.2 mm.
    scene = shop.scene_of(shop.drawers(damping=100.0, range_m=range_m))
    outcome = attempt(engine, scene, moved(HANDLE, (1.0, 0.0, 0.0)), OPEN)
    assert outcome.code == code
    assert value(outcome, "joint_motion") == pytest.approx(0.1592, rel=0.02)
    assert value(outcome, "opened") == pytest.approx(0.1592 / range_m, rel=0.02)


def test_less_force_than_friction_moves_nothing(engine: Engine, shop: SimpleNamespace) -> None:
    # Tilted by 44 degrees down from the slide, then with 1.9 N / 10 N left along it: held by the
    # grasp, but under the friction of 2 N.
    scene = shop.scene_of(shop.drawers())
    along = 0.19
    answer = moved(
        HANDLE,
        (along, math.sqrt(1 - along**2), 0.0),
        grasps=(shop.grasp_at(HANDLE, approach=(-1.0, 0.0, 0.0), closing=(0.0, 0.0, 1.0)),),
    )
    assert attempt(engine, scene, answer, OPEN).code == "NOT_MOVED"


def test_drawer_that_takes_another_along(engine: Engine, shop: SimpleNamespace) -> None:
    scene = shop.scene_of(shop.drawers(lip=True))
    # Beside the lip, which spans 20 mm to either side.
    outcome = attempt(engine, scene, moved((0.05, 0.028, 0.20), (1.0, 0.0, 0.0)), OPEN)
    assert (outcome.code, outcome.success) == ("SIDE_EFFECT", False)
    assert value(outcome, "opened") > 0.75


def test_closing_asks_for_the_other_sense(engine: Engine, shop: SimpleNamespace) -> None:
    model: ObjectModel = shop.drawers(lower=-0.1)
    shut = TrialSpec(kind="articulate", part="upper_handle", joint="upper_slide", sign=-1.0)
    outcome = attempt(engine, shop.scene_of(model), moved(HANDLE, (-1.0, 0.0, 0.0)), shut)
    assert outcome.code == "SUCCESS"
    assert value(outcome, "moved") == pytest.approx(0.1, abs=1e-3)


PRESSES = {
    "straight": (CAP, (-1.0, 0.0, 0.0), "SUCCESS"),
    "8 mm aside": ((0.018, 0.008, 0.1), (-1.0, 0.0, 0.0), "SUCCESS"),
    "40 degrees off": (CAP, (-math.cos(0.698), math.sin(0.698), 0.0), "SUCCESS"),
    "60 degrees off": (CAP, (-0.5, math.sqrt(0.75), 0.0), "BAD_ANGLE"),
    # 16 mm from the middle of a cap of 10 mm half width: the 5 mm sphere passes it by.
    "16 mm aside": ((0.018, 0.016, 0.1), (-1.0, 0.0, 0.0), "WRONG_PART"),
    # The point may lie behind the face: the probe then starts nearer.
    "10 mm behind the face": ((0.008, 0.0, 0.1), (-1.0, 0.0, 0.0), "SUCCESS"),
    "beside the panel": ((0.018, 0.3, 0.1), (-1.0, 0.0, 0.0), "NO_CONTACT"),
    "away from it": (CAP, (1.0, 0.0, 0.0), "INVALID"),
    "from inside the plate": ((-0.02, 0.0, 0.1), (-1.0, 0.0, 0.0), "INVALID"),
    "from below": ((0.0165, 0.0, 0.085), (0.0, 0.0, 1.0), "BAD_ANGLE"),
}


@pytest.mark.parametrize("case", PRESSES)
def test_presses(engine: Engine, shop: SimpleNamespace, case: str) -> None:
    point, direction, code = PRESSES[case]
    outcome = attempt(engine, shop.scene_of(shop.panel()), moved(point, direction), PRESS)
    assert outcome.code == code
    assert outcome.success == (code == "SUCCESS")


@pytest.mark.parametrize(
    ("stiffness_n_m", "travel", "code"),
    [
        # (5 N - 0.5 N) / k over 4 mm: 1125 N/m is pressed just fully, 1500 to 75 %, 3000 to 37.5 %.
        (1125.0, 1.0, "SUCCESS"),
        (1500.0, 0.75, "NOT_PRESSED"),
        (3000.0, 0.375, "NOT_PRESSED"),
    ],
)
def test_spring_by_closed_form(
    engine: Engine, shop: SimpleNamespace, stiffness_n_m: float, travel: float, code: str
) -> None:
    scene = shop.scene_of(shop.panel(stiffness_n_m=stiffness_n_m))
    outcome = attempt(engine, scene, moved(CAP, (-1.0, 0.0, 0.0)), PRESS)
    assert outcome.code == code
    assert value(outcome, "travel") == pytest.approx(travel, abs=0.02)


@pytest.mark.parametrize(
    ("trial", "model", "point", "direction"),
    [
        (OPEN, "drawers", HANDLE, (1.0, 0.0, 0.0)),
        (OPEN, "drawers", HANDLE, (1.0, 1.04, 0.0)),
        (PRESS, "panel", CAP, (-1.0, 0.0, 0.0)),
        (PRESS, "panel", CAP, (-0.5, math.sqrt(0.75), 0.0)),
    ],
)
def test_turning_the_whole_scene_keeps_the_outcome(
    engine: Engine,
    shop: SimpleNamespace,
    trial: TrialSpec,
    model: str,
    point: tuple[float, ...],
    direction: tuple[float, ...],
) -> None:
    scene = shop.scene_of(getattr(shop, model)())
    scene_turned, turn = shop.turned(scene, np.pi / 2)
    answer = moved(point, direction)
    answer_turned = moved(tuple(turn.apply(np.array(point))), tuple(turn.turn(np.array(direction))))
    plain = attempt(engine, scene, answer, trial)
    other = attempt(engine, scene_turned, answer_turned, trial)
    assert plain.code == other.code
    for a, b in zip(plain.checks, other.checks, strict=True):
        assert a.value == pytest.approx(b.value, abs=2e-3)


@pytest.mark.parametrize(
    ("trial", "model"),
    [
        (TrialSpec(kind="articulate", part="no such", joint="none"), "drawers"),
        (TrialSpec(kind="press", part="no such", joint="none"), "panel"),
    ],
)
def test_a_part_that_is_not_there_is_never_operated(
    engine: Engine, shop: SimpleNamespace, trial: TrialSpec, model: str
) -> None:
    point, direction = (HANDLE, (1.0, 0.0, 0.0)) if model == "drawers" else (CAP, (-1.0, 0.0, 0.0))
    scene = shop.scene_of(getattr(shop, model)())
    outcome = attempt(engine, scene, moved(point, direction), trial)
    assert (outcome.code, outcome.success) == ("WRONG_PART", False)


def test_a_trial_that_asks_for_nothing_is_a_faulty_environment(
    engine: Engine, shop: SimpleNamespace
) -> None:
    scene = shop.scene_of(shop.panel())
    with pytest.raises(ConfigError, match="joint or a part"):
        attempt(engine, scene, moved(CAP, (-1.0, 0.0, 0.0)), TrialSpec(kind="press"))


def test_key_frames_are_five_to_seven(engine: Engine, shop: SimpleNamespace) -> None:
    pull = attempt(
        engine, shop.scene_of(shop.drawers()), moved(HANDLE, (1.0, 0.0, 0.0)), OPEN, record=True
    )
    press = attempt(
        engine, shop.scene_of(shop.panel()), moved(CAP, (-1.0, 0.0, 0.0)), PRESS, record=True
    )
    for outcome, trial in ((pull, ArticulateTrial()), (press, PressTrial())):
        assert outcome.code in trial.codes
        assert 5 <= len(outcome.keyframes) <= 7
        times_s = [frame.time_s for frame in outcome.keyframes]
        assert times_s == sorted(set(times_s))
    fronts = [f.world_from_body["thing/upper"].position_m[0] for f in pull.keyframes]
    assert fronts[0] == pytest.approx(0.0, abs=1e-4)
    assert fronts[-1] == pytest.approx(0.2, abs=1e-3)


def test_robust_score_of_a_good_press(engine: Engine, shop: SimpleNamespace) -> None:
    verdict, _ = judge(
        engine,
        shop.scene_of(shop.panel()),
        moved(CAP, (-1.0, 0.0, 0.0)),
        shop.truth_of(PRESS),
        scenario_seed=0,
        n_perturbed=8,
    )
    # 2.5 mm and 2.5 degrees are far inside a cap of 10 mm half width and the 45 degrees.
    assert verdict.robust_prob == 1.0
