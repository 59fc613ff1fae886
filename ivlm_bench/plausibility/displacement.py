"""Simulation displacement v1: the object alone against a still hand, in each engine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from ivlm_bench.engines import get_engine
from ivlm_bench.geometry.massprops import mass_properties
from ivlm_bench.plausibility.decompose import Pieces
from ivlm_bench.types import Conditions, Link, Mesh, ObjectModel, Part, Placement, Pose, Scene

#: Standard of protocol v1 (docs/protocol.md): gravity, density and the range of masses.
GRAVITY_M_S2 = 9.81
DENSITY_KG_M3 = 150.0
MASS_RANGE_KG = (0.05, 1.0)
#: How long the object is left to itself, s.
DURATION_S = 0.5
#: The six directions that gravity pulls in, one after the other (after DexGraspNet).
DIRECTIONS = {
    "+x": (1.0, 0.0, 0.0),
    "-x": (-1.0, 0.0, 0.0),
    "+y": (0.0, 1.0, 0.0),
    "-y": (0.0, -1.0, 0.0),
    "+z": (0.0, 0.0, 1.0),
    "-z": (0.0, 0.0, -1.0),
}
_GREY = np.full((1, 1, 3), 128, np.uint8)


@dataclass(frozen=True, eq=False, slots=True)
class Grip:
    """A still hand and the free object, as convex pieces with the object's mass properties."""

    hand: ObjectModel
    obj: ObjectModel


def make_grip(hand: Pieces, obj: Pieces, surface: Mesh) -> Grip:
    """Return hand and object as engines take them.

    Parameters
    ----------
    hand, obj
        Convex pieces, world frame.
    surface
        Closed surface of the object, which its mass, centre and inertia are of: 150 kg/m3 times
        its volume, at least 0.05 and at most 1 kg.
    """
    return Grip(
        _model("hand", hand, _still_mass(hand), fixed=True),
        _model("object", obj, _object_mass(surface), fixed=False),
    )


def mass_kg(volume_m3: float) -> float:
    """Return the mass that protocol v1 gives an object of unknown mass."""
    low, high = MASS_RANGE_KG
    return min(max(DENSITY_KG_M3 * volume_m3, low), high)


def displacement_m(grip: Grip, engine: str, *, down: Float64[np.ndarray, "3"]) -> float:
    """Return how far (m) the object's centre of mass is after 0.5 s from where it began.

    Friction 0.6 between hand and object; everything starts at rest.

    Raises
    ------
    EngineError
        If the simulation diverges.
    """
    scene = Scene(
        "plausibility",
        (
            Placement("hand", grip.hand, Pose.identity(), "support"),
            Placement("object", grip.obj, Pose.identity(), "target"),
        ),
        (),
        GRAVITY_M_S2 * np.asarray(down, np.float64),
    )
    centre = grip.obj.links[0].centre_of_mass_m
    with get_engine(engine).load(scene, Conditions()) as simulation:
        simulation.step(round(DURATION_S / simulation.timestep_s))
        moved = simulation.pose("object/body").apply(centre)
    return float(np.linalg.norm(moved - centre))


def free_fall_m() -> float:
    """Return how far an object that nothing holds falls in 0.5 s: 1.226 m."""
    return 0.5 * GRAVITY_M_S2 * DURATION_S**2


Mass = tuple[float, np.ndarray, np.ndarray]


def _object_mass(surface: Mesh) -> Mass:
    unit = mass_properties(surface, 1.0)  # of density 1: its mass is its volume
    mass = mass_kg(unit.mass_kg)
    return mass, unit.centre_of_mass_m, unit.inertia_kg_m2 * (mass / unit.mass_kg)


def _still_mass(pieces: Pieces) -> Mass:
    """Return a mass for a body that never moves: engines ask for one."""
    return 1.0, pieces.hulls[0].vertices_m.mean(axis=0), np.eye(3)


def _model(name: str, pieces: Pieces, mass: Mass, *, fixed: bool) -> ObjectModel:
    first = pieces.hulls[0]
    part = Part("body", first, pieces.hulls, _GREY, np.zeros((len(first.vertices_m), 2)))
    return ObjectModel(
        name=name,
        category=name,
        cluster=name,
        split="unseen",
        links=(Link("body", (part,), *mass),),
        affordances={},
        fixed_base=fixed,
        source="file",
        licence="the owner's",
    )
