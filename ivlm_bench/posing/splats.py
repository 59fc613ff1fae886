"""A point cloud as views with depth: every point is a small disc, the nearest one is seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int32
from scipy.spatial import cKDTree

from ivlm_bench.geometry.camera import look_at, project
from ivlm_bench.geometry.lifting import fused_weights, visible_pixels
from ivlm_bench.types import Camera, View

#: Radius (m) that a cloud is brought to: of the size of things on the benchmark's own tables.
RADIUS_M = 0.15
#: Elevation and azimuth of the views, as InteractVLM@79b4bf26 preprocess_data/constants.py has
#: them for objects.
VIEW_ANGLES_DEG = ((45.0, 315.0), (45.0, 45.0), (-30.0, 135.0), (-30.0, 225.0))
#: Full field of view of each, and room around the cloud.
FOV_RAD, ROOM = float(np.deg2rad(40.0)), 1.05
#: Neighbours that a point's normal is found from, and the one that its disc must reach.
N_NORMAL, N_REACH = 16, 4
#: Least radius of a disc, m.
LEAST_M = 1e-4
#: Colour of points that face the light, of those at a right angle to it, and of nothing; sRGB.
LIT, SHADE, NOTHING = 205.0, 70.0, 238
#: A pixel between two discs belongs to the nearer centre: depth rises by this share of the
#: disc's radius towards its rim.
RIM = 0.5


@dataclass(frozen=True, eq=False, slots=True)
class CloudViews:
    """A cloud as it is shown.

    ``points_m`` (n, 3) stand in the world frame in the owner's order; ``owners`` holds the index of
    the point at each pixel, -1 where nothing is; ``reach_m`` is the radius of the discs.
    """

    views: tuple[View, ...]
    points_m: Float64[np.ndarray, "n 3"]
    owners: Int32[np.ndarray, "v h w"]
    reach_m: float

    def lifted(self, maps: Float32[np.ndarray, "v h w"]) -> Float64[np.ndarray, " n"]:
        """Return one value a point: the mean of the maps over the views that see it.

        A point that no view sees takes the value of the nearest one that is seen.
        """
        values = fused_weights(self.views, maps, self.points_m, visible_m=2.0 * self.reach_m)
        seen = np.zeros(len(self.points_m), bool)
        for view in self.views:
            seen |= visible_pixels(view, self.points_m, visible_m=2.0 * self.reach_m)[1]
        if seen.any() and not seen.all():
            _, nearest = cKDTree(self.points_m[seen]).query(self.points_m[~seen])
            values[~seen] = values[seen][nearest]
        return values

    def drawn(self, values: Float32[np.ndarray, " n"]) -> Float32[np.ndarray, "v h w"]:
        """Return maps of one value a point; 0 where nothing is."""
        maps = np.asarray(values, np.float32)[self.owners]
        maps[self.owners < 0] = 0.0
        return maps


def cloud_views(points: Float64[np.ndarray, "n 3"], *, n_views: int, size_px: int) -> CloudViews:
    """Return the views of a cloud whose y axis points up, as ShapeNet's does.

    So InteractVLM takes it for PIAD: its views are PyTorch3D's, whose up axis is y.

    It is turned to z up, brought to a radius of 0.15 m and stood on the plane z = 0.
    """
    points_m = standing(points)
    reach_m = _reach_m(points_m)
    normals = _normals(points_m)
    centre_m = 0.5 * (points_m.min(axis=0) + points_m.max(axis=0))
    cameras = [_camera(angles, centre_m, size_px) for angles in VIEW_ANGLES_DEG[:n_views]]
    drawn = [_draw(points_m, normals, camera, reach_m) for camera in cameras]
    return CloudViews(
        views=tuple(view for view, _ in drawn),
        points_m=points_m,
        owners=np.stack([owner for _, owner in drawn]),
        reach_m=reach_m,
    )


def standing(points: Float64[np.ndarray, "n 3"]) -> Float64[np.ndarray, "n 3"]:
    """Return a cloud with y up in the world frame: z up, radius 0.15 m, lowest point at z = 0."""
    turned = np.stack([points[:, 0], -points[:, 2], points[:, 1]], axis=1).astype(np.float64)
    turned -= 0.5 * (turned.min(axis=0) + turned.max(axis=0))
    radius = float(np.linalg.norm(turned, axis=1).max())
    turned *= RADIUS_M / radius if radius > 0.0 else 1.0
    turned[:, 2] -= turned[:, 2].min()
    return turned


def _reach_m(points_m: np.ndarray) -> float:
    k = min(N_REACH + 1, len(points_m))
    distance, _ = cKDTree(points_m).query(points_m, k=k)
    return max(float(np.median(np.reshape(distance, (len(points_m), -1))[:, -1])), LEAST_M)


def _normals(points_m: np.ndarray) -> np.ndarray:
    """Return unit normals (n, 3) of either sign: the least axis of each neighbourhood."""
    k = min(N_NORMAL, len(points_m))
    _, near = cKDTree(points_m).query(points_m, k=k)
    spread = points_m[near.reshape(len(points_m), -1)]
    spread = spread - spread.mean(axis=1, keepdims=True)
    _, axes = np.linalg.eigh(np.einsum("nki,nkj->nij", spread, spread))
    return np.asarray(axes[:, :, 0])


def _camera(angles_deg: tuple[float, float], centre_m: np.ndarray, size_px: int) -> Camera:
    elevation, azimuth = np.deg2rad(angles_deg)
    away = np.array(
        [
            np.cos(elevation) * np.cos(azimuth),
            np.cos(elevation) * np.sin(azimuth),
            np.sin(elevation),
        ]
    )
    distance_m = ROOM * RADIUS_M / np.sin(FOV_RAD / 2.0)
    return look_at(centre_m + distance_m * away, centre_m, fov_rad=FOV_RAD, size_px=size_px)


def _draw(
    points_m: np.ndarray, normals: np.ndarray, camera: Camera, reach_m: float
) -> tuple[View, np.ndarray]:
    pixels, depth_m = project(camera, points_m)
    size_px = camera.width_px
    radius_px = max(1.0, camera.intrinsics_px[0, 0] * reach_m / float(np.median(depth_m)))
    rest = np.full((size_px, size_px), np.inf)
    owner = np.full((size_px, size_px), -1, np.int32)
    # Farthest first: of several points in one pixel the assignment keeps the last, the nearest.
    index = np.argsort(-depth_m, kind="stable").astype(np.int32)
    pixels, sorted_m = pixels[index], depth_m[index]
    for row, column, off_px in _disc(pixels, radius_px):
        inside = (row >= 0) & (row < size_px) & (column >= 0) & (column < size_px)
        inside &= off_px <= radius_px
        r, c, who = row[inside], column[inside], index[inside]
        key = sorted_m[inside] + RIM * reach_m * (off_px[inside] / radius_px) ** 2
        nearer = key < rest[r, c]
        rest[r[nearer], c[nearer]] = key[nearer]
        owner[r[nearer], c[nearer]] = who[nearer]
    hit = owner >= 0
    depth = np.where(hit, depth_m[owner], 0.0).astype(np.float32)
    return View(camera, _shaded(owner, points_m, normals, camera), depth), owner


def _disc(pixels: np.ndarray, radius_px: float) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Return rows, columns and distances (px) of each point's pixels, one entry an offset."""
    reach = int(np.ceil(radius_px))
    nearest = np.floor(pixels + 0.5).astype(np.int64)
    offsets = [(x, y) for y in range(-reach, reach + 1) for x in range(-reach, reach + 1)]
    found = []
    for x, y in offsets:
        cells = nearest + np.array([x, y])
        found.append((cells[:, 1], cells[:, 0], np.linalg.norm(cells - pixels, axis=1)))
    return found


def _shaded(
    owner: np.ndarray, points_m: np.ndarray, normals: np.ndarray, camera: Camera
) -> np.ndarray:
    """Return the picture: a headlight on matt grey, blank where nothing is."""
    ray = points_m - camera.world_from_camera.position_m
    ray = ray / np.linalg.norm(ray, axis=1, keepdims=True)
    facing = np.abs((normals * ray).sum(axis=1))
    grey = np.rint(SHADE + (LIT - SHADE) * facing).astype(np.uint8)
    image = np.where(owner >= 0, grey[owner], NOTHING).astype(np.uint8)
    return np.repeat(image[..., None], 3, axis=2)
