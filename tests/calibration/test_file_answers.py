"""The questions of ``doctor`` go out as files, and what comes back in files is examined alike.

Right grasps are written as each form's own documentation says, by formulas of this file: from the
pose of the pads' middle back to the hand, by homogeneous matrices.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ivlm_bench.calibration.firewall import examine
from ivlm_bench.calibration.probes import Probe, all_probes, picture_probes
from ivlm_bench.cli.main import main
from ivlm_bench.codec import observation_key
from ivlm_bench.errors import MissingDependencyError
from ivlm_bench.reasoners import REASONERS, resolve_reasoner
from ivlm_bench.registry import load_plugins

#: Room at both sides together, and from each hand's origin to the middle between its pads, m.
ROOM_M, CONTACT_HAND_M, GRASPGEN_BASE_M = 0.01, 0.1034, 0.10527314
#: Depth of a grasp of graspnetAPI, and half the length of our pads, m.
DEPTH_M, HALF_PAD_M = 0.03, 0.02

GRASPED = [probe for probe in all_probes() if probe.kind in ("ridge", "fin")]
Write = Callable[[Path, Probe], None]


def world_from_pads(probe: Probe, *, behind_m: float = 0.0) -> np.ndarray:
    """Return the matrix whose z approaches and x closes, its origin so far behind the pads."""
    z, x = probe.approach, probe.closing
    matrix = np.eye(4)
    matrix[:3, :3] = np.stack([x, np.cross(z, x), z], axis=1)
    matrix[:3, 3] = probe.point_m - behind_m * z
    return matrix


def camera_from_world(probe: Probe) -> np.ndarray:
    pose = probe.observation.views[0].camera.world_from_camera
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = pose.rotation, pose.position_m
    return np.linalg.inv(matrix)


def key_of(probe: Probe) -> str:
    return observation_key(probe.observation)


def contact(folder: Path, probe: Probe, *, opening: Callable[[float], float] = float) -> None:
    hand = camera_from_world(probe) @ world_from_pads(probe, behind_m=CONTACT_HAND_M)
    told: dict[str, Any] = {
        "pred_grasps_cam": {1: hand[None]},
        "scores": {1: np.array([0.7])},
        "gripper_openings": {1: np.array([opening(probe.thickness_m + ROOM_M)])},
    }
    np.savez(folder / f"predictions_{key_of(probe)}_0.npz", **told)


def graspnet(folder: Path, probe: Probe) -> None:
    """x approaches, y closes; the tips lie ``depth`` ahead of the origin."""
    hand = world_from_pads(probe, behind_m=DEPTH_M - HALF_PAD_M)
    hand[:3, :3] = hand[:3, [2, 0, 1]]
    hand = camera_from_world(probe) @ hand
    width_m = probe.thickness_m + ROOM_M
    row = [0.8, width_m, 0.02, DEPTH_M, *hand[:3, :3].ravel(), *hand[:3, 3], -1]
    np.save(folder / f"{key_of(probe)}.npy", np.array([row]))


def graspgen(folder: Path, probe: Probe, *, transposed: bool = False) -> None:
    hand = world_from_pads(probe, behind_m=GRASPGEN_BASE_M)
    if transposed:
        hand[:3, :3] = hand[:3, :3].T
    told = {"grasps": {"transforms": [hand.tolist()], "object_in_gripper": [True]}}
    (folder / f"{key_of(probe)}.json").write_text(json.dumps(told))


def grasps(folder: Path, write: Write, form: str, **params: str) -> dict[str, tuple[str, str]]:
    """Return what is found of the grasps that ``write`` leaves in a folder."""
    for probe in GRASPED:
        write(folder, probe)
    given = {"folder": str(folder), "form": form} | params
    report = examine(resolve_reasoner("grasps-from-files", given)[0])
    return {each.part: (each.state, each.words) for each in report.findings}


@pytest.mark.parametrize(
    ("write", "form"),  # GraspGen tells no width, and the gripper starts wide open
    [(contact, "contact-graspnet"), (graspnet, "graspnet"), (graspgen, "graspgen")],
)
def test_files_as_their_own_form_says_are_right(tmp_path: Path, write: Write, form: str) -> None:
    found = grasps(tmp_path, write, form)
    told = {part: found[part][0] for part in ("grasp axes", "grasp origins", "grasp width")}
    assert set(told.values()) == {"right"}, found
    assert "deviation" not in {state for state, _ in found.values()}


def wide(change: Callable[[float], float]) -> Write:
    return lambda folder, probe: contact(folder, probe, opening=change)


PLANTED: dict[str, tuple[Write, str, dict[str, str], str, str]] = {
    "camera read as world": (
        *(contact, "contact-graspnet", {"frame": "world"}),
        *("grasp axes", "in the camera's frame, not"),
    ),
    "another hand": (
        *(contact, "contact-graspnet", {"gripper": "panda-hand"}),
        *("grasp axes", "closes"),
    ),
    "pads for a hand": (
        *(contact, "contact-graspnet", {"gripper": "ivlm"}),
        *("grasp origins", "103 mm behind the pads' middle"),
    ),
    "graspnet for ours": (
        *(graspnet, "graspnet", {"gripper": "ivlm"}),
        *("grasp axes", "whose x approaches and whose y closes"),
    ),
    "transposed": (
        *(lambda folder, probe: graspgen(folder, probe, transposed=True), "graspgen", {}),
        *("grasp axes", "rotations transposed"),
    ),
    "half width": (
        *(wide(lambda width_m: width_m / 2), "contact-graspnet", {}),
        *("grasp width", "half the opening"),
    ),
    "width in mm": (
        *(wide(lambda width_m: 1e3 * width_m), "contact-graspnet", {}),
        *("grasp width", "in millimetres"),
    ),
    "polarity": (
        *(wide(lambda width_m: 0.08 - width_m), "contact-graspnet", {}),
        *("grasp width", "how far the fingers close"),
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_in_grasp_files_is_named(tmp_path: Path, name: str) -> None:
    write, form, params, part, words = PLANTED[name]
    state, said = grasps(tmp_path, write, form, **params)[part]
    assert state == "deviation", said
    assert words in said


def point_lines(folder: Path, form: Callable[[float, float, int, int], list[float]]) -> None:
    lines = []
    for probe in picture_probes():
        height, width = probe.observation.views[0].rgb.shape[:2]
        x, y = (float(value) for value in probe.pixel)
        lines.append({"key": key_of(probe), "points": [form(x, y, width, height)]})
    (folder / "points.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def thousandths(x: float, y: float, width: int, height: int) -> list[float]:
    return [1000 * (x + 0.5) / width, 1000 * (y + 0.5) / height]


@pytest.mark.parametrize(
    ("form", "params", "state", "words"),
    [
        (thousandths, {"scale": "1000"}, "right", "in pixels, x first"),
        (thousandths, {"scale": "px"}, "deviation", "answers look like 0-1000"),
        (lambda x, y, *_: [y, x], {}, "deviation", "y first"),
        (lambda x, y, _, height: [x, height - 1 - y], {}, "deviation", "y counted from below"),
    ],
)
def test_points_in_lines_are_examined(
    tmp_path: Path, form: Any, params: dict[str, str], state: str, words: str
) -> None:
    point_lines(tmp_path, form)
    built = resolve_reasoner("points-from-files", {"folder": str(tmp_path)} | params)[0]
    found = {each.part: each for each in examine(built).findings}["points"]
    assert (found.state, words in found.words) == (state, True), found.words


def test_a_map_that_is_upside_down_is_named(tmp_path: Path) -> None:
    for probe in picture_probes():
        height, width = probe.observation.views[0].rgb.shape[:2]
        rows, columns = np.indices((height, width))
        near = (columns - probe.pixel[0]) ** 2 + (rows - probe.pixel[1]) ** 2 < 6**2
        heat = (255 * near[::-1]).astype(np.uint8)
        Image.fromarray(heat).save(tmp_path / f"{key_of(probe)}_0.png")
    built = resolve_reasoner("maps-from-files", {"folder": str(tmp_path)})[0]
    found = {each.part: each for each in examine(built).findings}["maps"]
    assert (found.state, "y counted from below" in found.words) == ("deviation", True), found.words


def test_the_questions_go_out_as_files_and_the_answers_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IVLM_BENCH_CALIBRATION", str(tmp_path / "kept"))
    monkeypatch.chdir(tmp_path)
    asked = tmp_path / "asked"
    assert main(["export", "calibration", "--form", "contact-graspnet", "--out", str(asked)]) == 0
    lines = [json.loads(line) for line in (asked / "instructions.jsonl").read_text().splitlines()]
    assert [line["key"] for line in lines] == [key_of(probe) for probe in all_probes()]
    for probe in GRASPED:
        with np.load(asked / f"{key_of(probe)}_0.npz") as given:
            assert np.array_equal(given["K"], probe.observation.views[0].camera.intrinsics_px)
    answers = tmp_path / "answers"
    answers.mkdir()
    for probe in GRASPED:
        contact(answers, probe)
    given = ["-P", f"folder={answers}", "-P", "form=contact-graspnet"]
    capsys.readouterr()
    assert main(["doctor", "--reasoner", "grasps-from-files", *given]) == 0
    told = capsys.readouterr()
    assert told.out.endswith("calibrated grasps-from-files\n")
    # Pictures and buttons have no answer in the folder: that is said, and is no fault of the rest.
    assert f"{16 + 2} of {len(GRASPED) + 16 + 2} questions got no answer" in told.err
    assert main(["doctor", "--reasoner", "grasps-from-files", *given, "-P", "frame=world"]) == 1


load_plugins()
SHIPPED = [n for n, entry in REASONERS if not entry.privileged and not entry.needs]


@pytest.mark.slow  # every reasoner answers 27 questions
@pytest.mark.parametrize("name", SHIPPED)
def test_no_shipped_reasoner_is_accused(name: str) -> None:
    try:
        reasoner = resolve_reasoner(name)[0]
    except MissingDependencyError as error:
        pytest.skip(f"needs a package that is not here: {error}")
    report = examine(reasoner)
    assert [each for each in report.findings if each.state == "deviation"] == []
