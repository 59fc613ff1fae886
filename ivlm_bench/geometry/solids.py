"""Builders of closed solids with texture coordinates: boxes, lathes, tubes and prisms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float64, Int32

from ivlm_bench.geometry.mesh import concatenated, transformed
from ivlm_bench.types import Mesh, Pose

#: A profile point nearer to the axis than this lies on it (m).
_ON_AXIS_M = 1e-12

#: Faces of a box: outward normal, right and up as seen from outside; top and bottom are read
#: from the front (+x).
_BOX_FACES = np.array(
    [
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        [[-1, 0, 0], [0, -1, 0], [0, 0, 1]],
        [[0, 1, 0], [-1, 0, 0], [0, 0, 1]],
        [[0, -1, 0], [1, 0, 0], [0, 0, 1]],
        [[0, 0, 1], [0, 1, 0], [-1, 0, 0]],
        [[0, 0, -1], [0, 1, 0], [1, 0, 0]],
    ],
    dtype=np.float64,
)


@dataclass(frozen=True, eq=False, slots=True)
class Solid:
    """A closed surface; ``uv`` (n, 2) runs over [0, 1] in each chart, ``chart`` (n,) numbers them.

    u runs to the right and v down as seen from outside. Seams and sharp edges repeat vertices.
    """

    mesh: Mesh
    uv: Float64[np.ndarray, "n 2"]
    chart: Int32[np.ndarray, " n"]

    def moved(self, pose: Pose) -> Solid:
        """Return the solid mapped by ``pose``."""
        return Solid(transformed(self.mesh, pose), self.uv, self.chart)

    def at(self, x_m: float, y_m: float, z_m: float) -> Solid:
        """Return the solid shifted by (x, y, z) in m."""
        shifted = self.mesh.vertices_m + np.array([x_m, y_m, z_m])
        return Solid(Mesh(shifted, self.mesh.faces), self.uv, self.chart)

    def with_uv(self, uv: np.ndarray) -> Solid:
        """Return the solid with other texture coordinates (n, 2)."""
        return Solid(self.mesh, np.asarray(uv, np.float64), self.chart)


def joined(solids: Sequence[Solid]) -> Solid:
    """Return several solids as one; charts are numbered on."""
    starts = np.cumsum([0] + [int(s.chart.max(initial=-1)) + 1 for s in solids[:-1]])
    charts = [s.chart + np.int32(start) for s, start in zip(solids, starts, strict=True)]
    return Solid(
        concatenated([s.mesh for s in solids]),
        np.concatenate([s.uv for s in solids]),
        np.concatenate(charts),
    )


def box(
    size_m: Sequence[float] | np.ndarray,
    *,
    radius_m: float = 0.0,
    inner_steps: int = 1,
    round_steps: int = 2,
) -> Solid:
    """Build a box centred on the origin, its edges and corners rounded by ``radius_m``.

    Parameters
    ----------
    size_m
        Full extents along x, y, z.
    inner_steps
        Subdivisions of the flat part of each face, for values that vary over a face.
    round_steps
        Subdivisions of half a rounded edge (45 degrees).

    Returns
    -------
    Solid
        Charts 0 to 5 are the faces +x, -x, +y, -y, +z, -z.
    """
    half = np.asarray(size_m, np.float64) / 2
    if radius_m <= 0.0 and inner_steps == 1 and half.min() > 0.0:
        points, uv, faces, chart = _unit_box()
        return Solid(Mesh(points * half, faces), uv, chart)
    sides = [_box_side(half, face, radius_m, inner_steps, round_steps) for face in _BOX_FACES]
    return joined(sides)


@lru_cache(maxsize=1)
def _unit_box() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return vertices, uv, faces and charts of a sharp box of half extents 1; read-only."""
    sides = joined([_box_side(np.ones(3), face, 0.0, 1, 2) for face in _BOX_FACES])
    for array in (sides.uv, sides.chart):
        array.setflags(write=False)
    return sides.mesh.vertices_m, sides.uv, sides.mesh.faces, sides.chart


def _box_side(
    half: np.ndarray, face: np.ndarray, radius: float, inner_steps: int, round_steps: int
) -> Solid:
    normal, right, up = face
    h_right, h_up = abs(right) @ half, abs(up) @ half
    s = _grid_lines(h_right, radius, inner_steps, round_steps)
    t = _grid_lines(h_up, radius, inner_steps, round_steps)
    s, t = (grid.reshape(-1, 1) for grid in np.meshgrid(s, t))
    points = normal * (abs(normal) @ half) + right * s + up * t
    if radius > 0.0:
        core = np.clip(points, radius - half, half - radius)
        outwards = points - core
        points = core + radius * outwards / np.linalg.norm(outwards, axis=1, keepdims=True)
    uv = np.concatenate([s / (2 * h_right) + 0.5, 0.5 - t / (2 * h_up)], axis=1)
    n = inner_steps + (2 * round_steps if radius > 0.0 else 0) + 1
    return Solid(Mesh(points, _grid_faces(n, n)), uv, np.zeros(len(points), np.int32))


def _grid_lines(half: float, radius: float, inner_steps: int, round_steps: int) -> np.ndarray:
    flat = np.linspace(radius - half, half - radius, inner_steps + 1)
    if radius <= 0.0:
        return flat
    edge = radius * np.tan(np.linspace(0.0, np.pi / 4, round_steps + 1)[1:])
    return np.concatenate([-(half - radius) - edge[::-1], flat, half - radius + edge])


@lru_cache(maxsize=256)
def _grid_faces(n_columns: int, n_rows: int) -> np.ndarray:
    """Triangles of a grid stored row by row, counter-clockwise for +column x +row; read-only."""
    corner = (np.arange(n_rows - 1)[:, None] * n_columns + np.arange(n_columns - 1)).reshape(-1, 1)
    quads = corner + np.array([0, 1, n_columns + 1, n_columns])
    faces = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]).astype(np.int32)
    faces.setflags(write=False)
    return faces


def lathe(bands: Sequence[np.ndarray], segments: int) -> Solid:
    """Turn a closed profile about the z axis.

    Parameters
    ----------
    bands
        Polylines (k, 2) of (radius, z) in m. Each starts where the one before ended; together
        they run from the bottom of the axis over the outside back to the axis (or around a
        ring, back to their start). The edge between two bands is sharp, and each is a chart.
    segments
        Number of facets around the axis; the first vertex column lies at +x.

    Returns
    -------
    Solid
        u runs once around the axis, v from 1 at a band's start to 0 at its end.
    """
    turned = [_turned_band(np.asarray(band, np.float64), segments) for band in bands]
    return joined([band for band in turned if len(band.mesh.faces)])


def _turned_band(band: np.ndarray, segments: int) -> Solid:
    angle, cosine, sine = _around(segments)
    radius, height = band[:, :1], band[:, 1:]
    points = np.stack([radius * cosine, radius * sine, height + 0 * cosine], axis=-1)
    lengths = np.linalg.norm(np.diff(band, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(lengths)]) / lengths.sum()
    u, v = np.meshgrid(angle / (2 * np.pi), 1.0 - along)
    used, faces = _turned_faces(segments, tuple((np.abs(band[:, 0]) < _ON_AXIS_M).tolist()))
    mesh = Mesh(points.reshape(-1, 3)[used], faces)
    uv = np.stack([u, v], axis=-1).reshape(-1, 2)[used]
    return Solid(mesh, uv, np.zeros(len(uv), np.int32))


@lru_cache(maxsize=64)
def _around(segments: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the angles (rad) of the vertex columns, and their exact-ended cosines and sines."""
    angle = np.linspace(0.0, 2 * np.pi, segments + 1)
    cosine, sine = np.cos(angle), np.sin(angle)
    cosine[-1], sine[-1] = 1.0, 0.0
    return angle, cosine, sine


@lru_cache(maxsize=256)
def _turned_faces(segments: int, on_axis: tuple[bool, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return the used vertices of a turned band's grid, and its faces among them; read-only.

    ``on_axis`` tells of each point of the band whether it lies on the axis, where faces collapse.
    """
    faces = _grid_faces(segments + 1, len(on_axis))
    axis = np.repeat(np.array(on_axis, bool), segments + 1)
    faces = faces[axis[faces].sum(axis=1) < 2]
    used, index = np.unique(faces, return_inverse=True)
    joined_faces = index.reshape(-1, 3).astype(np.int32)
    joined_faces.setflags(write=False)
    return used, joined_faces


def cylinder(
    radius_m: float, length_m: float, *, segments: int = 24, bevel_m: float = 0.0, steps: int = 1
) -> Solid:
    """Build a cylinder along z, centred on the origin, its rims bevelled by ``bevel_m``.

    ``steps`` subdivides its side along z, for values that vary along it.
    """
    low, high, inner = -length_m / 2, length_m / 2, radius_m - bevel_m
    levels = np.linspace(low + bevel_m, high - bevel_m, steps + 1)
    side = np.stack([np.full(steps + 1, radius_m), levels], axis=1)
    if bevel_m > 0.0:
        side = np.concatenate([[[inner, low]], side, [[inner, high]]])
    bottom, top = np.array([[0.0, low], [inner, low]]), np.array([[inner, high], [0.0, high]])
    return lathe([bottom, side, top], segments)


def prism(polygon_m: np.ndarray, height_m: float) -> Solid:
    """Extrude a convex, counter-clockwise polygon (m, 2) of the xy plane from z = 0 upwards.

    Charts: 0 the sides, 1 the bottom, 2 the top.
    """
    polygon = np.asarray(polygon_m, np.float64)
    n = len(polygon)
    ring = np.concatenate([polygon, polygon[:1]])
    points = np.concatenate([np.pad(ring, ((0, 0), (0, 1))), np.pad(ring, ((0, 0), (0, 1)))])
    points[n + 1 :, 2] = height_m
    u = np.tile(np.linspace(0.0, 1.0, n + 1), 2)
    v = np.repeat([1.0, 0.0], n + 1)
    sides = Solid(
        Mesh(points, _grid_faces(n + 1, 2)),
        np.stack([u, v], axis=1),
        np.zeros(2 * n + 2, np.int32),
    )
    return joined([sides, _cap(points[:n], flip=True), _cap(points[n + 1 : -1], flip=False)])


def _cap(ring: np.ndarray, *, flip: bool) -> Solid:
    """A fan over a convex ring of points."""
    index = np.arange(1, len(ring) - 1, dtype=np.int32)
    faces = np.stack([0 * index, index, index + 1], axis=1)
    low, high = ring.min(axis=0), ring.max(axis=0)
    wide = np.argsort(high - low)[-2:]
    uv = (ring - low)[:, wide] / (high - low)[wide]
    mesh = Mesh(ring, faces[:, ::-1] if flip else faces)
    return Solid(mesh, uv, np.zeros(len(ring), np.int32))


def swept_tube(path_m: np.ndarray, section_m: np.ndarray, plane_normal: np.ndarray) -> Solid:
    """Sweep a convex section along a planar path and close both ends.

    Parameters
    ----------
    path_m
        Points (k, 3) of the centre line, all in one plane.
    section_m
        Counter-clockwise polygon (m, 2): first coordinate in the plane of the path, on the left
        of the direction of travel seen against ``plane_normal``; second along ``plane_normal``.
    plane_normal
        Unit normal of the path's plane.

    Returns
    -------
    Solid
        Charts: 0 the side (u around, v along), 1 the start, 2 the end. The first
        ``k * (m + 1)`` vertices are the sections in order.
    """
    rings = _section_rings(np.asarray(path_m, np.float64), section_m, plane_normal)
    k, m = rings.shape[:2]
    closed = np.concatenate([rings, rings[:, :1]], axis=1)
    lengths = np.linalg.norm(np.diff(path_m, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(lengths)]) / lengths.sum()
    u, v = np.meshgrid(np.linspace(0.0, 1.0, m + 1), along)
    faces = _grid_faces(m + 1, k)
    side = Solid(
        Mesh(closed.reshape(-1, 3), faces),
        np.stack([u, v], axis=-1).reshape(-1, 2),
        np.zeros(k * (m + 1), np.int32),
    )
    return joined([side, _cap(rings[0], flip=True), _cap(rings[-1], flip=False)])


def _section_rings(path: np.ndarray, section: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Place the section at each path point, in the plane that halves the bend: (k, m, 3)."""
    section, normal = np.asarray(section, np.float64), np.asarray(normal, np.float64)
    steps = np.diff(path, axis=0)
    steps = steps / np.linalg.norm(steps, axis=1, keepdims=True)
    tangents = np.concatenate([steps[:1], steps[:-1] + steps[1:], steps[-1:]])
    tangents = tangents / np.linalg.norm(tangents, axis=1, keepdims=True)
    lefts = np.cross(normal, tangents)
    in_plane = section[None, :, :1] * lefts[:, None]
    return path[:, None] + in_plane + section[None, :, 1:] * normal
