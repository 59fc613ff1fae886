"""Who can learn from pictures: registered trainers that plugin packages fill."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ivlm_bench.registry import Registry

#: Opens a bar with a name and a number of steps, and gives what is called once a step.
Progress = Callable[[str, int | None], AbstractContextManager[Callable[[], None]]]


@dataclass(frozen=True, slots=True)
class Training:
    """One order to train.

    ``pictures``: folder of labelled pictures; ``out``: folder for weights and report. ``seed``,
    ``n_steps`` and ``label_share`` (of the scenes with 3D labels, 0..1) replace the preset's own
    where given. ``resume``: go on from what lies in ``out``. ``start``: weights to begin from.
    ``encoder``: what looks at the pictures; the preset's if None.
    """

    preset: str
    pictures: Path
    out: Path
    seed: int | None = None
    n_steps: int | None = None
    label_share: float | None = None
    resume: bool = False
    start: str | None = None
    encoder: str | None = None


class Trainer(Protocol):
    """Learns from pictures; heavy packages are imported when it is called, not before."""

    def __call__(self, order: Training, progress: Progress, /) -> dict[str, Any]:
        """Write weights and report into ``order.out`` and return the figures.

        Raises ``MissingDependencyError`` where a package is missing, ``ConfigError`` for an
        unknown preset, ``AssetError`` for pictures that can't be read.
        """
        ...

    def n_scenes(self, preset: str, /) -> int:
        """Return how many scenes a preset wants to learn from."""
        ...


#: Every known trainer by the name of its reasoner; plugin modules register theirs at import.
TRAINERS: Registry[Trainer] = Registry("trainer")
