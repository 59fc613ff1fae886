"""The shape of what one image without depth shows, guessed from its outline on the table.

An honest guess, and no measurement. The lowest pixel of an outline in each bearing is taken to be
where the thing meets the table z = 0: its walls stand upright there. The footprint is taken to be
symmetric about its centre, half way between its leftmost and rightmost contact with the table:
right for boxes, for round things, and for plates. The height follows from the outline's upper end,
taken for the far rim. Bits whose lowest pixel lies farther away than the footprint allows hang in
the air, such as a mug's handle; they are put at the distance of the centre. What is long and thin
is taken to lie flat on the table.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32
from scipy import ndimage

from ivlm_bench.geometry.camera import ray_directions
from ivlm_bench.geometry.guessed_depth import table_depth
from ivlm_bench.types import View

#: Rays that meet the table farther away than this (m), or never, count as this far.
FARTHEST_M = 20.0
#: A footprint reaches at most so far (m, and in shares of its width) behind its nearest point.
DEPTH_SHARE, DEPTH_EXTRA_M = 0.60, 0.005
#: What is longer than so many times its width on the table lies there, unless its length points
#: away from the camera within this angle, as that of standing things does, and it is wider (m).
LYING_RATIO, AWAY_RAD, SLIM_M = 3.0, np.deg2rad(20.0), 0.03
#: Height (m) of what lies, at least and at most; between them its width.
LYING_M = (0.006, 0.030)
#: Least height (m) of what stands.
LEAST_HEIGHT_M = 0.006
#: Median filter (bearings) over the contact line: evens out single pixels.
SMOOTH_BINS = 5


@dataclass(frozen=True, eq=False, slots=True)
class _Polar:
    """Pixels (n,) of one thing about the point below the camera: bearing bins and ranges.

    ``meets_m``: horizontal range where the ray meets the table. ``reach``: range a unit z-depth.
    """

    bins: np.ndarray
    n_bins: int
    step_rad: float
    meets_m: np.ndarray
    reach: np.ndarray
    eye_m: float


def upright_depth(view: View, mask: Bool[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    """Return a guessed z-depth image (h, w) in metres; 0 where a ray misses everything.

    Where the mask of the foreground is empty it is the depth of the table.
    """
    depth = table_depth(view)
    labels, n_things = ndimage.label(mask)
    if view.camera.world_from_camera.position_m[2] <= 0:
        return depth.astype(np.float32)
    for rows, columns in ndimage.find_objects(labels, n_things):
        label = labels[rows, columns]
        for thing in np.unique(label[label > 0]):
            y, x = np.nonzero(labels == thing)
            depth[y, x] = _thing_depth(view, x, y)
    return depth.astype(np.float32)


def _thing_depth(view: View, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the guessed z-depths (n,) of the pixels of one thing."""
    polar = _polar(view, x, y)
    contact_m = _per_bin(polar, farthest=False)
    top_m = _per_bin(polar, farthest=True)
    contact_m = ndimage.median_filter(contact_m, SMOOTH_BINS, mode="nearest")
    thin_m = _lying_width(polar)
    if thin_m is not None:
        height_m = float(np.clip(thin_m, *LYING_M))
        return polar.meets_m * (1.0 - height_m / polar.eye_m) / polar.reach
    grounded = _grounded(contact_m, polar.step_rad)
    front, back = _walls(contact_m, grounded)
    height = np.maximum(polar.eye_m * (1.0 - back / top_m), LEAST_HEIGHT_M)
    height = ndimage.median_filter(height, SMOOTH_BINS, mode="nearest")
    near, far, high = front[polar.bins], back[polar.bins], height[polar.bins]
    on_top = np.clip(polar.meets_m * (1.0 - high / polar.eye_m), near, far)
    at_wall_m = polar.eye_m * (1.0 - near / polar.meets_m)
    return np.asarray(np.where(at_wall_m <= high, near, on_top) / polar.reach)


def _polar(view: View, x: np.ndarray, y: np.ndarray) -> _Polar:
    rays = ray_directions(view.camera, np.stack([x, y], axis=1))
    eye_m = float(view.camera.world_from_camera.position_m[2])
    forward = view.camera.world_from_camera.rotation[:, 2]
    ahead = rays[:, :2] @ forward[:2]
    aside = rays[:, 0] * forward[1] - rays[:, 1] * forward[0]
    bearing = np.arctan2(aside, ahead)
    reach = np.maximum(np.linalg.norm(rays[:, :2], axis=1), 1e-6)
    down = rays[:, 2] < -1e-6
    meets = np.where(down, eye_m * reach / np.where(down, -rays[:, 2], 1.0), FARTHEST_M)
    n_bins = max(int(np.ptp(x)) + 1, 1)
    step = max(float(np.ptp(bearing)) / n_bins, 1e-9)
    bins = np.minimum(((bearing - bearing.min()) / step).astype(int), n_bins - 1)
    return _Polar(bins, n_bins, step, np.minimum(meets, FARTHEST_M), reach, eye_m)


def _per_bin(polar: _Polar, *, farthest: bool) -> np.ndarray:
    """Return the least or largest range of each bearing; empty ones take their neighbours'."""
    out = np.full(polar.n_bins, 0.0 if farthest else np.inf)
    if farthest:
        np.maximum.at(out, polar.bins, polar.meets_m)
    else:
        np.minimum.at(out, polar.bins, polar.meets_m)
    filled = np.isfinite(out) & (out > 0)
    known = np.nonzero(filled)[0]
    return np.asarray(np.interp(np.arange(polar.n_bins), known, out[known]))


def _lying_width(polar: _Polar) -> float | None:
    """Return the width (m) of a thing that is long and thin, None for one that stands."""
    bearing = (polar.bins - 0.5 * polar.n_bins) * polar.step_rad
    meets = np.minimum(polar.meets_m, 3.0 * float(polar.meets_m.min()))
    aside, ahead = meets * np.sin(bearing), meets * np.cos(bearing)
    spread, axes = np.linalg.eigh(np.cov(np.stack([aside, ahead]), bias=True) + 1e-9 * np.eye(2))
    # The standard deviation of a uniform bar is its length over the root of 12.
    width_m, length_m = np.sqrt(12.0 * spread)
    if length_m < LYING_RATIO * width_m:
        return None
    off_rad = float(np.arctan2(abs(axes[0, 1]), abs(axes[1, 1])))
    return float(width_m) if off_rad > AWAY_RAD or width_m < SLIM_M else None


def _grounded(contact_m: np.ndarray, step_rad: float) -> np.ndarray:
    """Return in which bearings a thing meets the table: no farther back than a footprint is deep.

    The bearings about the nearest point, as long as their contact stays near enough.
    """
    nearest = float(contact_m.min())
    grounded = np.ones(len(contact_m), bool)
    for _ in range(4):
        width_m = float(grounded.sum()) * step_rad * nearest
        grounded = contact_m - nearest <= DEPTH_SHARE * width_m + DEPTH_EXTRA_M
    return grounded


def _walls(contact_m: np.ndarray, grounded: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ranges (m) of the front and the back wall in each bearing.

    The back is the front reflected in the footprint's centre; bits in the air stand at its range.
    """
    first, last = np.nonzero(grounded)[0][[0, -1]]
    centre_m = 0.5 * (contact_m[first] + contact_m[last])
    bins = np.arange(len(contact_m))
    mirrored = np.clip(first + last - bins, first, last)
    back = np.where(grounded, 2.0 * centre_m - contact_m[mirrored], centre_m)
    front = np.where(grounded, contact_m, centre_m)
    return front, np.maximum(back, front + 1e-4)
