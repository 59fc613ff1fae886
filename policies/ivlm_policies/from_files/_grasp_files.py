"""Files of grasps: Isaac's YAML, GraspGen's JSON, graspnetAPI's and Contact-GraspNet's arrays.

Each reader returns ``Found`` grasps: poses in the file's own frame and gripper convention, best
first. What is wrong with a file is one sentence (``InvalidAnswerError``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from ivlm_bench.codec.plain import pose_from_plain
from ivlm_bench.datasets.pickles import load_npy, load_npz_objects
from ivlm_bench.errors import InvalidAnswerError, IvlmBenchError, MissingDependencyError
from ivlm_bench.types import Pose
from ivlm_policies.from_files._conventions import CONVENTIONS, MOST_GRASPS, Found, rigid

#: Columns of a grasp of graspnetAPI: score, width, height, depth, R (9, row by row), t (3), object.
GRASPNET_COLUMNS = 17
#: What Contact-GraspNet adds to the predicted width, and the most that it opens (m):
#: config.yaml, TEST.extra_opening and DATA.gripper_width.
EXTRA_OPENING_M, MOST_OPENING_M = 0.005, 0.08
#: Deviation of a quaternion's norm from one up to which it is brought to one: float16 in text.
QUAT_TOLERANCE = 1e-2


def isaac_grasps(path: Path) -> list[Found]:
    """Read ``format: isaac_grasp`` (Isaac Sim's grasp editor; GraspGen and GraspDataGen write it).

    Grasps of confidence 0 failed where they were tried, and are left out.
    """
    try:
        file = msgspec.yaml.decode(path.read_bytes())
    except ImportError:
        raise MissingDependencyError(
            "Grasps in YAML need the package 'pyyaml': pip install 'ivlm_bench[files]'."
        ) from None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _damaged(path, error) from None
    if not isinstance(file, dict) or file.get("format") != "isaac_grasp":
        raise InvalidAnswerError(f"{path} does not say 'format: isaac_grasp'; give another file.")
    return _each(path, _mapping(path, file, "grasps"), _isaac_grasp)


def graspgen_grasps(path: Path) -> list[Found]:
    """Read GraspGen's JSON: ``grasps.transforms``, ``object_in_gripper`` and perhaps ``scores``.

    Grasps that dropped the object are left out.
    """
    try:
        file = msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _damaged(path, error) from None
    grasps = _mapping(path, file, "grasps")
    poses = grasps.get("transforms")
    if not isinstance(poses, list):
        raise InvalidAnswerError(f"{path} has no list grasps.transforms; give another file.")
    held = _column(path, grasps.get("object_in_gripper"), len(poses), "object_in_gripper")
    scores = _column(path, grasps.get("scores"), len(poses), "scores")
    rows = {str(i): (poses[i], scores[i]) for i in range(len(poses)) if held[i]}
    return _each(path, rows, lambda row: Found(pose_from_plain(row[0]), float(row[1])))


def graspnet_grasps(path: Path) -> list[Found]:
    """Read ``GraspGroup.save_npy``: an array (n, 17)."""
    array = _read(path, lambda: load_npy(path))
    if array.ndim != 2 or array.shape[1] != GRASPNET_COLUMNS or array.dtype.kind not in "fiu":
        raise InvalidAnswerError(
            f"{path} has shape {array.shape}; graspnetAPI's files have {GRASPNET_COLUMNS} columns."
        )
    return _each(path, dict(enumerate(array.astype(np.float64))), _graspnet_grasp)


def contact_graspnet_grasps(path: Path) -> list[Found]:
    """Read Contact-GraspNet's ``predictions_*.npz``: grasps, scores and contacts by segment.

    The opening is ``gripper_openings`` where a wrapper saved it, else it is worked out from the
    contact as the network's own code does.
    """
    arrays = _read(path, lambda: load_npz_objects(path))
    poses = _by_segment(path, arrays, "pred_grasps_cam")
    scores = _by_segment(path, arrays, "scores")
    contacts = _by_segment(path, arrays, "contact_pts") if "contact_pts" in arrays else {}
    openings = _by_segment(path, arrays, "gripper_openings") if "gripper_openings" in arrays else {}
    rows: dict[str, tuple[Any, ...]] = {}
    for segment, group in poses.items():
        for number in range(len(group)):
            given = [
                _entry(path, table, segment, number) if table else None
                for table in (scores, contacts, openings)
            ]
            rows[f"{segment}.{number}"] = (group[number], *given)
    return _each(path, rows, _contact_grasp)


#: Readers by form, with the endings of their files, their gripper convention and their frame.
READERS: dict[str, tuple[Callable[[Path], list[Found]], tuple[str, ...], str, str]] = {
    "isaac-grasp": (isaac_grasps, (".yaml", ".yml"), "graspgen", "world"),
    "graspgen": (graspgen_grasps, (".json",), "graspgen", "world"),
    "graspnet": (graspnet_grasps, (".npy",), "graspnet", "camera"),
    "contact-graspnet": (contact_graspnet_grasps, (".npz",), "contact-graspnet", "camera"),
}


def _isaac_grasp(entry: Any) -> Found | None:
    confidence = float(entry.get("confidence", 1.0))
    if confidence == 0.0:
        return None
    turn = entry["orientation"]
    quat = np.array([turn["w"], *turn["xyz"]], np.float64)
    norm = float(np.linalg.norm(quat))
    if not abs(norm - 1.0) <= QUAT_TOLERANCE:  # NaN fails, too
        raise InvalidAnswerError(f"a quaternion has norm {norm:.4g}")
    return Found(Pose(entry["position"], quat / norm), confidence)


def _graspnet_grasp(row: np.ndarray) -> Found:
    score, width_m, _, depth_m = (float(value) for value in row[:4])
    return Found(rigid(row[4:13].reshape(3, 3), row[13:16]), score, width_m, depth_m)


def _contact_grasp(row: tuple[Any, ...]) -> Found:
    matrix, score, contact_m, opening_m = row
    pose = pose_from_plain(matrix)
    found = Found(pose, 1.0 if score is None else float(score))
    if opening_m is not None:
        return replace(found, width_m=float(opening_m))
    if contact_m is None:
        return found
    reach_m = CONVENTIONS["contact-graspnet"].reach_m
    middle_m = pose.apply(np.array([0.0, 0.0, reach_m]))
    half_m = abs(float((middle_m - np.asarray(contact_m, np.float64)) @ pose.rotation[:, 0]))
    return replace(found, width_m=min(2.0 * half_m + EXTRA_OPENING_M, MOST_OPENING_M))


def _each(path: Path, rows: Mapping[Any, Any], read: Callable[[Any], Found | None]) -> list[Found]:
    """Return the best grasps of a file, best first (those of one score in the file's order)."""
    found: list[Found] = []
    for name, row in rows.items():
        try:
            grasp = read(row)
        except (InvalidAnswerError, KeyError, TypeError, ValueError, AttributeError) as error:
            what = f"lacks {error}" if isinstance(error, KeyError) else str(error).rstrip(".")
            raise InvalidAnswerError(f"{path}: grasp {str(name)[:40]!r} {what}.") from None
        if grasp is not None and not np.isfinite(grasp.score):
            raise InvalidAnswerError(f"{path}: the score of grasp {str(name)[:40]!r} is no number.")
        found += [] if grasp is None else [grasp]
    return sorted(found, key=lambda grasp: -grasp.score)[:MOST_GRASPS]


def _by_segment(path: Path, arrays: Mapping[str, np.ndarray], name: str) -> dict[Any, Any]:
    """Return one of the dictionaries that ``np.savez`` wrote as arrays of one object."""
    if name not in arrays:
        known = ", ".join(arrays) or "nothing"
        raise InvalidAnswerError(f"{path} holds no {name} but {known}; give predictions_*.npz.")
    value = arrays[name]
    if value.dtype == object and value.shape == ():
        value = value.item()
    groups = value if isinstance(value, dict) else {-1: value}
    return {str(key): np.asarray(group) for key, group in groups.items()}


def _entry(path: Path, table: Mapping[Any, Any], segment: Any, number: int) -> Any:
    group = np.atleast_1d(table.get(segment, np.zeros(0)))
    if number >= len(group):
        raise InvalidAnswerError(
            f"{path}: segment {segment} has {len(group)} scores, contacts or openings, and more "
            "grasps."
        )
    return group[number]


def _column(path: Path, given: Any, n_rows: int, name: str) -> list[Any]:
    if given is None:
        return [1.0] * n_rows
    if not isinstance(given, list) or len(given) != n_rows:
        raise InvalidAnswerError(f"{path}: grasps.{name} is no list of {n_rows}, one a grasp.")
    return given


def _mapping(path: Path, file: Any, name: str) -> dict[Any, Any]:
    value = file.get(name) if isinstance(file, dict) else None
    if not isinstance(value, dict):
        raise InvalidAnswerError(f"{path} holds no map {name!r}; give another file.")
    return value


def _read(path: Path, read: Callable[[], Any]) -> Any:
    """Return what ``read`` returns; a damaged file is the answer's fault, not ours."""
    try:
        return read()
    except IvlmBenchError as error:
        raise InvalidAnswerError(str(error)) from None


def _damaged(path: Path, error: Exception) -> InvalidAnswerError:
    why = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
    return InvalidAnswerError(f"{path} can't be read: {why}; write it again.")
