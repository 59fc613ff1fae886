"""Colours of values and of names."""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8

Colour = tuple[int, int, int]

#: Stops of the scale from 0 to 1, sRGB: dark blue, teal, yellow, red; told apart in grey, too.
_STOPS = np.array([[40, 44, 120], [30, 140, 150], [250, 210, 60], [214, 40, 32]], np.float64)
_AT = np.linspace(0.0, 1.0, len(_STOPS))
#: Points that a view does not see.
UNSEEN: Colour = (196, 198, 204)
#: Points that no constraint took out.
KEPT: Colour = (60, 160, 90)
#: Colours of constraints, in the order in which they are named (Okabe and Ito's set).
NAMED: tuple[Colour, ...] = ((213, 94, 0), (0, 114, 178), (204, 121, 167), (230, 159, 0))
GRIPPER: Colour = (255, 122, 0)
CONTACT: Colour = (0, 200, 255)
ARROW: Colour = (60, 220, 40)


def scale(values: np.ndarray) -> UInt8[np.ndarray, "... 3"]:
    """Return the colour of each value in [0, 1]."""
    clipped = np.clip(values, 0.0, 1.0)
    channels = [np.interp(clipped, _AT, _STOPS[:, k]) for k in range(3)]
    return np.round(np.stack(channels, axis=-1)).astype(np.uint8)


def scale_legend() -> tuple[tuple[str, Colour], ...]:
    """Return the legend of the scale."""
    shown = (0.0, 0.25, 0.5, 0.75, 1.0)
    words = ("probability 0", *(f"{v:g}" for v in shown[1:]))
    return tuple((word, _plain(scale(np.array(v)))) for word, v in zip(words, shown, strict=True))


def _plain(colour: np.ndarray) -> Colour:
    red, green, blue = (int(c) for c in colour)
    return red, green, blue
