"""Images as data URIs, so that a page needs no other file."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

#: WebP quality: artefacts stay invisible at the size shown, a view of 448 px takes about 10 kB.
QUALITY = 82


def data_uri(rgb: np.ndarray) -> str:
    """Return an (h, w, 3) uint8 sRGB image as a WebP data URI; equal images give equal text."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(rgb)).save(buffer, "WEBP", quality=QUALITY, method=4)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def enlarged(rgb: np.ndarray, factor: int) -> np.ndarray:
    """Return an image made ``factor`` times larger with smooth interpolation."""
    height_px, width_px = rgb.shape[:2]
    size_px = (width_px * factor, height_px * factor)
    return np.asarray(Image.fromarray(rgb).resize(size_px, Image.Resampling.BICUBIC))
