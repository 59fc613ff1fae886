"""Objects: a tree of rigid links, each made of named parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from ivlm_bench.errors import AssetError
from ivlm_bench.types.spatial import Mesh, Pose
from ivlm_bench.types.validate import freeze, unit


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """A named region of one link: what is seen, and the convex pieces that collide.

    All coordinates are in the link frame. ``texture`` is sRGB; a (1, 1, 3) texture is a plain
    colour. ``uv`` has one row a vertex, u to the right and v down in the texture, both in [0, 1]
    (values outside wrap). ``hulls`` are closed convex meshes.
    """

    name: str
    mesh: Mesh
    hulls: tuple[Mesh, ...]
    texture: UInt8[np.ndarray, "th tw 3"]
    uv: Float32[np.ndarray, "n 2"]
    smooth: bool = True

    def __post_init__(self) -> None:
        freeze(self, "texture", np.uint8, (None, None, 3))
        freeze(self, "uv", np.float32, (len(self.mesh.vertices_m), 2))


@dataclass(frozen=True, eq=False, slots=True)
class Joint:
    """One degree of freedom between a link and its parent.

    ``axis`` and ``origin_m`` are in the child link's frame (equal to the parent-relative frame
    at position 0). Positions in rad (hinge) or m (slide). ``friction_loss`` in N or N m,
    ``damping`` in N s/m or N m s/rad, ``stiffness`` in N/m or N m/rad about ``spring_rest``.
    """

    name: str
    kind: Literal["hinge", "slide"]
    axis: Float64[np.ndarray, "3"]
    origin_m: Float64[np.ndarray, "3"]
    lower: float
    upper: float
    friction_loss: float = 0.0
    damping: float = 0.0
    stiffness: float = 0.0
    spring_rest: float = 0.0

    def __post_init__(self) -> None:
        unit(self, "axis", 3)
        freeze(self, "origin_m", np.float64, (3,))
        if not self.lower < self.upper:
            raise AssetError(f"Joint {self.name!r} needs lower < upper.")


@dataclass(frozen=True, eq=False, slots=True)
class Link:
    """A rigid body: mass (kg), centre of mass (m) and inertia (kg m2) about it, in its frame.

    ``parent`` is the name of an earlier link of the same object (None for the root);
    ``parent_from_link`` is the pose at joint position 0; ``joint`` is None for a root.
    """

    name: str
    parts: tuple[Part, ...]
    mass_kg: float
    centre_of_mass_m: Float64[np.ndarray, "3"]
    inertia_kg_m2: Float64[np.ndarray, "3 3"]
    parent: str | None = None
    parent_from_link: Pose = field(default_factory=Pose.identity)
    joint: Joint | None = None

    def __post_init__(self) -> None:
        freeze(self, "centre_of_mass_m", np.float64, (3,))
        freeze(self, "inertia_kg_m2", np.float64, (3, 3))
        if not self.mass_kg > 0:
            raise AssetError(f"Link {self.name!r} needs a positive mass, got {self.mass_kg} kg.")
        if (self.parent is None) != (self.joint is None):
            raise AssetError(f"Link {self.name!r}: a joint needs a parent and a parent a joint.")


@dataclass(frozen=True, eq=False, slots=True)
class PartGrasp:
    """A parallel-jaw grasp known from construction, in the root link's frame at rest.

    Gripper frame: z approaches, x closes, origin at the pad centre. ``width_m`` is the clear
    distance between the pads before closing.
    """

    part: str
    object_from_gripper: Pose
    width_m: float


@dataclass(frozen=True, eq=False, slots=True)
class ObjectModel:
    """A rigid or articulated object; ``links[0]`` is the root.

    ``affordances`` maps an interaction label to one value in [0, 1] for each vertex of all parts,
    concatenated in the order of ``links`` and their ``parts``. ``cluster`` names the instance that
    statistics cluster on; ``split`` tells the parameter range that the instance was drawn from.
    """

    name: str
    category: str
    cluster: str
    split: Literal["seen", "unseen"]
    links: tuple[Link, ...]
    affordances: Mapping[str, Float32[np.ndarray, " n"]]
    grasps: tuple[PartGrasp, ...] = ()
    fixed_base: bool = False
    source: str = "procedural"
    licence: str = "Apache-2.0"

    def __post_init__(self) -> None:
        if not self.links or self.links[0].parent is not None:
            raise AssetError(f"Object {self.name!r} needs a root link first.")

    @property
    def parts(self) -> tuple[tuple[Link, Part], ...]:
        """Every part with its link, in the order that ``affordances`` is concatenated in."""
        return tuple((link, part) for link in self.links for part in link.parts)

    def link(self, name: str) -> Link:
        """Return the link called ``name``; ``AssetError`` if there is none."""
        for link in self.links:
            if link.name == name:
                return link
        raise AssetError(f"Object {self.name!r} has no link {name!r}.")

    def link_of_part(self, part: str) -> Link:
        """Return the link that carries ``part``; ``AssetError`` if there is none."""
        for link, candidate in self.parts:
            if candidate.name == part:
                return link
        known = ", ".join(p.name for _, p in self.parts)
        raise AssetError(f"Object {self.name!r} has no part {part!r}; it has {known}.")
