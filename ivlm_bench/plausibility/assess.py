"""Measuring one pair of files: everything that can be measured, and why not where it cannot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64

from ivlm_bench.engines import available_engines
from ivlm_bench.errors import AssetError, EngineError
from ivlm_bench.geometry.massprops import volume_m3
from ivlm_bench.geometry.mesh import bounds_m, welded
from ivlm_bench.metrics.vertex_contact import agreement_plain, tally
from ivlm_bench.plausibility import displacement
from ivlm_bench.plausibility.decompose import Pieces, convex_pieces
from ivlm_bench.plausibility.measures import (
    CM3_PER_M3,
    contacts,
    intersection,
    voxel_volume_m3,
)
from ivlm_bench.plausibility.pairs import Pair, files_of
from ivlm_bench.plausibility.read import read_labels, read_mesh
from ivlm_bench.plausibility.solid import Solid, as_room, make_solid
from ivlm_bench.plausibility.verdict import HELD_M, LIMITS, Kind, PairResult, judged
from ivlm_bench.types import Mesh

#: Faces that ObMan's simulation takes at most; finer meshes are thinned out for it, as is said.
MAX_SIMULATED_FACES = 40_000
#: A surface with faces that wind inwards about more than this share of a body is a room.
ROOM_SHARE = 0.5
#: Cells of the thinning begin at this share of the diagonal and grow by the root of two.
FIRST_CELL = 1e-3
CM_PER_M = 100.0
MM_PER_M = 1000.0


@dataclass(frozen=True, eq=False, slots=True)
class Settings:
    """How pairs are measured.

    ``down`` (3,) is the unit direction of gravity in the files' frame; ``engines`` those of the
    v1 displacement; ``legacy`` asks for ObMan's; without ``simulate`` there is neither.
    """

    kind: Kind = "hand"
    unit: str = "m"
    simulate: bool = True
    engines: tuple[str, ...] = ("mujoco", "pybullet")
    legacy: bool = True
    down: Float64[np.ndarray, "3"] = field(default_factory=lambda: np.array([0.0, 0.0, -1.0]))


@dataclass(eq=False, slots=True)
class _Sheet:
    """What is known of a pair so far."""

    values: dict[str, float | None] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def put(self, name: str, value: float | None, reason: str = "") -> None:
        """Write a value, or None with its reason."""
        self.values[name] = value
        if value is None:
            self.reasons[name] = reason


def assess(pair: Pair, settings: Settings) -> PairResult:
    """Measure a pair; a pair of unusable files comes back with its error, never raises."""
    sheet = _Sheet()
    try:
        body, obj = solids(pair, settings)
        stable = _measured(pair, body, obj, settings=settings, sheet=sheet)
    except AssetError as error:
        return _result(pair, settings, _Sheet(), error=str(error))
    bits = judged(sheet.values, settings.kind, stable=stable)
    return _result(pair, settings, sheet, bits=bits)


def solids(pair: Pair, settings: Settings) -> tuple[Solid, Solid]:
    """Read and mend both meshes of a pair.

    Raises
    ------
    AssetError
        If one is missing or unusable; the message names the file.
    """
    body_file, obj_file = files_of(pair)
    body = read_mesh(body_file, role=settings.kind, unit=settings.unit)
    role = "held" if settings.kind == "hand" else "object"
    obj = read_mesh(obj_file, role=role, unit=settings.unit)
    scene = settings.kind == "body"
    mine, its = _solid(body, str(body_file), sheet=False), _solid(obj, str(obj_file), sheet=scene)
    inwards = scene and its.body is not None and volume_m3(obj) < 0.0
    if inwards and its.is_inside(body.vertices_m).mean() > ROOM_SHARE:
        its = as_room(its)
    return mine, its


def _solid(mesh: Mesh, file: str, *, sheet: bool) -> Solid:
    try:
        return make_solid(mesh, sheet=sheet)
    except AssetError as error:
        raise AssetError(f"{file}: {error}") from None


def _measured(
    pair: Pair, body: Solid, obj: Solid, *, settings: Settings, sheet: _Sheet
) -> bool | None:
    body_file, obj_file = files_of(pair)
    for file, solid in ((body_file, body), (obj_file, obj)):
        sheet.notes += [f"{file.name} {note}." for note in solid.notes]
    if obj.body is None:
        way = "the side of the nearest face" if obj.sheet else "the winding number"
        sheet.notes.append(f"What is in {obj_file.name} and what is out is told by {way}.")
    _touch(pair, body, obj, settings=settings, sheet=sheet)
    _volumes(pair, body, obj, sheet)
    return _simulated(body, obj, settings, sheet) if settings.simulate else None


def _touch(pair: Pair, body: Solid, obj: Solid, *, settings: Settings, sheet: _Sheet) -> None:
    found = contacts(body, obj, distance_m=LIMITS[settings.kind].contact_m)
    sheet.put("depth_max_mm", found.depth_max_m * MM_PER_M)
    sheet.put("depth_mean_mm", found.depth_mean_m * MM_PER_M)
    sheet.put("contact_vertices", float(found.touching.mean()))
    sheet.put("non_collision", found.non_collision)
    if pair.labels is not None:
        labels = read_labels(pair.labels, len(body.mesh.vertices_m))
        agreed = agreement_plain(tally(found.touching.astype(np.float64), labels))
        sheet.put("contact_precision", agreed.precision)
        sheet.put("contact_recall", agreed.recall)
        sheet.put("contact_f1", agreed.f1)


def _volumes(pair: Pair, body: Solid, obj: Solid, sheet: _Sheet) -> None:
    shared = intersection(body, obj)
    if shared is None:
        files = zip(files_of(pair), (body, obj), strict=True)
        open_files = " and ".join(file.name for file, solid in files if solid.body is None)
        sheet.put("volume_cm3", None, f"{open_files} is not closed; depth and contact are told")
    else:
        sheet.put("volume_cm3", shared[0] * CM3_PER_M3)
    voxels = voxel_volume_m3(body, obj)
    reason = "the meshes overlap in a space too large for voxels of 5 mm"
    sheet.put("voxel_volume_cm3", None if voxels is None else voxels * CM3_PER_M3, reason)


def _simulated(body: Solid, obj: Solid, settings: Settings, sheet: _Sheet) -> bool | None:
    """Write the displacements; return whether the object stays in all six directions."""
    if settings.legacy:
        _legacy(body, obj, settings, sheet)
    names = [engine for engine in settings.engines if engine in available_engines()]
    if obj.body is None:
        for engine in names:
            sheet.put(f"{engine}_displacement_cm", None, "the object is not closed: no mass")
        return None
    try:
        hand, pieces = convex_pieces(body), convex_pieces(obj)
    except AssetError as error:
        for engine in names:
            sheet.put(f"{engine}_displacement_cm", None, str(error))
        return None
    sheet.notes.append(f"Simulated: body as {_counted(hand)}, object as {_counted(pieces)}.")
    grip = displacement.make_grip(hand, pieces, obj.surface)
    stable = [_in_engine(grip, engine, settings, sheet) for engine in names]
    return None if None in stable or not stable else all(stable)


def _counted(pieces: Pieces) -> str:
    n = len(pieces.hulls)
    return f"{n} convex piece{'' if n == 1 else 's'} ({pieces.method})"


def _in_engine(
    grip: displacement.Grip, engine: str, settings: Settings, sheet: _Sheet
) -> bool | None:
    def moved(down: np.ndarray) -> float | None:
        return _or_reason(
            lambda: displacement.displacement_m(grip, engine, down=down),
            lambda reason: sheet.put(f"{engine}_displacement_cm", None, reason),
        )

    first = moved(settings.down)
    if first is None:
        return None
    sheet.put(f"{engine}_displacement_cm", first * CM_PER_M)
    ways = [np.array(way) for way in displacement.DIRECTIONS.values()]
    moves = [first if np.array_equal(way, settings.down) else moved(way) for way in ways]
    if any(move is None for move in moves):
        return None
    n_stable = sum(move is not None and move < HELD_M for move in moves)
    sheet.put(f"{engine}_stable_directions", float(n_stable))
    return n_stable == len(ways)


def _or_reason(measure: Callable[[], float], tell: Callable[[str], None]) -> float | None:
    try:
        return measure()
    except (AssetError, EngineError) as error:
        tell(str(error))
        return None


def _legacy(body: Solid, obj: Solid, settings: Settings, sheet: _Sheet) -> None:
    name = "legacy_displacement_cm"
    if "pybullet" not in available_engines():
        sheet.put(name, None, "ObMan's displacement needs PyBullet")
        return
    from ivlm_bench.plausibility.legacy import legacy_displacement_m

    hand, thing = _light(body, sheet.notes), _light(obj, sheet.notes)
    value = _or_reason(
        lambda: legacy_displacement_m(hand, thing, down=settings.down) * CM_PER_M,
        lambda reason: sheet.put(name, None, reason),
    )
    if value is not None:
        sheet.put(name, value)


def _light(solid: Solid, notes: list[str]) -> Mesh:
    """Return a mesh's surface as light as a simulation needs it: vertices in one cell unite."""
    surface = light = solid.surface
    low, high = bounds_m(surface)
    cell_m = FIRST_CELL * float(np.linalg.norm(high - low))
    while len(light.faces) > MAX_SIMULATED_FACES:
        cell_m *= np.sqrt(2.0)
        light = welded(surface, cell_m)
    if light is not surface:
        notes.append(
            f"For ObMan's simulation a mesh of {len(surface.faces)} faces was thinned out to "
            f"{len(light.faces)} (cells of {cell_m * MM_PER_M:.2g} mm)."
        )
    return light


def _result(
    pair: Pair,
    settings: Settings,
    sheet: _Sheet,
    *,
    bits: dict[str, bool | None] | None = None,
    error: str | None = None,
) -> PairResult:
    return PairResult(
        name=pair.name,
        kind=settings.kind,
        body=str(pair.body or ""),
        object=str(pair.obj or ""),
        values=sheet.values,
        reasons=sheet.reasons,
        bits=bits or {},
        notes=tuple(sheet.notes),
        error=error,
    )
