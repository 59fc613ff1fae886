"""Contact-GraspNet's input: ``KEY_VIEW.npz`` with ``depth``, ``K``, ``rgb`` and ``segmap``.

Source of the keys: contact_graspnet, ``data.py``, ``load_available_input_data``; it takes ``rgb``
for blue-green-red, as OpenCV reads pictures. ``segmap`` numbers what stands on the table from 1, by
depth alone: connected pixels higher than the plane z = 0. It is no simulator's segmentation.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy import ndimage

from ivlm_bench.geometry.camera import depth_points
from ivlm_bench.geometry.cloud import SUPPORT_M
from ivlm_bench.types import Observation, View


def write(out: Path, key: str, number: int, seen: Observation) -> None:
    """Write one file a view."""
    for index, view in enumerate(seen.views):
        np.savez_compressed(
            out / f"{key}_{index}.npz",
            depth=_depth_m(view),
            K=view.camera.intrinsics_px,
            rgb=np.ascontiguousarray(view.rgb[..., ::-1]),
            segmap=standing(view),
        )


def standing(view: View) -> np.ndarray:
    """Return (h, w) int32: 0 where table or nothing is, else the number of the connected thing."""
    depth_m = _depth_m(view)
    height_m = depth_points(view.camera, depth_m)[..., 2]
    labels, _ = ndimage.label(np.nan_to_num(height_m, nan=-1.0) > SUPPORT_M)
    return np.asarray(labels, np.int32)


def _depth_m(view: View) -> np.ndarray:
    assert view.depth_m is not None
    return view.depth_m
