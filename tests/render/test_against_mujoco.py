"""The software renderer against MuJoCo's GL renderer on one scene, where GL exists."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from ivlm_bench.geometry.camera import look_at
from ivlm_bench.protocols import Rendering, Surface
from ivlm_bench.render.lights import BACKGROUND, LIGHT_X, LIGHT_Y, LIGHT_Z
from ivlm_bench.render.soft import SoftRenderer

SIZE_PX = 224
CAMERA = look_at(
    np.array([0.75, -0.25, 0.55]), np.array([0, 0, 0.03]), fov_rad=0.8, size_px=SIZE_PX
)


def lathe(profile: list[tuple[float, float]], around: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Closed solid of revolution of (radius, height) points that start and end on the axis."""
    turn = 2 * np.pi * np.arange(around) / around
    rings = [
        np.stack([r * np.cos(turn), r * np.sin(turn), np.full(around, h)], 1)
        for r, h in profile[1:-1]
    ]
    ends = np.array([[0, 0, profile[0][1]], [0, 0, profile[-1][1]]])
    vertices = np.concatenate([*rings, ends])
    first, last = len(vertices) - 2, len(vertices) - 1
    faces = []
    for j in range(around):
        k = (j + 1) % around
        faces.append((first, k, j))
        for a in range(0, (len(rings) - 1) * around, around):
            faces += [(a + j, a + k, a + around + k), (a + j, a + around + k, a + around + j)]
        a = (len(rings) - 1) * around
        faces.append((last, a + j, a + k))
    return vertices, np.array(faces, np.int32)


def brick(
    size_m: tuple[float, float, float], below_m: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    corners = [[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (0, 1)]
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    faces = [(q[0], q[i], q[i + 1]) for q in quads for i in (1, 2)]
    return np.array(corners) * size_m - [0, 0, below_m], np.array(faces, np.int32)


def ball(radius_m: float) -> tuple[np.ndarray, np.ndarray]:
    t = np.pi * np.arange(25) / 24
    return lathe([(radius_m * np.sin(a), radius_m * (1 - np.cos(a))) for a in t])


def things() -> list[
    tuple[tuple[np.ndarray, np.ndarray], tuple[float, float], tuple[int, int, int]]
]:
    cup = [
        (0, 0),
        (0.035, 0),
        (0.04, 0.004),
        (0.04, 0.09),
        (0.036, 0.09),
        (0.036, 0.008),
        (0, 0.006),
    ]
    can = [(0, 0), (0.03, 0), (0.03, 0.06), (0.03, 0.12), (0, 0.12)]
    return [
        (brick((1.2, 1.2, 0.05), below_m=0.05), (0, 0), (196, 170, 140)),
        (lathe(cup), (0.0, 0.0), (200, 60, 50)),
        (ball(0.045), (0.1, -0.15), (90, 170, 80)),
        (brick((0.08, 0.06, 0.1)), (-0.2, -0.05), (230, 180, 60)),
        (lathe(can), (0.02, 0.22), (120, 90, 160)),
        (ball(0.03), (0.22, -0.08), (235, 235, 235)),
        (brick((0.05, 0.12, 0.03)), (0.3, 0.08), (180, 140, 110)),
    ]


def surfaces() -> tuple[Surface, ...]:
    placed = []
    for i, ((vertices, faces), (x, y), colour) in enumerate(things()):
        uv = np.zeros((len(vertices), 2), np.float32)
        texture = np.array([[colour]], np.uint8)
        placed.append(Surface(f"thing{i}", vertices + np.array([x, y, 0.0]), faces, uv, texture))
    return tuple(placed)


def mujoco_scene(drawn: tuple[Surface, ...]) -> dict[str, np.ndarray]:
    pose = CAMERA.world_from_camera
    scene = {
        "size_px": np.array(SIZE_PX),
        "focal_px": CAMERA.intrinsics_px[0, 0],
        "eye_m": pose.position_m,
        "rotation": pose.rotation,
        "light": np.array([LIGHT_X, LIGHT_Y, LIGHT_Z]),
        "background": np.array(BACKGROUND, float),
        "count": np.array(len(drawn)),
    }
    for i, surface in enumerate(drawn):
        scene |= {f"vertices{i}": surface.vertices_m, f"faces{i}": surface.faces}
        scene[f"colour{i}"] = surface.texture[0, 0].astype(float)
    return scene


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Rendering, dict[str, np.ndarray]]:
    """Ours and MuJoCo's picture of one scene; skips where neither EGL nor OSMesa works."""
    folder = tmp_path_factory.mktemp("mujoco")
    drawn = surfaces()
    np.savez(folder / "scene.npz", allow_pickle=False, **mujoco_scene(drawn))
    script = Path(__file__).with_name("mujoco_picture.py")
    reasons = []
    for backend in ("egl", "osmesa"):
        done = subprocess.run(
            [sys.executable, str(script), str(folder / "scene.npz"), str(folder / "out.npz")],
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ, "MUJOCO_GL": backend},
        )
        if done.returncode == 0:
            return SoftRenderer().render(drawn, CAMERA), dict(np.load(folder / "out.npz"))
        reasons.append(f"{backend}: {done.stderr.strip().splitlines()[-1:]}")
    pytest.skip(f"MuJoCo finds no GL here ({'; '.join(reasons)})")


def structural_similarity(a: np.ndarray, b: np.ndarray) -> float:
    """Mean SSIM of two grey images in [0, 255].

    Z. Wang et al., Image quality assessment: from error visibility to structural similarity,
    IEEE Trans. Image Processing 13(4), 2004: 11 x 11 Gaussian window of sigma 1.5, K1 = 0.01,
    K2 = 0.03.
    """

    def mean(image: np.ndarray) -> np.ndarray:
        return gaussian_filter(image, 1.5, radius=5)

    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    ma, mb = mean(a), mean(b)
    va, vb, vab = mean(a * a) - ma**2, mean(b * b) - mb**2, mean(a * b) - ma * mb
    top = (2 * ma * mb + c1) * (2 * vab + c2)
    return float((top / ((ma**2 + mb**2 + c1) * (va + vb + c2))).mean())


def test_structural_similarity_of_known_pairs() -> None:
    rng = np.random.default_rng(0)
    image = rng.uniform(0, 255, (64, 64))
    assert structural_similarity(image, image) == pytest.approx(1.0)
    # Two flat images: only the luminance term is left.
    want = (2 * 100 * 120 + 6.5025) / (100**2 + 120**2 + 6.5025)
    assert structural_similarity(
        np.full((32, 32), 100.0), np.full((32, 32), 120.0)
    ) == pytest.approx(want)
    assert structural_similarity(image, 255 - image) < 0


def test_ids_agree(pair: tuple[Rendering, dict[str, np.ndarray]]) -> None:
    ours, theirs = pair
    assert (ours.part_ids == theirs["part_ids"]).mean() >= 0.999
    assert len(np.unique(ours.part_ids)) == len(things()) + 1


def test_depth_agrees_within_a_hundredth_of_a_millimetre(
    pair: tuple[Rendering, dict[str, np.ndarray]],
) -> None:
    ours, theirs = pair
    same = (ours.part_ids == theirs["part_ids"]) & (ours.part_ids >= 0)
    apart_m = np.abs(ours.depth_m - theirs["depth_m"])[same]
    assert apart_m.max() <= 1e-5


def test_pictures_look_alike(pair: tuple[Rendering, dict[str, np.ndarray]]) -> None:
    ours, theirs = pair
    grey = [image.astype(float) @ [0.299, 0.587, 0.114] for image in (ours.rgb, theirs["rgb"])]
    assert structural_similarity(*grey) >= 0.9
