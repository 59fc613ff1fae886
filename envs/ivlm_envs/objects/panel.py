"""Button panels: an upright plate on a foot with spring-loaded caps that face +x."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ivlm_bench.geometry.solids import Solid, lathe, prism
from ivlm_bench.geometry.solids import box as box_solid
from ivlm_bench.objects import OBJECTS, ObjectFamily, Split
from ivlm_bench.types import Joint, Link, ObjectModel, Part, Pose
from ivlm_envs.objects import textures as tx
from ivlm_envs.objects.boards import board, turned_to
from ivlm_envs.objects.bodies import affordance, assembled, link, part, solid_mass

#: Diameter (or side) of a cap (m): the visible difference between the pools.
CAP_M = {"seen": (0.018, 0.0225), "unseen": (0.025, 0.030)}
#: How far a cap stands out at rest (m).
PROTRUSION_M = (0.006, 0.010)
#: Travel (m), spring (N/m), rest position of the spring (m; 0.5 N of preload) and damping
#: (N s/m): IVLM-Phys v1, section 6.3.
TRAVEL_M, STIFFNESS_N_M, SPRING_REST_M, DAMPING_N_S_M = 0.004, 500.0, -0.001, 0.5
#: Least distance between the centres of two caps (m).
PITCH_M = 0.040
#: Free gap between a cap and its well (m).
WELL_GAP_M = 0.0012
#: Depth of a cap inside its well at rest, and thickness of the layer that holds the wells (m).
CAP_DEPTH_M, LAYER_M = 0.0055, 0.011
#: Thickness of the board behind the wells (m).
BACK_M = 0.005
#: Height of the foot (m), and of the lowest cap's centre above the table (m).
FOOT_M, LOWEST_M = 0.014, 0.054
#: Density of ABS plastic (kg/m3).
DENSITY_KG_M3 = 1050.0
MASS_KG = (0.004, 5.0)
#: Colours of the caps (sRGB), far apart in hue or lightness; the name of a button tells its colour.
CAP_COLOURS: dict[str, tx.Colour] = {
    "red": (206, 36, 34),
    "green": (30, 150, 66),
    "blue": (34, 76, 196),
    "yellow": (240, 204, 34),
    "white": (242, 242, 238),
    "black": (32, 32, 36),
}
PLATE_COLOURS: tuple[tx.Colour, ...] = (
    (150, 154, 158),
    (176, 166, 148),
    (120, 134, 142),
    (164, 148, 160),
    (132, 146, 126),
)
#: Rows of caps from the top, by number of caps.
LAYOUTS: dict[int, tuple[tuple[int, ...], ...]] = {
    2: ((2,), (1, 1)),
    3: ((3,), (1, 1, 1), (2, 1)),
    4: ((2, 2), (4,)),
    5: ((3, 2), (2, 2, 1)),
}
#: Side of the plate's texture (px), and its share that is the plate (the rest is dark).
_TEXTURE_PX, _PLATE_SHARE = 128, 0.95
_X, _Y, _Z = np.eye(3)


@dataclass(frozen=True, slots=True)
class PanelShape:
    """Dimensions of one panel in m; ``centres`` are (y, z) of the caps by row, top row first."""

    cap_m: float
    protrusion_m: float
    round_caps: bool
    pitch_m: float
    margin_m: float
    rows: tuple[tuple[tuple[float, float], ...], ...]

    @property
    def well_m(self) -> float:
        """Half the width of a well."""
        return self.cap_m / 2 + WELL_GAP_M

    @property
    def y_m(self) -> tuple[float, float]:
        """Left and right end of the plate."""
        half = max(abs(y) for row in self.rows for y, _ in row) + self.margin_m
        return -half, half

    @property
    def z_m(self) -> tuple[float, float]:
        """Lower and upper end of the plate."""
        return FOOT_M, self.rows[0][0][1] + self.margin_m

    @property
    def face_m(self) -> float:
        """Where the plate's front lies along x."""
        return (LAYER_M + BACK_M) / 2


def make_panel(name: str, split: Split, rng: np.random.Generator) -> ObjectModel:
    """Build a panel of two to five buttons."""
    s = _draw_shape(split, rng)
    centres = [centre for row in s.rows for centre in row]
    colours = [str(c) for c in rng.permutation(list(CAP_COLOURS))[: len(centres)]]
    plate = _plate(s, rng, colours)
    foot_texture = plate.texture[:1, :1] if rng.random() < 0.5 else tx.plain(rng, (64, 64, 68))
    foot = part("foot", _foot(s), foot_texture, smooth=False)
    body = solid_mass([plate.mesh, foot.mesh], DENSITY_KG_M3, mass_range_kg=MASS_KG)
    links = [link("panel", [plate, foot], body)]
    values = {}
    for colour, (y, z) in zip(colours, centres, strict=True):
        button = _button(s, colour, Pose.at(s.face_m, y, z), rng)
        links.append(button)
        values[button.name] = _pressable(s, button.parts[0])
    return ObjectModel(
        name=name,
        category="panel",
        cluster=name,
        split=split,
        links=tuple(links),
        affordances={"press": affordance(links, values)},
        fixed_base=True,
    )


def _draw_shape(split: Split, rng: np.random.Generator) -> PanelShape:
    cap = float(rng.uniform(*CAP_M[split]))
    pitch = max(PITCH_M, cap + 0.018) + float(rng.uniform(0.001, 0.010))
    layouts = LAYOUTS[int(rng.integers(2, 6))]
    counts = layouts[int(rng.integers(len(layouts)))]
    rows = tuple(
        tuple((pitch * (i - (count - 1) / 2), LOWEST_M + pitch * level) for i in range(count))
        for level, count in zip(range(len(counts) - 1, -1, -1), counts, strict=True)
    )
    return PanelShape(
        cap_m=cap,
        protrusion_m=float(rng.uniform(*PROTRUSION_M)),
        round_caps=bool(rng.random() < 0.6),
        pitch_m=pitch,
        margin_m=cap / 2 + float(rng.uniform(0.012, 0.024)),
        rows=rows,
    )


def _plate(s: PanelShape, rng: np.random.Generator, colours: list[str]) -> Part:
    """The back board and, before it, a layer of strips that leaves a well for each cap."""
    back = board((-s.face_m, -s.face_m + BACK_M), s.y_m, s.z_m)
    dark = np.full_like(back.uv, 0.5)
    dark[:, 1] = 1.0 - (1.0 - _PLATE_SHARE) / 2
    outer = back.chart != 0
    dark[outer] = _planar_uv(s, back.mesh.vertices_m[outer], front=False)
    solids = [back.with_uv(dark), *_layer(s)]
    return assembled("plate", solids, _print(s, rng, colours))


def _layer(s: PanelShape) -> Iterator[Solid]:
    x = (s.face_m - LAYER_M, s.face_m)
    edges = [s.z_m[1]]
    for row in s.rows:
        edges += [row[0][1] + s.well_m, row[0][1] - s.well_m]
    edges.append(s.z_m[0])
    for high, low in zip(edges[0::2], edges[1::2], strict=True):
        yield _printed(s, board(x, s.y_m, (low, high)))
    for row, high, low in zip(s.rows, edges[1:-1:2], edges[2::2], strict=True):
        ends = [s.y_m[0]]
        for y, _ in row:
            ends += [y - s.well_m, y + s.well_m]
        ends.append(s.y_m[1])
        for left, right in zip(ends[0::2], ends[1::2], strict=True):
            yield _printed(s, board(x, (left, right), (low, high)))
        if s.round_caps:
            for y, z in row:
                yield from _corners(s, y, z)


def _corners(s: PanelShape, y: float, z: float) -> Iterator[Solid]:
    """Four triangles that turn a square well into an octagonal one."""
    half, leg = s.well_m, s.well_m * (2.0 - np.sqrt(2.0))
    for right, up in ((1, 1), (-1, 1), (-1, -1), (1, -1)):
        corner = np.array([right * half, up * half])
        legs = [corner, corner - [right * leg, 0.0], corner - [0.0, up * leg]]
        triangle = np.array(legs if right * up > 0 else legs[::-1])
        solid = turned_to(prism(triangle, LAYER_M), "x")
        yield _printed(s, solid.at(s.face_m - LAYER_M, y, z), front_chart=2)


def _printed(s: PanelShape, solid: Solid, *, front_chart: int = 0) -> Solid:
    """Project the printed texture on the front; edges take the plate's own colour."""
    uv = _planar_uv(s, solid.mesh.vertices_m, front=False)
    front = solid.chart == front_chart
    uv[front] = _planar_uv(s, solid.mesh.vertices_m[front], front=True)
    return solid.with_uv(uv)


def _planar_uv(s: PanelShape, points: np.ndarray, *, front: bool) -> np.ndarray:
    if not front:
        return np.full((len(points), 2), 0.004)
    u = (points[:, 1] - s.y_m[0]) / (s.y_m[1] - s.y_m[0])
    v = (s.z_m[1] - points[:, 2]) / (s.z_m[1] - s.z_m[0])
    return np.stack([u, v * _PLATE_SHARE], axis=1)


def _print(s: PanelShape, rng: np.random.Generator, colours: list[str]) -> np.ndarray:
    """Paint of the plate: a ring and a mark at each cap; half of the plates bear decoy dots."""
    colour = tx.jittered(rng, tx.pick(rng, PLATE_COLOURS), 6.0)
    metal = rng.random() < 0.4
    image = tx.brushed_metal(rng, colour) if metal else tx.plain(rng, colour)
    image = np.resize(np.kron(image, np.ones((2, 2, 1), np.uint8)), (192, 192, 3))
    image = image[:_TEXTURE_PX, :_TEXTURE_PX].copy()
    rows = (np.arange(_TEXTURE_PX) + 0.5) / _TEXTURE_PX / _PLATE_SHARE
    y = s.y_m[0] + (np.arange(_TEXTURE_PX) + 0.5) / _TEXTURE_PX * (s.y_m[1] - s.y_m[0])
    y, z = np.meshgrid(y, s.z_m[1] - rows * (s.z_m[1] - s.z_m[0]))
    ink = (236, 236, 230) if rng.random() < 0.5 else (40, 42, 46)
    for row in s.rows:
        for cy, cz in row:
            away = np.abs([y - cy, z - cz])
            ring = (np.hypot(*away) if s.round_caps else away.max(axis=0)) < s.well_m + 0.005
            mark = (np.abs(y - cy) < 0.006) & (np.abs(z - cz + s.well_m + 0.0075) < 0.0012)
            image[ring | mark] = ink
    if rng.random() < 0.5:
        for dot in _decoys(s, y, z, rng):
            image[dot] = CAP_COLOURS[colours[int(rng.integers(len(colours)))]]
    image[rows > 1.0] = (44, 44, 48)
    return image


def _decoys(
    s: PanelShape, y: np.ndarray, z: np.ndarray, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Painted discs of button size, away from all caps: colour alone does not make a button."""
    height = LOWEST_M - FOOT_M - s.well_m - 0.006
    radius = min(height / 2, s.cap_m / 2)
    low = FOOT_M + 0.003 + radius
    n = max(1, int((s.y_m[1] - s.y_m[0]) / (3.2 * radius)) - 1)
    for centre in np.linspace(s.y_m[0] + 1.5 * radius, s.y_m[1] - 1.5 * radius, n + 1):
        if rng.random() < 0.7:
            yield np.hypot(y - centre, z - low) < radius


def _foot(s: PanelShape) -> Solid:
    depth, width = 0.030 + 0.10 * (s.z_m[1] - s.z_m[0]), s.y_m[1] - s.y_m[0] + 0.016
    return board((-depth, depth), (-width / 2, width / 2), (0.0, FOOT_M))


def _button(s: PanelShape, colour: str, panel_from_button: Pose, rng: np.random.Generator) -> Link:
    """A cap on its slide; the link's origin is the cap's axis in the plane of the plate."""
    name = f"button_{colour}"
    texture = tx.plain(rng, CAP_COLOURS[colour], 16)
    cap = part(name, _round_cap(s) if s.round_caps else _square_cap(s), texture)
    joint = Joint(
        name=name,
        kind="slide",
        axis=-_X,
        origin_m=np.zeros(3),
        lower=0.0,
        upper=TRAVEL_M,
        damping=DAMPING_N_S_M,
        stiffness=STIFFNESS_N_M,
        spring_rest=SPRING_REST_M,
    )
    body = solid_mass([cap.mesh], DENSITY_KG_M3, mass_range_kg=MASS_KG)
    return link(name, [cap], body, parent=("panel", panel_from_button), joint=joint)


def _round_cap(s: PanelShape) -> Solid:
    """A turned cap with a bevelled rim and a flat top of four rings."""
    radius, top, bevel = s.cap_m / 2, s.protrusion_m, 0.0012
    side = np.array([[radius, -CAP_DEPTH_M], [radius, top - bevel], [radius - bevel, top]])
    face = np.stack([np.linspace(radius - bevel, 0.0, 5), np.full(5, top)], axis=1)
    return turned_to(lathe([np.array([[0.0, -CAP_DEPTH_M], side[0]]), side, face], 32), "x")


def _square_cap(s: PanelShape) -> Solid:
    length = s.protrusion_m + CAP_DEPTH_M
    solid = box_solid((length, s.cap_m, s.cap_m), radius_m=0.0015, inner_steps=4)
    return solid.at((s.protrusion_m - CAP_DEPTH_M) / 2, 0.0, 0.0)


def _pressable(s: PanelShape, cap: Part) -> np.ndarray:
    """1 at the middle of the cap's face, 0.4 at its rim, 0 on its sides."""
    points = cap.mesh.vertices_m
    off = np.linalg.norm(points[:, 1:], axis=1) / (s.cap_m / 2)
    on_face = points[:, 0] > s.protrusion_m - 0.0005
    return np.where(on_face, 1.0 - 0.6 * np.clip(off, 0.0, 1.0), 0.0)


OBJECTS.register("panel", ObjectFamily("panel", make_panel))
