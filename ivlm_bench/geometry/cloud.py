"""The point cloud that an observation's depth images show, fused over its views."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64
from scipy import ndimage

from ivlm_bench.geometry.camera import depth_points
from ivlm_bench.types import View

#: Neighbouring pixels whose depths differ by more (m) lie on different surfaces.
JUMP_M = 0.015
#: Points lower than this (m) belong to the support plane z = 0.
SUPPORT_M = 0.004
#: Cell (m) of the fused cloud: about one pixel at 0.6 m.
VOXEL_M = 0.003
#: Cell (m) of the grid whose touching cells make one cluster.
CLUSTER_CELL_M = 0.010
#: A surface seen at a smaller cosine to the ray is too slanted for its depth to be trusted.
GRAZING_COSINE = 0.10


@dataclass(frozen=True, eq=False, slots=True)
class Cloud:
    """Oriented, coloured points in the world frame.

    ``points_m`` (n, 3); ``normals`` (n, 3) unit and outward (towards the camera that saw them);
    ``colours`` (n, 3) sRGB in [0, 1]; ``pixels`` (n, 3) rows (view index, x, y) they come from.
    """

    points_m: Float64[np.ndarray, "n 3"]
    normals: Float64[np.ndarray, "n 3"]
    colours: Float64[np.ndarray, "n 3"]
    pixels: Int64[np.ndarray, "n 3"]

    def __len__(self) -> int:
        return len(self.points_m)

    def select(self, which: np.ndarray) -> Cloud:
        """Return the points that a mask or an index array names."""
        return Cloud(
            self.points_m[which], self.normals[which], self.colours[which], self.pixels[which]
        )

    def mask(self, view_index: int, *, height_px: int, width_px: int) -> Bool[np.ndarray, "h w"]:
        """Return which pixels of a view the points come from."""
        out = np.zeros((height_px, width_px), bool)
        own = self.pixels[self.pixels[:, 0] == view_index]
        out[own[:, 2], own[:, 1]] = True
        return out


def view_normals(view: View, points_m: Float64[np.ndarray, "h w 3"]) -> np.ndarray:
    """Return unit normals (h, w, 3) of a view's depth, towards the camera; NaN where unknown.

    Cross product of the differences along columns and rows; at a depth jump the one-sided
    difference on the pixel's own surface is taken.
    """
    across = _tangent(points_m, axis=1)
    down = _tangent(points_m, axis=0)
    normal = np.cross(down, across)
    length = np.linalg.norm(normal, axis=2, keepdims=True)
    normal = normal / np.where(length > 0, length, np.nan)
    ray = points_m - view.camera.world_from_camera.position_m
    ray = ray / np.linalg.norm(ray, axis=2, keepdims=True)
    cosine = -(normal * ray).sum(axis=2)
    normal = normal * np.sign(cosine)[..., None]
    normal[~(np.abs(cosine) >= GRAZING_COSINE)] = np.nan
    return np.asarray(normal)


def _tangent(points_m: np.ndarray, *, axis: int) -> np.ndarray:
    """Return the mean of the two one-sided differences that stay on the same surface."""
    gap = np.full((1, *points_m.shape[1:]) if axis == 0 else (len(points_m), 1, 3), np.nan)
    step = np.diff(points_m, axis=axis)
    step[~(np.linalg.norm(step, axis=2) <= JUMP_M)] = np.nan
    both = np.stack(
        [np.concatenate([step, gap], axis=axis), np.concatenate([gap, step], axis=axis)]
    )
    known = np.isfinite(both)
    count = known.sum(axis=0)
    total = np.where(known, both, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def fuse(views: tuple[View, ...], *, voxel_m: float = VOXEL_M) -> Cloud:
    """Return the cloud of all views with depth, one point a voxel: the one seen most frontally.

    Pixels without return or without a normal are left out.
    """
    parts: list[Cloud] = []
    quality: list[np.ndarray] = []
    for index, view in enumerate(views):
        if view.depth_m is None:
            continue
        points = depth_points(view.camera, view.depth_m)
        normals = view_normals(view, points)
        rows, columns = np.nonzero(np.isfinite(normals).all(axis=2))
        seen, facing = points[rows, columns], normals[rows, columns]
        ray = view.camera.world_from_camera.position_m - seen
        quality.append((facing * ray).sum(axis=1) / np.linalg.norm(ray, axis=1))
        pixels = np.stack([np.full(len(rows), index), columns, rows], axis=1)
        parts.append(Cloud(seen, facing, view.rgb[rows, columns] / 255.0, pixels))
    if not parts:
        empty = np.zeros((0, 3))
        return Cloud(empty, empty, empty, np.zeros((0, 3), np.int64))
    whole = Cloud(
        np.concatenate([p.points_m for p in parts]),
        np.concatenate([p.normals for p in parts]),
        np.concatenate([p.colours for p in parts]),
        np.concatenate([p.pixels for p in parts]),
    )
    return whole.select(_best_per_voxel(whole.points_m, np.concatenate(quality), voxel_m))


def _best_per_voxel(points_m: np.ndarray, quality: np.ndarray, voxel_m: float) -> np.ndarray:
    """Return indices of the best point of each occupied voxel, in the order of the voxels."""
    order = np.argsort(-quality, kind="stable")
    _, first = np.unique(_cell_keys(points_m[order], voxel_m), return_index=True)
    return np.asarray(order[first])


def _cell_keys(points_m: np.ndarray, cell_m: float) -> np.ndarray:
    """Return one integer a point, equal for points of one grid cell."""
    if len(points_m) == 0:
        return np.zeros(0, np.int64)
    cells = np.floor(points_m / cell_m).astype(np.int64)
    cells -= cells.min(axis=0)
    size = cells.max(axis=0) + 1
    return np.asarray((cells[:, 0] * size[1] + cells[:, 1]) * size[2] + cells[:, 2])


def above_support(cloud: Cloud, *, height_m: float = SUPPORT_M) -> Cloud:
    """Return the points higher than ``height_m`` above the support plane z = 0."""
    return cloud.select(cloud.points_m[:, 2] > height_m)


def cluster_labels(points_m: np.ndarray, *, cell_m: float = CLUSTER_CELL_M) -> np.ndarray:
    """Return a cluster number (n,) for each point, 0 for the cluster with most points.

    Points belong together if a chain of occupied grid cells that touch at a face, edge or corner
    joins them.
    """
    if len(points_m) == 0:
        return np.zeros(0, np.int64)
    cells = np.floor(points_m / cell_m).astype(np.int64)
    cells -= cells.min(axis=0)
    occupied = np.zeros(cells.max(axis=0) + 1, bool)
    occupied[tuple(cells.T)] = True
    grid, n_clusters = ndimage.label(occupied, structure=np.ones((3, 3, 3)))
    labels = grid[tuple(cells.T)] - 1
    sizes = np.bincount(labels, minlength=n_clusters)
    rank = np.empty(n_clusters, np.int64)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(n_clusters)
    return np.asarray(rank[labels])


def local_normal(cloud: Cloud, point_m: np.ndarray, *, radius_m: float) -> np.ndarray | None:
    """Return the normal (3,) that most of the surface within ``radius_m`` of a point shares.

    The mode, not the mean: near an edge it is one face's normal and no diagonal. None if no point
    of the cloud is near.
    """
    distance = np.linalg.norm(cloud.points_m - point_m, axis=1)
    near = np.nonzero(distance <= radius_m)[0]
    if len(near) == 0:
        return None
    near = near[:: len(near) // 600 + 1]
    normals = cloud.normals[near]
    weight = np.exp(-2.0 * (distance[near] / radius_m) ** 2)
    agree = (normals @ normals.T > np.cos(np.deg2rad(15.0))).astype(np.float64)
    best = agree[int(np.argmax(agree @ weight))] > 0
    mean = (normals[best] * weight[best, None]).sum(axis=0)
    return np.asarray(mean / np.linalg.norm(mean))
