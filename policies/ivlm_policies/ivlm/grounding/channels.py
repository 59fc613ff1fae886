"""What the network sees of a view: colour and, where there is depth, levelled shape."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Float32
from scipy import ndimage

from ivlm_bench.types import Camera, View
from ivlm_policies.ivlm.grounding.levelled import levelled_shape
from ivlm_policies.ivlm.stages import Crop

#: Channels: red, green, blue; normal to the right, up and away; height; whether depth is known.
N_CHANNELS = 8
#: Height (m) over the table that stands for 1, and the largest value shown.
HEIGHT_M, MAX_HEIGHT = 0.15, 2.0
#: Side (px) of the network's input.
INPUT_PX = 128


def view_channels(view: View) -> Float32[np.ndarray, "c h w"]:
    """Return the channels of a view at its own size; shape is 0 where there is no depth.

    Normals stand in the levelled camera frame (right, up, away; up is the world's), so that a
    camera's pitch changes nothing; heights are over the plane z = 0.
    """
    height, width = view.rgb.shape[:2]
    out = np.zeros((N_CHANNELS, height, width), np.float32)
    out[:3] = view.rgb.transpose(2, 0, 1) / np.float32(255.0) - np.float32(0.5)
    if view.depth_m is None:
        return out
    shape = levelled_shape(view.camera, view.depth_m, levelled_axes(view.camera))
    out[3:6] = shape[:3]
    out[6] = np.clip(shape[3] / np.float32(HEIGHT_M), 0.0, MAX_HEIGHT)
    out[7] = shape[4]
    return out


def levelled_axes(camera: Camera) -> np.ndarray:
    """Return rows (3, 3): right, up and away of a camera, levelled, in the world frame.

    A camera that looks straight down takes the upper edge of its image for away.
    """
    rotation = camera.world_from_camera.rotation
    away = rotation[:, 2] * [1.0, 1.0, 0.0]
    if np.linalg.norm(away) < 1e-6:
        away = -rotation[:, 1] * [1.0, 1.0, 0.0]
    away = away / np.linalg.norm(away)
    up = np.array([0.0, 0.0, 1.0])
    return np.stack([np.cross(away, up), up, away])


def whole(view: View) -> Crop:
    """Return the window that shows all of a view."""
    return Crop(0.0, 0.0, float(max(view.rgb.shape[:2])))


def cut(
    channels: Float32[np.ndarray, "c h w"], crop: Crop, *, size_px: int = INPUT_PX
) -> Float32[np.ndarray, "c s s"]:
    """Return a window resampled to the network's size, bilinearly; beyond the border it is 0.

    Where the window is made smaller it is blurred before by half the step, so that lines don't
    break up.
    """
    step = crop.side_px / size_px
    rows, high = _reading(channels.shape[1], crop.top_px, step, size_px)
    columns, wide = _reading(channels.shape[2], crop.left_px, step, size_px)
    return np.asarray(np.matmul(np.matmul(rows, channels[:, high, wide]), columns.T), np.float32)


@lru_cache(maxsize=64)
def _reading(n: int, start_px: float, step: float, size_px: int) -> tuple[np.ndarray, slice]:
    """Return the matrix that reads a window's samples along one axis of n pixels, and of which.

    Blur and interpolation are linear, so one matrix (size_px, k) does both, for the k pixels that
    the window shows.
    """
    at = start_px + (np.arange(size_px) + 0.5) * step - 0.5
    weights = _weights(at, n)
    if step > 1.2:
        blurred = ndimage.gaussian_filter(np.eye(n), (0.3 * step, 0.0))
        weights = (weights @ blurred).astype(np.float32)
    (some,) = np.nonzero(weights.any(axis=0))
    shown = slice(int(some[0]), int(some[-1]) + 1) if len(some) else slice(0, 1)
    weights = np.ascontiguousarray(weights[:, shown])
    weights.setflags(write=False)
    return weights, shown


def paste(
    values: Float32[np.ndarray, "s s"], crop: Crop, *, height_px: int, width_px: int
) -> Float32[np.ndarray, "h w"]:
    """Return a window's map at the view's size: the inverse of ``cut``; 0 outside the window."""
    step = crop.side_px / values.shape[0]
    y = (np.arange(height_px) - crop.top_px + 0.5) / step - 0.5
    x = (np.arange(width_px) - crop.left_px + 0.5) / step - 0.5
    # Half an input pixel at the border is still inside the window.
    last = values.shape[0] - 1.0
    inside_y, inside_x = (np.abs(v - last / 2) <= last / 2 + 0.5 for v in (y, x))
    out = _at(values[None], np.clip(y, 0.0, last), np.clip(x, 0.0, last))[0]
    return np.where(inside_y[:, None] & inside_x[None], out, np.float32(0.0))


def _at(channels: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Read (c, h, w) bilinearly at the grid of rows y and columns x; 0 outside."""
    rows, columns = _weights(y, channels.shape[1]), _weights(x, channels.shape[2])
    return np.asarray(np.matmul(np.matmul(rows, channels), columns.T), np.float32)


def _weights(at: np.ndarray, n: int) -> Float32[np.ndarray, "k n"]:
    """Return the matrix that interpolates n samples linearly at some places, 0 outside."""
    distance = np.abs(at[:, None] - np.arange(n)[None])
    return np.maximum(1.0 - distance, 0.0).astype(np.float32)
