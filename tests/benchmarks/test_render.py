"""Speed of the software renderer as a multiple of a plain pass over the same geometry."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from ivlm_bench.geometry.camera import look_at, project
from ivlm_bench.geometry.normals import corner_normals
from ivlm_bench.protocols import Surface
from ivlm_bench.render.soft import SoftRenderer

#: CPU time of one render over that of the reference, which transforms, projects and takes the
#: face areas of the same 22k faces in numpy; measured 1.0 to 2.6, limits leave room for a busy
#: machine.
LIMITS = {(False, False): 4.0, (False, True): 6.0, (True, False): 5.0, (True, True): 8.0}

N_ROUNDS = 5

CAMERA = look_at(np.array([0.75, -0.25, 0.55]), np.array([0, 0, 0.03]), fov_rad=0.8, size_px=224)


def ball(x_m: float, y_m: float, name: str) -> Surface:
    """A ball of 2,208 faces that rests on the table."""
    around, along = 48, 24
    tilt = np.pi * np.arange(along + 1) / along
    turn = 2 * np.pi * np.arange(around) / around
    a, b = np.meshgrid(tilt, turn, indexing="ij")
    points = np.stack([np.sin(a) * np.cos(b), np.sin(a) * np.sin(b), 1 + np.cos(a)], -1)
    vertices = 0.05 * points.reshape(-1, 3) + np.array([x_m, y_m, 0.0])
    i, j = (g.ravel() for g in np.meshgrid(range(along), range(around), indexing="ij"))
    p, q = i * around + j, i * around + (j + 1) % around
    faces = np.concatenate(
        [np.stack([p, p + around, q + around], 1)[i > -1], np.stack([p, q + around, q], 1)[i > 0]]
    ).astype(np.int32)
    texture = np.full((1, 1, 3), 180, np.uint8)
    texture.setflags(write=False)
    uv = np.zeros((len(vertices), 2), np.float32)
    return Surface(name, vertices, faces, uv, texture, True, corner_normals(vertices, faces))


def table_scene() -> tuple[Surface, ...]:
    corners = np.array([[-0.6, -0.6, 0], [0.6, -0.6, 0], [0.6, 0.6, 0], [-0.6, 0.6, 0.0]])
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    texture = np.full((1, 1, 3), 200, np.uint8)
    texture.setflags(write=False)
    table = Surface("table", corners, faces, np.zeros((4, 2), np.float32), texture, False)
    spots = [(x, y) for x in (-0.3, -0.1, 0.1, 0.3) for y in (-0.15, 0.05, 0.25)][:10]
    return (table, *(ball(x, y, f"ball{i}") for i, (x, y) in enumerate(spots)))


def cpu_s(action: Callable[[], object], rounds: int = 5) -> float:
    """Median process CPU time of one call."""
    action()
    times = []
    for _ in range(rounds):
        start = time.process_time()
        action()
        times.append(time.process_time() - start)
    return statistics.median(times)


def reference(surfaces: tuple[Surface, ...]) -> None:
    """Project every vertex and take the screen area of every face, in numpy."""
    for surface in surfaces:
        pixels, _ = project(CAMERA, surface.vertices_m)
        a, b, c = np.moveaxis(pixels[surface.faces], 1, 0)
        _ = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]


@pytest.mark.benchmark
@pytest.mark.parametrize(("anti_alias", "shadows"), list(LIMITS))
def test_render_against_numpy_projection(
    benchmark: BenchmarkFixture, anti_alias: bool, shadows: bool
) -> None:
    surfaces, renderer = table_scene(), SoftRenderer(anti_alias=anti_alias)
    n_faces = sum(len(s.faces) for s in surfaces)
    assert 20_000 < n_faces < 24_000

    def draw() -> object:
        return renderer.render(surfaces, CAMERA, shadows=shadows)

    ratios = [cpu_s(draw) / cpu_s(lambda: reference(surfaces)) for _ in range(N_ROUNDS)]
    ratio = statistics.median(ratios)
    benchmark.extra_info.update(ratio=ratio, ratios=ratios)
    benchmark.pedantic(draw, rounds=10, warmup_rounds=1)  # type: ignore[no-untyped-call]
    assert ratio <= LIMITS[anti_alias, shadows]
