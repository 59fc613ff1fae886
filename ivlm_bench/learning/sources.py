"""Where scenes to learn from come from: registered sources that plugin packages fill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from ivlm_bench.env import Question
from ivlm_bench.registry import Registry
from ivlm_bench.types import Scene


@dataclass(frozen=True, slots=True)
class Called:
    """What a person calls a placed thing: a noun, and the colour that it is told apart by."""

    noun: str
    colour: str = ""


@dataclass(frozen=True, eq=False, slots=True)
class Drawn:
    """A scene to learn from.

    ``task``: id of the task that drew it, or the name of its source. ``called``: words for the
    placements that may be asked about, by name. ``colours``: colour words of surfaces, by
    ``placement/part``, where they have one. ``asked``: what the task asks, if a task drew it.
    """

    scene: Scene
    task: str
    called: Mapping[str, Called]
    colours: Mapping[str, str] = field(default_factory=dict)
    asked: Question | None = None


class SceneSource(Protocol):
    """Draws scenes to learn from; all randomness comes from ``rng``."""

    #: Of ten scenes so many come from this source.
    share: int

    def __call__(self, rng: np.random.Generator, *, number: int, size_px: int) -> Drawn:
        """Return a scene with four cameras; ``number`` counts the scenes of this source.

        It is called where objects are drawn for training, and may raise ``AssetError`` where a
        scene does not come about: it is drawn anew then.
        """
        ...


#: Every known source by name; plugin modules register theirs at import.
SOURCES: Registry[SceneSource] = Registry("source of scenes to learn from")
