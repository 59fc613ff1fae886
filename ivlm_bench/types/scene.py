"""Scenes: placed objects, cameras and gravity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Float64

from ivlm_bench.errors import AssetError
from ivlm_bench.types.objects import Link, ObjectModel
from ivlm_bench.types.spatial import Camera, Pose
from ivlm_bench.types.validate import freeze


@dataclass(frozen=True, eq=False, slots=True)
class Placement:
    """One object in the scene. ``name`` is unique; bodies are called ``name/link``.

    ``role``: the ``target`` of the query, the ``support`` it stands on, or ``clutter``.
    ``joints`` gives start positions (rad or m) by joint name; missing ones start at 0.
    """

    name: str
    model: ObjectModel
    world_from_object: Pose
    role: Literal["target", "support", "clutter"]
    joints: Mapping[str, float] = field(default_factory=dict)

    def body(self, link: Link | str) -> str:
        """Return the scene-wide body name of a link."""
        return f"{self.name}/{link if isinstance(link, str) else link.name}"


@dataclass(frozen=True, eq=False, slots=True)
class Scene:
    """What is there: placements, cameras, gravity (m/s2, world frame)."""

    name: str
    placements: tuple[Placement, ...]
    cameras: tuple[Camera, ...]
    gravity_m_s2: Float64[np.ndarray, "3"]

    def __post_init__(self) -> None:
        freeze(self, "gravity_m_s2", np.float64, (3,))
        names = [p.name for p in self.placements]
        if len(set(names)) != len(names):
            raise AssetError(f"Scene {self.name!r} places two objects under one name: {names}.")
        if sum(p.role == "target" for p in self.placements) != 1:
            raise AssetError(f"Scene {self.name!r} needs exactly one target.")

    @property
    def target(self) -> Placement:
        """The placement that the query is about."""
        return next(p for p in self.placements if p.role == "target")

    def placement(self, name: str) -> Placement:
        """Return the placement called ``name``; ``AssetError`` if there is none."""
        for placement in self.placements:
            if placement.name == name:
                return placement
        raise AssetError(f"Scene {self.name!r} has no placement {name!r}.")
