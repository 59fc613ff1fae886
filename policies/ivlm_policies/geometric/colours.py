"""Which colour word fits a colour."""

from __future__ import annotations

import colorsys

import numpy as np

#: Hue (degrees) of each colour word that names a hue.
HUES_DEG = {
    "red": 2.0,
    "orange": 28.0,
    "yellow": 52.0,
    "green": 125.0,
    "blue": 218.0,
    "purple": 280.0,
}
#: Words without a hue, and the brightness (0 to 1) each stands for.
GREYS = {"white": 0.85, "grey": 0.45, "black": 0.08}
#: Hues farther off than this (degrees) are another colour.
HUE_LIMIT_DEG = 32.0
#: Less saturated colours count as grey. Light and dark greys differ by this brightness.
SATURATION_LIMIT, BRIGHTNESS_LIMIT = 0.30, 0.42


def asked_colour(text: str) -> str | None:
    """Return the colour word in a sentence, or None."""
    words = text.lower().replace(".", " ").replace(",", " ").split()
    return next((word for word in words if word in HUES_DEG or word in GREYS), None)


def colour_distance(word: str, rgb: np.ndarray) -> float:
    """Return how far an sRGB colour (3,) in [0, 1] is from a word; above 1 it is another colour.

    Hue decides for words that name one, brightness for the greys; shading changes neither hue nor,
    much, saturation.
    """
    hue, saturation, brightness = colorsys.rgb_to_hsv(*(float(c) for c in rgb))
    if word in GREYS:
        off = abs(brightness - GREYS[word]) / BRIGHTNESS_LIMIT
        return max(off, saturation / SATURATION_LIMIT if brightness > 0.25 else 0.0)
    if saturation < SATURATION_LIMIT or brightness < 0.10:
        return 2.0 - saturation
    turn = abs((hue * 360.0 - HUES_DEG[word] + 180.0) % 360.0 - 180.0)
    return turn / HUE_LIMIT_DEG
