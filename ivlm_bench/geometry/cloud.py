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


def view_normals(
    view: View, points_m: Float64[np.ndarray, "h w 3"]
) -> tuple[Float64[np.ndarray, "h w 3"], Float64[np.ndarray, "h w"]]:
    """Return unit normals of a view's points, towards the camera, and their cosines to the rays.

    Cross product of the differences along columns and rows; at a depth jump the one-sided
    difference on the pixel's own surface is taken. NaN where unknown or nearly edge-on.
    """
    normal = np.cross(_tangent(points_m, axis=0), _tangent(points_m, axis=1))
    length = np.linalg.norm(normal, axis=2, keepdims=True)
    normal = normal / np.where(length > 0, length, np.nan)
    ray = view.camera.world_from_camera.position_m - points_m
    cosine = (normal * ray).sum(axis=2) / np.linalg.norm(ray, axis=2)
    normal = normal * np.sign(cosine)[..., None]
    cosine = np.abs(cosine)
    normal[~(cosine >= GRAZING_COSINE)] = np.nan
    return normal, cosine


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


def fuse(
    views: tuple[View, ...], *, above_m: float | None = None, voxel_m: float = VOXEL_M
) -> Cloud:
    """Return the cloud of all views with depth, one point a voxel: the one seen most frontally.

    Pixels without return or without a normal are left out, and with ``above_m`` all points not
    higher than that above the plane z = 0.
    """
    shown = [_shown(index, view, above_m) for index, view in enumerate(views)]
    parts = [part for part in shown if part is not None]
    if not parts:
        empty = np.zeros((0, 3))
        return Cloud(empty, empty, empty, np.zeros((0, 3), np.int64))
    points = np.concatenate([cloud.points_m for cloud, _ in parts])
    best = _best_per_voxel(points, np.concatenate([frontal for _, frontal in parts]), voxel_m)
    return Cloud(
        points[best],
        np.concatenate([cloud.normals for cloud, _ in parts])[best],
        np.concatenate([cloud.colours for cloud, _ in parts])[best],
        np.concatenate([cloud.pixels for cloud, _ in parts])[best],
    )


def object_cloud(views: tuple[View, ...]) -> Cloud:
    """Return the fused cloud without the support plane: what stands on the table."""
    return fuse(views, above_m=SUPPORT_M)


def _shown(index: int, view: View, above_m: float | None) -> tuple[Cloud, np.ndarray] | None:
    """Return one view's cloud and the cosines (n,) at which its points are seen."""
    if view.depth_m is None:
        return None
    points = depth_points(view.camera, view.depth_m)
    wanted = np.isfinite(points[..., 2])
    if above_m is not None:
        wanted &= np.nan_to_num(points[..., 2], nan=-np.inf) > above_m
    if not wanted.any():
        return None
    crop = bounds_px(wanted)
    normals, cosine = view_normals(view, points[crop])
    rows, columns = np.nonzero(wanted[crop] & np.isfinite(normals[..., 0]))
    rgb = view.rgb[crop][rows, columns] / 255.0
    y, x = rows + crop[0].start, columns + crop[1].start
    pixels = np.stack([np.full(len(rows), index), x, y], axis=1)
    cloud = Cloud(points[y, x], normals[rows, columns], rgb, pixels)
    return cloud, cosine[rows, columns]


def bounds_px(mask: np.ndarray) -> tuple[slice, slice]:
    """Return the bounding rows and columns of a mask, one pixel wider: normals need neighbours."""
    rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
    return (
        slice(max(int(rows[0]) - 1, 0), int(rows[-1]) + 2),
        slice(max(int(columns[0]) - 1, 0), int(columns[-1]) + 2),
    )


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
