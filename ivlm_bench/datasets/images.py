"""Images of public data sets, read when asked for; a damaged file is named with its cause."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image, UnidentifiedImageError

from ivlm_bench.errors import AssetError

#: Pillow modes whose 16 or 32 bits a grey map of 8 bits can't hold.
_DEEP_MODES = ("I", "F", "I;16", "I;16B", "I;16L")


def read_gray(path: Path) -> UInt8[np.ndarray, "h w"]:
    """Return an image in 8-bit grey; colours become luma (ITU-R BT.601), as in OpenCV.

    Raises
    ------
    AssetError
        If the file is missing, empty, damaged, no image or deeper than 8 bits.
    """
    return _read(path, "L")


def read_rgb(path: Path) -> UInt8[np.ndarray, "h w 3"]:
    """Return an image in 8-bit sRGB as it lies in the file (no turning by EXIF).

    Raises
    ------
    AssetError
        If the file is missing, empty, damaged, no image or deeper than 8 bits.
    """
    return _read(path, "RGB")


def read_mask(path: Path) -> Bool[np.ndarray, "h w"]:
    """Return where a grey image is not black.

    Raises
    ------
    AssetError
        As ``read_gray``.
    """
    return read_gray(path) > 0


def image_size_px(path: Path) -> tuple[int, int]:
    """Return (height, width) of an image; only its header is read.

    Raises
    ------
    AssetError
        If the file is missing, empty or no image.
    """
    if not path.is_file() or path.stat().st_size == 0:
        raise _unreadable(path)
    try:
        with Image.open(path) as image:
            return image.height, image.width
    except (OSError, SyntaxError, ValueError) as error:
        raise _unreadable(path, error) from None


def _read(path: Path, mode: str) -> np.ndarray:
    if not path.is_file() or path.stat().st_size == 0:
        raise _unreadable(path)
    try:
        with Image.open(path) as image:
            if image.mode in _DEEP_MODES:
                raise AssetError(
                    f"{path} has more than 8 bits a pixel (mode {image.mode}), so its values would "
                    "be cut off; save it with 8 bits or take the owner's file."
                )
            plain = image.convert("RGB") if image.mode in ("P", "PA") else image
            return np.array(plain.convert(mode), dtype=np.uint8)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception | None = None) -> AssetError:
    """Return the error of an image that can't be read: which file, why, what next."""
    if not path.is_file():
        cause = "is missing"
    elif path.stat().st_size == 0:
        cause = "is empty (0 bytes)"
    elif isinstance(error, UnidentifiedImageError):
        cause = "is no image that can be read"
    else:
        cause = f"is a damaged image ({error})"
    return AssetError(f"{path} {cause}; copy it again from its owner's archive.")
