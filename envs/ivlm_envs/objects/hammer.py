"""Hammers on their side, and hammer heads that have lost their handle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ivlm_bench.geometry.hulls import convex_hull
from ivlm_bench.geometry.solids import Solid, box, joined
from ivlm_bench.objects import OBJECTS, ObjectFamily, Split
from ivlm_bench.types import Mesh, ObjectModel, Part, PartGrasp, Pose
from ivlm_envs.objects import textures as tx
from ivlm_envs.objects.bodies import part
from ivlm_envs.objects.grips import (
    BESIDE,
    Bar,
    Weight,
    bar_grasps,
    graded_along,
    lying_tool,
    moved_part,
    profile,
    rounded_section,
)

#: Length of the head over its height: the visible difference between the pools.
HEAD_ASPECT = {"seen": (2.9, 3.5), "unseen": (4.0, 4.7)}
#: Shapes of the end behind the eye, of each pool; they share one.
PEENS = {"seen": ("cross", "claw"), "unseen": ("double", "claw")}
#: Height of head and grip as the hammer lies (m): both lie on the table.
HEIGHT_M = (0.022, 0.027)
#: Length of the handle (m), and the width of its grip over its height.
HANDLE_M = (0.17, 0.23)
GRIP_WIDTH = (1.00, 1.25)
#: Densities (kg/m3) between all wood and all steel, and limits of the mass (kg).
DENSITIES_KG_M3 = (1400.0, 1900.0, 2400.0)
MASS_KG = (0.12, 0.32)
BARE_MASS_KG = (0.12, 0.45)

#: Handle: share of its length, half width, half height, all of the grip's; the butt first.
_HANDLE = (
    (0.00, 0.72, 0.80),
    (0.02, 0.98, 0.98),
    (0.07, 1.06, 1.00),
    (0.30, 0.96, 1.00),
    (0.52, 0.84, 0.90),
    (0.78, 0.68, 0.76),
    (1.00, 0.68, 0.76),
)
#: Where the middle of the eye is, as a share of the handle's length from the butt.
_EYE_SHARE = 0.95
#: Heads along their axis from the striking face: share, half thickness, half height.
_FACE = ((0.00, 0.78, 0.82), (0.025, 0.88, 0.92), (0.14, 0.88, 0.92), (0.22, 0.66, 0.72))
_CHEEKS = ((0.31, 1.00, 1.00), (0.60, 1.00, 1.00))
_ENDS = {
    "cross": ((0.70, 0.86, 0.86), (0.97, 0.16, 0.82), (1.00, 0.10, 0.74)),
    "double": ((0.70, 0.66, 0.72), (0.80, 0.88, 0.92), (0.975, 0.88, 0.92), (1.00, 0.78, 0.82)),
    "claw": ((0.68, 0.86, 0.94),),
}
#: Prongs of a claw: share of the head, shift towards the butt, half thickness, height off the
#: middle, half height; in half heights of the head.
_PRONGS = (
    (0.64, 0.00, 0.62, 0.48, 0.44),
    (0.76, 0.10, 0.46, 0.52, 0.40),
    (0.88, 0.42, 0.28, 0.57, 0.33),
    (1.00, 0.98, 0.12, 0.62, 0.22),
)
_SECTION = rounded_section(16, 0.55)
_BLOCK = rounded_section(12, 0.42)


@dataclass(frozen=True, slots=True)
class HeadShape:
    """A head: length along its axis and height (m), thickness along the handle (m), peen."""

    length_m: float
    height_m: float
    thick_m: float
    peen: str

    @property
    def tool_from_head(self) -> Pose:
        """Turn that lays the head's axis along -y, its end behind the eye at -y."""
        turn = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
        eye = (_CHEEKS[0][0] + _CHEEKS[1][0]) / 2 * self.length_m
        return Pose.from_rotation(turn, np.array([0.0, eye, self.height_m / 2]))


def make_hammer(name: str, split: Split, rng: np.random.Generator) -> ObjectModel:
    """Build a hammer; its handle points along -x, its striking face along +y."""
    shape = _draw_head(split, rng)
    handle = _handle(shape, rng)
    eye = float(handle.stations_m[0] + _EYE_SHARE * np.ptp(handle.stations_m))
    head = moved_part(_head(shape, rng), Pose.at(eye, 0.0, 0.0) @ shape.tool_from_head)
    solid = handle.solid
    parts = [head, part("handle", solid, _handle_texture(rng), hulls=handle.hulls())]
    at_eye = Pose.at(eye, 0.0, 0.0)
    grasps = [
        *bar_grasps("handle", handle, np.linspace(0.15, 0.80, 7).tolist()),
        *_head_grasps(shape, at_eye),
    ]
    return lying_tool(
        name,
        split,
        parts,
        {"handle": graded_along(solid, handle), "head": np.full(len(head.mesh.vertices_m), BESIDE)},
        grasps,
        weight=Weight(float(rng.choice(DENSITIES_KG_M3)), MASS_KG),
    )


def make_bare_hammer_head(name: str, split: Split, rng: np.random.Generator) -> ObjectModel:
    """Build a hammer head whose eye is empty."""
    shape = _draw_head(split, rng)
    head = moved_part(_head(shape, rng, eye_open=True), shape.tool_from_head)
    off = np.abs(head.mesh.vertices_m[:, 1])
    return lying_tool(
        name,
        split,
        [head],
        {"head": 1.0 - 0.5 * (off - off.min()) / np.ptp(off)},
        _head_grasps(shape, Pose.identity()),
        weight=Weight(float(rng.choice((4000.0, 5500.0))), BARE_MASS_KG),
    )


def _draw_head(split: Split, rng: np.random.Generator) -> HeadShape:
    height = float(rng.uniform(*HEIGHT_M))
    return HeadShape(
        length_m=height * float(rng.uniform(*HEAD_ASPECT[split])),
        height_m=height,
        thick_m=height * float(rng.uniform(0.92, 1.08)),
        peen=str(rng.choice(PEENS[split])),
    )


def _handle(shape: HeadShape, rng: np.random.Generator) -> Bar:
    """The handle from x = -length to 0."""
    length = float(rng.uniform(*HANDLE_M))
    half = shape.height_m / 2
    table = profile(_HANDLE, (length, half * float(rng.uniform(*GRIP_WIDTH)), half))
    middle = np.stack([0 * table[:, 0], np.full(len(table), half)], axis=1)
    return Bar(table[:, 0] - length, table[:, 1:], middle, _SECTION)


def _head_bar(shape: HeadShape, rows: tuple[tuple[float, ...], ...]) -> Bar:
    table = profile(rows, (shape.length_m, shape.thick_m / 2, shape.height_m / 2))
    return Bar(table[:, 0], table[:, 1:], np.zeros((len(table), 2)), _BLOCK)


def _head(shape: HeadShape, rng: np.random.Generator, *, eye_open: bool = False) -> Part:
    """The head along +x from its striking face, its axis at y = z = 0."""
    end = _ENDS[shape.peen]
    if eye_open:
        bars = [_head_bar(shape, (*_FACE, _CHEEKS[0])), _head_bar(shape, (_CHEEKS[1], *end))]
        plates = _cheek_plates(shape)
    else:
        bars, plates = [_head_bar(shape, (*_FACE, *_CHEEKS, *end))], []
    if shape.peen == "claw":
        bars += [_prong(shape, side) for side in (-1.0, 1.0)]
    hulls: list[Mesh] = [hull for bar in bars for hull in bar.hulls()]
    hulls += [convex_hull(plate.mesh.vertices_m) for plate in plates]
    solid = joined([*(bar.solid for bar in bars), *plates])
    return part("head", _along_axis(solid, shape), _head_texture(rng), hulls=hulls)


def _cheek_plates(shape: HeadShape) -> list[Solid]:
    """Two walls above and below the eye; they reach into the blocks beside it."""
    (low, _, _), (high, _, _) = _CHEEKS
    overlap, wall = 0.0006, 0.17 * shape.height_m
    size = np.array([(high - low) * shape.length_m + 2 * overlap, 0.90 * shape.thick_m, wall])
    middle, up = (low + high) / 2 * shape.length_m, (shape.height_m - wall) / 2
    return [box(size).at(middle, 0.0, side * up) for side in (-1.0, 1.0)]


def _prong(shape: HeadShape, side: float) -> Bar:
    """One prong of a claw, curved towards the butt (+y here, before the head is turned)."""
    half = shape.height_m / 2
    table = profile(_PRONGS, (shape.length_m, half, half, half, half))
    middle = np.stack([-table[:, 1], side * table[:, 3]], axis=1)
    return Bar(table[:, 0], table[:, [2, 4]], middle, _BLOCK)


def _along_axis(solid: Solid, shape: HeadShape) -> Solid:
    """Texture coordinates: v along the whole head, whatever the piece."""
    v = np.clip(solid.mesh.vertices_m[:, 0] / shape.length_m, 0.0, 1.0) * 0.98 + 0.01
    return solid.with_uv(np.stack([solid.uv[:, 0], v], axis=1))


def _head_grasps(shape: HeadShape, tool_from_eye: Pose) -> Iterator[PartGrasp]:
    """Across the head from above, beside the eye on both sides."""
    bar = _head_bar(shape, (*_FACE, *_CHEEKS, (1.0, 1.0, 0.8)))
    on_table = np.add(bar.middle_m, (0.0, shape.height_m / 2))
    placed = Bar(bar.stations_m, bar.half_m, on_table, bar.section)
    lifted = tool_from_eye @ shape.tool_from_head @ Pose.at(0.0, 0.0, -shape.height_m / 2)
    yield from bar_grasps("head", placed, (0.10, 0.79), lifted)


def _head_texture(rng: np.random.Generator) -> np.ndarray:
    """Forged steel, its middle painted or blackened, its ends polished."""
    bright = tx.brushed_metal(rng, tx.pick(rng, tx.METALS[:2]))
    paint = tx.pick(rng, ((52, 54, 60), (92, 94, 100), (120, 44, 40), (44, 62, 92)))
    along = np.linspace(0.0, 1.0, len(bright))[:, None]
    body = np.broadcast_to((along > 0.15) & (along < 0.80), bright.shape[:2])
    return tx.mixed(bright, tx.plain(rng, tx.jittered(rng, paint, 5.0)), body)


def _handle_texture(rng: np.random.Generator) -> np.ndarray:
    """Wood with its grain along the handle, some with a painted grip; or a rubber grip."""
    length = np.linspace(0.0, 1.0, tx.TEXTURE_SIZE_PX)[:, None]
    grip = np.broadcast_to(length < rng.uniform(0.40, 0.55), (tx.TEXTURE_SIZE_PX,) * 2)
    colour = tx.pick(rng, tx.GLAZES)
    if rng.random() < 0.65:
        grain = np.ascontiguousarray(
            tx.wood(rng, tx.jittered(rng, tx.pick(rng, tx.WOODS))).swapaxes(0, 1)
        )
        painted = rng.random() < 0.35
        return tx.mixed(grain, tx.plain(rng, colour), grip) if painted else grain
    ribs = (length * 60 % 1 < 0.35) & grip
    rubber = tx.plain(rng, (48, 50, 54))
    neck = tx.plain(rng, tx.jittered(rng, colour))
    return tx.mixed(tx.mixed(neck, rubber, grip), tx.as_image(rubber * 0.6), ribs)


OBJECTS.register("hammer", ObjectFamily("hammer", make_hammer))
OBJECTS.register("bare_hammer_head", ObjectFamily("bare_hammer_head", make_bare_hammer_head))
