"""Imagination for an isolated reasoner: asked for over the channel, given by the worker.

The isolated process may not even read the code that judges; so the worker tries its grasps, on
nothing but what the process sent.
"""

from __future__ import annotations

import numpy as np

from ivlm_bench.errors import InvalidAnswerError
from ivlm_bench.harness.cell_messages import Imagine, Imagined, encode, from_worker
from ivlm_bench.harness.channel import Channel
from ivlm_bench.protocols import Imagination, ImaginedGrasp, Reconstruction
from ivlm_bench.types import Grasp, Pose

#: How numbers travel: little-endian doubles; a grasp is position, quaternion (wxyz) and width.
_DOUBLES, _GRASP = np.dtype("<f8"), 8


class FarImagination:
    """Satisfies ``ivlm_bench.protocols.Imagination`` in an isolated process.

    ``open``: whether a question is being answered; at no other time is the worker listening.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.open = False

    def try_grasps(
        self,
        solid: Reconstruction,
        grasps: tuple[Grasp, ...],
        *,
        mass_kg: float,
        friction: float,
        n_perturbed: int = 0,
    ) -> tuple[ImaginedGrasp, ...]:
        """Close, lift and shake with each grasp; see ``Imagination.try_grasps``."""
        if not self.open:
            raise InvalidAnswerError(
                "Grasps are tried in imagination only while a question is answered; call "
                "try_grasps from predict."
            )
        self._channel.send(
            encode(
                wrapped(solid, grasps, mass_kg=mass_kg, friction=friction, n_perturbed=n_perturbed)
            )
        )
        reply = from_worker.decode(self._channel.receive())
        if not isinstance(reply, Imagined):
            raise InvalidAnswerError("The worker gave no answer to what was to be imagined.")
        if reply.fault:
            raise InvalidAnswerError(reply.fault)
        return tuple(ImaginedGrasp(code, prob) for code, prob in reply.outcomes)


def wrapped(
    solid: Reconstruction,
    grasps: tuple[Grasp, ...],
    *,
    mass_kg: float,
    friction: float,
    n_perturbed: int,
) -> Imagine:
    """Return the message that asks for tries; ``InvalidAnswerError`` if it can't be written."""
    if not isinstance(solid, Reconstruction):
        raise InvalidAnswerError(
            f"try_grasps was given {type(solid).__name__} as solid; give a Reconstruction."
        )
    if not isinstance(grasps, (tuple, list)) or not all(isinstance(g, Grasp) for g in grasps):
        raise InvalidAnswerError("try_grasps takes a tuple of Grasp objects only.")
    try:
        return Imagine(
            pieces=tuple(map(_bytes, solid.pieces_m)),
            others=tuple(map(_bytes, solid.others_m)),
            grasps=b"".join(map(_row, grasps)),
            mass_kg=float(mass_kg),
            friction=float(friction),
            n_perturbed=int(n_perturbed),
        )
    except (TypeError, ValueError) as error:
        raise InvalidAnswerError(f"try_grasps was given what is no number: {error}.") from None


def answered(service: Imagination, asked: Imagine) -> Imagined:
    """Try what an isolated process asked for; what is wrong with it goes back as a sentence."""
    try:
        solid = Reconstruction(tuple(map(_points, asked.pieces)), tuple(map(_points, asked.others)))
        grasps = tuple(_grasp(row) for row in _rows(asked.grasps, _GRASP))
        outcomes = service.try_grasps(
            solid,
            grasps,
            mass_kg=asked.mass_kg,
            friction=asked.friction,
            n_perturbed=asked.n_perturbed,
        )
    except InvalidAnswerError as error:
        return Imagined(fault=str(error))
    return Imagined(outcomes=tuple((one.code, one.held_prob) for one in outcomes))


def _bytes(points_m: np.ndarray) -> bytes:
    return np.ascontiguousarray(points_m, _DOUBLES).tobytes()


def _row(grasp: Grasp) -> bytes:
    pose = grasp.world_from_gripper
    return _bytes(np.concatenate([pose.position_m, pose.quat_wxyz, [grasp.width_m]]))


def _points(raw: bytes) -> np.ndarray:
    return _rows(raw, 3)


def _rows(raw: bytes, n_columns: int) -> np.ndarray:
    """Return bytes, which may come from anywhere, as rows of numbers."""
    if len(raw) % (n_columns * _DOUBLES.itemsize):
        raise InvalidAnswerError("What was to be imagined was cut short on its way.")
    return np.frombuffer(raw, _DOUBLES).astype(np.float64).reshape(-1, n_columns)


def _grasp(row: np.ndarray) -> Grasp:
    return Grasp(Pose(row[:3], row[3:7]), float(row[7]))
