"""Measures of a motion: feet that slide, bodies that float above or sink into the floor."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from jaxtyping import Float64
from scipy.ndimage import uniform_filter1d

from ivlm_bench.errors import AssetError, ConfigError

# Karunratanakul et al., Guided Motion Diffusion, ICCV 2023, calculate_skating_ratio.
#: Height (m) below which a foot counts as on the floor.
FOOT_HEIGHT_M = 0.05
#: Horizontal speed (m/s) above which it then slides.
SKATING_M_S = 0.50
#: Frames that the speed is averaged over.
WINDOW_FRAMES = 5
#: Frames a second that these constants are meant for.
FPS = 20.0
#: Height (m) above or below the floor that counts as standing on it (Yuan et al., PhysDiff, ICCV
#: 2023; UHC).
FLOOR_TOLERANCE_M = 0.005

#: What is published of a motion.
VALUES = {
    "skating_ratio": "share of frames in which a foot slides",
    "float_mm": "mean height of the lowest vertex above the floor, beyond 5 mm",
    "penetrate_mm": "mean depth of the lowest vertex below the floor, beyond 5 mm",
}


def skating_ratio(feet_m: Float64[np.ndarray, "t k 3"], *, fps: float = FPS) -> float:
    """Return the share of steps from frame to frame in which any foot slides.

    A foot slides where it is below 5 cm in both frames, and moves horizontally faster than
    0.5 m/s, both in this step and in the mean of the five around it (zeros beyond the ends).

    Parameters
    ----------
    feet_m
        Positions of ``k`` feet in ``t`` frames: two horizontal axes, then height above the floor.
    fps
        Frames a second.

    Raises
    ------
    ConfigError
        If there are fewer than two frames.
    """
    if len(feet_m) < 2:
        raise ConfigError("A motion needs two frames at least.")
    steps = np.linalg.norm(np.diff(feet_m[..., :2], axis=0), axis=-1) * fps
    mean = uniform_filter1d(steps, size=WINDOW_FRAMES, axis=0, mode="constant")
    low = feet_m[..., 2] < FOOT_HEIGHT_M
    slides = low[:-1] & low[1:] & (steps > SKATING_M_S) & (mean > SKATING_M_S)
    return float(slides.any(axis=1).mean())


def floating_m(lowest_m: Float64[np.ndarray, " t"]) -> float:
    """Return the mean height (m) of the lowest vertex over frames, 0 where within 5 mm."""
    return float(np.where(lowest_m > FLOOR_TOLERANCE_M, lowest_m, 0.0).mean())


def sinking_m(lowest_m: Float64[np.ndarray, " t"]) -> float:
    """Return the mean depth (m) of the lowest vertex below the floor, 0 where within 5 mm."""
    return float(np.where(lowest_m < -FLOOR_TOLERANCE_M, -lowest_m, 0.0).mean())


def read_feet(path: Path) -> tuple[list[int], list[int]]:
    """Read the vertex numbers of the left and the right foot from a JSON file.

    Raises
    ------
    AssetError
        If the file is missing, damaged or holds anything else.
    """
    try:
        found = json.loads(path.read_bytes())
        left, right = ([int(n) for n in found[side]] for side in ("left", "right"))
    except OSError as error:
        raise AssetError(f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, KeyError, TypeError):
        raise AssetError(
            f'{path} must be JSON like {{"left": [8846, 8847], "right": [11636]}}.'
        ) from None
    if not left or not right or min(left + right) < 0:
        raise AssetError(f"{path} must name vertices of both feet, counted from 0.")
    return left, right


def motion(
    frames_m: Float64[np.ndarray, "t n 3"],
    *,
    down: np.ndarray,
    ground_m: float = 0.0,
    fps: float = FPS,
    feet: tuple[list[int], list[int]] | None = None,
) -> dict[str, float | None]:
    """Return the measures of a body that moves, by the names of ``VALUES``.

    Parameters
    ----------
    frames_m
        The vertices of each frame.
    down
        Unit direction (3,) of gravity.
    ground_m
        Height of the floor along the opposite of ``down``.
    fps
        Frames a second.
    feet
        Vertices of the left and the right foot, whose means are the feet; None leaves skating out.

    Raises
    ------
    AssetError
        If a foot names a vertex that is not there.
    """
    heights = -(frames_m @ down) - ground_m
    lowest = heights.min(axis=1)
    skating = None
    if feet is not None:
        placed = _feet(frames_m, feet, down, ground_m)
        skating = skating_ratio(placed, fps=fps)
    return {
        "skating_ratio": skating,
        "float_mm": floating_m(lowest) * 1000.0,
        "penetrate_mm": sinking_m(lowest) * 1000.0,
    }


def _feet(
    frames_m: np.ndarray, feet: tuple[list[int], list[int]], down: np.ndarray, ground_m: float
) -> np.ndarray:
    """Return both feet (t, 2, 3): two horizontal axes, then height above the floor, m."""
    if max(max(foot) for foot in feet) >= frames_m.shape[1]:
        raise AssetError(f"--feet names a vertex beyond the {frames_m.shape[1]} of the body.")
    means = np.stack([frames_m[:, foot].mean(axis=1) for foot in feet], axis=1)
    above = -(means @ down)[..., None] - ground_m
    return np.concatenate([_plane(means, down), above], axis=-1)


def _plane(points: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Return two coordinates of points (..., 3) in the plane across ``normal``."""
    first = np.eye(3)[int(np.argmin(np.abs(normal)))]
    first = first - normal * (normal @ first)
    first /= np.linalg.norm(first)
    return points @ np.stack([first, np.cross(normal, first)], axis=1)
