"""The shape channels of all pictures, worked out once and kept as bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ivlm_policies.ivlm.grounding.channels import MAX_HEIGHT, view_channels
from ivlm_policies.ivlm.training.pictures import Pictures

#: Channels of shape: normal to the right, up and away; height; whether depth is known.
N_SHAPE = 5
#: Bytes that stand for a normal's component of 1, and for the greatest height.
NORMAL_STEPS, HEIGHT_STEPS = 127.0, 127.0 / MAX_HEIGHT
#: Of three pictures one has depth noise; its largest standard deviation, as a share of depth
#: (a structured-light camera has about 0.2 % at 0.7 m after its own smoothing).
NOISY_SHARE, MAX_NOISE = 1 / 3, 0.003


def shape_channels(
    pictures: Pictures, path: Path, *, seed: int, step: Callable[[], None]
) -> np.ndarray:
    """Return signed bytes (s, 4, 5, p, p) on disk; made where the file is not there yet.

    ``step`` is called once a scene.
    """
    if path.is_file():
        return np.load(path, mmap_mode="r")
    n, size = len(pictures.scenes), pictures.size_px
    part = path.with_suffix(".part")
    out = np.lib.format.open_memmap(
        part, mode="w+", dtype=np.int8, shape=(n, 4, N_SHAPE, size, size)
    )
    for scene in range(n):
        rng = np.random.default_rng([seed, 11, scene])
        for view in range(4):
            out[scene, view] = _shape(pictures, scene, view, rng)
        step()
    out.flush()
    part.replace(path)
    return np.load(path, mmap_mode="r")


def _shape(pictures: Pictures, scene: int, index: int, rng: np.random.Generator) -> np.ndarray:
    view = pictures.view(scene, index)
    if rng.random() < NOISY_SHARE and view.depth_m is not None:
        sigma = rng.uniform(0.0, MAX_NOISE)
        noise = rng.standard_normal(view.depth_m.shape, np.float32)
        noisy = (view.depth_m * (1.0 + sigma * noise)).astype(np.float32)
        view = type(view)(view.camera, view.rgb, noisy)
    shape = view_channels(view)[3:]
    steps = np.array([NORMAL_STEPS] * 3 + [HEIGHT_STEPS, 1.0], np.float32)
    return np.rint(shape * steps[:, None, None]).astype(np.int8)


def channels_of(rgb: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """Return the network's channels (8, p, p) of a picture and its stored shape."""
    out = np.empty((3 + N_SHAPE, *rgb.shape[:2]), np.float32)
    out[:3] = rgb.transpose(2, 0, 1) / np.float32(255.0) - np.float32(0.5)
    out[3:6] = shape[:3] / np.float32(NORMAL_STEPS)
    out[6] = shape[3] / np.float32(HEIGHT_STEPS)
    out[7] = shape[4]
    return out
