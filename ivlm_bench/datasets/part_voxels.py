"""Voxels of a shape's parts after their motions, as CHAIRS makes its truths."""

from __future__ import annotations

from itertools import product

import numpy as np
from jaxtyping import Bool, Float32, Float64


def part_matrices(
    rotations_rad: Float64[np.ndarray, "p 3"], locations: Float64[np.ndarray, "p 3"]
) -> Float32[np.ndarray, "p 3 4"]:
    """Return the maps from a voxel of the cube to a place in each part's own cube.

    Coordinates run from -1 to 1, the last axis of the array first. Angles and places are taken
    in reverse order, places negated, Euler angles about fixed x, y and z, and the map is the
    rotation after the shift (chairs@8760d9ad ahoi_utils.py ``create_mat_batch``, ``affine``).
    """
    matrices = np.empty((len(rotations_rad), 3, 4))
    for index, (angles, place) in enumerate(
        zip(rotations_rad[:, ::-1], -locations[:, ::-1], strict=True)
    ):
        rotation = np.eye(3)
        for axis, angle in enumerate(angles):
            rotation = _about(axis, angle) @ rotation
        matrices[index, :, :3] = rotation
        matrices[index, :, 3] = rotation @ place
    return matrices.astype(np.float32)


def _about(axis: int, angle_rad: float) -> Float64[np.ndarray, "3 3"]:
    """Return the rotation about a coordinate axis."""
    first, second = (axis + 1) % 3, (axis + 2) % 3
    rotation = np.eye(3)
    rotation[first, first] = rotation[second, second] = np.cos(angle_rad)
    rotation[second, first] = np.sin(angle_rad)
    rotation[first, second] = -np.sin(angle_rad)
    return rotation


def moved(
    part: Bool[np.ndarray, "n n n"], matrix: Float32[np.ndarray, "3 4"]
) -> Bool[np.ndarray, "n n n"]:
    """Return where a part, sampled between its voxels after a motion, is not 0.

    A sample is a weighted sum of the eight voxels around it (voxels are cells, outside is empty),
    so it is not 0 where any of these with a weight above 0 is filled; in float32 as PyTorch's
    ``affine_grid`` and ``grid_sample`` with ``align_corners=False``, whose rounding fills one voxel
    more at some faces of a part that is not turned.
    """
    n = part.shape[0]
    centres = _centres(n)
    depth, row, column = np.meshgrid(centres, centres, centres, indexing="ij")
    low, weight = [], []
    for line in matrix:
        place = line[0] * column + line[1] * row + line[2] * depth + line[3]
        cell = ((place + 1.0) * n - 1.0) / np.float32(2.0)
        floor = np.floor(cell)
        low.append(floor.astype(np.int64))
        weight.append(cell - floor)
    padded = np.pad(part, 1)
    filled = np.zeros(part.shape, dtype=bool)
    for corner in product((0, 1), repeat=3):
        index = [np.clip(at + step + 1, 0, n + 1) for at, step in zip(low, corner, strict=True)]
        counts = np.ones(part.shape, dtype=bool)
        for share, step in zip(weight, corner, strict=True):
            counts &= (share > 0.0) if step else (share < 1.0)
        filled |= padded[index[2], index[1], index[0]] & counts
    return filled


def _centres(n: int) -> Float32[np.ndarray, " n"]:
    """Return the middles of n cells from -1 to 1, rounded as PyTorch rounds them.

    Points from -1 up and from 1 down by a float32 step, drawn in from ends to middles.
    """
    step, index = np.float64(np.float32(2.0 / (n - 1))), np.arange(n)
    ends = np.where(index < n // 2, step * index - 1.0, 1.0 - step * (n - 1 - index))
    return ends.astype(np.float32) * np.float32(n - 1) / np.float32(n)
