"""Things put together at random from a body and parts that have a name.

They teach what a handle, a knob or a spout looks like wherever it is. None is built like a
category that is held out of training: no spout with a lid, a knob or a lever (kettle, tap), no
door with buttons or knobs beside it (microwave), no tool whose head is thinner than its handle
(screwdriver).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from ivlm_bench.geometry.solids import box as box_solid
from ivlm_bench.geometry.solids import cylinder, joined, prism
from ivlm_bench.types import Link, ObjectModel, Part, Pose
from ivlm_envs.drills import fittings, obstacles, posts
from ivlm_envs.drills.carriers import (
    Carrier,
    Placed,
    box_carrier,
    outwards,
    plate_carrier,
    turned_carrier,
)
from ivlm_envs.drills.looks import COLOURS, Look, button_look, draw_look, part_look
from ivlm_envs.objects.boards import turned_to

#: Category of all put-together things.
CATEGORY = "assembly"
#: Kinds of bodies and how often each is drawn.
KINDS = {"turned": 0.34, "box": 0.26, "plate": 0.14, "post": 0.12, "tool": 0.14}
#: Shares of turned bodies with a spout, and of open ones with a handle arching over them.
SPOUT_SHARE, ARCH_SHARE = 0.35, 0.35
#: Share of what could move that something holds.
HELD_SHARE = 0.4
#: Share of boxes and boards with something on their top.
ON_TOP_SHARE = 0.45
#: Mass (kg) and inertia (kg m2) of what is only looked at.
MASS_KG, INERTIA_KG_M2 = 0.2, 1e-4
#: Least thickness of a tool's head over that of its handle.
HEAD_OVER_HANDLE = 1.6


@dataclass(frozen=True, eq=False, slots=True)
class Assembly:
    """A put-together thing, its noun, and the colour word of each part that has one."""

    model: ObjectModel
    noun: str
    colours: dict[str, str]


def draw_assembly(rng: np.random.Generator) -> Assembly:
    """Put a thing together."""
    kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
    if kind == "tool":
        return _dressed("tool", _tool(rng), rng)
    if kind == "post":
        body, fitted = posts.post(rng)
        return _dressed(body.noun, [*body.parts, *fitted], rng)
    make = {"turned": turned_carrier, "box": box_carrier, "plate": plate_carrier}[kind]
    carrier = make(rng)
    fit = _fit_flat if carrier.is_flat else _fit_turned
    parts = [*carrier.parts, *fit(carrier, rng)]
    return _dressed(carrier.noun, parts, rng)


def _put(parts: list[Placed], pose: Pose) -> list[Placed]:
    return [(name, solid.moved(pose)) for name, solid in parts]


def _on_top(carrier: Carrier, parts: list[Placed]) -> list[Placed]:
    return [(name, fittings.upwards(solid).at(0.0, 0.0, carrier.height_m)) for name, solid in parts]


def _fit_turned(carrier: Carrier, rng: np.random.Generator) -> list[Placed]:
    """Return one or two parts on the side of a turned body, and maybe one on its top."""
    parts: list[Placed] = []
    azimuth = float(rng.uniform(-np.pi, np.pi))
    has_spout = rng.random() < SPOUT_SHARE
    if has_spout:
        share = float(rng.uniform(0.3, 0.6))
        tube = [("spout", fittings.spout(carrier.height_m, rng))]
        parts += _put(tube, carrier.at(azimuth, share))
    if carrier.is_open and rng.random() < ARCH_SHARE:
        arch = posts.arch_handle(2.0 * carrier.top_radius_m, rng)
        over = fittings.upwards(arch).at(0.0, 0.0, carrier.height_m)
        turn = outwards(azimuth + float(rng.choice((0.0, np.pi / 2))), 0.0, 0.0)
        return [*parts, ("handle", over.moved(turn))]
    if not has_spout or rng.random() < 0.7:
        parts += _side(carrier, azimuth + np.pi * rng.uniform(0.6, 1.4), rng, has_spout=has_spout)
    if not has_spout and rng.random() < 0.55:
        has_knob = any(name == "knob" for name, _ in parts)
        parts += _on_top(carrier, _top(carrier, rng, has_knob=has_knob))
    return parts


def _side(
    carrier: Carrier, azimuth_rad: float, rng: np.random.Generator, *, has_spout: bool
) -> list[Placed]:
    """Return handles, or what is turned or pressed, on the side of a body."""
    kind = rng.random()
    share = float(rng.uniform(0.4, 0.7))
    pose = carrier.at(azimuth_rad, share)
    if kind < 0.5 or (has_spout and kind > 0.75):
        handle = fittings.loop_handle(carrier.height_m, rng)
        if rng.random() < 0.25:
            handle = fittings.crosswise(fittings.loop_handle(0.06, rng))
        both = rng.random() < 0.25 and not has_spout
        across = carrier.at(azimuth_rad + np.pi, share)
        second = [("handle", handle.moved(across))] if both else []
        return [("handle", handle.moved(pose)), *second]
    if kind < 0.75:
        return _put([("handle", fittings.stick_handle(rng))], pose)
    if kind < 0.84:
        return _put([("knob", fittings.knob(rng))], pose)
    if kind < 0.93:
        return _put([("lever", fittings.lever(rng))], pose)
    return _put([("button", fittings.button(rng))], pose)


def _top(carrier: Carrier, rng: np.random.Generator, *, has_knob: bool) -> list[Placed]:
    if carrier.is_open:
        return [] if has_knob else fittings.lid(carrier.top_radius_m, rng)
    kind = rng.random()
    if kind < 0.4:
        return fittings.neck_and_cap(carrier.top_radius_m, rng)
    if kind < 0.65 and not has_knob:
        return fittings.lid(carrier.top_radius_m, rng)
    if kind < 0.8 and not has_knob:
        return [("knob", fittings.knob(rng))]
    if kind < 0.9:
        return [("button", fittings.button(rng))]
    return [("handle", fittings.loop_handle(1.6 * carrier.top_radius_m, rng))]


def _fit_flat(carrier: Carrier, rng: np.random.Generator) -> list[Placed]:
    """Return what is on the front of a box or board, and maybe a handle or lid elsewhere."""
    pose = carrier.at(0.0, 0.5)
    is_box = carrier.noun != "board"
    kind, held = rng.random(), rng.random() < HELD_SHARE
    if is_box and kind < 0.42:
        parts = (fittings.door if kind < 0.22 else fittings.drawers)(carrier.front_m, rng)
        parts += obstacles.bars(carrier.front_m, rng) if held else []
    elif kind < 0.58:
        parts = _buttons(carrier, rng)
    elif kind < 0.88:
        parts = _controls(carrier, rng, held=held)
    else:
        parts = [("handle", fittings.loop_handle(0.6 * min(carrier.front_m), rng))]
    names = {name.partition("_")[0] for name, _ in parts}
    parts = _put(parts, pose)
    if "door" in names or rng.random() >= ON_TOP_SHARE:
        return parts
    if is_box and "knob" not in names and rng.random() < 0.6:
        return [*parts, *_slab_lid(carrier, rng)]
    grip = fittings.loop_handle(0.7 * carrier.front_m[0], rng)
    return [*parts, *_on_top(carrier, [("handle", fittings.crosswise(grip))])]


def _slab_lid(carrier: Carrier, rng: np.random.Generator) -> list[Placed]:
    """Return a flat lid with its grip, and maybe straps over it."""
    depth, width = 2.0 * float(carrier.at(0.0, 0.5).position_m[0]), carrier.front_m[0]
    lid = _on_top(carrier, fittings.slab_lid((width, depth), rng))
    if rng.random() >= HELD_SHARE:
        return lid
    highest = float(lid[0][1].mesh.vertices_m[:, 2].max())
    return [*lid, *obstacles.straps((depth, width, highest), rng)]


def _buttons(carrier: Carrier, rng: np.random.Generator) -> list[Placed]:
    n = int(rng.integers(1, 6))
    words = [str(w) for w in rng.choice(list(COLOURS), n, replace=False)]
    cap = fittings.button(rng)
    places = fittings.button_places(carrier.front_m, n)
    return [(f"button_{w}", cap.at(0.0, *p)) for w, p in zip(words, places.tolist(), strict=True)]


def _controls(carrier: Carrier, rng: np.random.Generator, *, held: bool) -> list[Placed]:
    """Return one control, or one on the left and one on the right, between pins or free."""
    kind = "knob" if rng.random() < 0.5 else "lever"
    make = fittings.knob if kind == "knob" else fittings.lever
    aside = 0.25 * carrier.front_m[0]
    sides = {"": 0.0} if rng.random() < 0.5 else {"_left": -aside, "_right": aside}
    parts, held_by = [], []
    for side, y in sides.items():
        control = make(rng)
        parts.append((f"{kind}{side}", control.at(0.0, y, 0.0)))
        held_by += [obstacles.pins(control, rng).at(0.0, y, 0.0)] if held else []
    return [*parts, ("pin", joined(held_by))] if held else parts


def _tool(rng: np.random.Generator) -> list[Placed]:
    """Return a head or blade with a long handle, lying on the table."""
    handle = fittings.stick_handle(rng)
    thick = float(np.ptp(handle.mesh.vertices_m[:, 1]))
    wide = thick * float(rng.uniform(HEAD_OVER_HANDLE, 3.5))
    name, head = _head(thick, wide, rng)
    behind = np.diag([-1.0, -1.0, 1.0])
    bar = handle.moved(Pose.from_rotation(behind, np.zeros(3)))
    parts = [(name, head), ("handle", bar)]
    lowest = min(float(s.mesh.vertices_m[:, 2].min()) for _, s in parts)
    return [(n, s.at(0.0, 0.0, -lowest)) for n, s in parts]


def _head(thick: float, wide: float, rng: np.random.Generator) -> Placed:
    kind = rng.random()
    if kind < 0.4:
        long = float(rng.uniform(0.06, 0.14))
        flat = max(0.25 * thick, 0.002)
        tip = float(rng.uniform(0.1, 0.9))
        outline = [
            [-0.003, -wide / 2],
            [0.7 * long, -wide / 2],
            [long, wide * (tip - 0.5)],
            [-0.003, wide / 2],
        ]
        return "blade", prism(np.array(outline), flat).at(0.0, 0.0, -flat / 2)
    if kind < 0.7:
        long = wide * float(rng.uniform(1.2, 3.0))
        body = box_solid((wide, long, wide * float(rng.uniform(0.6, 1.0))), radius_m=0.15 * wide)
        return "head", body.at(wide / 2 - 0.002, 0.0, 0.0)
    long = wide * float(rng.uniform(0.8, 2.5))
    return "head", turned_to(cylinder(wide / 2, long, bevel_m=0.1 * wide), "y").at(
        wide / 2 - 0.002, 0.0, 0.0
    )


def _dressed(noun: str, parts: list[Placed], rng: np.random.Generator) -> Assembly:
    """Give all parts their looks and different names."""
    body = draw_look(rng)
    made: list[Part] = []
    colours: dict[str, str] = {}
    counts: Counter[str] = Counter()
    shared: dict[str, Look] = {}
    for name, solid in parts:
        counts[name] += 1
        called = name if counts[name] == 1 else f"{name}_{counts[name]}"
        base, _, rest = name.partition("_")
        look = body if base in ("body", "rim") else part_look(body, rng)
        if base == "button" and rest in COLOURS:
            look = button_look(rest, rng)
        elif base in ("front", "handle") and rest:
            look = shared.setdefault(base, look)  # drawers of one piece are alike
        smooth = base not in ("blade", "door", "front", "bar", "strap", "buckle")
        made.append(Part(called, solid.mesh, (), look.texture, solid.uv.astype(np.float32), smooth))
        if look.colour:
            colours[called] = look.colour
    label = f"{CATEGORY}-{int(rng.integers(1 << 40)):012x}"
    link = Link(noun, tuple(made), MASS_KG, np.zeros(3), INERTIA_KG_M2 * np.eye(3))
    model = ObjectModel(label, CATEGORY, label, "seen", (link,), {})
    return Assembly(model, noun, colours)
