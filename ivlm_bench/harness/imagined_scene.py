"""From a reasoner's reconstruction to a scene that can be simulated: its hulls on a table."""

from __future__ import annotations

import numpy as np
from scipy.spatial import QhullError

from ivlm_bench.errors import AssetError, InvalidAnswerError
from ivlm_bench.geometry.hulls import convex_hull
from ivlm_bench.geometry.massprops import MassProperties, mass_properties, volume_m3
from ivlm_bench.protocols import Reconstruction
from ivlm_bench.trials.protocol import GRAVITY_M_S2
from ivlm_bench.types import Link, Mesh, ObjectModel, Part, Placement, Pose, Scene

#: Convex pieces of one reconstruction, and points of one piece, that are taken: what they cost is
#: the harness's to bound.
MAX_PIECES, MAX_PIECE_POINTS = 96, 4096
#: Least volume of a piece, m3: a cube of one millimetre.
MIN_VOLUME_M3 = 1e-9
#: How far (m) below the table top points may lie by error; they are raised onto it.
BELOW_M = 0.010
#: How far (m) from the world's origin a thing on the table can be.
FAR_M = 2.0
#: Half sizes (m) of the table, whose top is z = 0; its mass (kg) does not matter: it is fixed.
TABLE_HALF_M, TABLE_KG = (0.6, 0.6, 0.025), 10.0

_GREY = np.full((1, 1, 3), 128, np.uint8)


def imagined_scene(solid: Reconstruction, *, mass_kg: float) -> Scene:
    """Return the scene of a reconstruction: one free thing, a table, and what stays in place.

    Bodies have their origin at the world's. The mass is spread evenly over the pieces; where they
    overlap it counts twice.

    Raises
    ------
    InvalidAnswerError
        If there are too many pieces, or one is flat, too far away or below the table.
    """
    n_pieces = len(solid.pieces_m) + len(solid.others_m)
    if n_pieces > MAX_PIECES:
        raise InvalidAnswerError(
            f"The reconstruction has {n_pieces} pieces, and {MAX_PIECES} are the most that are "
            "simulated; join some."
        )
    thing = [_hull(f"pieces_m[{i}]", one) for i, one in enumerate(solid.pieces_m)]
    others = [_hull(f"others_m[{i}]", one) for i, one in enumerate(solid.others_m)]
    placements = [
        Placement("thing", _model("thing", thing, _spread(thing, mass_kg)), _AT, "target"),
        Placement("table", _table(), _AT, "support"),
    ]
    if others:
        model = _model("others", others, _spread(others, mass_kg), fixed=True)
        placements.append(Placement("others", model, _AT, "clutter"))
    return Scene("imagined", tuple(placements), (), np.array([0.0, 0.0, -GRAVITY_M_S2]))


_AT = Pose.identity()


def _hull(name: str, points_m: np.ndarray) -> Mesh:
    """Return the convex hull of a piece, cut off at the table top."""
    label = f"Reconstruction.{name}"
    if len(points_m) > MAX_PIECE_POINTS:
        raise InvalidAnswerError(
            f"{label} has {len(points_m)} points, and {MAX_PIECE_POINTS} are the most that are "
            "taken; give the corners of its hull."
        )
    away_m = float(np.abs(points_m).max(initial=0.0))
    if away_m > FAR_M:
        raise InvalidAnswerError(
            f"{label} reaches {away_m:.3g} m from the world's origin, and the table ends before "
            f"{FAR_M:g} m; give world coordinates in metres."
        )
    below_m = -float(points_m[:, 2].min(initial=0.0))
    if below_m > BELOW_M:
        raise InvalidAnswerError(
            f"{label} reaches {1e3 * below_m:.0f} mm below the table top z = 0; cut it off there."
        )
    raised = points_m.copy()
    raised[:, 2] = np.maximum(raised[:, 2], 0.0)
    try:
        hull = convex_hull(raised)
    except (QhullError, ValueError):  # Qhull refuses few points and points in one plane
        hull = None
    if hull is None or volume_m3(hull) < MIN_VOLUME_M3:
        raise InvalidAnswerError(
            f"{label} encloses no room ({len(points_m)} points that lie in one plane, or nearly); "
            "give it thickness."
        )
    return hull


def _spread(hulls: list[Mesh], mass_kg: float) -> MassProperties:
    """Return mass, centre of mass and inertia of hulls of one density that together weigh so."""
    try:
        each = [mass_properties(hull, 1.0) for hull in hulls]
    except AssetError as error:
        raise InvalidAnswerError(f"A piece of the reconstruction can't be used: {error}") from None
    weights = np.array([one.mass_kg for one in each])
    centres = np.array([one.centre_of_mass_m for one in each])
    centre = weights @ centres / weights.sum()
    inertia = np.zeros((3, 3))
    for one in each:
        arm = one.centre_of_mass_m - centre
        inertia += one.inertia_kg_m2 + one.mass_kg * (arm @ arm * np.eye(3) - np.outer(arm, arm))
    return MassProperties(mass_kg, centre, inertia * (mass_kg / weights.sum()))


def _model(
    name: str, hulls: list[Mesh], mass: MassProperties, *, fixed: bool = False
) -> ObjectModel:
    uv = np.zeros((len(hulls[0].vertices_m), 2), np.float32)
    part = Part("all", hulls[0], tuple(hulls), _GREY, uv, smooth=False)
    link = Link("body", (part,), mass.mass_kg, mass.centre_of_mass_m, mass.inertia_kg_m2)
    return ObjectModel(name, "imagined", name, "seen", (link,), {}, fixed_base=fixed)


def _table() -> ObjectModel:
    signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-2, 0)], float)
    slab = convex_hull(signs * TABLE_HALF_M)
    return _model("table", [slab], _spread([slab], TABLE_KG), fixed=True)
