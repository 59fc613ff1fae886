"""Predicates, sampling and assembly of triangle meshes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64, Int64

from ivlm_bench.types import Mesh, Pose

#: Two vertices nearer than this are one point (m): far below any feature, far above rounding.
WELD_TOLERANCE_M = 1e-7


def face_vectors(mesh: Mesh) -> Float64[np.ndarray, "m 3"]:
    """Return outward normals of the faces, as long as twice the face area (m2)."""
    a, b, c = (mesh.vertices_m[mesh.faces[:, k]] for k in range(3))
    return np.cross(b - a, c - a)


def face_areas_m2(mesh: Mesh) -> Float64[np.ndarray, " m"]:
    """Return the area of each face in m2."""
    return 0.5 * np.linalg.norm(face_vectors(mesh), axis=1)


def face_normals(mesh: Mesh) -> Float64[np.ndarray, "m 3"]:
    """Return outward unit normals; a face without area gets zeros."""
    vectors = face_vectors(mesh)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)


def bounds_m(mesh: Mesh) -> Float64[np.ndarray, "2 3"]:
    """Return the lowest and the highest corner of the axis-aligned bounding box (m)."""
    return np.stack([mesh.vertices_m.min(axis=0), mesh.vertices_m.max(axis=0)])


def transformed(mesh: Mesh, pose: Pose) -> Mesh:
    """Return the mesh mapped by ``pose`` from frame b to frame a."""
    return Mesh(pose.apply(mesh.vertices_m), mesh.faces)


def concatenated(meshes: Sequence[Mesh]) -> Mesh:
    """Return all meshes as one, vertices and faces in the given order; nothing is merged."""
    if not meshes:
        return Mesh(np.zeros((0, 3)), np.zeros((0, 3), np.int32))
    starts = np.cumsum([0] + [len(m.vertices_m) for m in meshes[:-1]])
    faces = [m.faces + np.int32(start) for m, start in zip(meshes, starts, strict=True)]
    return Mesh(np.concatenate([m.vertices_m for m in meshes]), np.concatenate(faces))


def welded(mesh: Mesh, tolerance_m: float = WELD_TOLERANCE_M) -> Mesh:
    """Return the mesh with coinciding vertices merged and collapsed faces dropped.

    Texture seams and sharp edges repeat vertices; topology is asked of the welded mesh.
    """
    keys = np.round(mesh.vertices_m / tolerance_m).astype(np.int64)
    first, index = _first_of_equal(keys)
    faces = index[mesh.faces].astype(np.int32)
    distinct = (
        (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
    )
    return Mesh(mesh.vertices_m[first], faces[distinct])


def _first_of_equal(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the first of each kind of rows (n, 3), in their sorted order, and each row's kind.

    As ``np.unique`` along axis 0 with index and inverse; sorting by columns takes a third of it.
    """
    order = np.lexsort(rows.T[::-1])
    ordered = rows[order]
    is_new = np.ones(len(rows), bool)
    is_new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    index = np.empty(len(rows), np.int64)
    index[order] = np.cumsum(is_new) - 1
    return order[is_new], index


def is_watertight(mesh: Mesh) -> bool:
    """Tell whether the surface is closed: each directed edge is met as often in reverse.

    Closed parts that touch along an edge count as closed, as the divergence theorem needs.
    """
    faces = welded(mesh).faces.astype(np.int64)
    if not len(faces):
        return False
    start, end = faces.reshape(-1), np.roll(faces, -1, axis=1).reshape(-1)
    n = int(faces.max()) + 1
    forward, backward = np.sort(start * n + end), np.sort(end * n + start)
    return bool(np.array_equal(forward, backward))


def is_convex(mesh: Mesh, tolerance_m: float = 1e-6) -> bool:
    """Tell whether no vertex lies more than ``tolerance_m`` in front of any face."""
    normals = face_normals(mesh)
    offsets = np.einsum("ij,ij->i", normals, mesh.vertices_m[mesh.faces[:, 0]])
    heights = mesh.vertices_m @ normals.T - offsets
    return bool(len(normals) and heights.max() <= tolerance_m)


def sample_surface(
    mesh: Mesh, n: int, rng: np.random.Generator
) -> tuple[Float64[np.ndarray, "n 3"], Float64[np.ndarray, "n 3"], Int64[np.ndarray, " n"]]:
    """Draw ``n`` points uniformly by area.

    Returns
    -------
    points, normals, face index
        Points (n, 3) in m, outward unit normals (n, 3), index of the face of each (n,).

    Notes
    -----
    Square-root warp of the unit triangle (Osada et al., Shape Distributions, ACM TOG 2002, eq. 1).
    """
    areas = face_areas_m2(mesh)
    index = rng.choice(len(areas), size=n, p=areas / areas.sum())
    root, second = np.sqrt(rng.random((n, 1))), rng.random((n, 1))
    a, b, c = (mesh.vertices_m[mesh.faces[index, k]] for k in range(3))
    points = (1 - root) * a + root * (1 - second) * b + root * second * c
    return points, face_normals(mesh)[index], index.astype(np.int64)
