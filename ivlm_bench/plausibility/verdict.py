"""What is published of a pair: every value, every reason for a missing one, every bit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

Kind = Literal["hand", "body"]

#: Displacement below which an object counts as held, m (protocol v1; MultiGripperGrasp's 2 cm).
HELD_M = 0.02


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one kind of body; None where the field knows none.

    ``depth_m``: deepest vertex. ``contact_m``: distance that counts as contact. ``volume_m3``:
    shared volume (GraspTTA keeps grasps below 4 cm3; nobody gives one for whole bodies).
    """

    depth_m: float
    contact_m: float
    volume_m3: float | None


LIMITS: dict[Kind, Limits] = {
    "hand": Limits(depth_m=0.005, contact_m=0.005, volume_m3=4e-6),
    "body": Limits(depth_m=0.020, contact_m=0.020, volume_m3=None),
}

#: Values in the order of their columns, and what they are.
VALUES = {
    "depth_max_mm": "deepest vertex of the body inside the object",
    "depth_mean_mm": "mean depth of the vertices inside",
    "volume_cm3": "volume that both share, exact",
    "voxel_volume_cm3": "the same as ObMan counts it: voxels of 5 mm",
    "contact_vertices": "share of the body's vertices in contact",
    "contact_precision": "share of these that are labelled",
    "contact_recall": "share of the labelled that are in contact",
    "contact_f1": "harmonic mean of both",
    "non_collision": "share of vertices outside the object",
    "legacy_displacement_cm": "ObMan's simulation displacement, at most a free fall of 10.7 cm",
    "mujoco_displacement_cm": "v1 displacement in MuJoCo after 0.5 s",
    "pybullet_displacement_cm": "v1 displacement in PyBullet after 0.5 s",
    "mujoco_stable_directions": "of six directions of gravity, those that move it less than 2 cm",
    "pybullet_stable_directions": "the same in PyBullet",
}
#: Bits whose failure makes a pair implausible, and all in the order of their columns.
HARD_BITS = ("penetration", "volume", "contact", "displacement")
BITS = (*HARD_BITS, "stability")


class PairResult(msgspec.Struct, frozen=True, kw_only=True):
    """One pair: values by column, bits, and sentences.

    Attributes
    ----------
    values
        By the names of ``VALUES``; a measure that was asked for but could not be taken is None
        and stands in ``reasons``; one that was not asked for is absent.
    bits
        True is a pass. ``plausible`` is True if no hard bit fails; a hard bit that is None is no
        failure, but then ``unjudged`` names it.
    error
        Why nothing could be measured at all, in one sentence; else None.
    """

    name: str
    kind: Kind
    body: str
    object: str
    values: dict[str, float | None] = {}
    reasons: dict[str, str] = {}
    bits: dict[str, bool | None] = {}
    notes: tuple[str, ...] = ()
    error: str | None = None

    @property
    def plausible(self) -> bool | None:
        """True if no hard bit fails, None if nothing was measured."""
        if self.error is not None:
            return None
        return not any(self.bits.get(bit) is False for bit in HARD_BITS)

    @property
    def unjudged(self) -> tuple[str, ...]:
        """Hard bits that could not be decided or were not asked for."""
        return tuple(bit for bit in HARD_BITS if self.bits.get(bit) is None)

    @property
    def badness(self) -> tuple[float, ...]:
        """What pairs are ordered by, the worst first: failed bits, depth, volume."""
        failed = sum(self.bits.get(bit) is False for bit in HARD_BITS)
        depth = self.values.get("depth_max_mm") or 0.0
        volume = self.values.get("volume_cm3") or 0.0
        moved = max(
            (v for k, v in self.values.items() if k.endswith("displacement_cm") and v), default=0.0
        )
        return (float(failed), depth, volume, moved)


def judged(
    values: dict[str, float | None], kind: Kind, *, stable: bool | None
) -> dict[str, bool | None]:
    """Return the bits of a pair's values; ``stable`` is the six directions' own."""
    limits = LIMITS[kind]
    bits: dict[str, bool | None] = {
        "penetration": _below(values.get("depth_max_mm"), limits.depth_m * 1e3),
        "contact": _above(values.get("contact_vertices")),
    }
    if limits.volume_m3 is not None:
        bits["volume"] = _below(values.get("volume_cm3"), limits.volume_m3 * 1e6)
    v1 = [v for k, v in values.items() if k in V1_COLUMNS]
    if v1:
        bits["displacement"] = (
            None if any(v is None for v in v1) else all(_moves_little(v) for v in v1)
        )
        bits["stability"] = stable
    return bits


#: Columns of the v1 displacement.
V1_COLUMNS = ("mujoco_displacement_cm", "pybullet_displacement_cm")


def _below(value: float | None, limit: float) -> bool | None:
    return None if value is None else value <= limit


def _above(value: float | None) -> bool | None:
    return None if value is None else value > 0.0


def _moves_little(value_cm: float | None) -> bool:
    return value_cm is not None and value_cm < HELD_M * 100.0
