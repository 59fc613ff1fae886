"""How well surface colours fit a colour word: a check beside what the network says of it."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32

from ivlm_bench.types import View
from ivlm_policies.ivlm.stages import AtomicQuery, Grounding

#: Hue (degrees) of each colour word that names one; brown and pink are orange and red otherwise.
HUES_DEG = {
    "red": 0.0,
    "orange": 28.0,
    "yellow": 52.0,
    "green": 125.0,
    "blue": 218.0,
    "purple": 280.0,
}
#: Hues so far off (degrees) fit half.
HALF_DEG = 26.0
#: Brightness (0 to 1) and how far off it fits half, of words without a hue.
GREYS = {"white": (0.85, 0.30), "grey": (0.45, 0.25), "black": (0.05, 0.20)}
#: Saturation that parts colours with a hue from those without, and brightness below which neither
#: hue nor saturation tells.
SATURATION, DARK = 0.28, 0.10
#: Interactions whose colour word is that of each point to be touched: of the bench's top.
OF_THE_POINT = ("place",)
#: What a colour that does not fit at all leaves of a probability.
LEAST_FIT = 0.05


def fits(colours: np.ndarray, word: str) -> Float32[np.ndarray, " n"]:
    """Return how well sRGB colours (n, 3) in [0, 1] fit a word, 1 at best; 1 for unknown words.

    Hue decides for words that name one, brightness and lack of saturation for the greys: shading
    changes neither hue nor, much, saturation.
    """
    if len(colours) == 0 or (word not in HUES_DEG and word not in GREYS):
        return np.ones(len(colours), np.float32)
    bright, low = colours.max(axis=1), colours.min(axis=1)
    saturation = (bright - low) / np.maximum(bright, 1e-6)
    vivid = _step(saturation, SATURATION) * _step(bright, DARK)
    if word in GREYS:
        level, half = GREYS[word]
        near = 0.5 ** (((bright - level) / half) ** 2)
        return np.maximum(near * (1.0 - vivid), 0.0).astype(np.float32)
    off = np.abs((_hue_deg(colours) - HUES_DEG[word] + 180.0) % 360.0 - 180.0)
    return np.asarray(vivid * 0.5 ** ((off / HALF_DEG) ** 2), np.float32)


def thing_fit(colours: np.ndarray, labels: np.ndarray, word: str) -> Float32[np.ndarray, " k"]:
    """Return how well the points of each cluster fit a colour word, at least a little."""
    total = np.bincount(labels, fits(colours, word))
    return np.maximum(total / np.maximum(np.bincount(labels), 1), LEAST_FIT).astype(np.float32)


def part_fit(colours: np.ndarray, query: AtomicQuery) -> Float32[np.ndarray, " n"]:
    """Return what a query's colour word leaves of each point; 1 where it is not the part's."""
    if query.role != "contact" or query.phrase.action not in OF_THE_POINT:
        return np.ones(len(colours), np.float32)
    return np.maximum(fits(colours, query.phrase.colour), np.float32(LEAST_FIT))


def coloured_map(one: Grounding, views: tuple[View, ...]) -> Float32[np.ndarray, "v h w"]:
    """Return maps less where a pixel has not the colour that its query's word says."""
    seen = np.stack([view.rgb for view in views])
    fit = part_fit(seen.reshape(-1, 3) / 255.0, one.query)
    return one.maps[: len(views)] * fit.reshape(seen.shape[:3])


def _step(values: np.ndarray, at: float) -> np.ndarray:
    """Return 0 to 1 as values rise past a place, half there."""
    return np.clip(0.5 + (values - at) / at, 0.0, 1.0)


def _hue_deg(colours: np.ndarray) -> np.ndarray:
    """Return hues (n,) in degrees, 0 for greys (A. R. Smith, SIGGRAPH 1978)."""
    red, green, blue = colours.T
    bright = colours.max(axis=1)
    chroma = np.maximum(bright - colours.min(axis=1), 1e-9)
    sixth = np.where(
        bright == red,
        (green - blue) / chroma,
        np.where(bright == green, 2.0 + (blue - red) / chroma, 4.0 + (red - green) / chroma),
    )
    return np.asarray((60.0 * sixth) % 360.0)
