"""The answer of a reasoner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from ivlm_bench.errors import InvalidAnswerError
from ivlm_bench.types.spatial import Pose
from ivlm_bench.types.validate import freeze, probabilities, probability, unit


@dataclass(frozen=True, eq=False, slots=True)
class Grasp:
    """A parallel-jaw grasp in the world frame.

    Gripper frame: z approaches, x closes, origin at the pad centre. ``width_m`` is the clear
    distance between the pads before closing.
    """

    world_from_gripper: Pose
    width_m: float
    prob: float = 1.0

    def __post_init__(self) -> None:
        probability(self, "prob")
        if not (isinstance(self.width_m, (int, float)) and np.isfinite(self.width_m)):
            raise InvalidAnswerError(f"Grasp.width_m is {self.width_m!r}; metres were expected.")


@dataclass(frozen=True, eq=False, slots=True)
class Motion:
    """A push, pull, turn or press at a world point.

    ``direction`` is the unit direction of motion of that point. For ``rotate``, ``axis_point_m``
    is a point on the axis. ``amount`` is in m or rad.
    """

    point_m: Float64[np.ndarray, "3"]
    direction: Float64[np.ndarray, "3"]
    kind: Literal["translate", "rotate"] = "translate"
    amount: float = 0.0
    axis_point_m: Float64[np.ndarray, "3"] | None = None

    def __post_init__(self) -> None:
        freeze(self, "point_m", np.float64, (3,))
        unit(self, "direction", 3)
        if self.axis_point_m is not None:
            freeze(self, "axis_point_m", np.float64, (3,))
        if self.kind not in ("translate", "rotate") or not np.isfinite(self.amount):
            raise InvalidAnswerError("Motion needs kind 'translate' or 'rotate' and finite amount.")


@dataclass(frozen=True, eq=False, slots=True)
class Evidence:
    """Something to show to a person: a caption and, where it helps, an image. Never scored."""

    caption: str
    image: UInt8[np.ndarray, "h w 3"] | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Interaction:
    """The answer: any field may be left out, and the shared lifter and executor complete it.

    ``affordance_maps`` and ``functional_maps``: one map in [0, 1] for each view. ``points_px``:
    rows (view index, x, y). ``contact_points_m``: world frame, with ``contact_prob`` each.
    ``grasps``: best first, only the first is executed. ``placement``: the rigid motion in the world
    frame that carries the object at hand from where it is seen to where it is put down (a point p
    of it moves to R p + t). For a placement, maps and points mark the destination. ``abstain``
    says that it can't be done.
    """

    label_prob: Mapping[str, float] = field(default_factory=dict)
    affordance_maps: Float32[np.ndarray, "v h w"] | None = None
    functional_maps: Float32[np.ndarray, "v h w"] | None = None
    points_px: Float32[np.ndarray, "k 3"] | None = None
    vertex_prob: Float32[np.ndarray, " n"] | None = None
    contact_points_m: Float64[np.ndarray, "c 3"] = field(default_factory=lambda: np.zeros((0, 3)))
    contact_prob: Float32[np.ndarray, " c"] | None = None
    grasps: tuple[Grasp, ...] = ()
    motion: Motion | None = None
    placement: Pose | None = None
    feasible_prob: float = 1.0
    abstain: bool = False
    abstain_reason: str | None = None
    evidence: tuple[Evidence, ...] = ()

    def __post_init__(self) -> None:
        probability(self, "feasible_prob")
        for name in ("affordance_maps", "functional_maps"):
            if getattr(self, name) is not None:
                probabilities(self, name, (None, None, None))
        if self.points_px is not None:
            freeze(self, "points_px", np.float32, (None, 3))
        if self.vertex_prob is not None:
            probabilities(self, "vertex_prob", (None,))
        points = freeze(self, "contact_points_m", np.float64, (None, 3))
        if self.contact_prob is not None:
            probabilities(self, "contact_prob", (len(points),))
        self._check_kinds()

    def _check_kinds(self) -> None:
        object.__setattr__(self, "grasps", tuple(self.grasps))
        object.__setattr__(self, "evidence", tuple(self.evidence))
        if not all(isinstance(g, Grasp) for g in self.grasps):
            raise InvalidAnswerError("Interaction.grasps must hold Grasp objects only.")
        if self.motion is not None and not isinstance(self.motion, Motion):
            raise InvalidAnswerError("Interaction.motion must be a Motion or None.")
        if not isinstance(self.abstain, (bool, np.bool_)):
            raise InvalidAnswerError("Interaction.abstain must be True or False.")
        for label, value in self.label_prob.items():
            if not 0.0 <= float(value) <= 1.0:
                raise InvalidAnswerError(f"Interaction.label_prob[{label!r}] is not in [0, 1].")
