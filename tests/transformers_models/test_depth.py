"""Depth up to scale and shift is made metric by the table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ivlm_bench.geometry.camera import look_at, ray_directions
from ivlm_bench.types import Camera, View
from ivlm_policies.transformers_models.depth import Kind, metric_depth, table_inverse, with_depth

EYE = np.array([0.5, -0.2, 0.45])
CAMERA = look_at(EYE, np.array([0.0, 0.0, 0.03]), fov_rad=0.7, size_px=120)
BALL, RADIUS = np.array([0.02, 0.01, 0.06]), 0.06


def true_depth(camera: Camera) -> np.ndarray:
    """Return depth of a ball on a table that ends nowhere: rays against both, by hand."""
    rows, columns = np.indices((camera.height_px, camera.width_px))
    rays = ray_directions(camera, np.stack([columns.ravel(), rows.ravel()], axis=1))
    rays = rays / np.linalg.norm(rays, axis=1, keepdims=True)
    table = np.where(rays[:, 2] < 0.0, -EYE[2] / rays[:, 2], np.inf)
    b = rays @ (EYE - BALL)
    root = b**2 - ((EYE - BALL) ** 2).sum() + RADIUS**2
    ball = np.where(root > 0.0, -b - np.sqrt(np.maximum(root, 0.0)), np.inf)
    away = np.minimum(table, ball)
    points = EYE + away[:, None] * rays
    depth = (points - EYE) @ camera.world_from_camera.rotation[:, 2]
    return np.asarray(depth.reshape(camera.height_px, camera.width_px))


def test_table_alone() -> None:
    far = BALL.copy()
    BALL[:] = [9.0, 9.0, 9.0]
    wanted = 1.0 / true_depth(CAMERA)
    BALL[:] = far
    np.testing.assert_allclose(table_inverse(CAMERA), wanted, rtol=1e-9)


@pytest.mark.parametrize("kind", ["inverse", "metric"])
def test_scale_and_shift_are_found(kind: Kind) -> None:
    depth = true_depth(CAMERA)
    rng = np.random.default_rng(0)
    said = 37.0 / depth - 12.0 if kind == "inverse" else 2.3 * depth
    said = said * (1.0 + 0.002 * rng.standard_normal(said.shape))
    found = metric_depth(said, CAMERA, kind=kind)
    assert found is not None
    error = np.abs(found - depth) / depth
    assert np.median(error) < 0.003
    assert error.max() < 0.03


def test_nothing_is_made_up() -> None:
    """Numbers that don't follow the table give no depth; what is known stays as it is."""

    class Noise:
        kind: Kind = "inverse"

        def see(self, rgb: np.ndarray, /) -> np.ndarray:
            return np.random.default_rng(1).random(rgb.shape[:2], np.float32)

    view = View(CAMERA, np.zeros((120, 120, 3), np.uint8), None)
    assert with_depth(view, Noise()) is view
    known = replace(view, depth_m=np.ones((120, 120), np.float32))
    assert with_depth(known, Noise()) is known
