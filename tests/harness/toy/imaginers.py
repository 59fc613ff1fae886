"""Reasoners that try grasps of a brick in imagination before they answer, or try to."""

from __future__ import annotations

import socket
import sys
from typing import TypedDict

import numpy as np

from ivlm_bench.harness.cell_messages import encode
from ivlm_bench.harness.channel import Channel
from ivlm_bench.harness.far_imagination import wrapped
from ivlm_bench.protocols import Imagination, Reconstruction
from ivlm_bench.types import Grasp, Interaction, Motion, Observation, Pose

UP = np.array([0.0, 0.0, 1.0])
DOWN = np.array([[1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, -1.0]])
SIGNS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (0, 2)], float)
#: A brick of 40 x 60 x 100 mm on the table.
BRICK = Reconstruction((SIGNS * (0.02, 0.03, 0.05),))
#: Grasps from above: beside it, at its middle, one pad inside it.
GRASPS = tuple(
    Grasp(Pose.from_rotation(DOWN, np.array(at)), 0.06)
    for at in ((0.0, 0.06, 0.08), (0.0, 0.0, 0.08), (0.03, 0.0, 0.08))
)


class _Guess(TypedDict):
    mass_kg: float
    friction: float
    n_perturbed: int


GUESS: _Guess = {"mass_kg": 0.1, "friction": 0.6, "n_perturbed": 1}


def told(outcomes: dict[str, float]) -> Interaction:
    """An answer that counts as right, with what was imagined in its labels."""
    return Interaction(motion=Motion(UP, UP), label_prob=outcomes)


class Imagines:
    """Says how each grasp fared."""

    wants_imagination = True

    def imagine_with(self, service: Imagination) -> None:
        self.service = service

    def predict(self, observation: Observation) -> Interaction:
        found = self.service.try_grasps(BRICK, GRASPS, **GUESS)
        return told({f"{i} {one.code}": one.held_prob for i, one in enumerate(found)})


class GivesAFlatPiece(Imagines):
    """Asks for a sheet without thickness."""

    def predict(self, observation: Observation) -> Interaction:
        sheet = Reconstruction((SIGNS * (0.02, 0.03, 0.0),))
        self.service.try_grasps(sheet, GRASPS, **GUESS)
        return told({})


class ImaginesTooEarly(Imagines):
    """Asks before there is a question."""

    def imagine_with(self, service: Imagination) -> None:
        super().imagine_with(service)
        service.try_grasps(BRICK, GRASPS, **GUESS)


class Undeclared:
    """Would take it, but does not say so."""

    given = False

    def imagine_with(self, service: Imagination) -> None:
        self.given = True

    def predict(self, observation: Observation) -> Interaction:
        return told({"given": float(self.given)})


class CannotTakeIt:
    """Says so, but has no method that takes it."""

    wants_imagination = True

    def predict(self, observation: Observation) -> Interaction:
        return told({})


class AsksBehindTheBack(Undeclared):
    """Does not declare it, and asks the worker on its own channel all the same."""

    def predict(self, observation: Observation) -> Interaction:
        channel = Channel(socket.socket(fileno=int(sys.argv[1])), max_bytes=1 << 20)
        channel.send(encode(wrapped(BRICK, GRASPS, **GUESS)))
        channel.receive()
        return told({"given": 1.0})
