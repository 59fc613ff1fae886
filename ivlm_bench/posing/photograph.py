"""A photograph as a view: reduced in size, with a guessed camera, and the way back to its pixels.

A photograph comes without depth and without calibration. Its view has a pinhole camera that is a
guess: 60 degrees over the longer side, 0.40 m above a table and pitched down by 35 degrees, so that
the middle of the picture lies on the table at the world's origin. World points and grasps that are
answered to it hold in that guessed world only; image points and maps are exact.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float64, UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

from ivlm_bench.errors import AssetError
from ivlm_bench.geometry.camera import look_at
from ivlm_bench.types import Camera, View

#: Field of view over the longer side: a phone's main camera has 55 to 75 degrees.
FOV_RAD = float(np.deg2rad(60.0))
#: Height of the guessed eye above the table, m, and how far it looks down.
EYE_HEIGHT_M, PITCH_RAD = 0.40, float(np.deg2rad(35.0))
#: Most pixels of a photograph of one's own: larger ones are mistakes or traps (50 megapixels).
MAX_PIXELS = 50_000_000
#: Modes of Pillow with more than 8 bits a channel.
_DEEP_MODES = ("I", "F", "I;16", "I;16B", "I;16L")


def guessed_camera(width_px: int, height_px: int) -> Camera:
    """Return the guessed camera of a photograph of that size."""
    eye_m = np.array([-EYE_HEIGHT_M / np.tan(PITCH_RAD), 0.0, EYE_HEIGHT_M])
    longer_px = max(width_px, height_px)
    square = look_at(eye_m, np.zeros(3), fov_rad=FOV_RAD, size_px=longer_px)
    intrinsics = np.array(square.intrinsics_px)
    intrinsics[:2, 2] = (width_px - 1) / 2.0, (height_px - 1) / 2.0
    return Camera(intrinsics, square.world_from_camera, width_px, height_px)


def view_of(rgb: UInt8[np.ndarray, "h w 3"], *, longest_px: int) -> View:
    """Return the view of a photograph whose longer side is at most ``longest_px``.

    The whole picture is shown with its aspect kept, averaged over areas; it is never enlarged.
    """
    height_px, width_px = rgb.shape[:2]
    share = min(1.0, longest_px / max(height_px, width_px))
    size_px = max(1, round(width_px * share)), max(1, round(height_px * share))
    if size_px != (width_px, height_px):
        rgb = np.asarray(Image.fromarray(rgb).resize(size_px, Image.Resampling.BOX))
    return View(guessed_camera(*size_px), rgb)


def to_photograph(
    points_px: Float64[np.ndarray, "n 2"], view: View, *, width_px: int, height_px: int
) -> Float64[np.ndarray, "n 2"]:
    """Return the photograph's pixels (x, y), whole numbers, that view pixels lie in.

    Both images show the same field, and pixel (0, 0) is the centre of the top-left pixel.
    """
    shown = np.array([view.camera.width_px, view.camera.height_px])
    whole = np.array([width_px, height_px])
    pixels = np.floor((np.asarray(points_px, np.float64) + 0.5) * whole / shown)
    return np.clip(pixels, 0.0, whole - 1.0)


def to_view(
    points_px: Float64[np.ndarray, "n 2"], view: View, *, width_px: int, height_px: int
) -> Float64[np.ndarray, "n 2"]:
    """Return view pixels (x, y) of the photograph's: the inverse of ``to_photograph``."""
    shown = np.array([view.camera.width_px, view.camera.height_px])
    whole = np.array([width_px, height_px])
    return np.asarray((np.asarray(points_px, np.float64) + 0.5) * shown / whole - 0.5)


def read_own_photograph(path: Path) -> UInt8[np.ndarray, "h w 3"]:
    """Return a photograph of the user's own, turned as its EXIF tag says; grey becomes colour.

    What is transparent becomes white.

    Raises
    ------
    AssetError
        If the file is missing, no image, damaged, deeper than 8 bits or too large.
    """
    if not path.is_file():
        raise AssetError(f"There is no photograph {path}; give the path of a JPEG or PNG file.")
    try:
        with Image.open(path) as image:
            _check_size(path, image)
            if image.mode in _DEEP_MODES:
                raise AssetError(
                    f"{path} has more than 8 bits a channel (mode {image.mode}); save it as an "
                    "8-bit JPEG or PNG."
                )
            upright = ImageOps.exif_transpose(image)
            return np.array(_opaque(upright), dtype=np.uint8)
    except UnidentifiedImageError:
        raise AssetError(
            f"{path} is no image that can be read; give a JPEG, PNG, WebP or BMP file."
        ) from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise AssetError(f"{path} is a damaged image ({error}); copy or save it anew.") from None


def _check_size(path: Path, image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise AssetError(
            f"{path} has {image.width} x {image.height} px; at most "
            f"{MAX_PIXELS // 1_000_000} megapixels are read: save a smaller copy."
        )


def _opaque(image: Image.Image) -> Image.Image:
    if "A" not in image.getbands() and "transparency" not in image.info:
        return image.convert("RGB")
    layered = image.convert("RGBA")
    white = Image.new("RGBA", layered.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, layered).convert("RGB")
