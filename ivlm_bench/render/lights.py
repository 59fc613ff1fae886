"""The one lighting of every picture: a key light from the front left, sky, ground, headlight."""

from __future__ import annotations

import numpy as np

_FROM = (0.35, -0.85, 1.05)
_LENGTH = float(np.sqrt(_FROM[0] ** 2 + _FROM[1] ** 2 + _FROM[2] ** 2))

#: Unit direction towards the key light, world frame. Objects show their front to +x.
LIGHT_X, LIGHT_Y, LIGHT_Z = (c / _LENGTH for c in _FROM)

#: Radiance of each light, times albedo, in linear light; chosen by eye: a white face square to
#: the key light stays just below 1, a face in shadow keeps about a third of it.
KEY = 0.72
SKY = 0.27
GROUND = 0.13
HEADLIGHT = 0.08

#: Background, sRGB.
BACKGROUND = (226, 229, 233)
