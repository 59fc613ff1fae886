"""A mesh made ready for measuring: where its surface lies, what is inside, what it encloses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import manifold3d
import numpy as np
from jaxtyping import Float64

from ivlm_bench.errors import AssetError
from ivlm_bench.geometry.mesh import bounds_m, face_normals
from ivlm_bench.geometry.surface_tree import SurfaceTree
from ivlm_bench.plausibility.repair import mended
from ivlm_bench.types import Mesh

#: A point is inside where the surface winds about it at least this often (Jacobson et al. 2013).
INSIDE_WINDING = 0.5


@dataclass(frozen=True, eq=False)
class Solid:
    """A mesh as found, and the surface that stands for it after mending.

    Attributes
    ----------
    mesh
        As read: its vertices are those that are counted.
    surface
        Welded, closed where it could be, faces outwards; parts that overlap are united.
    body
        The same as a ``manifold3d.Manifold``, or None where it encloses nothing.
    notes
        What was mended or is lacking, as clauses to be put after the file's name.
    sheet
        True to take an open surface as a wall with a back: a point behind the nearest face is
        inside. Otherwise the winding number decides.
    """

    mesh: Mesh
    surface: Mesh
    body: Any
    notes: tuple[str, ...]
    sheet: bool = False

    @cached_property
    def tree(self) -> SurfaceTree:
        """The surface, ready to be asked for distances."""
        return SurfaceTree(self.surface)

    @property
    def volume_m3(self) -> float | None:
        """The volume, or None where the mesh is not closed."""
        return None if self.body is None else float(self.body.volume())

    def signed_distance_m(
        self, points_m: Float64[np.ndarray, "n 3"], *, within_m: float = np.inf
    ) -> Float64[np.ndarray, " n"]:
        """Return distances to the surface (m), negative inside.

        Outside, points farther than ``within_m`` from the bounding box get the distance to that
        box, which is never more than the true one. An open wall has a back without end.
        """
        points = np.ascontiguousarray(points_m, np.float64)
        low, high = bounds_m(self.surface)
        gap = np.linalg.norm(np.maximum(np.maximum(low - points, points - high), 0.0), axis=1)
        out = gap.copy()
        near = (gap <= within_m) | self._is_wall
        if near.any():
            distance, at, face = self.tree.nearest(points[near])
            inside = self._is_inside(points[near], at, face)
            out[near] = np.where(inside, -distance, distance)
        return out

    @property
    def _is_wall(self) -> bool:
        return self.body is None and self.sheet

    def is_inside(self, points_m: Float64[np.ndarray, "n 3"]) -> np.ndarray:
        """Tell (n,) which points lie inside."""
        points = np.ascontiguousarray(points_m, np.float64)
        if self._is_wall:
            _, at, face = self.tree.nearest(points)
            return self._is_inside(points, at, face)
        return self._is_inside(points, points, np.zeros(len(points), np.int64))

    def _is_inside(self, points: np.ndarray, at: np.ndarray, face: np.ndarray) -> np.ndarray:
        if self._is_wall:
            normal = face_normals(self.surface)[face]
            return np.einsum("ij,ij->i", points - at, normal) < 0.0
        inside = np.zeros(len(points), bool)
        low, high = bounds_m(self.surface)
        boxed = ((points >= low) & (points <= high)).all(axis=1)
        inside[boxed] = self.tree.winding(points[boxed]) >= INSIDE_WINDING
        return inside


def make_solid(mesh: Mesh, *, sheet: bool = False) -> Solid:
    """Mend a mesh and make it ready for measuring.

    Raises
    ------
    AssetError
        If no face has an area.
    """
    if not face_normals(mesh).any():
        raise AssetError("all its faces are without area; export the mesh again.")
    found = mended(mesh)
    notes = list(found.notes)
    body = _manifold(found.mesh) if found.closed else None
    if found.closed and body is None:
        notes.append("is closed but no manifold (edges are shared by more than two faces)")
    surface = found.mesh
    if body is not None:
        body, surface = _united(body, surface, notes)
    return Solid(mesh, surface, body, tuple(notes), sheet)


def as_room(solid: Solid) -> Solid:
    """Return a closed surface whose faces wound inwards as the walls of a room: inside is free."""
    walls = Mesh(solid.surface.vertices_m, solid.surface.faces[:, ::-1])
    note = "is taken as a room, because its faces wind inwards about the body"
    return Solid(solid.mesh, walls, None, (note,), sheet=True)


def _manifold(mesh: Mesh) -> Any:
    body = manifold3d.Manifold(
        manifold3d.Mesh64(
            vert_properties=mesh.vertices_m.copy(),  # the binding refuses read-only arrays
            tri_verts=mesh.faces.astype(np.uint64),
        )
    )
    good = body.status() == manifold3d.Error.NoError and not body.is_empty()
    return body if good else None


def _united(body: Any, surface: Mesh, notes: list[str]) -> tuple[Any, Mesh]:
    """Unite parts that overlap: their inner walls are no surface, and no volume counts twice."""
    parts = body.decompose()
    if len(parts) < 2 or any(part.volume() <= 0.0 for part in parts):
        return body, surface
    whole = manifold3d.Manifold.batch_boolean(parts, manifold3d.OpType.Add)
    if whole.volume() >= body.volume() * (1.0 - 1e-9):
        return body, surface
    notes.append(f"{len(parts)} overlapping parts united")
    return whole, mesh_of(whole)


def mesh_of(body: Any) -> Mesh:
    """Return the surface of a manifold, vertices in metres."""
    out = body.to_mesh64()
    vertices = np.asarray(out.vert_properties, np.float64)[:, :3]
    return Mesh(vertices, np.asarray(out.tri_verts).astype(np.int32))
