"""A miniature of AGD20K: drawn mugs, knives and chairs with heat maps over the right part."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, UInt8
from PIL import Image, ImageDraw

from ivlm_bench.testing.miniatures.spec import add_miniature

#: Affordances of each object, and where their heat lies: centre and spread as shares of the image.
_HEAT = {
    ("hold", "cup"): (0.78, 0.52, 0.07),
    ("drink_with", "cup"): (0.44, 0.27, 0.09),
    ("hold", "knife"): (0.24, 0.50, 0.08),
    ("cut_with", "knife"): (0.68, 0.50, 0.11),
    ("sit_on", "chair"): (0.50, 0.58, 0.12),
}
#: The affordances of the split "Unseen" are official there too.
_SPLITS = {
    "Seen/testset": tuple(_HEAT),
    "Unseen/testset": (("hold", "cup"), ("cut_with", "knife")),
    "Seen/testsetv2": (("hold", "cup"),),
    "Unseen/testsetv2": (("hold", "knife"),),
}
#: Images of one affordance and object; one more has no heat map, as in the owner's files.
_N_IMAGES = 3


class Size(NamedTuple):
    """Size of an image, pixels."""

    height_px: int
    width_px: int


def make(folder: Path, rng: np.random.Generator) -> None:
    """Write all splits: pictures in ``egocentric``, heat maps in ``GT``."""
    for split, asked in _SPLITS.items():
        for affordance, thing in asked:
            for index in range(_N_IMAGES + 1):
                name = f"{thing}_{index:06d}"
                size = Size(int(rng.integers(72, 121)), int(rng.integers(72, 121)))
                shift = rng.uniform(-0.06, 0.06, 2)
                picture = folder / split / "egocentric" / affordance / thing / f"{name}.jpg"
                picture.parent.mkdir(parents=True, exist_ok=True)
                _draw(thing, size, shift).save(picture, quality=90)
                if index == _N_IMAGES:
                    continue
                heat = folder / split / "GT" / affordance / thing / f"{name}.png"
                heat.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(heat_map(affordance, thing, size=size, shift=shift)).save(heat)


def heat_map(
    affordance: str, thing: str, *, size: Size, shift: Float64[np.ndarray, "2"]
) -> UInt8[np.ndarray, "h w"]:
    """Return the Gaussian heat of an affordance of an object, moved by ``shift`` (shares)."""
    x, y, spread = _HEAT[affordance, thing]
    rows, columns = np.mgrid[: size.height_px, : size.width_px]
    across = (columns / size.width_px - x - shift[0]) / spread
    down = (rows / size.height_px - y - shift[1]) / spread
    return np.round(255.0 * np.exp(-0.5 * (across**2 + down**2))).astype(np.uint8)


def _draw(thing: str, size: Size, shift: Float64[np.ndarray, "2"]) -> Image.Image:
    """Return a picture of the object on a plain ground."""
    image = Image.new("RGB", (size.width_px, size.height_px), (214, 208, 196))
    pen = ImageDraw.Draw(image)

    def box(left: float, top: float, right: float, bottom: float) -> tuple[float, ...]:
        across, down = np.array([left, right]) + shift[0], np.array([top, bottom]) + shift[1]
        x, y = across * size.width_px, down * size.height_px
        return (float(x[0]), float(y[0]), float(x[1]), float(y[1]))

    if thing == "cup":
        pen.ellipse(box(0.60, 0.38, 0.86, 0.66), outline=(40, 90, 140), width=4)
        pen.rectangle(box(0.24, 0.26, 0.66, 0.80), fill=(52, 110, 168))
        pen.ellipse(box(0.24, 0.20, 0.66, 0.34), fill=(30, 60, 96))
    elif thing == "knife":
        pen.rectangle(box(0.10, 0.45, 0.40, 0.55), fill=(70, 46, 30))
        pen.polygon(_corners(box(0.40, 0.45, 0.92, 0.55)), fill=(168, 172, 178))
    else:
        pen.rectangle(box(0.24, 0.14, 0.34, 0.60), fill=(122, 80, 44))
        pen.rectangle(box(0.24, 0.54, 0.76, 0.62), fill=(150, 102, 58))
        pen.rectangle(box(0.24, 0.62, 0.30, 0.92), fill=(122, 80, 44))
        pen.rectangle(box(0.70, 0.62, 0.76, 0.92), fill=(122, 80, 44))
    return image


def _corners(box: tuple[float, ...]) -> list[tuple[float, float]]:
    """Return the three corners of a blade in a box: edge below, point at the right."""
    left, top, right, bottom = box
    return [(left, top), (right, top), (left, bottom)]


add_miniature("agd20k", make)
