"""Parts that are put on bodies: handles, knobs, lids, spouts, levers, buttons, doors, drawers.

Each is made in a frame whose x axis points out of the surface and whose z axis points up, and
reaches a little into the surface. They are to be looked at, not to be simulated.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64

from ivlm_bench.geometry.solids import Solid, cylinder, joined, lathe, swept_tube
from ivlm_bench.geometry.solids import box as box_solid
from ivlm_bench.types import Mesh, Pose
from ivlm_envs.drills.carriers import Placed
from ivlm_envs.objects.boards import turned_to
from ivlm_envs.objects.handles import bar_section

#: How far parts reach into the surface that they stand on (m).
ROOT_M = 0.003
#: Thickness of bars (m), their reach from the surface (m), and points along their path.
BAR_M, REACH_M, N_PATH = (0.005, 0.014), (0.018, 0.042), 25
#: Length of straight handles (m).
STICK_M = (0.08, 0.19)
#: Gap between neighbouring drawers (m), and thickness of fronts (m).
GAP_M, FRONT_M = 0.004, 0.008

_Y = np.array([0.0, 1.0, 0.0])


def loop_handle(height_m: float, rng: np.random.Generator) -> Solid:
    """Return a handle that leaves the surface and comes back to it, round or angular."""
    t = np.linspace(0.0, np.pi, N_PATH)
    square, reach = float(rng.uniform(0.25, 1.0)), float(rng.uniform(*REACH_M))
    half = height_m / 2.0 * float(rng.uniform(0.45, 0.9))
    out = reach * np.abs(np.sin(t)) ** square
    along = half * np.sign(np.cos(t)) * np.abs(np.cos(t)) ** square
    if rng.random() < 0.3:
        out *= 1.0 + 0.35 * along / half  # an ear: full at the top
    path = np.stack([out - ROOT_M, 0.0 * t, along], axis=1)
    thick = (float(rng.uniform(*BAR_M)), float(rng.uniform(*BAR_M)))
    return swept_tube(path, bar_section(thick), _Y)


def crosswise(solid: Solid) -> Solid:
    """Return a part turned by a quarter about the way out of the surface."""
    turn = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
    return solid.moved(Pose.from_rotation(turn, np.zeros(3)))


def upwards(solid: Solid) -> Solid:
    """Return a part that was made for a side, for a top: what pointed out points up."""
    turn = np.array([[0.0, 0.0, -1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    return solid.moved(Pose.from_rotation(turn, np.zeros(3)))


def stick_handle(rng: np.random.Generator) -> Solid:
    """Return a long straight or slightly bent handle that points away."""
    t = np.linspace(0.0, 1.0, N_PATH)
    length, tilt = float(rng.uniform(*STICK_M)), float(rng.uniform(-0.1, 0.5))
    bend = float(rng.uniform(-0.25, 0.25))
    path = np.stack([length * t - ROOT_M, 0.0 * t, length * (tilt * t + bend * t**2)], axis=1)
    thick = (float(rng.uniform(0.009, 0.018)), float(rng.uniform(0.009, 0.024)))
    return swelled(path, bar_section(thick), rng.uniform(0.7, 1.25, 4))


def swelled(path_m: np.ndarray, section_m: np.ndarray, scale: np.ndarray) -> Solid:
    """Sweep a section along a path (k, 3) in the xz plane, scaled as it goes."""
    tube, k, m = swept_tube(path_m, section_m, _Y), len(path_m), len(section_m)
    station = np.concatenate([np.repeat(np.arange(k), m + 1), np.zeros(m, int), np.full(m, k - 1)])
    share = np.interp(np.linspace(0.0, 1.0, k), np.linspace(0.0, 1.0, len(scale)), scale)
    centre = path_m[station]
    vertices = centre + (tube.mesh.vertices_m - centre) * share[station][:, None]
    return Solid(Mesh(vertices, tube.mesh.faces), tube.uv, tube.chart)


def spout(height_m: float, rng: np.random.Generator) -> Solid:
    """Return a tapering tube that leads outwards and up."""
    t = np.linspace(0.0, 1.0, N_PATH)
    reach = float(rng.uniform(0.03, 0.07))
    rise = height_m * float(rng.uniform(0.2, 0.5))
    path = np.stack([reach * t - 2 * ROOT_M, 0.0 * t, rise * t ** rng.uniform(1.0, 2.2)], axis=1)
    thick = float(rng.uniform(0.016, 0.030))
    return swelled(path, bar_section((thick, thick)), np.array([1.0, 0.7, rng.uniform(0.4, 0.65)]))


def knob(rng: np.random.Generator, *, largest_m: float = 0.022) -> Solid:
    """Return a turned knob on a stem, pointing out."""
    radius, stem = float(rng.uniform(0.009, largest_m)), float(rng.uniform(0.003, 0.010))
    thick, waist = float(rng.uniform(0.006, 0.018)), float(rng.uniform(0.35, 0.9))
    t = np.linspace(-np.pi / 2, np.pi / 2, 9)
    square = float(rng.uniform(0.3, 1.0))
    head = np.stack(
        [
            radius * np.abs(np.cos(t)) ** square,
            stem + thick / 2 * (1 + np.sign(np.sin(t)) * np.abs(np.sin(t)) ** square),
        ],
        axis=1,
    )
    head[[0, -1], 0] = 0.0  # on the axis, where a root of a tiny cosine is not
    foot = np.array([[0.0, -ROOT_M], [waist * radius, -ROOT_M]])
    neck = np.array([[waist * radius, -ROOT_M], [waist * radius, stem + 0.2 * thick]])
    solid = lathe([foot, neck, np.array([[waist * radius, stem + 0.2 * thick], [0.0, stem]])], 20)
    return turned_to(joined([solid, lathe([head], 20)]), "x")


def lever(rng: np.random.Generator) -> Solid:
    """Return a boss with an arm across it, which swings in the plane of the surface."""
    boss_m, arm_m = float(rng.uniform(0.008, 0.016)), float(rng.uniform(0.045, 0.10))
    depth, thick = float(rng.uniform(0.012, 0.025)), float(rng.uniform(0.006, 0.012))
    boss = turned_to(cylinder(boss_m, depth + ROOT_M), "x").at((depth - ROOT_M) / 2, 0.0, 0.0)
    arm = box_solid((thick, 1.3 * thick, arm_m), radius_m=0.3 * thick)
    swung = float(rng.uniform(-np.pi, np.pi))
    c, s = np.cos(swung), np.sin(swung)
    turn = np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])
    placed = arm.at(depth, 0.0, 0.45 * arm_m).moved(Pose.from_rotation(turn, np.zeros(3)))
    return joined([boss, placed])


def button(rng: np.random.Generator) -> Solid:
    """Return a round or square cap that stands proud of the surface."""
    half, proud = float(rng.uniform(0.007, 0.014)), float(rng.uniform(0.004, 0.010))
    if rng.random() < 0.7:
        cap = cylinder(half, proud + ROOT_M, bevel_m=0.001)
        return turned_to(cap, "x").at((proud - ROOT_M) / 2, 0.0, 0.0)
    size = (proud + ROOT_M, 2 * half, 2 * half * float(rng.uniform(0.7, 1.0)))
    return box_solid(size, radius_m=0.0015).at((proud - ROOT_M) / 2, 0.0, 0.0)


def lid(radius_m: float, rng: np.random.Generator) -> list[Placed]:
    """Return a turned lid for a round top, its frame's x axis up, with a grip in its middle."""
    rim, dome = float(rng.uniform(0.004, 0.010)), float(rng.uniform(0.0, 0.025))
    over = radius_m * float(rng.uniform(1.0, 1.1))
    t = np.linspace(0.0, 1.0, 8)
    top = np.stack([over * (1 - t), rim + dome * np.sin(t * np.pi / 2)], axis=1)
    side = np.array([[over, -0.001], [over, rim]])
    cover = lathe([np.array([[0.0, -0.001], [over, -0.001]]), side, top], 36)
    return [("lid", turned_to(cover, "x")), _grip(rng, rim + dome, radius_m)]


def slab_lid(size_m: tuple[float, float], rng: np.random.Generator) -> list[Placed]:
    """Return a flat lid for a box's top (y, x extents), its frame's x axis up, and its grip."""
    thick = float(rng.uniform(0.006, 0.020))
    cover = box_solid((thick, size_m[0] + 0.004, size_m[1] + 0.004), radius_m=0.002)
    placed = cover.at(thick / 2 - 0.0005, 0.0, 0.0)
    return [("lid", placed), _grip(rng, thick, min(size_m) / 2)]


def _grip(rng: np.random.Generator, height_m: float, room_m: float) -> Placed:
    if rng.random() < 0.7:
        return "knob", knob(rng, largest_m=min(0.022, 0.6 * room_m)).at(height_m, 0.0, 0.0)
    return "tab", loop_handle(min(0.06, 1.2 * room_m), rng).at(height_m, 0.0, 0.0)


def neck_and_cap(radius_m: float, rng: np.random.Generator) -> list[Placed]:
    """Return a neck on a closed top, its frame's x axis up, and a cap on it in most cases."""
    narrow = radius_m * float(rng.uniform(0.35, 0.7))
    long, high = float(rng.uniform(0.015, 0.05)), float(rng.uniform(0.010, 0.025))
    stem = turned_to(cylinder(narrow, long + ROOT_M, segments=28), "x")
    parts = [("neck", stem.at((long - ROOT_M) / 2, 0.0, 0.0))]
    if rng.random() < 0.75:
        cap = cylinder(narrow * float(rng.uniform(1.02, 1.3)), high, segments=28, bevel_m=0.0015)
        parts.append(("cap", turned_to(cap, "x").at(long + high / 2 - 0.001, 0.0, 0.0)))
    return parts


def door(front_m: tuple[float, float], rng: np.random.Generator) -> list[Placed]:
    """Return a door on a front of (width, height), with a handle on one side."""
    width, height = (float(rng.uniform(0.75, 0.95)) * side for side in front_m)
    leaf = box_solid((FRONT_M, width, height), radius_m=0.001).at(FRONT_M / 2, 0.0, 0.0)
    side = float(rng.choice((-1.0, 1.0)))
    grip = _pull(0.6 * height, rng).at(FRONT_M, side * 0.38 * width, 0.0)
    return [("door", leaf), ("handle", grip)]


def drawers(front_m: tuple[float, float], rng: np.random.Generator) -> list[Placed]:
    """Return one to three drawers above each other on a front of (width, height)."""
    n = int(rng.integers(1, 4))
    width, each = 0.9 * front_m[0], 0.92 * front_m[1] / n
    names = {1: ("",), 2: ("_top", "_bottom"), 3: ("_top", "_middle", "_bottom")}[n]
    parts: list[Placed] = []
    across = rng.random() < 0.8
    state = rng.bit_generator.random_raw()
    for row, name in enumerate(names):
        level = each * ((n - 1) / 2.0 - row)
        size = (FRONT_M, width, each - GAP_M)
        grip = _pull(0.5 * width, np.random.default_rng(state))  # all alike
        turned = crosswise(grip) if across else grip
        parts.append((f"front{name}", box_solid(size, radius_m=0.001).at(FRONT_M / 2, 0.0, level)))
        parts.append((f"handle{name}", turned.at(FRONT_M, 0.0, level)))
    return parts


def _pull(length_m: float, rng: np.random.Generator) -> Solid:
    """Return a bar or a knob to pull at."""
    if rng.random() < 0.7:
        return loop_handle(min(length_m, 0.09), rng)
    return knob(rng, largest_m=0.014)


def button_places(front_m: tuple[float, float], n: int) -> Float64[np.ndarray, "n 2"]:
    """Return the places (y, z) of n buttons in a row or two on a front, about its middle."""
    columns = n if n <= 3 else (n + 1) // 2
    rows = -(-n // columns)
    step = min(0.045, 0.8 * front_m[0] / columns)
    rise = min(0.045, 0.7 * front_m[1] / rows)
    return np.array(
        [
            [step * (i % columns - (columns - 1) / 2), rise * (i // columns - (rows - 1) / 2)]
            for i in range(n)
        ]
    )
