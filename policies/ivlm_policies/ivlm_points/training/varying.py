"""Random changes of a cloud that its labels survive."""

from __future__ import annotations

import numpy as np

from ivlm_bench.geometry.cloud import Cloud

#: Least and most that a cloud is stretched by.
SMALLEST, LARGEST = 0.85, 1.2
#: Largest standard deviations: of places (m), of normals, of colours.
PLACE_M, NORMAL, COLOUR = 0.0015, 0.15, 0.04
#: Chances: places and normals are noisy, there is no colour.
NOISY, GREY = 0.5, 0.05


def varied(cloud: Cloud, rng: np.random.Generator) -> Cloud:
    """Return a cloud turned about the vertical, stretched, in other light, and noisier.

    Its points keep their order and number.
    """
    angle, stretch = rng.uniform(0, 2 * np.pi), rng.uniform(SMALLEST, LARGEST)
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])
    points, normals = stretch * cloud.points_m @ turn, cloud.normals @ turn
    if rng.random() < NOISY:
        points = points + rng.uniform(0, PLACE_M) * rng.standard_normal(points.shape)
        normals = normals + rng.uniform(0, NORMAL) * rng.standard_normal(normals.shape)
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    return Cloud(points, normals, _colours(cloud.colours, rng), cloud.pixels)


def _colours(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return colours (n, 3) in other light."""
    if rng.random() < GREY:
        return np.full_like(rgb, 0.5)
    light = rng.uniform(0.7, 1.3) * rng.uniform(0.92, 1.08, 3)
    grey, vivid = rgb.mean(axis=1, keepdims=True), rng.uniform(0.6, 1.3)
    out = (grey + vivid * (rgb - grey)) * light + rng.uniform(-0.08, 0.08)
    out = out + rng.uniform(0.0, COLOUR) * rng.standard_normal(out.shape)
    return np.clip(out, 0.0, 1.0)
