"""Tools that lie on the table: lofted bars, grasps across them, and the model of a tool."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64

from ivlm_bench.geometry.hulls import convex_hull
from ivlm_bench.geometry.mesh import transformed
from ivlm_bench.geometry.solids import Solid, swept_tube
from ivlm_bench.objects import Split
from ivlm_bench.types import Mesh, ObjectModel, Part, PartGrasp, Pose
from ivlm_envs.objects.bodies import affordance, instance, link, solid_mass
from ivlm_envs.objects.clearance import best_first, clear_grasps, gripper_frame, rest_hulls

#: Half the depth of the pads along the approach (m): protocol IVLM-Phys v1, section 6.1.
HALF_PAD_M = 0.020
#: Free gap that open pads leave on each side of a bar (m): three sigma of perturbed trials.
GAP_M = 0.008
#: Heights of the pad tips above the table from which bars are taken (m), best first.
TIP_HEIGHTS_M = (0.010, 0.0075, 0.005)
#: Angles between the approach and the vertical, along the bar (rad).
LEANS_RAD = (0.0, 0.26, -0.26)
#: Least height of bar between the pads (m).
LEAST_BITE_M = 0.004
#: What lies this near to the table counts as the base (m).
BASE_M = 0.001
#: Grasp affordance of a part beside the handle: it can be taken, but is not meant to be.
BESIDE = 0.35

_X, _Y, _Z = np.eye(3)


@dataclass(frozen=True, slots=True)
class Weight:
    """Density (kg/m3) of a tool, and limits of its mass (kg)."""

    density_kg_m3: float
    mass_range_kg: tuple[float, float]


@dataclass(frozen=True, eq=False, slots=True)
class Bar:
    """A bar along x: at each station (m) half its size along (y, z) and its middle (y, z), m."""

    stations_m: Float64[np.ndarray, " k"]
    half_m: Float64[np.ndarray, "k 2"]
    middle_m: Float64[np.ndarray, "k 2"]
    section: Float64[np.ndarray, "m 2"]

    @property
    def solid(self) -> Solid:
        """The closed surface; u runs around it from +y over +z, v along it."""
        path = np.stack([self.stations_m, *np.zeros((2, len(self.stations_m)))], axis=1)
        tube = swept_tube(path, self.section, _Z)
        k, m = len(self.stations_m), len(self.section)
        ends = [np.zeros(m, int), np.full(m, k - 1)]
        station = np.concatenate([np.repeat(np.arange(k), m + 1), *ends])
        vertices = tube.mesh.vertices_m.copy()
        vertices[:, 1:] = vertices[:, 1:] * self.half_m[station] + self.middle_m[station]
        return Solid(Mesh(vertices, tube.mesh.faces), tube.uv, tube.chart)

    def hulls(self, spans_a_hull: int = 1) -> list[Mesh]:
        """Return convex pieces, each of so many spans between stations."""
        rings = self.section * self.half_m[:, None] + self.middle_m[:, None]
        x = np.broadcast_to(self.stations_m[:, None, None], (*rings.shape[:2], 1))
        points = np.concatenate([x, rings], axis=-1)
        starts = range(0, len(points) - 1, spans_a_hull)
        return [convex_hull(points[s : s + spans_a_hull + 1].reshape(-1, 3)) for s in starts]

    def at(self, x_m: float) -> tuple[np.ndarray, np.ndarray]:
        """Return half the size (2,) and the middle (2,) along (y, z) at a station, m."""
        columns = np.concatenate([self.half_m, self.middle_m], axis=1).T
        row = np.array([np.interp(x_m, self.stations_m, column) for column in columns])
        return row[:2], row[2:]


def rounded_section(n: int, exponent: float) -> Float64[np.ndarray, "n 2"]:
    """Return a superellipse polygon in [-1, 1]^2 that is flat below, above and at both sides.

    ``exponent`` 1 is an ellipse, towards 0 it becomes a rectangle.
    """
    angle = 2 * np.pi * (np.arange(n) + 0.5) / n
    turned = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = np.sign(turned) * np.abs(turned) ** exponent
    return points / np.abs(points).max(axis=0)


def profile(stations: Sequence[tuple[float, ...]], scale: Sequence[float]) -> np.ndarray:
    """Return a table of rows (k, c) with each column multiplied by its scale."""
    return np.asarray(stations, np.float64) * np.asarray(scale, np.float64)


def graded_along(solid: Solid, bar: Bar) -> Float64[np.ndarray, " n"]:
    """Return 1 nearest to the middle of a bar's length and 0.4 at its ends, for each vertex."""
    low, high = bar.stations_m[0], bar.stations_m[-1]
    along = np.abs(2.0 * (solid.mesh.vertices_m[:, 0] - low) / (high - low) - 1.0)
    return 1.0 - 0.6 * (along - along.min()) / np.ptp(along)


def bar_grasps(
    part: str, bar: Bar, shares: Sequence[float], turned: Pose | None = None
) -> Iterator[PartGrasp]:
    """Yield grasps from above across a bar, at shares of its length.

    The approach is upright or leans by 15 degrees along the bar; the pads end as high above the
    table as the bar allows, or lower. ``turned`` maps the bar to the tool's frame.
    """
    tool_from_bar = Pose.identity() if turned is None else turned
    for share in shares:
        x = float(bar.stations_m[0] + share * np.ptp(bar.stations_m))
        half, middle = bar.at(x)
        width = 2.0 * float(half[0]) + 2.0 * GAP_M
        for tip in TIP_HEIGHTS_M:
            if middle[1] + half[1] - tip < LEAST_BITE_M:
                continue
            for lean in LEANS_RAD if tip == TIP_HEIGHTS_M[1] else LEANS_RAD[:1]:
                approach = np.sin(lean) * _X - np.cos(lean) * _Z
                drop = 0.5 * abs(np.sin(lean)) * 0.020
                centre = np.array([x, middle[0], tip + drop + HALF_PAD_M * np.cos(lean)])
                pose = tool_from_bar @ gripper_frame(centre, approach, _Y)
                yield PartGrasp(part, pose, min(width, 0.080))


def moved_part(moved: Part, pose: Pose) -> Part:
    """Return a part mapped by ``pose``, its convex pieces with it."""
    hulls = tuple(transformed(hull, pose) for hull in moved.hulls)
    return replace(moved, mesh=transformed(moved.mesh, pose), hulls=hulls)


def lying_tool(
    name: str,
    split: Split,
    parts: Sequence[Part],
    values: dict[str, np.ndarray],
    grasps: Iterable[PartGrasp],
    *,
    weight: Weight,
) -> ObjectModel:
    """Return a tool of one link, shifted so that its origin is the middle of what it rests on.

    ``values``: grasp affordance by part. Grasps by the handle come first, then the others.
    """
    shift = _to_bottom_centre(parts)
    placed = [moved_part(p, shift) for p in parts]
    meshes = [p.mesh for p in placed]
    mass = solid_mass(meshes, weight.density_kg_m3, mass_range_kg=weight.mass_range_kg)
    links = (link("tool", placed, mass),)
    at_rest = [replace(g, object_from_gripper=shift @ g.object_from_gripper) for g in grasps]
    ordered = best_first(at_rest, mass.centre_of_mass_m)
    clear = clear_grasps(ordered, rest_hulls(links))
    return instance(
        name,
        split,
        links,
        affordances={"grasp": affordance(links, values)},
        grasps=tuple(sorted(clear, key=lambda g: g.part != "handle")),
    )


def _to_bottom_centre(parts: Sequence[Part]) -> Pose:
    points = np.concatenate([p.mesh.vertices_m for p in parts])
    lowest = float(points[:, 2].min())
    base = points[points[:, 2] < lowest + BASE_M, :2]
    middle = (base.min(axis=0) + base.max(axis=0)) / 2.0
    return Pose.at(-float(middle[0]), -float(middle[1]), -lowest)
