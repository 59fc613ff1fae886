"""What doors and lids share: their hinges, the barrels of these, and upright handles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ivlm_bench.geometry.solids import Solid, joined, lathe
from ivlm_bench.types import Joint, Link, Mesh, Part, PartGrasp
from ivlm_envs.objects import textures as tx
from ivlm_envs.objects.boards import board, rod, turned_to
from ivlm_envs.objects.bodies import assembled
from ivlm_envs.objects.clearance import gripper_frame, rest_hulls

#: Force at the handle (N), time in which it crosses the range (s), and share of its torque that
#: dry friction takes: IVLM-Phys v1, section 6.2.
HANDLE_FORCE_N, CROSSING_S, FRICTION_SHARE = 10.0, 1.5, 0.2
#: Steps of the integral over a hinge's range: exact to 1e-6.
CROSSING_STEPS = 200
#: How far a hinge's axis lies outside of what carries it (m), and radius of its barrels (m).
AXIS_OUT_M, BARREL_M = 0.002, 0.0028
#: Distance of a handle's centre line from the front (m): half a pad's depth, and 6 mm to spare.
STANDOFF_M = (0.027, 0.033)
#: Pieces along a grip, so that values on its vertices can vary along it.
GRIP_STEPS = 8
#: Width that a gripper opens to before a grip (m).
OPENING_M = 0.045
#: Mass limits of a link (kg); the drawn sizes stay well inside.
MASS_KG = (0.02, 30.0)

_X, _Y, _Z = np.eye(3)


def hinge(
    name: str,
    axis: np.ndarray,
    *,
    lever_m: float,
    range_rad: float,
    weight_nm: tuple[float, float] = (0.0, 0.0),
) -> Joint:
    """Return a hinge through its link's origin whose handle lies ``lever_m`` from the axis.

    ``weight_nm``: torques by which gravity closes it where it is shut and, if it were, a quarter
    turn open.

    Notes
    -----
    IVLM-Phys v1, section 6.2, makes every hinge as operable as any other. Of the torque F r of
    F = 10 N at the lever arm r, dry friction takes 0.2 F r; what the weight leaves of the rest,
    M(q) = 0.8 F r - w0 cos q - w1 sin q, turns the link steadily at M(q) / c. For this to cross
    the range in T = 1.5 s, damping is c = T / integral of dq / M(q): 0.8 F r T / range on an
    upright axis. The time to gather speed, inertia over c, is below 0.03 s and left out.
    """
    torque_nm = HANDLE_FORCE_N * lever_m
    at_rad = (np.arange(CROSSING_STEPS) + 0.5) * range_rad / CROSSING_STEPS
    load_nm = weight_nm[0] * np.cos(at_rad) + weight_nm[1] * np.sin(at_rad)
    left_nm = (1.0 - FRICTION_SHARE) * torque_nm - load_nm
    return Joint(
        name=name,
        kind="hinge",
        axis=axis,
        origin_m=np.zeros(3),
        lower=0.0,
        upper=range_rad,
        friction_loss=FRICTION_SHARE * torque_nm,
        damping=CROSSING_S / (range_rad * float(np.mean(1.0 / left_nm))),
    )


def barrels(axis: str, centres_m: tuple[float, ...], length_m: float) -> Iterator[Solid]:
    """Yield the barrels of a hinge along ``axis`` through the link's origin."""
    for centre in centres_m:
        span = (centre - length_m / 2, centre + length_m / 2)
        yield rod(BARREL_M, span, axis, (0.0, 0.0, 0.0), segments=10)


@dataclass(frozen=True, slots=True)
class UprightHandle:
    """A bar, a flat rail or a knob on a front, in the door's link frame (m).

    ``front_m``: where the front lies along x; ``y_m``, ``z_m``: middle of the handle.
    """

    kind: str
    front_m: float
    y_m: float
    z_m: float
    length_m: float
    standoff_m: float

    def part(self, name: str, texture: np.ndarray) -> Part:
        """Return the handle as a part."""
        pieces = {"bar": self._bar, "rail": self._rail, "knob": self._knob}[self.kind]()
        return assembled(name, pieces, texture, smooth=self.kind != "rail")

    def _bar(self) -> list[Solid]:
        low, high = self.z_m - self.length_m / 2, self.z_m + self.length_m / 2
        x = self.front_m + self.standoff_m
        grip = rod(0.0055, (low, high), "z", (x, self.y_m, 0.0), steps=GRIP_STEPS)
        reach = (self.front_m, x - 0.0038)  # just into the grip, whose round side recedes there
        posts = [
            rod(0.0038, reach, "x", (0.0, self.y_m, end), segments=12)
            for end in (low + 0.008, high - 0.008)
        ]
        return [grip, *posts]

    def _rail(self) -> list[Solid]:
        low, high = self.z_m - self.length_m / 2, self.z_m + self.length_m / 2
        x = self.front_m + self.standoff_m
        deep, across = (x - 0.0045, x + 0.0045), (self.y_m - 0.007, self.y_m + 0.007)
        cuts = np.linspace(low, high, GRIP_STEPS + 1)
        grip = joined([board(deep, across, (a, b)) for a, b in pairwise(cuts)])
        posts = [
            board((self.front_m, deep[0]), across, (end - 0.005, end + 0.005))
            for end in (low + 0.005, high - 0.005)
        ]
        return [grip, *posts]

    def _knob(self) -> list[Solid]:
        start = self.front_m + self.standoff_m - 0.006
        stem = rod(0.0055, (self.front_m, start), "x", (0.0, self.y_m, self.z_m))
        rim = np.array(
            [[0.007, 0.0], [0.0112, 0.003], [0.012, 0.007], [0.0105, 0.0115], [0.006, 0.014]]
        )
        bands = [np.array([[0.0, 0.0], rim[0]]), rim, np.array([rim[-1], [0.0, 0.014]])]
        return [stem, turned_to(lathe(bands, 20), "x").at(start, self.y_m, self.z_m)]

    def openable(self, points_m: np.ndarray) -> np.ndarray:
        """Return (n,) values at points (n, 3): 1 on the grip's middle, less at ends and posts."""
        half = max(self.length_m / 2, 0.012)
        out = np.clip((points_m[:, 0] - self.front_m) / (self.standoff_m - 0.006), 0.0, 1.0)
        off = np.clip(np.abs(points_m[:, 2] - self.z_m) / half, 0.0, 1.0)
        return (0.3 + 0.7 * out) * (1.0 - 0.5 * off)

    def grasps(self, part: str, root_from_door_m: np.ndarray) -> Iterator[PartGrasp]:
        """Yield grasps from the front with the pads left and right of the grip, root frame."""
        grip = np.array([self.front_m + self.standoff_m, self.y_m, self.z_m])
        middle = root_from_door_m + grip
        for share in (0.0,) if self.kind == "knob" else (0.0, -0.3, 0.3):
            centre = middle + share * self.length_m / 2 * _Z
            for turn in np.deg2rad([0.0, 20.0, -20.0]):
                approach = -np.cos(turn) * _X - np.sin(turn) * _Y
                closing = np.cross(_Z, approach)
                yield PartGrasp(part, gripper_frame(centre, approach, closing), OPENING_M)
            if self.kind == "knob":
                yield PartGrasp(part, gripper_frame(centre, -_X, _Z), OPENING_M)


def hulls_before(links: Sequence[Link], behind_m: float) -> dict[str, list[Mesh]]:
    """Return the convex pieces of each part, root frame, that come before x = ``behind_m``.

    A gripper that comes from the front meets no others.
    """
    return {
        name: [h for h in hulls if h.vertices_m[:, 0].max() > behind_m]
        for name, hulls in rest_hulls(links).items()
    }


def furniture_looks(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return textures of body, front, handle and metal; half of the handles look like fronts."""
    body = _finish(rng)
    front = body if rng.random() < 0.5 else _finish(rng)
    metal = tx.brushed_metal(rng, tx.pick(rng, tx.METALS))
    return {
        "body": body,
        "front": front,
        "handle": front if rng.random() < 0.5 else metal,
        "metal": metal,
    }


def _finish(rng: np.random.Generator) -> np.ndarray:
    if rng.random() < 0.6:
        return tx.wood(rng, tx.jittered(rng, tx.pick(rng, tx.WOODS), 6.0))
    return tx.plain(rng, tx.jittered(rng, tx.pick(rng, tx.GLAZES), 6.0))
