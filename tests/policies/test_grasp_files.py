"""Grasps of other methods, read: frames and grippers against poses derived by hand.

The camera of most tests hangs 1 m above the table and looks straight down: its x is the world's x,
its y the world's -y, its z the world's -z. The grasp of most tests comes from above and grips at
(0.1, 0.2, 0.05).
"""

from __future__ import annotations

import json
import math
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ivlm_bench.codec import observation_key
from ivlm_bench.errors import ConfigError, InvalidAnswerError, IvlmBenchError, UnknownNameError
from ivlm_bench.reasoners import resolve_reasoner
from ivlm_bench.testing.blank import DOWN, blank_observation
from ivlm_bench.types import Interaction, Pose
from ivlm_policies.from_files.reasoner import GraspFilesReasoner

#: Half the length of our pads along the approach, m.
HALF_PAD_M = 0.020

SHOWN = blank_observation()
KEY = observation_key(SHOWN)


def graspnet_row(**changes: Any) -> np.ndarray:
    """The grasp in the camera's frame: approach (0, 0, 1), closing (1, 0, 0), tips 3 cm ahead."""
    rotation = [[0, 1, 0], [0, 0, 1], [1, 0, 0]]  # its columns: approach, closing, height
    parts: dict[str, Any] = {
        "score": 0.8,
        "width": 0.06,
        "height": 0.02,
        "depth": 0.03,
        "rotation": np.ravel(rotation),
        "position": (0.1, -0.2, 0.95),
        "object": -1,
    }
    return np.hstack(list((parts | changes).values())).astype(np.float64)


def write_graspnet(path: Path, *rows: np.ndarray) -> None:
    np.save(path, np.array(rows))


def write_contact(path: Path, **changes: Any) -> None:
    """The same, closing along -y, its frame 0.1034 m behind; it touches at (0.1, -0.17, 0.95)."""
    hand = np.array(
        [[0, 1, 0, 0.1], [-1, 0, 0, -0.2], [0, 0, 1, 0.95 - 0.1034], [0, 0, 0, 1.0]], np.float32
    )
    given: dict[str, Any] = {
        "pred_grasps_cam": {1: hand[None]},
        "scores": {1: np.array([0.7], np.float32)},
        "contact_pts": {1: np.array([[0.1, -0.17, 0.95]], np.float32)},
    }
    np.savez(path, **{k: v for k, v in (given | changes).items() if v is not None})


#: From above: half a turn about x carries z to -z, y to -y, and keeps x.
FROM_ABOVE = {"w": 0.0, "xyz": [1.0, 0.0, 0.0]}


def isaac(**grasps: Any) -> str:
    lines = {"format": "isaac_grasp", "format_version": 1.0, "grasps": grasps}
    return json.dumps(lines)  # JSON is YAML


def isaac_grasp(height_m: float, confidence: float = 0.9) -> dict[str, Any]:
    return {
        "confidence": confidence,
        "position": [0.1, 0.2, height_m],
        "orientation": FROM_ABOVE,
        "cspace_position": {"panda_finger_joint1": 0.03},
    }


def best(answer: Interaction) -> Pose:
    return answer.grasps[0].world_from_gripper


def is_same_way(pose: Pose, *, x: Any, z: Any, position_m: Any) -> None:
    assert pose.position_m == pytest.approx(position_m, abs=1e-6)
    assert pose.rotation[:, 0] == pytest.approx(x, abs=1e-6)
    assert pose.rotation[:, 2] == pytest.approx(z, abs=1e-6)
    assert np.linalg.det(pose.rotation) == pytest.approx(1.0)


def test_graspnet_approaches_along_x_and_closes_along_y(tmp_path: Path) -> None:
    write_graspnet(tmp_path / f"{KEY}.npy", graspnet_row())
    answer = GraspFilesReasoner(str(tmp_path), "graspnet").predict(SHOWN)
    # Tips at camera z = 0.95 + 0.03, that is world z = 0.02; the pads' middle half a pad above.
    is_same_way(best(answer), x=[1, 0, 0], z=[0, 0, -1], position_m=[0.1, 0.2, 0.02 + HALF_PAD_M])
    assert (answer.grasps[0].width_m, answer.grasps[0].prob) == (0.06, 0.8)
    assert answer.label_prob == {"grasp": 1.0}


def test_contact_graspnet_holds_the_hand_and_tells_the_width_by_the_contact(tmp_path: Path) -> None:
    write_contact(tmp_path / f"predictions_{KEY}_0.npz")
    answer = GraspFilesReasoner(str(tmp_path), "contact-graspnet").predict(SHOWN)
    is_same_way(best(answer), x=[0, 1, 0], z=[0, 0, -1], position_m=[0.1, 0.2, 0.05])
    # The contact lies 3 cm beside the middle; 5 mm are added, as the network's own code does.
    assert answer.grasps[0].width_m == pytest.approx(0.065, abs=1e-6)
    assert answer.grasps[0].prob == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("changes", "width_m"),
    [
        ({"gripper_openings": {1: np.array([0.033])}}, 0.033),
        ({"contact_pts": None}, 0.08),
        ({"contact_pts": {1: np.array([[0.1, -0.1, 0.95]])}}, 0.08),
    ],
)
def test_widths_of_contact_graspnet(
    tmp_path: Path, changes: dict[str, Any], width_m: float
) -> None:
    write_contact(tmp_path / f"{KEY}.npz", **changes)
    answer = GraspFilesReasoner(str(tmp_path), "contact-graspnet").predict(SHOWN)
    assert answer.grasps[0].width_m == pytest.approx(width_m)


@pytest.mark.parametrize(
    ("gripper", "height_m", "closing"),
    [
        ("graspgen", 0.05 + 0.10527314, [1, 0, 0]),
        ("contact-graspnet", 0.05 + 0.1034, [1, 0, 0]),
        ("panda-hand", 0.05 + 0.1034, [0, -1, 0]),
        ("ivlm", 0.05, [1, 0, 0]),
    ],
)
def test_isaac_grasps_in_every_convention(
    tmp_path: Path, gripper: str, height_m: float, closing: list[int]
) -> None:
    (tmp_path / f"{KEY}.yaml").write_text(isaac(grasp_0=isaac_grasp(height_m)))
    answer = GraspFilesReasoner(str(tmp_path), "isaac-grasp", gripper=gripper).predict(SHOWN)
    is_same_way(best(answer), x=closing, z=[0, 0, -1], position_m=[0.1, 0.2, 0.05])
    assert answer.grasps[0].width_m == SHOWN.gripper.max_opening_m


def test_isaac_grasps_as_people_write_them_best_first_and_without_the_failed(
    tmp_path: Path,
) -> None:
    (tmp_path / KEY).mkdir()
    (tmp_path / KEY / "mug.yml").write_text(
        "format: isaac_grasp\nformat_version: '1.0'\nobject_file: mug.obj\ngrasps:\n"
        "  low: {confidence: 0.2, position: [0, 0, 1], orientation: {w: 1.0, xyz: [0, 0, 0]}}\n"
        "  failed: {confidence: 0.0, position: [9, 9, 9], orientation: {w: 1, xyz: [0, 0, 0]}}\n"
        "  high: {confidence: 0.6, position: [0, 0, 2], orientation: {w: 0.999, xyz: [0, 0, 0]}}\n"
    )
    reasoner = GraspFilesReasoner(str(tmp_path), "isaac-grasp", reach_m=0.5, width_m=0.03)
    answer = reasoner.predict(SHOWN)
    assert [g.prob for g in answer.grasps] == [0.6, 0.2]
    assert [g.world_from_gripper.position_m[2] for g in answer.grasps] == [2.5, 1.5]
    assert {g.width_m for g in answer.grasps} == {0.03}


def test_graspgen_leaves_out_what_was_dropped_and_takes_scores(tmp_path: Path) -> None:
    turned = np.diag([1.0, -1.0, -1.0, 1.0])
    poses = [turned.tolist() for _ in range(3)]
    for number, pose in enumerate(poses):
        pose[0][3], pose[2][3] = 0.1 * number, 0.05 + 0.10527314
    held, scores = [True, False, True], [0.3, 1.0, 0.4]
    file = {
        "object": {"file": "mug.obj", "scale": 1.0},
        "grasps": {"transforms": poses, "object_in_gripper": held, "scores": scores},
    }
    (tmp_path / f"mug_{KEY}.json").write_text(json.dumps(file))
    answer = GraspFilesReasoner(str(tmp_path), "graspgen").predict(SHOWN)
    assert [g.prob for g in answer.grasps] == [0.4, 0.3]
    is_same_way(best(answer), x=[1, 0, 0], z=[0, 0, -1], position_m=[0.2, 0.0, 0.05])


def test_the_view_in_a_file_name_is_the_camera_of_its_poses(tmp_path: Path) -> None:
    # The second camera stands at x = 1, looks along -x, and has world y as x, -z as y.
    beside = Pose.from_rotation(
        np.array([[0.0, 0.0, -1.0], [1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]), np.array([1.0, 0.0, 0.3])
    )
    shown = blank_observation(DOWN, beside)
    key = observation_key(shown)
    write_graspnet(tmp_path / f"{key}_0.npy", graspnet_row(score=0.1))
    write_graspnet(tmp_path / f"{key}_1.npy", graspnet_row(score=0.9, depth=HALF_PAD_M))
    answer = GraspFilesReasoner(str(tmp_path), "graspnet").predict(shown)
    # (0.1, -0.2, 0.95) of that camera: 0.95 towards -x, 0.1 along y, 0.2 up.
    is_same_way(best(answer), x=[0, 1, 0], z=[-1, 0, 0], position_m=[0.05, 0.1, 0.5])
    assert [g.prob for g in answer.grasps] == [0.9, 0.1]


def test_scenes_of_graspnet_are_told_apart_by_their_list(tmp_path: Path) -> None:
    (tmp_path / "scenes.json").write_text(json.dumps({"scene_0007": KEY, "scene_0008": "0" * 16}))
    for number, score in ((7, 0.7), (8, 0.8)):
        home = tmp_path / "dump" / f"scene_{number:04d}" / "kinect"
        home.mkdir(parents=True)
        write_graspnet(home / "0000.npy", graspnet_row(score=score))
    answer = GraspFilesReasoner(str(tmp_path), "graspnet").predict(SHOWN)
    assert [g.prob for g in answer.grasps] == [0.7]


def test_a_frame_that_is_asked_for_is_taken(tmp_path: Path) -> None:
    (tmp_path / f"{KEY}.yaml").write_text(isaac(g=isaac_grasp(0.95)))
    reasoner = GraspFilesReasoner(str(tmp_path), "isaac-grasp", gripper="ivlm", frame="camera")
    # World from camera: (x, -y, 1 - z); from above in the camera's frame is towards the camera.
    is_same_way(
        best(reasoner.predict(SHOWN)), x=[1, 0, 0], z=[0, 0, 1], position_m=[0.1, -0.2, 0.05]
    )


def test_scores_beyond_one_are_certain_and_only_the_best_grasps_are_kept(tmp_path: Path) -> None:
    rows = [graspnet_row(score=1.5 - 0.01 * number) for number in range(200)]
    write_graspnet(tmp_path / f"{KEY}.npy", *rows)
    answer = GraspFilesReasoner(str(tmp_path), "graspnet").predict(SHOWN)
    assert answer.grasps[0].prob == 1.0
    assert len(answer.grasps) == 64
    assert answer.grasps[-1].prob == pytest.approx(1.5 - 0.63)


def test_a_file_without_grasps_abstains(tmp_path: Path) -> None:
    np.save(tmp_path / f"{KEY}.npy", np.zeros((0, 17)))
    answer = GraspFilesReasoner(str(tmp_path), "graspnet").predict(SHOWN)
    assert answer.abstain
    assert answer.feasible_prob == 0.0


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (print, ("run",))


def evil_npz(path: Path) -> None:
    array = np.empty((), object)
    array[()] = Evil()
    np.savez(path, pred_grasps_cam=array, scores=array)


NAN_ROW = graspnet_row(position=(0.1, math.nan, 0.95))
BAD_FILES: list[tuple[str, str, Callable[[Path], object], str]] = [
    ("isaac-grasp", ".yaml", lambda p: p.write_text("a: [1"), "can't be read"),
    ("isaac-grasp", ".yaml", lambda p: p.write_bytes(b"\xff\xfe\0"), "can't be read"),
    ("isaac-grasp", ".yaml", lambda p: p.write_text("grasps: {}"), "format: isaac_grasp"),
    ("isaac-grasp", ".yaml", lambda p: p.write_text("format: isaac_grasp"), "no map 'grasps'"),
    (
        "isaac-grasp",
        ".yaml",
        lambda p: p.write_text("!!python/object/apply:os.system [ls]"),
        "read",
    ),
    ("isaac-grasp", ".yaml", lambda p: p.write_text(isaac(a={"confidence": 1})), "lacks"),
    (
        "isaac-grasp",
        ".yaml",
        lambda p: p.write_text(
            isaac(a=isaac_grasp(1.0) | {"orientation": {"w": 2, "xyz": [0] * 3}})
        ),
        "norm 2",
    ),
    (
        "isaac-grasp",
        ".yaml",
        lambda p: p.write_text(isaac(a=isaac_grasp(1.0) | {"position": 3})),
        "3",
    ),
    ("graspgen", ".json", lambda p: p.write_text("{"), "can't be read"),
    ("graspgen", ".json", lambda p: p.write_text("[]"), "no map 'grasps'"),
    ("graspgen", ".json", lambda p: p.write_text('{"grasps": {}}'), "transforms"),
    (
        "graspgen",
        ".json",
        lambda p: p.write_text('{"grasps": {"transforms": [[1]], "object_in_gripper": []}}'),
        "no list of 1",
    ),
    (
        "graspgen",
        ".json",
        lambda p: p.write_text('{"grasps": {"transforms": [[1]]}}'),
        "shape (1,)",
    ),
    (
        "graspgen",
        ".json",
        lambda p: p.write_text(
            json.dumps({"grasps": {"transforms": [np.diag([1e3, 1e3, 1e3, 1]).tolist()]}})
        ),
        "no rotation",
    ),
    ("graspnet", ".npy", lambda p: np.save(p, np.zeros((3, 16))), "17 columns"),
    ("graspnet", ".npy", lambda p: p.write_bytes(b"\x93NUMPY"), "damaged"),
    ("graspnet", ".npy", lambda p: write_graspnet(p, NAN_ROW), "NaN"),
    (
        "graspnet",
        ".npy",
        lambda p: write_graspnet(p, graspnet_row(rotation=np.ones(9))),
        "rotation",
    ),
    ("graspnet", ".npy", lambda p: write_graspnet(p, graspnet_row(score=math.nan)), "no number"),
    ("contact-graspnet", ".npz", evil_npz, "asks to run"),
    ("contact-graspnet", ".npz", lambda p: p.write_bytes(pickle.dumps({})), "damaged"),
    ("contact-graspnet", ".npz", lambda p: np.savez(p, a=1), "no pred_grasps_cam"),
    ("contact-graspnet", ".npz", lambda p: write_contact(p, scores={1: np.zeros(0)}), "0 scores"),
    ("contact-graspnet", ".npz", lambda p: write_contact(p, scores={2: np.ones(1)}), "0 scores"),
]


@pytest.mark.parametrize(("form", "suffix", "write", "words"), BAD_FILES)
def test_a_bad_file_is_an_invalid_answer_in_one_sentence(
    tmp_path: Path, form: str, suffix: str, write: Callable[[Path], object], words: str
) -> None:
    write(tmp_path / f"{KEY}{suffix}")
    with pytest.raises(InvalidAnswerError) as caught:
        GraspFilesReasoner(str(tmp_path), form).predict(SHOWN)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_question_without_a_file_or_with_two_is_told(tmp_path: Path) -> None:
    write_graspnet(tmp_path / f"{'0' * 16}.npy", graspnet_row())
    reasoner = GraspFilesReasoner(str(tmp_path), "graspnet")
    with pytest.raises(InvalidAnswerError, match=f"no file of the form graspnet .*key {KEY}"):
        reasoner.predict(SHOWN)
    for name in ("a", "b"):
        write_graspnet(tmp_path / f"{name}_{KEY}.npy", graspnet_row())
    with pytest.raises(InvalidAnswerError, match="holds 2 files about the question"):
        GraspFilesReasoner(str(tmp_path), "graspnet").predict(SHOWN)
    write_graspnet(tmp_path / f"{'1' * 16}_3.npy", graspnet_row())


def test_a_view_that_is_not_there_is_told(tmp_path: Path) -> None:
    write_graspnet(tmp_path / f"{KEY}_3.npy", graspnet_row())
    with pytest.raises(InvalidAnswerError, match="view 3; there are 1 views"):
        GraspFilesReasoner(str(tmp_path), "graspnet").predict(SHOWN)


@pytest.mark.parametrize(
    ("params", "kind", "words"),
    [
        ({"form": "graspnett"}, UnknownNameError, "Did you mean 'graspnet'"),
        ({"form": "graspnet", "gripper": "pandahand"}, UnknownNameError, "'panda-hand'"),
        ({"form": "graspnet", "frame": "base"}, ConfigError, "world or camera"),
        ({"form": "graspnet", "folder": "not/there"}, ConfigError, "no folder"),
        ({"form": "isaac-grasp"}, ConfigError, "0 files end in .yaml or .yml"),
        ({"form": "graspnet"}, ConfigError, "1 files end in .npy"),
        ({}, ConfigError, "needs the parameter 'form'"),
    ],
)
def test_parameters_that_do_not_fit_are_told_before_a_run(
    tmp_path: Path, params: dict[str, str], kind: type[IvlmBenchError], words: str
) -> None:
    write_graspnet(tmp_path / "without_a_key.npy", graspnet_row())
    with pytest.raises(kind) as caught:
        resolve_reasoner("grasps-from-files", {"folder": str(tmp_path)} | params)
    assert words in str(caught.value)
