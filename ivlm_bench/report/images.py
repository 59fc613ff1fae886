"""Images as data URIs, so that a page needs no other file."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

#: JPEG quality: artefacts stay invisible at the size shown. WebP would halve the size (a view of
#: 224 px takes about 9 kB) but costs twenty times the time, which was a quarter of a page's.
QUALITY = 85
#: Names that Pillow knows the two resolutions of colour by: one value a pixel, one for 2 x 2.
FULL_COLOUR, HALF_COLOUR = "4:4:4", "4:2:0"


def data_uri(rgb: np.ndarray, *, colour: str = FULL_COLOUR) -> str:
    """Return an (h, w, 3) uint8 sRGB image as a JPEG data URI; equal images give equal text.

    ``HALF_COLOUR`` loses nothing of an image that was made twice as large.
    """
    buffer = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(rgb))
    image.save(buffer, "JPEG", quality=QUALITY, subsampling=colour)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def enlarged(rgb: np.ndarray, factor: int) -> np.ndarray:
    """Return an image made ``factor`` times larger with smooth interpolation."""
    height_px, width_px = rgb.shape[:2]
    size_px = (width_px * factor, height_px * factor)
    return np.asarray(Image.fromarray(rgb).resize(size_px, Image.Resampling.BICUBIC))
