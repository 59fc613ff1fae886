"""Whether the places that views point at are one place."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float32, Float64

from ivlm_bench.geometry.camera import project, ray_directions
from ivlm_bench.types import View

#: A view agrees if its peak is this near, as a share of the image's side, to where all meet.
AGREE_SHARE = 0.06
#: A view whose peak is weaker than this points at nothing.
LEAST_PEAK = 0.2
#: Fewest views that can outvote another.
MIN_VIEWS = 3


def agreeing(views: tuple[View, ...], maps: Float32[np.ndarray, "v h w"]) -> Bool[np.ndarray, " v"]:
    """Return which views' strongest pixels agree with the place that most of them mean.

    Every pair's nearest point to both rays is held against all views, and the pair with most
    agreement tells the place (RANSAC: Fischler and Bolles, Comm. ACM 24(6), 1981, all pairs). All
    agree where fewer than three point at something, or no pair convinces a third view.
    """
    peaks = [np.unravel_index(int(np.argmax(one)), one.shape) for one in maps]
    strong = [k for k, one in enumerate(maps) if float(one.max()) >= LEAST_PEAK]
    everyone = np.ones(len(views), bool)
    if len(strong) < MIN_VIEWS:
        return everyone
    pixels = np.array([[column, row] for row, column in peaks], np.float64)
    best = np.zeros(len(views), bool)
    for i, a in enumerate(strong):
        for b in strong[i + 1 :]:
            point = meeting_point([views[a], views[b]], pixels[[a, b]])
            near = _near(views, pixels, point) & np.isin(np.arange(len(views)), strong)
            best = near if near.sum() > best.sum() else best
    if best.sum() < MIN_VIEWS:
        return everyone
    weak = ~np.isin(np.arange(len(views)), strong)
    return np.asarray(best | weak)


def meeting_point(
    views: list[View], pixels: Float64[np.ndarray, "v 2"]
) -> Float64[np.ndarray, "3"]:
    """Return the point that is nearest to one ray a view, in the sense of least squares."""
    matrix, right = 1e-9 * np.eye(3), np.zeros(3)
    for view, pixel in zip(views, pixels, strict=True):
        way = ray_directions(view.camera, pixel[None])[0]
        way = way / np.linalg.norm(way)
        across = np.eye(3) - np.outer(way, way)
        matrix += across
        right += across @ view.camera.world_from_camera.position_m
    return np.asarray(np.linalg.solve(matrix, right))


def _near(views: tuple[View, ...], pixels: np.ndarray, point_m: np.ndarray) -> np.ndarray:
    """Return in which views (v,) a point lies near a pixel each."""
    near = np.zeros(len(views), bool)
    for index, view in enumerate(views):
        at, _ = project(view.camera, point_m[None])
        miss = np.linalg.norm(at[0] - pixels[index])
        near[index] = bool(miss <= AGREE_SHARE * max(view.rgb.shape[:2]))
    return near
