"""Simulation displacement as ObMan defined it, constant by constant, in PyBullet."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from ivlm_bench.engines.bullet_native import pybullet
from ivlm_bench.errors import AssetError
from ivlm_bench.plausibility.obman import (
    FRICTION,
    GRAVITY_M_S2,
    HAND_RESTITUTION,
    MASS_KG,
    N_STEPS,
    OBJECT_RESTITUTION,
    SOLVER_ITERATIONS,
    STEP_S,
)
from ivlm_bench.plausibility.vhacd import vhacd, write_obj
from ivlm_bench.types import Mesh

#: No visual shape.
_NO_VISUAL = -1


def legacy_displacement_m(
    hand: Mesh, obj: Mesh, *, down: Float64[np.ndarray, "3"] | None = None
) -> float:
    """Return how far (m) the object's centre moves in 35 steps while the hand stands still.

    Parameters
    ----------
    hand
        Collides as the very surface that it is, from both sides (a static concave trimesh).
    obj
        Collides as its V-HACD pieces at a resolution of 1,000; its centre is the mean of its
        vertices.
    down
        Direction of gravity, unit; +y as in ObMan if None.

    Raises
    ------
    AssetError
        If V-HACD or Bullet refuses a mesh.
    """
    gravity = GRAVITY_M_S2 * (np.array([0.0, 1.0, 0.0]) if down is None else np.asarray(down))
    centre = obj.vertices_m.mean(axis=0)
    with _client() as client, tempfile.TemporaryDirectory(prefix="ivlm_bench_obman_") as folder:
        pybullet.setGravity(*gravity.tolist(), physicsClientId=client)
        _add_hand(client, hand, Path(folder))
        body = _add_object(client, Mesh(obj.vertices_m - centre, obj.faces), centre, Path(folder))
        for _ in range(N_STEPS):
            pybullet.stepSimulation(physicsClientId=client)
        end, _ = pybullet.getBasePositionAndOrientation(body, physicsClientId=client)
    return float(np.linalg.norm(np.array(end) - centre))


@contextlib.contextmanager
def _client() -> Iterator[int]:
    client = int(pybullet.connect(pybullet.DIRECT))
    try:
        pybullet.setPhysicsEngineParameter(
            enableFileCaching=0,
            numSolverIterations=SOLVER_ITERATIONS,
            fixedTimeStep=STEP_S,
            physicsClientId=client,
        )
        yield client
    finally:
        pybullet.disconnect(physicsClientId=client)


def _add_hand(client: int, hand: Mesh, folder: Path) -> None:
    write_obj(folder / "hand.obj", [hand])
    shape = pybullet.createCollisionShape(
        pybullet.GEOM_MESH,
        fileName=str(folder / "hand.obj"),
        flags=pybullet.GEOM_FORCE_CONCAVE_TRIMESH,
        indices=hand.faces.ravel().tolist(),
        physicsClientId=client,
    )
    body = _body(client, shape, mass_kg=0.0, at_m=np.zeros(3))
    _set_surface(client, body, HAND_RESTITUTION)


def _add_object(client: int, centred: Mesh, centre: np.ndarray, folder: Path) -> int:
    pieces = vhacd(centred)
    if not pieces:
        raise AssetError("V-HACD finds no convex pieces in it at ObMan's resolution of 1000.")
    write_obj(folder / "object.obj", pieces)
    shape = pybullet.createCollisionShape(
        pybullet.GEOM_MESH, fileName=str(folder / "object.obj"), physicsClientId=client
    )
    body = _body(client, shape, mass_kg=MASS_KG, at_m=centre)
    _set_surface(client, body, OBJECT_RESTITUTION)
    return body


def _body(client: int, shape: int, *, mass_kg: float, at_m: np.ndarray) -> int:
    if shape < 0:
        raise AssetError("PyBullet refuses its collision shape; check its faces.")
    return int(
        pybullet.createMultiBody(
            baseMass=mass_kg,
            baseCollisionShapeIndex=shape,
            baseVisualShapeIndex=_NO_VISUAL,
            basePosition=at_m.tolist(),
            physicsClientId=client,
        )
    )


def _set_surface(client: int, body: int, restitution: float) -> None:
    pybullet.changeDynamics(
        body, -1, lateralFriction=FRICTION, restitution=restitution, physicsClientId=client
    )
