"""Where the light of every picture comes from, and what stands behind it."""

from __future__ import annotations

import numpy as np

_FROM = (0.35, -0.85, 1.05)
_LENGTH = float(np.sqrt(_FROM[0] ** 2 + _FROM[1] ** 2 + _FROM[2] ** 2))

#: Unit direction towards the key light, world frame. Objects show their front to +x.
LIGHT_X, LIGHT_Y, LIGHT_Z = (c / _LENGTH for c in _FROM)

#: Background, sRGB.
BACKGROUND = (226, 229, 233)
