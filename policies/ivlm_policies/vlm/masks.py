"""The point that stands for a mask which a model wrote into its answer."""

from __future__ import annotations

import io

import numpy as np

from ivlm_policies.vlm.dialect import UnreadableError

#: Probability (0 to 255) from which a pixel is in; Gemini's documentation names the middle.
THRESHOLD = 127
#: Largest side of a mask, px; the hosted models write 256.
MAX_SIDE_PX = 2048
#: Coordinates of a polygon are thousandths of the picture.
_GRID = 1000


def mask_corner(packed: bytes, corners: tuple[tuple[float, float], ...]) -> tuple[float, float]:
    """Return the coordinates of the pixel of a mask that is nearest to the mask's middle.

    Where no pixel of it is in, the middle of the box is meant.

    Parameters
    ----------
    packed
        A PNG of probabilities that fills a box.
    corners
        Two opposite corners (x, y) of the box.
    """
    (x0, y0), (x1, y1) = corners
    left, right, top, bottom = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
    inside = _pixels(packed) >= THRESHOLD
    if not inside.any():
        return (left + right) / 2, (top + bottom) / 2
    row, column = _innermost(inside)
    height, width = inside.shape
    return (
        left + (column + 0.5) / width * (right - left),
        top + (row + 0.5) / height * (bottom - top),
    )


def polygon_corner(corners: tuple[tuple[float, float], ...]) -> tuple[float, float]:
    """Return the place in a polygon, in thousandths of the picture, nearest to its middle.

    A polygon that is a line or lies outside of the picture is stood for by its first corner.
    """
    from PIL import Image, ImageDraw

    if len(corners) < 3:
        raise UnreadableError("has a polygon of fewer than three corners")
    drawn = Image.new("1", (_GRID, _GRID))
    ImageDraw.Draw(drawn).polygon(list(corners), fill=1)
    inside = np.asarray(drawn)
    if not inside.any():
        return corners[0]
    row, column = _innermost(inside)
    return float(column), float(row)


def _innermost(inside: np.ndarray) -> tuple[int, int]:
    """Return (row, column) of the pixel of a mask that is nearest to the mean of all."""
    rows, columns = np.nonzero(inside)
    nearest = np.argmin((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2)
    return int(rows[nearest]), int(columns[nearest])


def _pixels(packed: bytes) -> np.ndarray:
    """Return a PNG's grey values (h, w); ``UnreadableError`` if it is no small picture."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(packed), formats=("PNG",)) as image:
            if max(image.size) > MAX_SIDE_PX:
                raise UnreadableError(f"has a mask of {image.width} x {image.height} px")
            return np.asarray(image.convert("L"))
    except (OSError, ValueError, SyntaxError) as error:
        raise UnreadableError("has a mask that is no PNG") from error
