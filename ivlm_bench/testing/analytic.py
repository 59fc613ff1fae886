"""Observations of boxes and cylinders on a table, by closed-form ray intersection.

They need no renderer and no environment: examples for ``check_reasoner``, and ground truth for
tests of lifting and grasp search that owes nothing to the renderer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ivlm_bench.geometry.camera import look_at, ray_directions
from ivlm_bench.types import Camera, GripperSpec, Observation, Query, View

#: Standard gravity rounded as in protocol IVLM-Phys v1, m/s2.
GRAVITY_M_S2 = np.array([0.0, 0.0, -9.81])
#: Colour of the table, sRGB.
TABLE_RGB = (150, 145, 140)
#: Direction towards the light that shades surfaces (Lambert), world frame.
LIGHT = np.array([0.3, 0.2, 0.933])


@dataclass(frozen=True, slots=True)
class Block:
    """A box turned by ``yaw_rad`` about z: centre and full size in metres, colour in sRGB."""

    centre_m: tuple[float, float, float]
    size_m: tuple[float, float, float]
    yaw_rad: float = 0.0
    rgb: tuple[int, int, int] = (190, 120, 60)


@dataclass(frozen=True, slots=True)
class Column:
    """A solid upright cylinder: centre and radius and height in metres, colour in sRGB."""

    centre_m: tuple[float, float, float]
    radius_m: float
    height_m: float
    rgb: tuple[int, int, int] = (60, 110, 190)


def table_observation(
    shapes: tuple[Block | Column, ...],
    query: Query,
    *,
    n_views: int = 4,
    size_px: int = 224,
    has_depth: bool = True,
) -> Observation:
    """Return an observation of shapes on the table z = 0 from cameras all around.

    The first camera looks from +x, all at 40 degrees elevation, 0.6 m away, with a 40 degree
    field of view.
    """
    views = []
    for index in range(n_views):
        azimuth, elevation = 2.0 * np.pi * index / n_views + 0.1, np.deg2rad(40.0)
        away = np.array(
            [
                np.cos(elevation) * np.cos(azimuth),
                np.cos(elevation) * np.sin(azimuth),
                np.sin(elevation),
            ]
        )
        target = np.array([0.0, 0.0, 0.05])
        camera = look_at(target + 0.6 * away, target, fov_rad=np.deg2rad(40.0), size_px=size_px)
        rgb, depth = cast(shapes, camera)
        views.append(View(camera, rgb, depth if has_depth else None))
    return Observation(tuple(views), query, GripperSpec(), GRAVITY_M_S2)


def cast(shapes: tuple[Block | Column, ...], camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Return the image (h, w, 3) uint8 and the z-depth (h, w) float32 in metres of shapes."""
    rows, columns = np.indices((camera.height_px, camera.width_px))
    pixels = np.stack([columns.ravel(), rows.ravel()], axis=1)
    rays = ray_directions(camera, pixels)
    eye = camera.world_from_camera.position_m
    depth = np.where(rays[:, 2] < 0, -eye[2] / np.minimum(rays[:, 2], -1e-12), np.inf)
    normals = np.tile([0.0, 0.0, 1.0], (len(rays), 1))
    rgb = np.tile(np.array(TABLE_RGB, float), (len(rays), 1))
    for shape in shapes:
        hit = _block_hit if isinstance(shape, Block) else _column_hit
        near, normal = hit(shape, eye, rays)  # type: ignore[arg-type]
        closer = near < depth
        depth[closer], normals[closer], rgb[closer] = near[closer], normal[closer], shape.rgb
    shade = 0.4 + 0.6 * np.clip(normals @ LIGHT, 0.0, 1.0)
    image = np.clip(rgb * shade[:, None], 0, 255).astype(np.uint8)
    flat = np.where(np.isfinite(depth), depth, 0.0).astype(np.float32)
    size = (camera.height_px, camera.width_px)
    return image.reshape(*size, 3), flat.reshape(size)


def _block_hit(shape: Block, eye: np.ndarray, rays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slab test: the ray parameter where each ray enters the box (inf if not), and the normal."""
    cosine, sine = np.cos(shape.yaw_rad), np.sin(shape.yaw_rad)
    turn = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
    start, way = (eye - shape.centre_m) @ turn, rays @ turn
    way = np.where(np.abs(way) < 1e-12, 1e-12, way)
    half = 0.5 * np.array(shape.size_m)
    one, two = (-half - start) / way, (half - start) / way
    enter, leave = np.minimum(one, two), np.maximum(one, two)
    near = enter.max(axis=1)
    axis = enter.argmax(axis=1)
    normal = np.zeros_like(rays)
    normal[np.arange(len(rays)), axis] = -np.sign(way[np.arange(len(rays)), axis])
    hit = (near < leave.min(axis=1)) & (near > 0)
    return np.where(hit, near, np.inf), normal @ turn.T


def _column_hit(shape: Column, eye: np.ndarray, rays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Meet the side by the quadratic equation and the top disc by its plane; take the nearer."""
    start = eye - shape.centre_m
    a = (rays[:, :2] ** 2).sum(axis=1)
    b = rays[:, :2] @ start[:2]
    c = float(start[:2] @ start[:2]) - shape.radius_m**2
    root = b * b - a * c
    side = np.where(root > 0, (-b - np.sqrt(np.maximum(root, 0))) / np.maximum(a, 1e-12), np.inf)
    half = 0.5 * shape.height_m
    at = start + np.where(np.isfinite(side), side, 0.0)[:, None] * rays
    side = np.where((side > 0) & (np.abs(at[:, 2]) <= half), side, np.inf)
    top = (half - start[2]) / np.where(rays[:, 2] < -1e-12, rays[:, 2], np.nan)
    on_top = start[:2] + np.nan_to_num(top)[:, None] * rays[:, :2]
    within = np.isfinite(top) & (np.hypot(on_top[:, 0], on_top[:, 1]) <= shape.radius_m) & (top > 0)
    top = np.where(within, top, np.inf)
    outward = np.concatenate([at[:, :2] / shape.radius_m, np.zeros((len(rays), 1))], axis=1)
    upward = np.array([0.0, 0.0, 1.0])
    return np.minimum(side, top), np.where((top < side)[:, None], upward, outward)
