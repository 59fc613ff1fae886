"""A miniature of CHAIRS: chairs of seven parts as voxels, moved and turned in a few frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from ivlm_bench.testing.miniatures.spec import add_miniature

#: Voxels along a side of the cube of 2 m.
N_GRID = 64
#: First and last voxel of each part along the three axes: head, back, arms, seat, base, footrest.
_PARTS = (
    ((26, 50, 24), (38, 58, 28)),
    ((24, 34, 24), (40, 50, 28)),
    ((22, 36, 26), (24, 40, 40)),
    ((40, 36, 26), (42, 40, 40)),
    ((24, 30, 24), (40, 34, 40)),
    ((30, 14, 30), (34, 30, 34)),
    ((0, 0, 0), (0, 0, 0)),
)
#: Chair of each frame.
_CHAIRS = (17, 17, 42, 42)


def make(folder: Path, rng: np.random.Generator) -> None:
    """Write the voxels of two chairs, the arrays of four frames, and their images."""
    voxels = folder / "AHOI_ROOT" / "object_part_voxel_64"
    voxels.mkdir(parents=True)
    for number in sorted(set(_CHAIRS)):
        np.save(voxels / f"{number}.npy", _chair(wider=int(rng.integers(0, 4))))
    n = len(_CHAIRS)
    turns, places = np.zeros((n, 7, 3)), np.zeros((n, 7, 3))
    turns[1:, :, 1] = rng.uniform(-np.pi, np.pi, (n - 1, 1))
    places[:] = rng.uniform(-0.2, 0.2, (n, 1, 3))
    turns[:, 6], places[:, 6] = np.nan, np.nan
    names = np.array([f"{row:04d}/{row % 4}/0000.png" for row in range(n)])
    arrays = {
        "object_rotation": turns,
        "object_location": places,
        "object_id": np.array(_CHAIRS),
        "img_name": names,
    }
    home = folder / "DATA_FOLDER"
    home.mkdir()
    for name, values in arrays.items():
        np.save(home / f"{name}.npy", values)
    for name in names:
        path = folder / "IMG_FOLDER" / str(name)
        path.parent.mkdir(parents=True)
        Image.fromarray(rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)).save(path)


def _chair(*, wider: int) -> np.ndarray:
    """Return the parts of a chair (7, 64, 64, 64); a chair without footrest has that part empty."""
    parts = np.zeros((len(_PARTS), N_GRID, N_GRID, N_GRID), dtype=bool)
    for part, (low, high) in zip(parts, _PARTS, strict=True):
        if high[0]:
            part[low[0] - wider : high[0] + wider, low[1] : high[1], low[2] : high[2]] = True
    return parts


add_miniature("chairs", make)
