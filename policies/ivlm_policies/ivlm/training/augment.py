"""Random changes of a window that its labels survive."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

#: First channel of shape, and where its height and its mark of known depth stand.
SHAPE, HEIGHT, KNOWN = 3, 6, 7
#: Chances: no shape at all (an RGB camera), no normals, no height, a hole in the depth, noisy
#: normals, a picture out of focus, a picture without colour.
NO_SHAPE, NO_NORMALS, NO_HEIGHT, HOLE = 0.4, 0.05, 0.05, 0.1
NOISY, BLURRED = 0.3, 0.25


def vary(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a window (8, p, p) with other light, focus, noise, and less or worse shape."""
    out = image.copy()
    out[:SHAPE] = _colours(out[:SHAPE], rng)
    if rng.random() < NO_SHAPE:
        out[SHAPE:] = 0.0
        return out
    if rng.random() < NO_NORMALS:
        out[SHAPE:HEIGHT] = 0.0
    if rng.random() < NO_HEIGHT:
        out[HEIGHT] = 0.0
    if rng.random() < NOISY:
        sigma = rng.uniform(0.0, 0.2)
        noise = sigma * rng.standard_normal((3, *out.shape[1:]), np.float32)
        out[SHAPE:HEIGHT] = (out[SHAPE:HEIGHT] + noise) * out[KNOWN]
    out[HEIGHT] *= rng.uniform(0.93, 1.07)
    if rng.random() < HOLE:
        out[SHAPE:] *= _hole(out.shape[1], rng)
    return out


def _colours(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return colours (-0.5..0.5) in other light, through another lens."""
    light = rng.uniform(0.7, 1.3) * rng.uniform(0.92, 1.08, (3, 1, 1))
    grey = rgb.mean(axis=0, keepdims=True)
    vivid = rng.uniform(0.6, 1.3)
    out = (grey + vivid * (rgb - grey) + 0.5) * light - 0.5 + rng.uniform(-0.08, 0.08)
    if rng.random() < BLURRED:
        sigma = rng.uniform(0.3, 1.0)
        out = ndimage.gaussian_filter(out, (0, sigma, sigma))
    out = out + rng.uniform(0.0, 0.03) * rng.standard_normal(out.shape, np.float32)
    return np.asarray(np.clip(out, -0.5, 0.5), np.float32)


def _hole(size: int, rng: np.random.Generator) -> np.ndarray:
    """Return a mask (p, p) that is 0 in one random rectangle."""
    mask = np.ones((size, size), np.float32)
    top, left = rng.integers(0, size - 8, 2)
    height, width = rng.integers(8, size // 2, 2)
    mask[top : top + height, left : left + width] = 0.0
    return mask


def mirrored(image: np.ndarray) -> np.ndarray:
    """Return a window seen in a mirror: columns turned round, and the normals' right with them."""
    out = np.ascontiguousarray(image[..., ::-1])
    out[SHAPE] = -out[SHAPE]
    return out
