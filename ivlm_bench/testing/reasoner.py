"""The public check of a reasoner: does it answer as the harness needs it to?"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from ivlm_bench.errors import ConfigError, InvalidAnswerError
from ivlm_bench.fit import checked
from ivlm_bench.protocols import Reasoner
from ivlm_bench.types import Check, Interaction, Observation

#: Seed that ``reset`` is given before each observation.
CHECK_SEED = 7
#: Points farther from the origin (m) lie outside any table scene.
WORKSPACE_M = 5.0


def check_reasoner(reasoner: Reasoner, observations: Sequence[Observation]) -> tuple[Check, ...]:
    """Ask a reasoner about observations and return what it kept and what it broke.

    Every check counts the observations on which a rule was broken; it passes at zero:

    ``answers``: an ``Interaction`` comes back whose maps and points fit the views.
    ``in_range``: points lie within 5 m, widths within the gripper's opening.
    ``repeatable``: after ``reset`` with the same seed the same answer comes.
    ``untouched``: the observation's arrays keep their bytes.
    ``batch``: ``predict_batch``, where there is one, answers as ``predict`` does, one by one.

    Parameters
    ----------
    reasoner : Reasoner
        What it raises is not caught.
    observations : sequence of Observation
        At least one, such as ``ivlm_bench.testing.analytic.table_observation`` makes.

    Raises
    ------
    ConfigError
        If there is no observation to ask about.
    """
    if not observations:
        raise ConfigError("check_reasoner needs at least one observation.")
    broken = dict.fromkeys(("answers", "in_range", "repeatable", "untouched", "batch"), 0)
    for observation in observations:
        before = digest(observation)
        answer = _ask(reasoner, observation)
        encoded = _encoded(answer, observation)
        broken["untouched"] += digest(observation) != before
        if encoded is None or not isinstance(answer, Interaction):
            broken["answers"] += 1
            continue
        broken["in_range"] += not _in_range(answer, observation)
        again = _encoded(_ask(reasoner, observation), observation)
        broken["repeatable"] += again != encoded
    broken["batch"] = _batch_differences(reasoner, observations)
    return tuple(
        Check(name=name, value=float(count), limit=0.0, unit="observations", passed=count == 0)
        for name, count in broken.items()
    )


def digest(observation: Observation) -> str:
    """Return the SHA-256 of all that an observation holds, as hex."""
    out = hashlib.sha256(repr((observation.query, observation.gripper)).encode())
    out.update(observation.gravity_m_s2.tobytes())
    for view in observation.views:
        out.update(view.rgb.tobytes() + view.camera.intrinsics_px.tobytes())
        pose = view.camera.world_from_camera
        out.update(pose.position_m.tobytes() + pose.quat_wxyz.tobytes())
        out.update(b"" if view.depth_m is None else view.depth_m.tobytes())
    for name, signal in sorted(observation.signals.items()):
        out.update(name.encode() + signal.samples.tobytes())
    if observation.object_mesh is not None:
        out.update(observation.object_mesh.vertices_m.tobytes())
    return out.hexdigest()


def _ask(reasoner: Any, observation: Observation) -> object:
    _reset(reasoner)
    return reasoner.predict(observation)


def _reset(reasoner: Any) -> None:
    reset = getattr(reasoner, "reset", None)
    if reset is not None:
        reset(CHECK_SEED)


def _encoded(answer: object, observation: Observation) -> bytes | None:
    try:
        return checked(answer, observation)
    except InvalidAnswerError:
        return None


def _batch_differences(reasoner: Any, observations: Sequence[Observation]) -> int:
    """Count the answers of ``predict_batch`` that differ from those of one call after another."""
    batch = getattr(reasoner, "predict_batch", None)
    if batch is None:
        return 0
    _reset(reasoner)
    together = list(batch(tuple(observations)))
    _reset(reasoner)
    single = [reasoner.predict(observation) for observation in observations]
    if len(together) != len(single):
        return len(single)
    pairs = zip(together, single, observations, strict=True)
    return sum(_encoded(one, o) != _encoded(other, o) for one, other, o in pairs)


def _in_range(answer: Interaction, observation: Observation) -> bool:
    points = [answer.contact_points_m, *(g.world_from_gripper.position_m for g in answer.grasps)]
    if answer.motion is not None:
        points.append(answer.motion.point_m)
    near = all(np.all(np.abs(p) <= WORKSPACE_M) for p in points)
    limit = observation.gripper.max_opening_m
    return near and all(0.0 <= grasp.width_m <= limit for grasp in answer.grasps)
