"""Observations and answers as plain values: dictionaries, lists, numbers, texts and arrays.

This is what goes over a network, for servers that know nothing of this package. Fields keep their
names, units and frames (``ivlm_bench.types``); poses are ``{"position_m", "quat_wxyz"}``. What
comes in is believed in nothing: every noun runs its own checks when it is built. An answer may
give poses as 4 x 4 matrices, too, and lists for arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from ivlm_bench.errors import ConfigError, InvalidAnswerError, did_you_mean
from ivlm_bench.geometry.se3 import quat_from_matrix
from ivlm_bench.types import (
    Camera,
    Evidence,
    Grasp,
    GripperSpec,
    Interaction,
    Mesh,
    Motion,
    Observation,
    Pose,
    Query,
    Signal,
    View,
)

#: Largest entry of R^T R - 1 for which a 4 x 4 matrix still counts as a rigid motion: float32.
RIGID_TOLERANCE = 1e-4

#: Keys that servers add to their answers and that say nothing of the answer (openpi).
IGNORED_KEYS = frozenset({"server_timing", "policy_timing"})

_PLAIN_FIELDS = (
    "affordance_maps",
    "functional_maps",
    "points_px",
    "vertex_prob",
    "contact_points_m",
    "contact_prob",
    "feasible_prob",
    "abstain",
    "abstain_reason",
)
#: All keys that an answer may have.
ANSWER_KEYS = ("label_prob", *_PLAIN_FIELDS, "grasps", "motion", "placement", "evidence")


def plain_observation(observation: Observation) -> dict[str, Any]:
    """Return an observation as plain values; ``prompt`` repeats the sentence, as openpi has it."""
    mesh = observation.object_mesh
    return {
        "prompt": observation.query.text,
        "query": msgspec.to_builtins(observation.query),
        "views": [_plain_view(view) for view in observation.views],
        "gripper": msgspec.to_builtins(observation.gripper),
        "gravity_m_s2": observation.gravity_m_s2,
        "object_mesh": None
        if mesh is None
        else {"vertices_m": mesh.vertices_m, "faces": mesh.faces},
        "signals": {
            name: {"samples": signal.samples, "rate_hz": float(signal.rate_hz)}
            for name, signal in observation.signals.items()
        },
    }


def observation_from_plain(plain: Any) -> Observation:
    """Return the observation that ``plain_observation`` made plain.

    Raises
    ------
    ConfigError
        If it is none; the message says what is missing or wrong.
    """
    try:
        mesh = plain.get("object_mesh")
        return Observation(
            views=tuple(_view(view) for view in plain["views"]),
            query=msgspec.convert(plain["query"], Query),
            gripper=msgspec.convert(plain["gripper"], GripperSpec),
            gravity_m_s2=plain["gravity_m_s2"],
            object_mesh=None if mesh is None else Mesh(mesh["vertices_m"], mesh["faces"]),
            signals={
                str(name): Signal(signal["samples"], float(signal["rate_hz"]))
                for name, signal in (plain.get("signals") or {}).items()
            },
        )
    except KeyError as missing:
        raise ConfigError(f"An observation lacks the key {missing}.") from None
    except (TypeError, ValueError, AttributeError, InvalidAnswerError) as error:
        raise ConfigError(f"What was sent is no observation: {str(error).rstrip('.')}.") from None


def plain_interaction(answer: Interaction) -> dict[str, Any]:
    """Return an answer as plain values; what is empty is left out, pictures of evidence too."""
    plain: dict[str, Any] = {name: getattr(answer, name) for name in _PLAIN_FIELDS}
    plain["label_prob"] = {str(k): float(v) for k, v in answer.label_prob.items()}
    plain["feasible_prob"] = float(answer.feasible_prob)
    plain["abstain"] = bool(answer.abstain)
    plain["grasps"] = [
        {
            "world_from_gripper": _plain_pose(grasp.world_from_gripper),
            "width_m": float(grasp.width_m),
            "prob": float(grasp.prob),
        }
        for grasp in answer.grasps
    ]
    plain["motion"] = None if answer.motion is None else _plain_motion(answer.motion)
    plain["placement"] = None if answer.placement is None else _plain_pose(answer.placement)
    plain["evidence"] = [{"caption": one.caption} for one in answer.evidence]
    return {name: value for name, value in plain.items() if not _is_empty(value)}


def interaction_from_plain(plain: Any) -> Interaction:
    """Return the answer that plain values stand for; ``ANSWER_KEYS`` may all be left out.

    Raises
    ------
    InvalidAnswerError
        If it is no mapping, has a key that answers do not have, or a value is not fit.
    """
    if not isinstance(plain, Mapping):
        raise InvalidAnswerError(f"The answer is a {type(plain).__name__}, not a map of fields.")
    for key in plain:
        if key not in ANSWER_KEYS and key not in IGNORED_KEYS:
            hint = did_you_mean(str(key), list(ANSWER_KEYS))
            raise InvalidAnswerError(f"The answer has a field {str(key)[:40]!r}.{hint}")
    try:
        return _interaction({k: v for k, v in plain.items() if k in ANSWER_KEYS and v is not None})
    except KeyError as missing:
        raise InvalidAnswerError(f"A part of the answer lacks the key {missing}.") from None
    except (TypeError, ValueError, AttributeError) as error:
        raise InvalidAnswerError(f"The answer can't be read: {error}.") from None


def pose_from_plain(plain: Any) -> Pose:
    """Return the pose that ``{"position_m", "quat_wxyz"}`` or a 4 x 4 matrix stands for.

    Raises
    ------
    InvalidAnswerError
        If it is neither, or the matrix is no rigid motion.
    """
    if isinstance(plain, Mapping):
        return Pose(plain["position_m"], plain["quat_wxyz"])
    matrix = np.asarray(plain, np.float64)
    if matrix.shape != (4, 4):
        raise InvalidAnswerError(
            f"A pose has shape {matrix.shape}; give a 4 x 4 matrix, or position_m and quat_wxyz."
        )
    rotation = matrix[:3, :3]
    skew = float(np.abs(rotation.T @ rotation - np.eye(3)).max())
    if not (skew <= RIGID_TOLERANCE and np.linalg.det(rotation) > 0.0):  # NaN fails, too
        raise InvalidAnswerError(
            "A 4 x 4 matrix is no rigid motion: its 3 x 3 part is no rotation."
        )
    if np.abs(matrix[3] - (0.0, 0.0, 0.0, 1.0)).max() > RIGID_TOLERANCE:
        raise InvalidAnswerError("A 4 x 4 matrix is no rigid motion: its last row is not 0 0 0 1.")
    return Pose(matrix[:3, 3], quat_from_matrix(rotation))


def _interaction(given: dict[str, Any]) -> Interaction:
    fields = {name: given[name] for name in _PLAIN_FIELDS if name in given}
    for name in ("contact_points_m", "points_px"):
        if name in fields and np.size(fields[name]) == 0:
            fields[name] = np.zeros((0, 3))
    labels = given.get("label_prob", {})
    return Interaction(
        **fields,
        label_prob={str(k): float(v) for k, v in labels.items()},
        grasps=tuple(map(_grasp, given.get("grasps", ()))),
        motion=_or_none(given.get("motion"), _motion),
        placement=_or_none(given.get("placement"), pose_from_plain),
        evidence=tuple(Evidence(str(one["caption"])) for one in given.get("evidence", ())),
    )


def _or_none(value: Any, build: Callable[[Any], Any]) -> Any:
    return None if value is None else build(value)


def _grasp(plain: Any) -> Grasp:
    width_m, prob = float(plain["width_m"]), float(plain.get("prob", 1.0))
    return Grasp(pose_from_plain(plain["world_from_gripper"]), width_m, prob)


def _motion(plain: Any) -> Motion:
    return Motion(
        plain["point_m"],
        plain["direction"],
        kind=plain.get("kind", "translate"),
        amount=float(plain.get("amount", 0.0)),
        axis_point_m=plain.get("axis_point_m"),
    )


def _view(plain: Any) -> View:
    camera = plain["camera"]
    depth = plain.get("depth_m")
    return View(
        Camera(
            camera["intrinsics_px"],
            pose_from_plain(camera["world_from_camera"]),
            int(camera["width_px"]),
            int(camera["height_px"]),
        ),
        plain["rgb"],
        depth,
        float(plain.get("time_s", 0.0)),
    )


def _plain_view(view: View) -> dict[str, Any]:
    return {
        "rgb": view.rgb,
        "depth_m": view.depth_m,
        "time_s": float(view.time_s),
        "camera": {
            "intrinsics_px": view.camera.intrinsics_px,
            "world_from_camera": _plain_pose(view.camera.world_from_camera),
            "width_px": int(view.camera.width_px),
            "height_px": int(view.camera.height_px),
        },
    }


def _plain_pose(pose: Pose) -> dict[str, Any]:
    return {"position_m": pose.position_m, "quat_wxyz": pose.quat_wxyz}


def _plain_motion(motion: Motion) -> dict[str, Any]:
    return {
        "point_m": motion.point_m,
        "direction": motion.direction,
        "kind": motion.kind,
        "amount": float(motion.amount),
        "axis_point_m": motion.axis_point_m,
    }


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, Sequence | Mapping) and len(value) == 0)
