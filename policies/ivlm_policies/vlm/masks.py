"""The point that stands for a mask which a model wrote into its answer."""

from __future__ import annotations

import io

import numpy as np

from ivlm_policies.vlm.dialect import UnreadableError

#: Probability (0 to 255) from which a pixel is in; Gemini's documentation names the middle.
THRESHOLD = 127
#: Largest side of a mask, px; the hosted models write 256.
MAX_SIDE_PX = 2048


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
    rows, columns = np.nonzero(inside)
    if not len(rows):
        return (left + right) / 2, (top + bottom) / 2
    nearest = np.argmin((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2)
    height, width = inside.shape
    return (
        left + (float(columns[nearest]) + 0.5) / width * (right - left),
        top + (float(rows[nearest]) + 0.5) / height * (bottom - top),
    )


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
