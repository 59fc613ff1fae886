"""Shapes of the miniatures: clouds of 2048 points, heat on them, and pictures of them."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64
from PIL import Image, ImageDraw

#: Points of a cloud, as in the owners' files.
N_POINTS = 2048
#: Where the affordances of each object are, and how far they reach; the object is about 1 across.
ANCHORS: dict[str, dict[str, tuple[tuple[float, float, float], float]]] = {
    "Mug": {
        "grasp": ((0.50, 0.0, 0.0), 0.14),
        "wrapgrasp": ((-0.30, 0.0, 0.0), 0.25),
        "contain": ((0.0, 0.0, -0.3), 0.28),
        "pour": ((-0.30, 0.0, 0.38), 0.15),
    },
    "Knife": {
        "grasp": ((-0.42, 0.0, 0.0), 0.18),
        "cut": ((0.30, -0.05, 0.0), 0.20),
        "stab": ((0.60, 0.0, 0.0), 0.08),
    },
    "Chair": {
        "sit": ((0.0, 0.0, 0.0), 0.25),
        "move": ((0.0, -0.28, 0.40), 0.16),
        "support": ((0.0, 0.0, 0.0), 0.35),
    },
}


def shape(thing: str, rng: np.random.Generator) -> Float64[np.ndarray, "2048 3"]:
    """Return points on a mug, a knife or a chair, z up, a little different for every draw."""
    draw = {"Mug": _mug, "Knife": _knife, "Chair": _chair}[thing]
    return draw(rng) * rng.uniform(0.9, 1.1, 3) + rng.uniform(-0.2, 0.2, 3)


def heat(
    points: Float64[np.ndarray, "n 3"], thing: str, affordance: str
) -> Float64[np.ndarray, " n"]:
    """Return an affordance's probability at every point; 0 where the object does not have it."""
    anchor = ANCHORS[thing].get(affordance)
    if anchor is None:
        return np.zeros(len(points))
    centre, spread = anchor
    middle = (points.max(axis=0) + points.min(axis=0)) / 2.0
    squared = ((points - middle - np.array(centre)) ** 2).sum(axis=1)
    values = np.exp(-0.5 * squared / spread**2)
    return np.where(values < 0.01, 0.0, values / values.max())


def picture(points: Float64[np.ndarray, "n 3"], size_px: int = 96) -> Image.Image:
    """Return a picture of a cloud seen along y: a disc a point, the nearer the darker."""
    low, high = points.min(axis=0), points.max(axis=0)
    scale = 0.8 * size_px / float((high - low).max())
    image = Image.new("RGB", (size_px, size_px), (224, 222, 214))
    pen = ImageDraw.Draw(image)
    for x, y, z in points[np.argsort(-points[:, 1])]:
        column = size_px / 2.0 + scale * (x - (low[0] + high[0]) / 2.0)
        row = size_px / 2.0 - scale * (z - (low[2] + high[2]) / 2.0)
        shade = int(70 + 120 * (y - low[1]) / max(high[1] - low[1], 1e-9))
        pen.ellipse((column - 2, row - 2, column + 2, row + 2), fill=(shade, shade // 2 + 40, 60))
    return image


def _mug(rng: np.random.Generator) -> Float64[np.ndarray, "2048 3"]:
    """Return a cup of radius 0.3 and height 0.8, its handle at +x."""
    around = rng.uniform(0.0, 2.0 * np.pi, N_POINTS)
    wall = np.stack([0.3 * np.cos(around), 0.3 * np.sin(around), rng.uniform(-0.4, 0.4, N_POINTS)])
    wall[:2, :300] *= np.sqrt(rng.uniform(0.0, 1.0, 300))
    wall[2, :300] = -0.4
    bow = rng.uniform(-0.5 * np.pi, 0.5 * np.pi, 300)
    thick = rng.uniform(-0.03, 0.03, (2, 300))
    wall[:, -300:] = [0.3 + 0.22 * np.cos(bow) + thick[0], thick[1], 0.22 * np.sin(bow)]
    return wall.T


def _knife(rng: np.random.Generator) -> Float64[np.ndarray, "2048 3"]:
    """Return a knife along x: handle from -0.6 to -0.2, blade to a point at 0.6."""
    along = rng.uniform(-0.6, 0.6, N_POINTS)
    is_blade = along > -0.2
    width = np.where(is_blade, 0.10 * (0.6 - along) / 0.8, 0.06)
    across = rng.uniform(-1.0, 1.0, N_POINTS) * width
    thick = rng.uniform(-1.0, 1.0, N_POINTS) * np.where(is_blade, 0.005, 0.04)
    return np.stack([along, across, thick], axis=1)


def _chair(rng: np.random.Generator) -> Float64[np.ndarray, "2048 3"]:
    """Return a chair: seat at z = 0, back at -y, four legs."""
    points = np.empty((N_POINTS, 3))
    points[:900] = rng.uniform((-0.3, -0.3, -0.02), (0.3, 0.3, 0.02), (900, 3))
    points[900:1500] = rng.uniform((-0.3, -0.32, 0.0), (0.3, -0.28, 0.5), (600, 3))
    legs = rng.uniform((-0.02, -0.02, -0.5), (0.02, 0.02, 0.0), (N_POINTS - 1500, 3))
    feet = rng.choice([-0.28, 0.28], (N_POINTS - 1500, 2))
    legs[:, :2] += feet
    points[1500:] = legs
    return points
