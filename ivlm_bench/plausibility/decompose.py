"""Convex pieces of any mesh, for engines that collide convex pieces only."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.spatial import QhullError

from ivlm_bench.errors import AssetError
from ivlm_bench.geometry.hulls import convex_hull
from ivlm_bench.geometry.massprops import volume_m3
from ivlm_bench.geometry.mesh import bounds_m
from ivlm_bench.plausibility.solid import Solid, mesh_of
from ivlm_bench.types import Mesh

#: CoACD's concavity threshold and seed (docs/plausibility.md, protocol v1).
COACD_THRESHOLD = 0.05
COACD_SEED = 0
#: Cutting ends when the hulls together enclose this much more than the mesh, as a share of it, ...
EXCESS_SHARE = 0.02
#: ... or at so many pieces.
MAX_PIECES = 64
#: Cuts are tried across each axis at these shares of a piece's extent.
CUTS = (3 / 6, 2 / 6, 4 / 6, 1 / 6, 5 / 6)
#: Where a piece's vertices lie on so few levels (told apart to 1 um), it is cut there.
MAX_LEVELS, LEVEL_DECIMALS = 6, 6
#: A cut is taken instead of the halving one if it leaves less than this share of its excess.
WORTH_LOOKING = 0.7
#: Before cutting, details below this share of the mesh's diagonal are smoothed away.
DETAIL_SHARE = 1e-3
#: A piece that encloses less is dropped, m3 (a cube of 0.2 mm): engines refuse flat hulls.
LEAST_PIECE_M3 = 1e-11


@dataclass(frozen=True, eq=False, slots=True)
class Pieces:
    """Convex hulls that stand for a mesh, and what they were made with."""

    hulls: tuple[Mesh, ...]
    method: str


def convex_pieces(solid: Solid) -> Pieces:
    """Return convex pieces of a mesh: CoACD's where it is installed, else those of plane cuts.

    A mesh that is not closed becomes one convex hull.

    Raises
    ------
    AssetError
        If no piece has a volume.
    """
    if solid.body is None:
        return Pieces(_hulls([solid.surface]), "one convex hull of an open mesh")
    low, high = bounds_m(solid.surface)
    plain = solid.body.simplify(DETAIL_SHARE * float(np.linalg.norm(high - low)))
    if importlib.util.find_spec("coacd") is not None:
        name = f"CoACD, threshold {COACD_THRESHOLD}, seed {COACD_SEED}"
        return Pieces(_hulls(_with_coacd(mesh_of(plain))), name)
    return Pieces(_hulls([mesh_of(piece) for piece in _cut(plain)]), "plane cuts")


def _cut(body: Any) -> list[Any]:
    """Cut a manifold where that saves its pieces' hulls most volume, the worst piece first."""
    pieces = _parts(body)
    allowed = EXCESS_SHARE * body.volume()
    while sum(excess for excess, _ in pieces) > allowed and len(pieces) < MAX_PIECES:
        worst = int(np.argmax([excess for excess, _ in pieces]))
        # A shell's first cut saves nothing; only the ones after it do.
        pieces += _best_cut(pieces.pop(worst)[1])
    return [piece for _, piece in pieces]


def _best_cut(body: Any) -> list[tuple[float, Any]]:
    """Return the connected pieces of the best cut of a manifold, with their hulls' excess.

    Where no cut saves much the longest axis is halved (of a shell that leaves patches, which are
    flatter than strips).
    """
    low, high = np.array(body.bounding_box()).reshape(2, 3)
    best: list[tuple[float, Any]] = []
    least = np.inf
    for axis in np.eye(3)[np.argsort(low - high, kind="stable")]:
        for offset in _offsets(body, axis):
            halves = body.split_by_plane(axis.tolist(), offset)
            parts = [part for half in halves for part in _parts(half)]
            excess = sum(part for part, _ in parts)
            if not best:
                best, least = parts, excess * WORTH_LOOKING
            elif excess < least:
                best, least = parts, excess
    return best


def _offsets(body: Any, axis: np.ndarray) -> list[float]:
    """Return where an axis is cut (m): first what is nearest to the middle, then other places.

    A piece whose vertices lie on few levels is built of blocks: it is cut at those.
    """
    heights = np.asarray(body.to_mesh64().vert_properties)[:, :3] @ axis
    low, high = float(heights.min()), float(heights.max())
    levels = np.unique(np.round(heights, LEVEL_DECIMALS))[1:-1]
    if 0 < len(levels) <= MAX_LEVELS:
        return sorted(levels.tolist(), key=lambda level: abs(2.0 * level - low - high))
    return [low + share * (high - low) for share in CUTS]


def _parts(body: Any) -> list[tuple[float, Any]]:
    """Return the connected pieces of a manifold and their hulls' excess; a cavity is no piece."""
    parts = body.decompose()
    if any(part.volume() <= 0.0 for part in parts):
        parts = [body]
    return [(_excess_m3(part), part) for part in parts]


def _excess_m3(body: Any) -> float:
    return max(float(body.hull().volume() - body.volume()), 0.0)


def _with_coacd(mesh: Mesh) -> list[Mesh]:
    coacd = importlib.import_module("coacd")
    coacd.set_log_level("error")
    parts = coacd.run_coacd(
        coacd.Mesh(mesh.vertices_m, mesh.faces),
        threshold=COACD_THRESHOLD,
        seed=COACD_SEED,
        preprocess_mode="off",  # it is a manifold already
    )
    return [Mesh(np.asarray(v, np.float64), np.asarray(f, np.int32)) for v, f in parts]


def _hulls(pieces: list[Mesh]) -> tuple[Mesh, ...]:
    """Return the hulls of pieces that enclose something."""
    hulls = []
    for piece in pieces:
        try:
            hull = convex_hull(piece.vertices_m)
        except QhullError:  # a flat piece
            continue
        if volume_m3(hull) > LEAST_PIECE_M3:
            hulls.append(hull)
    if not hulls:
        raise AssetError("it is flat; it has no body that could be simulated.")
    return tuple(hulls)
