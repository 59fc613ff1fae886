"""All textures of a picture in one array of linear light, each with its pyramid of halves."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

import numpy as np

from ivlm_bench.render.jit import kernel
from ivlm_bench.render.lut import LINEAR_OF_CODE

#: How many atlases stay in memory; a scene's views and film strip share one.
N_KEPT = 4


class Atlas(NamedTuple):
    """``texels`` (k, 3) float32; ``levels`` (texture, level, 3): first texel, width, height.

    ``n_levels`` (texture,) tells how many levels of ``levels`` each texture has.
    """

    texels: np.ndarray
    levels: np.ndarray
    n_levels: np.ndarray


@kernel
def _halve(image: np.ndarray) -> np.ndarray:
    """Average 2 x 2 texels (h, w, 3) of float32; an odd last row or column counts double."""
    h, w = image.shape[0], image.shape[1]
    out = np.empty(((h + 1) // 2, (w + 1) // 2, 3), np.float32)
    half = np.float32(0.5)
    for y in range(out.shape[0]):
        top, low = 2 * y, min(2 * y + 1, h - 1)
        for x in range(out.shape[1]):
            left, right = 2 * x, min(2 * x + 1, w - 1)
            for k in range(3):
                a = half * (image[top, left, k] + image[low, left, k])
                b = half * (image[top, right, k] + image[low, right, k])
                out[y, x, k] = half * (a + b)
    return out


def _pyramid(texture: np.ndarray) -> list[np.ndarray]:
    """Return linear light (h, w, 3) at every scale down to one texel."""
    levels = [LINEAR_OF_CODE.take(texture)]
    while levels[-1].shape[0] > 1 or levels[-1].shape[1] > 1:
        levels.append(_halve(levels[-1]))
    return levels


def build_atlas(textures: tuple[np.ndarray, ...]) -> Atlas:
    """Return the atlas of sRGB textures (h, w, 3) uint8."""
    pyramids = [_pyramid(texture) for texture in textures]
    n_levels = np.array([len(p) for p in pyramids], np.int64)
    levels = np.zeros((len(pyramids), int(n_levels.max(initial=1)), 3), np.int64)
    first = 0
    for i, pyramid in enumerate(pyramids):
        for j, image in enumerate(pyramid):
            levels[i, j] = first, image.shape[1], image.shape[0]
            first += image.shape[0] * image.shape[1]
    texels = [image.reshape(-1, 3) for pyramid in pyramids for image in pyramid]
    return Atlas(np.concatenate([np.zeros((0, 3), np.float32), *texels]), levels, n_levels)


class AtlasShelf:
    """Keeps the last few atlases; textures that can be written to are never kept."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, ...], tuple[tuple[np.ndarray, ...], Atlas]]
        self._kept = OrderedDict()

    def atlas(self, textures: tuple[np.ndarray, ...]) -> Atlas:
        """Return the atlas of these very arrays, built or kept.

        A kept entry holds its arrays, so that their identities stay theirs.
        """
        if any(t.flags.writeable for t in textures):
            return build_atlas(textures)
        name = tuple(id(t) for t in textures)
        if name not in self._kept:
            self._kept[name] = (textures, build_atlas(textures))
            if len(self._kept) > N_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(name)
        return self._kept[name][1]
