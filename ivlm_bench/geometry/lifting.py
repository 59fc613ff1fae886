"""From pixels and maps to world points: the shared lifter.

With depth, a pixel is back-projected at the median depth of its surface. Without depth, its ray is
met with the support plane z = 0: right for points on the table, and up to the object's height over
the tangent of the view's elevation off for points above it. The record says which one it was.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, Float64
from scipy.spatial import cKDTree

from ivlm_bench.geometry.camera import back_project, depth_points, project, ray_directions
from ivlm_bench.types import View

#: Half side (px) of the window whose depths are pooled: 5 x 5 px, about 1 cm at 224 px.
WINDOW_PX = 2
#: Depths (m) within this of the pixel's own depth count as the same surface.
SAME_SURFACE_M = 0.010
#: A point is visible in a view if its z-depth agrees with the depth image within this (m).
#: About 1.5 % of a 0.5 m scene.
VISIBLE_M = 0.008
#: Map values below this fraction of the largest one are not lifted.
MAP_FLOOR = 0.25
#: At most this many pixels of one map are lifted, evenly strided.
MAX_PIXELS_PER_VIEW = 1500
#: Radius (m) over which a lifted field is smoothed before its peak is taken.
SMOOTHING_M = 0.005


def surface_depth(view: View, pixel: np.ndarray) -> float | None:
    """Return the z-depth (m) of the surface at a pixel (x, y), or None where nothing returned.

    The median over a small window, of depths near the pixel's own; where the pixel itself has no
    return, of depths near the window's nearest one.
    """
    if view.depth_m is None:
        return None
    height, width = view.depth_m.shape
    x, y = np.clip(np.rint(pixel).astype(int), 0, [width - 1, height - 1])
    window = view.depth_m[
        max(y - WINDOW_PX, 0) : y + WINDOW_PX + 1, max(x - WINDOW_PX, 0) : x + WINDOW_PX + 1
    ]
    valid = window[window > 0]
    if valid.size == 0:
        return None
    own = float(view.depth_m[y, x])
    reference = own if own > 0 else float(valid.min())
    return float(np.median(valid[np.abs(valid - reference) <= SAME_SURFACE_M]))


def lift_pixel(view: View, pixel: np.ndarray) -> np.ndarray | None:
    """Return the world point (3,) in metres seen at a pixel (x, y), or None.

    None where the pixel lies outside the image, where depth has no return, or where, without
    depth, the ray does not meet the plane z = 0 ahead of the camera.
    """
    pixel = np.asarray(pixel, np.float64)
    limit = np.array([view.camera.width_px, view.camera.height_px]) - 0.5
    if (pixel < -0.5).any() or (pixel > limit).any():
        return None
    if view.depth_m is None:
        return _on_support(view, pixel)
    depth = surface_depth(view, pixel)
    return None if depth is None else back_project(view.camera, pixel[None], np.array([depth]))[0]


def _on_support(view: View, pixel: np.ndarray) -> np.ndarray | None:
    ray = ray_directions(view.camera, pixel[None])[0]
    eye = view.camera.world_from_camera.position_m
    if ray[2] * eye[2] >= 0:
        return None
    return eye - ray * (eye[2] / ray[2])


def lift_points(
    views: tuple[View, ...], points_px: Float32[np.ndarray, "k 3"]
) -> Float64[np.ndarray, "c 3"]:
    """Return world points (m) of rows (view index, x, y); rows that can't be lifted are left out.

    A row whose view index is none of the views is left out too.
    """
    lifted = [
        lift_pixel(views[int(row[0])], row[1:]) for row in points_px if 0 <= row[0] < len(views)
    ]
    return np.array([p for p in lifted if p is not None], np.float64).reshape(-1, 3)


def lift_maps(
    views: tuple[View, ...], maps: Float32[np.ndarray, "v h w"], *, visible_m: float = VISIBLE_M
) -> tuple[Float64[np.ndarray, "n 3"], Float64[np.ndarray, " n"]]:
    """Return world points (m) and weights in [0, 1] of one map a view, strongest first.

    A point's weight is the mean of the maps over all views that see it, so that a view that sees
    it and says no counts against it; it sees a point whose depth is within ``visible_m`` of its
    own there. Maps may be smaller than the views. Without depth each map gives its strongest pixel
    only, on the support plane.
    """
    points: list[np.ndarray] = []
    for view, values in zip(views, maps, strict=False):
        pixels = _strong_pixels(values, view)
        if view.depth_m is None:
            peak = lift_pixel(view, pixels[0]) if len(pixels) else None
            points.append(np.zeros((0, 3)) if peak is None else peak[None])
        else:
            column, row = np.rint(pixels).astype(int).T
            depth = view.depth_m[row, column]
            points.append(back_project(view.camera, pixels[depth > 0], depth[depth > 0]))
    cloud = np.concatenate(points) if points else np.zeros((0, 3))
    weights = fused_weights(views, maps, cloud, visible_m=visible_m)
    order = np.argsort(-weights, kind="stable")
    return cloud[order], weights[order]


def _strong_pixels(values: np.ndarray, view: View) -> np.ndarray:
    """Return view pixels (n, 2) where the map is strong, strongest first, evenly thinned."""
    full = resample_map(values, view.camera.height_px, view.camera.width_px)
    if full.size == 0 or full.max() <= 0:
        return np.zeros((0, 2))
    rows, columns = np.nonzero(full >= MAP_FLOOR * full.max())
    order = np.argsort(-full[rows, columns], kind="stable")
    order = order[:: len(order) // MAX_PIXELS_PER_VIEW + 1]
    return np.stack([columns[order], rows[order]], axis=1).astype(np.float64)


def resample_map(values: np.ndarray, height_px: int, width_px: int) -> np.ndarray:
    """Return a map (h, w) read at the pixel centres of a (height, width) image, bilinearly."""
    if values.shape == (height_px, width_px):
        return values
    rows, columns = np.indices((height_px, width_px))
    pixels = np.stack([columns.ravel(), rows.ravel()], axis=1)
    sampled = _sample_map(values, pixels.astype(np.float64), (height_px, width_px))
    return sampled.reshape(height_px, width_px)


def _sample_map(values: np.ndarray, pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Read a map bilinearly at view pixels (n, 2); both images span the same field of view."""
    height, width = values.shape
    x = np.clip((pixels[:, 0] + 0.5) * width / size[1] - 0.5, 0, width - 1)
    y = np.clip((pixels[:, 1] + 0.5) * height / size[0] - 0.5, 0, height - 1)
    x0, y0 = np.floor(x).astype(int), np.floor(y).astype(int)
    x1, y1 = np.minimum(x0 + 1, width - 1), np.minimum(y0 + 1, height - 1)
    fx, fy = x - x0, y - y0
    top = values[y0, x0] * (1 - fx) + values[y0, x1] * fx
    bottom = values[y1, x0] * (1 - fx) + values[y1, x1] * fx
    return np.asarray(top * (1 - fy) + bottom * fy)


def fused_weights(
    views: tuple[View, ...],
    maps: Float32[np.ndarray, "v h w"],
    points_m: np.ndarray,
    *,
    visible_m: float = VISIBLE_M,
) -> Float64[np.ndarray, " n"]:
    """Return the mean of the maps over the views that see each world point (0 if none does)."""
    total, n_seen = np.zeros(len(points_m)), np.zeros(len(points_m))
    for view, values in zip(views, maps, strict=False):
        pixels, seen = visible_pixels(view, points_m, visible_m=visible_m)
        size = (view.camera.height_px, view.camera.width_px)
        total[seen] += _sample_map(values, pixels[seen], size)
        n_seen += seen
    return np.clip(total / np.maximum(n_seen, 1), 0.0, 1.0)


def visible_pixels(
    view: View, points_m: np.ndarray, *, visible_m: float = VISIBLE_M
) -> tuple[np.ndarray, np.ndarray]:
    """Return pixels (n, 2) of world points, and which of them (n,) the view sees.

    A point is seen if it falls inside the image and its depth agrees with the depth image within
    ``visible_m``; without a depth image, if it falls inside.
    """
    pixels, depth = project(view.camera, points_m)
    inside = (depth > 0) & np.isfinite(pixels).all(axis=1)
    pixels = np.where(inside[:, None], pixels, 0.0)
    column, row = np.rint(pixels).astype(int).T
    inside &= (column >= 0) & (column < view.camera.width_px)
    inside &= (row >= 0) & (row < view.camera.height_px)
    if view.depth_m is not None:
        rows, columns = np.where(inside, row, 0), np.where(inside, column, 0)
        inside &= np.abs(view.depth_m[rows, columns] - depth) <= visible_m
    return pixels, inside


def field_peak(points_m: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the world point (3,) where a weighted field, smoothed over 5 mm, is strongest.

    The field's points are averaged within the smoothing radius, which is steadier than the single
    largest value. At least one point is needed.
    """
    candidates = points_m[np.argsort(-weights, kind="stable")[:MAX_PIXELS_PER_VIEW]]
    distance2 = ((candidates[:, None] - points_m[None]) ** 2).sum(axis=2)
    kernel = np.exp(-0.5 * distance2 / SMOOTHING_M**2)
    smooth = (kernel @ weights) / np.maximum(kernel.sum(axis=1), 1e-12)
    support = kernel.sum(axis=1) / max(float(kernel.sum(axis=1).max()), 1e-12)
    best = int(np.argmax(smooth * np.sqrt(support)))
    return np.asarray(candidates[best])


def spread_maps(
    views: tuple[View, ...], points_m: Float64[np.ndarray, "n 3"], *, radius_m: float
) -> Float32[np.ndarray, "v h w"]:
    """Return one map a view: a Gaussian of each pixel's distance to the nearest of some points.

    The inverse of ``lift_maps``; ``radius_m`` is the standard deviation. Views must have depth
    and one size; pixels farther than three radii, or without return, get 0.
    """
    maps = np.zeros((len(views), *views[0].rgb.shape[:2]), np.float32)
    if len(points_m) == 0:
        return maps
    tree = cKDTree(points_m)
    low, high = points_m.min(axis=0) - 3 * radius_m, points_m.max(axis=0) + 3 * radius_m
    for index, view in enumerate(views):
        if view.depth_m is None:
            continue
        world = depth_points(view.camera, view.depth_m)
        near = ((world >= low) & (world <= high)).all(axis=2)
        distance, _ = tree.query(world[near], distance_upper_bound=3 * radius_m)
        maps[index][near] = np.exp(-0.5 * (distance / radius_m) ** 2)
    return maps
