"""From solids to parts, links and per-vertex affordances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float32, UInt8

from ivlm_bench.geometry.boolean import union
from ivlm_bench.geometry.hulls import convex_hull
from ivlm_bench.geometry.massprops import MassProperties, mass_properties
from ivlm_bench.geometry.solids import Solid, joined
from ivlm_bench.objects import Split
from ivlm_bench.types import Joint, Link, Mesh, ObjectModel, Part, PartGrasp, Pose


def part(
    name: str,
    solid: Solid,
    texture: UInt8[np.ndarray, "h w 3"],
    *,
    hulls: Sequence[Mesh] | None = None,
    smooth: bool = True,
) -> Part:
    """Return a named part; without ``hulls`` its convex hull is its one convex piece."""
    pieces = (convex_hull(solid.mesh.vertices_m),) if hulls is None else tuple(hulls)
    return Part(name, solid.mesh, pieces, texture, solid.uv.astype(np.float32), smooth)


def assembled(
    name: str,
    solids: Sequence[Solid],
    texture: UInt8[np.ndarray, "h w 3"],
    *,
    smooth: bool = False,
) -> Part:
    """Return a part made of convex solids, each of them one convex piece."""
    hulls = [convex_hull(solid.mesh.vertices_m) for solid in solids]
    return part(name, joined(solids), texture, hulls=hulls, smooth=smooth)


def solid_mass(
    meshes: Sequence[Mesh], density_kg_m3: float, *, mass_range_kg: tuple[float, float]
) -> MassProperties:
    """Return the mass properties of the union of closed meshes, in kg and m.

    Where the mass would leave ``mass_range_kg``, the density is scaled to the nearer limit, so
    that centre of mass and inertia stay those of the true shape.
    """
    unit = mass_properties(union(meshes), 1.0)
    mass = density_kg_m3 * unit.mass_kg
    density = density_kg_m3 * float(np.clip(mass, *mass_range_kg)) / mass
    return replace(unit, mass_kg=density * unit.mass_kg, inertia_kg_m2=density * unit.inertia_kg_m2)


def link(
    name: str,
    parts: Sequence[Part],
    body: MassProperties,
    *,
    parent: tuple[str, Pose] | None = None,
    joint: Joint | None = None,
) -> Link:
    """Return a link; ``parent`` is the parent's name and ``parent_from_link`` at rest."""
    return Link(
        name=name,
        parts=tuple(parts),
        mass_kg=body.mass_kg,
        centre_of_mass_m=body.centre_of_mass_m,
        inertia_kg_m2=body.inertia_kg_m2,
        parent=None if parent is None else parent[0],
        parent_from_link=Pose.identity() if parent is None else parent[1],
        joint=joint,
    )


def affordance(
    links: Sequence[Link], values: Mapping[str, np.ndarray]
) -> Float32[np.ndarray, " n"]:
    """Return one value in [0, 1] a vertex of all parts in order; parts without values get 0."""
    rows = [
        np.clip(values.get(p.name, np.zeros(len(p.mesh.vertices_m))), 0.0, 1.0)
        for owner in links
        for p in owner.parts
    ]
    return np.concatenate(rows).astype(np.float32)


def instance(
    name: str,
    split: Split,
    links: Sequence[Link],
    *,
    affordances: Mapping[str, Float32[np.ndarray, " n"]],
    grasps: tuple[PartGrasp, ...] = (),
    fixed_base: bool = False,
) -> ObjectModel:
    """Return an instance of the family that its ``name`` begins with; it is its own cluster."""
    return ObjectModel(
        name=name,
        category=name.split("-", maxsplit=1)[0],
        cluster=name,
        split=split,
        links=tuple(links),
        affordances=affordances,
        grasps=grasps,
        fixed_base=fixed_base,
    )
