from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from ivlm_bench.geometry.camera import depth_points
from ivlm_bench.geometry.cloud import view_normals
from ivlm_bench.testing.analytic import Block, Column, table_observation
from ivlm_bench.types import Query
from ivlm_policies.ivlm.grounding.channels import cut, levelled_axes
from ivlm_policies.ivlm.grounding.levelled import levelled_shape
from ivlm_policies.ivlm.stages import Crop

SHOWN = table_observation(
    (Column((0.0, 0.0, 0.05), 0.035, 0.10), Block((0.08, 0.0, 0.02), (0.05, 0.03, 0.04))),
    Query("grasp", "mug", None, ""),
).views


@pytest.mark.parametrize("index", range(4))
def test_the_compiled_pass_says_what_geometry_says(index: int) -> None:
    view = SHOWN[index]
    assert view.depth_m is not None
    depth = view.depth_m.copy()
    depth[10:14, 20:30] = 0.0
    axes = levelled_axes(view.camera)
    points = depth_points(view.camera, depth)
    normals, _ = view_normals(view, points)
    known = np.isfinite(normals[..., 0]) & np.isfinite(points[..., 2])
    got = levelled_shape(view.camera, depth, axes)
    assert (got[4] > 0) == pytest.approx(known)
    want = np.where(known, (normals @ axes.T).transpose(2, 0, 1), 0.0)
    assert np.abs(got[:3] - want).max() < 1e-6
    assert np.abs(got[3] - np.where(known, points[..., 2], 0.0)).max() < 1e-6


@pytest.mark.parametrize(
    "crop", [Crop(0.0, 0.0, 224.0), Crop(31.3, 40.7, 90.0), Crop(-20, 90, 180)]
)
def test_a_window_is_blurred_and_read_between_pixels(crop: Crop) -> None:
    rng = np.random.default_rng(0)
    channels = rng.random((2, 224, 224)).astype(np.float32)
    step = crop.side_px / 128
    soft = (
        channels if step <= 1.2 else ndimage.gaussian_filter(channels, (0, 0.3 * step, 0.3 * step))
    )
    at = (np.arange(128) + 0.5) * step - 0.5
    rows, columns = np.meshgrid(crop.top_px + at, crop.left_px + at, indexing="ij")
    want = [
        ndimage.map_coordinates(c, [rows, columns], order=1, mode="grid-constant") for c in soft
    ]
    assert np.abs(cut(channels, crop) - np.stack(want)).max() < 1e-5
