"""The renderer by name, what its import costs, and the same pixels on every processor."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ivlm_bench.errors import UnknownNameError
from ivlm_bench.protocols import Renderer
from ivlm_bench.render import get_renderer


def test_renderer_is_found_by_name() -> None:
    renderer = get_renderer("soft")
    assert isinstance(renderer, Renderer)
    assert renderer.name == "soft"
    with pytest.raises(UnknownNameError, match="Did you mean 'soft'"):
        get_renderer("sofft")


def test_package_is_light() -> None:
    code = "import sys, ivlm_bench.render; assert 'numba' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


HASH_SCRIPT = """
import hashlib, sys
import numpy as np
from ivlm_bench.geometry.camera import look_at
from ivlm_bench.protocols import Surface
from ivlm_bench.render.soft import SoftRenderer

rng = np.random.default_rng(11)
steps = np.linspace(-1.0, 1.0, 41)
x, y = np.meshgrid(steps, steps, indexing="ij")
hills = 0.2 * (x * x - y * y) + 0.02 * rng.normal(size=x.shape)
points = np.stack([x, y, hills], -1).reshape(-1, 3)
i, j = (a.ravel() for a in np.meshgrid(range(40), range(40), indexing="ij"))
a = 41 * i + j
faces = np.concatenate([np.stack([a, a + 41, a + 42], 1), np.stack([a, a + 42, a + 1], 1)])
texture = rng.integers(0, 256, (37, 53, 3)).astype(np.uint8)
uv = (0.7 * points[:, :2]).astype(np.float32)
camera = look_at(np.array([1.3, -0.9, 1.1]), np.zeros(3), fov_rad=0.9, size_px=160)
ground = Surface("hills", points, faces.astype(np.int32), uv, texture, True)
plate = Surface("plate", points * [0.2, 0.2, 0] + [0, 0, 0.4], ground.faces, uv, texture, True)
got = SoftRenderer().render((ground, plate), camera)
digest = hashlib.sha256()
for image in (got.rgb, got.depth_m, got.part_ids, got.face_ids):
    digest.update(image.tobytes())
print(digest.hexdigest(), int((got.part_ids == 1).sum()))
"""


def test_same_pixels_for_a_generic_processor_and_this_one(tmp_path: Path) -> None:
    seen = []
    for processor in (None, "generic"):
        environment = {k: v for k, v in os.environ.items() if k != "NUMBA_CPU_NAME"}
        if processor:
            environment["NUMBA_CACHE_DIR"] = str(tmp_path)
            environment["NUMBA_CPU_NAME"] = processor
        done = subprocess.run(
            [sys.executable, "-c", HASH_SCRIPT],
            check=True,
            capture_output=True,
            text=True,
            env=environment,
        )
        seen.append(done.stdout.split())
    assert int(seen[0][1]) > 100
    assert seen[0] == seen[1]
