"""Every planted convention error is named, and nobody who keeps to the conventions is accused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from ivlm_bench.calibration.findings import Report
from ivlm_bench.calibration.firewall import examine
from ivlm_bench.calibration.probes import (
    Probe,
    button_probes,
    fin_probes,
    picture_probes,
    ridge_probes,
)
from ivlm_bench.errors import ConfigError, InvalidAnswerError, RemoteLostError
from ivlm_bench.geometry.se3 import frame_from_axes
from ivlm_bench.reasoners import resolve_reasoner
from ivlm_bench.types import Grasp, Interaction, Motion, Observation, Pose

PROBES = (*picture_probes(), *ridge_probes(), *fin_probes(), *button_probes())
#: Room that the perfect gripper leaves at both sides together, m.
ROOM_M = 0.01

Plant = Callable[[Interaction, Probe], Interaction]


class Planted:
    """Knows every right answer, and tells it by a convention that ``plant`` makes of ours."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant

    def predict(self, observation: Observation, /) -> Interaction:
        probe = next(p for p in PROBES if p.observation is observation)
        return self.plant(perfect(probe), probe)


def perfect(probe: Probe) -> Interaction:
    if probe.kind == "picture":
        point = np.array([(0, *probe.pixel)], np.float32)
        return Interaction(points_px=point)
    contact = probe.point_m[None]
    if probe.kind == "button":
        motion = Motion(probe.point_m, probe.approach)
        return Interaction(contact_points_m=contact, motion=motion)
    turn = frame_from_axes(z=probe.approach, x=probe.closing)
    pose = Pose.from_rotation(turn, probe.point_m)
    return Interaction(grasps=(Grasp(pose, probe.thickness_m + ROOM_M),), contact_points_m=contact)


def in_pixels(change: Callable[[float, float, int, int], tuple[float, float]]) -> Plant:
    """Plant what becomes of a pixel (x, y) of a picture (w, h)."""

    def plant(answer: Interaction, probe: Probe) -> Interaction:
        if answer.points_px is None:
            return answer
        height, width = probe.observation.views[0].rgb.shape[:2]
        x, y = (float(v) for v in probe.pixel)
        pixel = change(x, y, width, height)
        return replace(answer, points_px=np.array([(0, *pixel)], np.float32))

    return plant


def in_grasps(change: Callable[[Grasp, Probe], Grasp]) -> Plant:
    def plant(answer: Interaction, probe: Probe) -> Interaction:
        return replace(answer, grasps=tuple(change(grasp, probe) for grasp in answer.grasps))

    return plant


def turned(change: Callable[[np.ndarray], np.ndarray]) -> Plant:
    """Plant what becomes of the rotation matrix of a grasp."""

    def grasp(known: Grasp, _: Probe) -> Grasp:
        pose = known.world_from_gripper
        return replace(
            known, world_from_gripper=Pose.from_rotation(change(pose.rotation), pose.position_m)
        )

    return in_grasps(grasp)


def with_quat(change: Callable[[np.ndarray], np.ndarray]) -> Plant:
    def grasp(known: Grasp, _: Probe) -> Grasp:
        pose = known.world_from_gripper
        return replace(known, world_from_gripper=Pose(pose.position_m, change(pose.quat_wxyz)))

    return in_grasps(grasp)


def of_width(change: Callable[[float], float]) -> Plant:
    return in_grasps(lambda grasp, _: replace(grasp, width_m=change(grasp.width_m)))


def moved(change: Callable[[Pose, Probe], Pose]) -> Plant:
    """Plant what becomes of every pose, point and direction of the world."""

    def plant(answer: Interaction, probe: Probe) -> Interaction:
        def carry(point_m: np.ndarray) -> np.ndarray:
            return change(Pose(point_m, np.array([1.0, 0, 0, 0])), probe).position_m

        grasps = tuple(
            replace(g, world_from_gripper=change(g.world_from_gripper, probe))
            for g in answer.grasps
        )
        motion = answer.motion
        if motion is not None:
            origin_m, tip_m = carry(np.zeros(3)), carry(motion.direction)
            way = (tip_m - origin_m) / np.linalg.norm(tip_m - origin_m)
            motion = replace(motion, point_m=carry(motion.point_m), direction=way)
        contacts = np.array([carry(p) for p in answer.contact_points_m]).reshape(-1, 3)
        return replace(answer, grasps=grasps, motion=motion, contact_points_m=contacts)

    return plant


def _in_camera(pose: Pose, probe: Probe) -> Pose:
    return probe.observation.views[0].camera.world_from_camera.inverse() @ pose


def _in_opengl(pose: Pose, probe: Probe) -> Pose:
    half_turn = Pose(np.zeros(3), np.array([0.0, 1.0, 0.0, 0.0]))  # about x
    return half_turn @ _in_camera(pose, probe)


def _y_up(pose: Pose, _: Probe) -> Pose:
    # (x, y, z) -> (x, z, -y): a quarter turn back about x
    return Pose(np.zeros(3), np.array([np.sqrt(0.5), -np.sqrt(0.5), 0.0, 0.0])) @ pose


def _scaled(factor: float) -> Plant:
    return moved(lambda pose, _: Pose(factor * pose.position_m, pose.quat_wxyz))


def _wrist(grasp: Grasp, _: Probe) -> Grasp:
    pose = grasp.world_from_gripper @ Pose.at(0.0, 0.0, -0.1034)
    return replace(grasp, world_from_gripper=pose)


def _back(answer: Interaction, _: Probe) -> Interaction:
    if answer.motion is None:
        return answer
    return replace(answer, motion=replace(answer.motion, direction=-answer.motion.direction))


def _padded(x: float, y: float, w: int, h: int) -> tuple[float, float]:
    return x + (max(w, h) - w) / 2, y + (max(w, h) - h) / 2


def _resized(x: float, y: float, w: int, h: int, step: int) -> tuple[float, float]:
    fit = [max(1, round(side / step)) * step for side in (w, h)]
    return (x + 0.5) / w * fit[0] - 0.5, (y + 0.5) / h * fit[1] - 0.5


def share(x: float, y: float, w: int, h: int) -> tuple[float, float]:
    return (x + 0.5) / w, (y + 0.5) / h


def by(full: float, *, y_first: bool = False) -> Plant:
    def change(x: float, y: float, w: int, h: int) -> tuple[float, float]:
        u, v = (full * each for each in share(x, y, w, h))
        return (v, u) if y_first else (u, v)

    return in_pixels(change)


def read_as(full: float) -> Plant:
    """Pixels were written, and read as shares of ``full``."""
    return in_pixels(lambda x, y, w, h: (x / full * w - 0.5, y / full * h - 0.5))


#: What is planted; the part that says so; what is said.
PLANTED: dict[str, tuple[Plant, str, str]] = {
    "y first": (in_pixels(lambda x, y, w, h: (y, x)), "points", "look like pixels, y first;"),
    "unit": (by(1.0), "points", "look like 0-1;"),
    "percent": (by(100.0), "points", "look like 0-100;"),
    "999": (by(999.0), "points", "look like 0-999;"),
    "thousandths": (by(1000.0), "points", "look like 0-1000;"),
    "1024": (by(1024.0), "points", "look like 0-1024;"),
    "1000, y first": (by(1000.0, y_first=True), "points", "look like 0-1000, y first;"),
    "1024, y first": (by(1024.0, y_first=True), "points", "look like 0-1024, y first;"),
    "pixels read as thousandths": (read_as(1000.0), "points", "pixels read as 0-1000;"),
    "1024 read as 1000": (
        in_pixels(lambda x, y, w, h: (1.024 * (x + 0.5) - 0.5, 1.024 * (y + 0.5) - 0.5)),
        "points",
        "0-1024 read as 0-1000",
    ),
    "resized to 28": (
        in_pixels(lambda x, y, w, h: _resized(x, y, w, h, 28)),
        "points",
        "a picture resized to steps of 28 px",
    ),
    "resized to 336": (by(336.0), "points", "pixels of a picture resized to 336 px"),
    "letterbox": (in_pixels(_padded), "points", "padded to a square, whose margin"),
    "x flipped": (in_pixels(lambda x, y, w, h: (w - 1 - x, y)), "points", "x counted from the r"),
    "y flipped": (in_pixels(lambda x, y, w, h: (x, h - 1 - y)), "points", "y counted from below"),
    "half a pixel": (in_pixels(lambda x, y, w, h: (x + 0.5, y + 0.5)), "points", "half a pixel"),
    "quaternion xyzw": (
        with_quat(lambda q: np.array([q[1], q[2], q[3], q[0]])),
        "grasp axes",
        "quaternions as x, y, z, w",
    ),
    "transposed": (turned(lambda r: r.T), "grasp axes", "rotations transposed"),
    "z and x swapped": (
        turned(lambda r: np.column_stack([r[:, 2], -r[:, 1], r[:, 0]])),
        "grasp axes",
        "whose x approaches and whose z closes",
    ),
    "y closes": (
        turned(lambda r: np.column_stack([-r[:, 1], r[:, 0], r[:, 2]])),
        "grasp axes",
        "whose z approaches and whose y closes",
    ),
    "graspnet": (
        turned(lambda r: np.column_stack([r[:, 2], r[:, 0], r[:, 1]])),
        "grasp axes",
        "whose x approaches and whose y closes",
    ),
    "approach negated": (
        turned(lambda r: r @ np.diag([1.0, -1.0, -1.0])),
        "grasp axes",
        "the approach negated",
    ),
    "wrist": (in_grasps(_wrist), "grasp origins", "103 mm behind the pads' middle"),
    "half width": (of_width(lambda w: w / 2), "grasp width", "half the opening (one"),
    "width in mm": (of_width(lambda w: 1e3 * w), "grasp width", "look like in millimetres"),
    "width as a share": (of_width(lambda w: w / 0.08), "grasp width", "a share of the largest"),
    "polarity": (of_width(lambda w: 0.08 - w), "grasp width", "how far the fingers close, 0"),
    "metres as mm": (_scaled(1e3), "grasp origins", "in millimetres"),
    "contacts in mm": (_scaled(1e3), "contacts", "in millimetres"),
    "camera frame": (moved(_in_camera), "grasp axes", "in the camera's frame, not"),
    "camera frame of contacts": (moved(_in_camera), "contacts", "in the camera's frame, not"),
    "camera frame of motions": (moved(_in_camera), "motion", "in the camera's frame, not"),
    "OpenGL camera": (moved(_in_opengl), "grasp axes", "y up and z back (OpenGL)"),
    "y up": (moved(_y_up), "grasp origins", "in a world whose y axis is up"),
    "motion back": (_back, "motion", "against the motion"),
}


#: What is planted in points and coarser than the scatter of a model.
COARSE = [
    name
    for name, (_, part, _) in PLANTED.items()
    if part == "points"
    and name not in ("half a pixel", "999", "1024 read as 1000", "resized to 28")
]


def told(report: Report, part: str) -> tuple[str, str]:
    found = next(each for each in report.findings if each.part == part)
    return found.state, found.words


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_convention_is_named(name: str) -> None:
    plant, part, words = PLANTED[name]
    state, said = told(examine(Planted(plant)), part)
    assert state == ("note" if name == "half a pixel" else "deviation")
    assert words in said


def test_a_perfect_reasoner_is_right_in_every_part_it_has() -> None:
    report = examine(Planted(lambda answer, _: answer))
    states = {each.part: each.state for each in report.findings}
    assert states.pop("maps") == "not told"
    assert set(states.values()) == {"right"}
    assert report.is_calibrated
    assert report.n_asked == len(PROBES)


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("random", set()),
        ("abstain", set()),
        ("centre", {"points"}),
        ("ivlm", {"maps", "contacts"}),
        ("geometric", {"grasp axes", "grasp origins", "grasp width", "contacts", "motion"}),
    ],
)
def test_nobody_who_keeps_to_the_conventions_is_accused(name: str, right: set[str]) -> None:
    report = examine(resolve_reasoner(name)[0])
    assert not report.deviations
    assert not [each for each in report.findings if each.state == "note"]
    assert right <= {each.part for each in report.findings if each.state == "right"}
    assert report.is_calibrated == bool(right)


@pytest.mark.parametrize("seed", range(12))
def test_chance_never_looks_like_a_convention(seed: int) -> None:
    report = examine(resolve_reasoner("random", {"seed": str(seed)})[0])
    assert {each.state for each in report.findings} <= {"no finding", "not told"}


@pytest.mark.parametrize("name", COARSE)
def test_a_planted_convention_is_still_named_when_answers_scatter(name: str) -> None:
    plant, part, words = PLANTED[name]
    rng = np.random.default_rng(3)

    def scattered(answer: Interaction, probe: Probe) -> Interaction:
        told_px = plant(answer, probe).points_px
        if told_px is None:
            return answer
        full = np.abs(told_px[:, 1:]).max() / max(*share_of(probe))
        noise = rng.normal(scale=0.005 * full, size=(1, 2))
        return replace(answer, points_px=told_px + np.array([[0.0, *noise[0]]], np.float32))

    state, said = told(examine(Planted(scattered)), part)
    assert state == "deviation"
    assert ("y first" in said) == ("y first" in words)
    assert ("below" in said, "right" in said) == ("below" in words, "the r" in words)


def share_of(probe: Probe) -> tuple[float, float]:
    height, width = probe.observation.views[0].rgb.shape[:2]
    return share(float(probe.pixel[0]), float(probe.pixel[1]), width, height)


def test_two_deviations_at_once_are_both_named() -> None:
    camera, half = moved(_in_camera), of_width(lambda w: w / 2)
    report = examine(Planted(lambda answer, probe: half(camera(answer, probe), probe)))
    assert "camera's frame" in told(report, "grasp axes")[1]
    assert "half the opening" in told(report, "grasp width")[1]


def test_invalid_answers_are_counted_and_a_lost_server_ends_it() -> None:
    def raising(error: Exception) -> Planted:
        def plant(answer: Interaction, probe: Probe) -> Interaction:
            raise error

        return Planted(plant)

    report = examine(raising(InvalidAnswerError("out of range: 700")))
    assert report.n_failed == report.n_asked == len(picture_probes()) + 2 + 2
    assert "out of range: 700" in report.first_fault
    assert {each.state for each in report.findings} == {"not told"}
    with pytest.raises(RemoteLostError, match="gone"):
        examine(raising(RemoteLostError("gone")))
    with pytest.raises(ConfigError, match="no method predict"):
        examine(object())
