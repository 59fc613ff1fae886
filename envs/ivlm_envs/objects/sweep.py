"""Do boxes, placed by a pose, overlap convex pieces? Separating axes, compiled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np
from jaxtyping import Bool, Float64, Int64

from ivlm_bench.types import Pose

#: A cross product of unit edges shorter than this is no direction.
_NULL_AXIS = 1e-9


@dataclass(frozen=True, eq=False, slots=True)
class Pieces:
    """Convex pieces in one frame, packed: each has a run of vertices, normals and edges.

    ``*_from`` (n + 1) are where the runs of the pieces begin, and where the last one ends.
    """

    vertices_m: Float64[np.ndarray, "v 3"]
    vertices_from: Int64[np.ndarray, " n_1"]
    normals: Float64[np.ndarray, "k 3"]
    normals_from: Int64[np.ndarray, " n_1"]
    edges: Float64[np.ndarray, "e 3"]
    edges_from: Int64[np.ndarray, " n_1"]

    @classmethod
    def packed(
        cls,
        vertices_m: Sequence[np.ndarray],
        normals: Sequence[np.ndarray],
        edges: Sequence[np.ndarray],
    ) -> Pieces:
        """Return the pieces whose vertices, normals and edge directions are given one by one."""
        return cls(*_run(vertices_m), *_run(normals), *_run(edges))

    def meet(
        self,
        poses: Sequence[Pose],
        boxes: Float64[np.ndarray, "g b 2 3"],
        ignored: Bool[np.ndarray, "g b n"],
    ) -> Bool[np.ndarray, " g"]:
        """Tell of each pose whether any piece overlaps any of its boxes.

        Boxes (low, high corner) are in the posed frame, which ``poses`` map to the pieces' frame.
        ``ignored`` tells where a box need not be clear of a piece.
        """
        rotations = np.array([pose.rotation for pose in poses]).reshape(-1, 3, 3)
        positions = np.array([pose.position_m for pose in poses]).reshape(-1, 3)
        pieces = (
            self.vertices_m,
            self.vertices_from,
            self.normals,
            self.normals_from,
            self.edges,
            self.edges_from,
        )
        return np.asarray(_meet(pieces, rotations, positions, boxes, ignored))


def _run(arrays: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    joined = np.concatenate([np.zeros((0, 3)), *arrays])
    return joined, np.cumsum([0, *(len(a) for a in arrays)]).astype(np.int64)


@numba.njit(cache=True)
def _meet(
    pieces: tuple[np.ndarray, ...],
    rotations: np.ndarray,
    positions: np.ndarray,
    boxes: np.ndarray,
    ignored: np.ndarray,
) -> np.ndarray:
    out = np.empty(len(rotations), np.bool_)
    for g in range(len(rotations)):
        out[g] = _any_meets(pieces, rotations[g], positions[g], boxes[g], ignored[g])
    return out


@numba.njit(cache=True)
def _any_meets(
    pieces: tuple[np.ndarray, ...],
    rotation: np.ndarray,
    position: np.ndarray,
    boxes: np.ndarray,
    ignored: np.ndarray,
) -> bool:
    vertices, v_from, normals, n_from, edges, e_from = pieces
    local = np.empty_like(vertices)
    for i in range(len(v_from) - 1):
        low = np.full(3, np.inf)
        high = np.full(3, -np.inf)
        for v in range(v_from[i], v_from[i + 1]):
            for k in range(3):
                value = 0.0
                for j in range(3):
                    value += (vertices[v, j] - position[j]) * rotation[j, k]
                local[v, k] = value
                low[k] = min(low[k], value)
                high[k] = max(high[k], value)
        for b in range(len(boxes)):
            if ignored[b, i]:
                continue
            near = True
            for k in range(3):
                near = near and low[k] < boxes[b, 1, k] and high[k] > boxes[b, 0, k]
            if near and not _apart(
                local[v_from[i] : v_from[i + 1]],
                normals[n_from[i] : n_from[i + 1]],
                edges[e_from[i] : e_from[i + 1]],
                rotation,
                boxes[b],
            ):
                return True
    return False


@numba.njit(cache=True)
def _apart(
    local: np.ndarray,
    normals: np.ndarray,
    edges: np.ndarray,
    rotation: np.ndarray,
    box: np.ndarray,
) -> bool:
    """Whether a face normal, or a cross product of edges, separates a piece from a box.

    The box's own normals were tried by its caller.
    """
    axis = np.empty(3)
    for n in range(len(normals)):
        for k in range(3):
            axis[k] = (
                normals[n, 0] * rotation[0, k]
                + normals[n, 1] * rotation[1, k]
                + normals[n, 2] * rotation[2, k]
            )
        if _separates(axis, local, box):
            return True
    for e in range(len(edges)):
        for k in range(3):
            axis[k] = (
                edges[e, 0] * rotation[0, k]
                + edges[e, 1] * rotation[1, k]
                + edges[e, 2] * rotation[2, k]
            )
        x, y, z = axis[0], axis[1], axis[2]
        for k in range(3):
            # cross products of the edge with the axes of the box
            if k == 0:
                axis[0], axis[1], axis[2] = 0.0, -z, y
            elif k == 1:
                axis[0], axis[1], axis[2] = z, 0.0, -x
            else:
                axis[0], axis[1], axis[2] = -y, x, 0.0
            # a null axis, from parallel edges, separates nothing and must not seem to
            if max(abs(axis[0]), abs(axis[1]), abs(axis[2])) > _NULL_AXIS and _separates(
                axis, local, box
            ):
                return True
    return False


@numba.njit(cache=True)
def _separates(axis: np.ndarray, local: np.ndarray, box: np.ndarray) -> bool:
    middle = 0.0
    reach = 0.0
    for k in range(3):
        middle += axis[k] * (box[0, k] + box[1, k]) / 2.0
        reach += abs(axis[k]) * (box[1, k] - box[0, k]) / 2.0
    low, high = np.inf, -np.inf
    for v in range(len(local)):
        on = local[v, 0] * axis[0] + local[v, 1] * axis[1] + local[v, 2] * axis[2]
        low = min(low, on)
        high = max(high, on)
    return low >= middle + reach or high <= middle - reach
