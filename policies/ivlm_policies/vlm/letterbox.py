"""The square picture of a view that a model is shown, and the way back to the view's pixels.

Servers resize and pad pictures that are not square, each in its own way, and answer in that frame;
of a square picture all of them agree.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from ivlm_bench.errors import ConfigError

#: Colour of the margins: what most vision towers take for zero.
MARGIN_GREY = 127
#: Longest side of a picture unless more is asked for, px: what hosted models read without tiling.
MAX_SIDE_PX = 896
#: Sides are multiples of this, px: whole patches of 14, 16, 28 and 32 px, so that no server
#: resizes the picture again.
SIDE_STEP_PX = 224


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Where a view lies in its square: scaled to ``inner_px`` (w, h), ``left_px``, ``top_px`` away.

    Pixel (0, 0) is the centre of the top-left pixel, in the view and in the square.
    """

    width_px: int
    height_px: int
    side_px: int
    inner_px: tuple[int, int]
    left_px: int
    top_px: int

    @classmethod
    def of(cls, width_px: int, height_px: int, *, side_px: int | None = None) -> Letterbox:
        """Return the square of a view.

        Parameters
        ----------
        width_px, height_px
            Size of the view.
        side_px
            Side of the square; if left out, the next multiple of ``SIDE_STEP_PX``, at most
            ``MAX_SIDE_PX``.
        """
        longest = max(width_px, height_px)
        fitting = SIDE_STEP_PX * math.ceil(longest / SIDE_STEP_PX)
        side = side_px or min(fitting, MAX_SIDE_PX)
        inner = max(1, round(width_px * side / longest)), max(1, round(height_px * side / longest))
        left, top = (side - inner[0]) // 2, (side - inner[1]) // 2
        return cls(width_px, height_px, side, inner, left, top)

    def to_view(self, x_px: float, y_px: float) -> tuple[float, float]:
        """Return the pixel of the view at a pixel of the square."""
        inner_w, inner_h = self.inner_px
        return (
            (x_px + 0.5 - self.left_px) * self.width_px / inner_w - 0.5,
            (y_px + 0.5 - self.top_px) * self.height_px / inner_h - 0.5,
        )

    def to_square(self, x_px: float, y_px: float) -> tuple[float, float]:
        """Return the pixel of the square at a pixel of the view."""
        inner_w, inner_h = self.inner_px
        return (
            (x_px + 0.5) * inner_w / self.width_px - 0.5 + self.left_px,
            (y_px + 0.5) * inner_h / self.height_px - 0.5 + self.top_px,
        )

    def draw(self, rgb: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "s s 3"]:
        """Return the square picture (side, side, 3) of a view."""
        if self.inner_px == (self.width_px, self.height_px):
            scaled = rgb
        else:
            from PIL import Image  # for those who ask, not for each start of the bench

            scaled = np.asarray(
                Image.fromarray(rgb).resize(self.inner_px, Image.Resampling.BICUBIC)
            )
        if self.inner_px == (self.side_px, self.side_px):
            return scaled
        square = np.full((self.side_px, self.side_px, 3), MARGIN_GREY, np.uint8)
        inner_w, inner_h = self.inner_px
        square[self.top_px : self.top_px + inner_h, self.left_px : self.left_px + inner_w] = scaled
        return square


def png_bytes(rgb: UInt8[np.ndarray, "h w 3"]) -> bytes:
    """Return a picture as PNG: without loss, packed quickly rather than tightly."""
    from PIL import Image

    packed = io.BytesIO()
    Image.fromarray(rgb).save(packed, "PNG", compress_level=1)
    return packed.getvalue()


def check_side(side_px: int | None) -> None:
    """Refuse a side that no model can read; ``ConfigError``."""
    least, most = 28, 4096
    if side_px is not None and not least <= side_px <= most:
        raise ConfigError(
            f"side_px is {side_px}; a side of {least} to {most} px is needed, or leave it out for "
            f"the next multiple of {SIDE_STEP_PX} px."
        )


def whole_steps(side_px: int | None, step_px: int) -> int | None:
    """Return a side as the nearest multiple of ``step_px``, so that no server resizes it."""
    return None if side_px is None else max(1, round(side_px / step_px)) * step_px
