"""Making a solid of a mesh that was found somewhere: what was mended is said, nothing is hidden."""

from __future__ import annotations

from dataclasses import dataclass
from typing import no_type_check

import numba
import numpy as np

from ivlm_bench.geometry.massprops import volume_m3
from ivlm_bench.geometry.mesh import face_areas_m2, is_watertight, welded
from ivlm_bench.types import Mesh

#: Holes are closed while their covers stay below this share of the surface: the wrist of a hand
#: model is about a twentieth of it, the missing side of a box a sixth.
HOLE_SHARE = 0.10


@dataclass(frozen=True, eq=False, slots=True)
class Mended:
    """A welded mesh, whether it is closed with outward faces, and sentences on what was done."""

    mesh: Mesh
    closed: bool
    notes: tuple[str, ...] = ()


def mended(mesh: Mesh) -> Mended:
    """Weld a mesh, drop faces without extent, agree on winding, close small holes, face outwards.

    The faces keep the triangles' places: nothing is moved, smoothed or remeshed. A mesh that stays
    open comes back as it was wound.
    """
    notes: list[str] = []
    plain = _without_flat_faces(mesh, notes)
    if is_watertight(plain):
        return _outwards(plain, notes)
    wound = _one_winding(plain, notes)
    if wound is not None:
        plain = wound
    if not is_watertight(plain):
        plain = _holes_closed(plain, notes)
    if is_watertight(plain):
        return _outwards(plain, notes)
    notes.append("is not closed, so that it has no volume")
    return Mended(plain, False, tuple(notes))


def _without_flat_faces(mesh: Mesh, notes: list[str]) -> Mesh:
    plain = welded(mesh)
    collapsed = len(mesh.faces) - len(plain.faces)
    plain = _without_copies(plain, notes)
    flat = int((face_areas_m2(plain) == 0.0).sum())
    if collapsed:
        notes.append(f"{_count(collapsed, 'face')} without extent left out")
    if flat:
        notes.append(f"{_count(flat, 'face')} without area (kept: neighbours hang on them)")
    return plain


def _without_copies(mesh: Mesh, notes: list[str]) -> Mesh:
    """Keep one of faces with the same corners in the same sense."""
    first = np.argmin(mesh.faces, axis=1)[:, None]
    turned = np.take_along_axis(mesh.faces, (first + np.arange(3)) % 3, axis=1)
    kept = np.sort(np.unique(turned, axis=0, return_index=True)[1])
    if len(kept) == len(mesh.faces):
        return mesh
    notes.append(f"{_count(len(mesh.faces) - len(kept), 'face')} that repeat another left out")
    return Mesh(mesh.vertices_m, mesh.faces[kept])


def _outwards(mesh: Mesh, notes: list[str]) -> Mended:
    if volume_m3(mesh) < 0.0:
        mesh = Mesh(mesh.vertices_m, mesh.faces[:, ::-1])
        notes.append("its faces wound inwards and were turned round")
    return Mended(mesh, True, tuple(notes))


def _one_winding(mesh: Mesh, notes: list[str]) -> Mesh | None:
    """Return the mesh with neighbours wound alike, or None where that cannot be or need not."""
    faces = mesh.faces.astype(np.int64)
    start, end = faces.reshape(-1), np.roll(faces, -1, axis=1).reshape(-1)
    key = np.minimum(start, end) * len(mesh.vertices_m) + np.maximum(start, end)
    order = np.argsort(key, kind="stable")
    _, first, count = np.unique(key[order], return_index=True, return_counts=True)
    if (count > 2).any():
        return None
    pairs = np.stack([order[first[count == 2]], order[first[count == 2] + 1]], axis=1)
    odd = start[pairs[:, 0]] == start[pairs[:, 1]]
    if not odd.any():
        return None
    root, flip = _parities(len(faces), pairs // 3, odd)
    if (flip[pairs[:, 0] // 3] ^ flip[pairs[:, 1] // 3] ^ odd).any():
        return None  # a surface with one side only
    # In each connected piece the minority turns, so that most faces stay as they were.
    sizes, turned = np.bincount(root), np.bincount(root, weights=flip)
    flip ^= (2.0 * turned > sizes)[root]
    out = faces.astype(np.int32)
    out[flip] = out[flip][:, ::-1]
    notes.append(f"{_count(int(flip.sum()), 'face')} wound against its neighbours turned round")
    return Mesh(mesh.vertices_m, out)


@numba.njit(cache=True)
@no_type_check  # compiled: no checker can wrap it
def _parities(n, pairs, odd):
    """Return of each of ``n`` faces its connected piece and whether it is wound the other way."""
    parent, parity, size = np.arange(n), np.zeros(n, np.bool_), np.ones(n, np.int64)
    for k in range(len(pairs)):
        a, b, differs = pairs[k, 0], pairs[k, 1], odd[k]
        while parent[a] != a:
            differs ^= parity[a]
            a = parent[a]
        while parent[b] != b:
            differs ^= parity[b]
            b = parent[b]
        if a != b:
            if size[a] < size[b]:  # the smaller piece below the larger: no long chains
                a, b = b, a
            parent[b], parity[b] = a, differs
            size[a] += size[b]
    root, flip = np.empty(n, np.int64), np.zeros(n, np.bool_)
    for i in range(n):
        a, side = i, False
        while parent[a] != a:
            side ^= parity[a]
            a = parent[a]
        root[i], flip[i] = a, side
    return root, flip


def _holes_closed(mesh: Mesh, notes: list[str]) -> Mesh:
    """Cover each hole with a fan about its middle, if all covers together are small."""
    loops = _boundary_loops(mesh)
    if not loops:
        return mesh
    vertices, faces, n = [mesh.vertices_m], [mesh.faces], len(mesh.vertices_m)
    covers = []
    for k, loop in enumerate(loops):
        vertices.append(mesh.vertices_m[loop].mean(axis=0)[None])
        centre = np.full(len(loop), n + k, np.int32)
        covers.append(np.stack([np.roll(loop, -1).astype(np.int32), loop, centre], axis=1))
    closed = Mesh(np.concatenate(vertices), np.concatenate(faces + covers).astype(np.int32))
    areas = face_areas_m2(closed)
    share = float(areas[len(mesh.faces) :].sum() / areas.sum())
    if share > HOLE_SHARE:
        notes.append(f"its holes ({_count(len(loops), 'hole')}) are too large to be closed")
        return mesh
    edges = sum(len(loop) for loop in loops)
    notes.append(f"{_count(len(loops), 'hole')} closed with flat covers ({edges} edges)")
    return closed


def _boundary_loops(mesh: Mesh) -> list[np.ndarray]:
    """Return the vertices along each hole in the order of its faces; none if holes touch."""
    faces = mesh.faces.astype(np.int64)
    start, end = faces.reshape(-1), np.roll(faces, -1, axis=1).reshape(-1)
    n = len(mesh.vertices_m)
    alone = ~np.isin(start * n + end, end * n + start)
    following = dict(zip(start[alone].tolist(), end[alone].tolist(), strict=True))
    if len(following) != int(alone.sum()) or len(set(following.values())) != len(following):
        return []
    loops = []
    while following:
        first, at = next(iter(following.items()))
        loop = [first]
        del following[first]
        while at != first:
            loop.append(at)
            if at not in following:
                return []
            at = following.pop(at)
        loops.append(np.array(loop, np.int32))
    return loops


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
