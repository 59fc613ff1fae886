"""What a trial receives and what every trial shares: the attempt, checks, key frames."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from ivlm_bench.errors import InvalidAnswerError
from ivlm_bench.protocols import Engine, Simulation
from ivlm_bench.trials.perturb import NOMINAL, Perturbation
from ivlm_bench.types import (
    Check,
    Contact,
    GripperSpec,
    Interaction,
    Keyframe,
    Motion,
    Scene,
    TrialOutcome,
    TrialSpec,
)


@dataclass(frozen=True, eq=False, slots=True)
class Attempt:
    """One answer to be tried once: on which scene, judged how, under which perturbation."""

    scene: Scene
    interaction: Interaction
    spec: TrialSpec
    perturbation: Perturbation = NOMINAL
    gripper: GripperSpec = field(default_factory=GripperSpec)

    @property
    def motion(self) -> Motion:
        """The answer's motion as perturbed; ``InvalidAnswerError`` if the answer has none."""
        if self.interaction.motion is None:
            raise InvalidAnswerError("This trial needs Interaction.motion.")
        return self.perturbation.motion(self.interaction.motion)


@runtime_checkable
class Trial(Protocol):
    """One kind of trial. ``codes`` are its outcome codes in the order they are looked for."""

    codes: tuple[str, ...]

    def answered(self, interaction: Interaction) -> bool:
        """Say whether the answer holds what this trial executes."""
        ...

    def run(self, engine: Engine, attempt: Attempt, *, record: bool = False) -> TrialOutcome:
        """Try the answer once; raises ``EngineError`` when the simulation diverges."""
        ...


class Film:
    """Collects key frames of one simulation, or nothing when switched off."""

    def __init__(self, simulation: Simulation, *, record: bool) -> None:
        self._simulation = simulation
        self._record = record
        self._frames: list[Keyframe] = []

    def shoot(self, label: str) -> None:
        """Keep the poses of all bodies at this moment."""
        if self._record:
            time_s = self._simulation.n_steps * self._simulation.timestep_s
            self._frames.append(Keyframe(label, time_s, dict(self._simulation.poses())))

    @property
    def frames(self) -> tuple[Keyframe, ...]:
        """The key frames so far."""
        return tuple(self._frames)


def at_most(name: str, value: float, limit: float, *, unit: str, gating: bool = True) -> Check:
    """Return the check ``value <= limit``."""
    return Check(
        name=name,
        value=float(value),
        limit=float(limit),
        unit=unit,
        passed=bool(value <= limit),
        relation="<=",
        gating=gating,
    )


def at_least(name: str, value: float, limit: float, *, unit: str, gating: bool = True) -> Check:
    """Return the check ``value >= limit``."""
    return Check(
        name=name,
        value=float(value),
        limit=float(limit),
        unit=unit,
        passed=bool(value >= limit),
        relation=">=",
        gating=gating,
    )


def normal_force_n(contacts: tuple[Contact, ...], placement: str, part: str | None = None) -> float:
    """Return the summed normal force (N) against a placement, or against one part of it."""
    return sum(
        contact.force_n
        for contact in contacts
        if contact.body_b.startswith(f"{placement}/") and part in (None, contact.part_b)
    )
