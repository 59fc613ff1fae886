"""sRGB to linear light and back by table; no power function at run time."""

from __future__ import annotations

import numpy as np

#: Steps of linear light in the encoding table: 0.8 of a grey level in the darkest tones.
N_ENCODE = 4096


def _to_linear(code: int) -> float:
    """Return the linear light of an 8-bit sRGB value (IEC 61966-2-1)."""
    value = code / 255.0
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _to_code(linear: float) -> int:
    """Return the nearest 8-bit sRGB value of linear light (IEC 61966-2-1)."""
    small = linear <= 0.0031308
    value = 12.92 * linear if small else 1.055 * linear ** (1.0 / 2.4) - 0.055
    return round(255.0 * value)


#: Linear light (256,) float32 of each 8-bit value, rounded to 2^-20 so that no libm shows.
LINEAR_OF_CODE = np.array([round(_to_linear(c) * 2**20) / 2**20 for c in range(256)], np.float32)

#: 8-bit value (N_ENCODE + 1,) of linear light i / N_ENCODE.
CODE_OF_LINEAR = np.array([_to_code(i / N_ENCODE) for i in range(N_ENCODE + 1)], np.uint8)

for _table in (LINEAR_OF_CODE, CODE_OF_LINEAR):
    _table.setflags(write=False)
