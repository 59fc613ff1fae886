"""Pictures of the pointing miniatures: blocks on a table, and where the free table is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image

#: Colours of blocks, sRGB.
COLOURS = {"red": (190, 50, 40), "blue": (40, 70, 170), "green": (60, 140, 70)}
_WALL, _TABLE = (214, 216, 220), (168, 138, 104)


@dataclass(frozen=True, eq=False, slots=True)
class Tabletop:
    """A picture (h, w, 3) and the masks (h, w) of its blocks by colour and of the free table."""

    picture: UInt8[np.ndarray, "h w 3"]
    blocks: dict[str, Bool[np.ndarray, "h w"]]
    free: Bool[np.ndarray, "h w"]


def tabletop(rng: np.random.Generator, *, width_px: int = 96, height_px: int = 72) -> Tabletop:
    """Return a table in the lower two thirds with one block of each colour, side by side."""
    picture = np.empty((height_px, width_px, 3), dtype=np.uint8)
    edge = height_px // 3
    picture[:edge], picture[edge:] = _WALL, _TABLE
    free = np.zeros((height_px, width_px), dtype=bool)
    free[edge:] = True
    lane, blocks = width_px // len(COLOURS), {}
    for index, name in enumerate(rng.permutation(list(COLOURS)).tolist()):
        side = int(rng.integers(lane // 3, lane // 2))
        left = index * lane + int(rng.integers(1, lane - side))
        top = int(rng.integers(edge, height_px - side))
        block = np.zeros_like(free)
        block[top : top + side, left : left + side] = True
        picture[block], free = COLOURS[name], free & ~block
        blocks[name] = block
    return Tabletop(picture, blocks, free)


def bitmap(mask: Bool[np.ndarray, "h w"]) -> Image.Image:
    """Return a mask as a grey picture of 0 and 255."""
    return Image.fromarray(np.where(mask, 255, 0).astype(np.uint8))
