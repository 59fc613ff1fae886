"""How much of a gripper would be where no view has looked.

A depth image tells that the space before each surface is free, and nothing of what is behind it.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64

from ivlm_bench.geometry.camera import project
from ivlm_bench.types import Grasp, GripperSpec, View

#: Points of each pad along x, y and z that stand for it.
PAD_POINTS = (2, 3, 6)
#: A point is free if it is nearer than the surface behind it by this much (m): depth noise.
FREE_M = 0.001


def unseen_share(views: tuple[View, ...], grasp: Grasp, gripper: GripperSpec) -> float:
    """Return the share in [0, 1] of the open pads' volume that no view sees to be free.

    Views without depth see nothing to be free; what is out of a view's frame it does not see.
    """
    points = grasp.world_from_gripper.apply(_pad_points(grasp.width_m, gripper))
    free = np.zeros(len(points), bool)
    for view in views:
        if view.depth_m is not None:
            free |= _is_free(view, view.depth_m, points)
    return float(1.0 - free.mean())


def _is_free(view: View, depth_m: np.ndarray, points_m: np.ndarray) -> np.ndarray:
    pixels, depth = project(view.camera, points_m)
    column, row = np.rint(np.nan_to_num(pixels, nan=-1.0)).astype(int).T
    inside = (depth > 0) & (column >= 0) & (row >= 0)
    inside &= (column < depth_m.shape[1]) & (row < depth_m.shape[0])
    surface = depth_m[np.where(inside, row, 0), np.where(inside, column, 0)]
    no_return = ~(surface > 0)  # nothing as far as the camera reaches
    return np.asarray(inside & (no_return | (depth < surface - FREE_M)))


def _pad_points(width_m: float, gripper: GripperSpec) -> Float64[np.ndarray, "n 3"]:
    """Return points on and in both pads, ``width_m`` apart, gripper frame."""
    x, y, z = (
        np.linspace(-0.5, 0.5, n) * size
        for n, size in zip(PAD_POINTS, gripper.pad_size_m, strict=True)
    )
    pad = np.stack(np.meshgrid(x, y, z, indexing="ij"), axis=-1).reshape(-1, 3)
    away = np.array([0.5 * (width_m + gripper.pad_size_m[0]), 0.0, 0.0])
    return np.concatenate([pad - away, pad + away])
