"""What every registered object must satisfy, whatever it is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from zlib import crc32

import numpy as np
import pytest
import trimesh

from ivlm_bench.errors import AssetError
from ivlm_bench.geometry.hulls import distance_to_hulls_m, hull_distance_m
from ivlm_bench.geometry.mesh import is_convex, is_watertight, sample_surface
from ivlm_bench.objects import OBJECTS, ObjectFamily, Split, content_hash
from ivlm_bench.types import Link, Mesh, ObjectModel, Part

#: Largest distance between what is seen and what collides (m).
SKIN_M = 0.001
MAX_FACES, MAX_HULLS = 5000, 40
#: Families of which nothing can be grasped, opened, turned or pressed.
INERT = {
    "bare_blade",
    "barred_cabinet",
    "barred_door_cabinet",
    "pinned_knob",
    "pinned_lever",
    "slope",
    "strapped_lid_box",
    "table",
    "wide_box",
}

closest_point: Any = trimesh.triangles.closest_point  # the package has no types


def pools(family: ObjectFamily) -> tuple[Split, ...]:
    """Return the pools that a family has: a held-out category has no seen one."""
    splits: tuple[Split, ...] = ("seen", "unseen")
    return tuple(split for split in splits if family.size(split))


def outer_samples(part: Part, rng: np.random.Generator, n_a_hull: int) -> np.ndarray:
    """Points on the outside of the union of a part's hulls."""
    kept = []
    for hull in part.hulls:
        points, normals, _ = sample_surface(hull, n_a_hull, rng)
        nudged = points + 1e-5 * normals
        others = [h for h in part.hulls if h is not hull]
        free = distance_to_hulls_m(nudged, others) > 0 if others else np.ones(n_a_hull, bool)
        kept.append(points[free])
    return np.concatenate(kept)


def distance_to_mesh_m(points: np.ndarray, mesh: Mesh, *, chunk: int = 200) -> np.ndarray:
    """Exact distance of points to the nearest triangle, by trimesh."""
    triangles = mesh.vertices_m[mesh.faces]
    nearest = np.full(len(points), np.inf)
    for start in range(0, len(points), chunk):
        some = points[start : start + chunk]
        tiled = np.repeat(triangles[None], len(some), axis=0).reshape(-1, 3, 3)
        asked = np.repeat(some, len(triangles), axis=0)
        found = closest_point(tiled, asked)
        apart = np.linalg.norm(found - asked, axis=1).reshape(len(some), -1)
        nearest[start : start + chunk] = apart.min(axis=1)
    return nearest


def test_a_rebuilt_instance_is_the_same(model: ObjectModel) -> None:
    """By the seed that is documented: CRC-32 of the family, the pool, the number."""
    name, split, instance = model.cluster.rsplit("-", 2)
    seed = np.random.SeedSequence(
        [crc32(name.encode()), ["seen", "unseen"].index(split), int(instance)]
    )
    again = OBJECTS.get(name).make(model.name, model.split, np.random.default_rng(seed))
    assert again is not model
    assert content_hash(again) == content_hash(model)


def test_names_tell_family_pool_and_instance(model: ObjectModel) -> None:
    assert model.cluster == model.name == f"{model.category}-{model.split}-{model.name[-4:]}"


def test_another_process_builds_the_same_bits() -> None:
    script = (
        "from ivlm_bench.objects import OBJECTS, content_hash\n"
        "for name, family in OBJECTS:\n"
        "    print(name, *(content_hash(family.build(1, s)) for s in ('seen', 'unseen')"
        " if family.size(s)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    here = [
        " ".join([name, *(content_hash(family.build(1, s)) for s in pools(family))])
        for name, family in OBJECTS
    ]
    assert done.stdout.split("\n")[:-1] == here


def test_hash_sees_every_kind_of_change(build: Callable[..., ObjectModel]) -> None:
    mug = build("mug", "seen", 0)
    handle = mug.links[0].parts[1]
    painted = replace(handle, texture=handle.texture ^ 1)
    moved = replace(handle, mesh=Mesh(handle.mesh.vertices_m + 1e-9, handle.mesh.faces))
    variants = [
        mug,
        replace(mug, name="other"),
        replace(mug, fixed_base=True),
        replace(mug, grasps=mug.grasps[1:]),
        replace(mug, affordances={"lift": mug.affordances["grasp"]}),
        replace(mug, links=(replace(mug.links[0], mass_kg=mug.links[0].mass_kg * (1 + 1e-12)),)),
        *(
            replace(mug, links=(replace(mug.links[0], parts=(mug.links[0].parts[0], changed)),))
            for changed in (painted, moved)
        ),
    ]
    assert len({content_hash(v) for v in variants}) == len(variants)


def test_instances_differ() -> None:
    for _, family in OBJECTS:
        hashes = {content_hash(family.build(i, s)) for i in range(4) for s in pools(family)}
        assert len(hashes) == 4 * len(pools(family))


def test_unknown_instances_are_refused() -> None:
    family = OBJECTS.get("mug")
    with pytest.raises(AssetError, match="40 seen instances"):
        family.build(family.n_seen, "seen")
    with pytest.raises(AssetError, match="'seen' or 'unseen'"):
        family.build(0, "test")  # type: ignore[arg-type]


def test_parts_are_closed_named_once_and_small(model: ObjectModel) -> None:
    names = [part.name for _, part in model.parts]
    assert len(set(names)) == len(names)
    assert len({link.name for link in model.links}) == len(model.links)
    for link, part in model.parts:
        assert is_watertight(part.mesh), f"{link.name}/{part.name} is open"
        used = np.unique(part.mesh.faces)
        assert len(used) == len(part.mesh.vertices_m), f"{part.name} has loose vertices"
    assert sum(len(part.mesh.faces) for _, part in model.parts) <= MAX_FACES


def test_hulls_are_closed_convex_and_few(model: ObjectModel) -> None:
    hulls = [hull for _, part in model.parts for hull in part.hulls]
    assert all(part.hulls for _, part in model.parts)
    assert len(hulls) <= MAX_HULLS
    assert all(is_watertight(hull) and is_convex(hull) for hull in hulls)


def test_what_is_seen_collides(model: ObjectModel) -> None:
    rng = np.random.default_rng(0)
    for _, part in model.parts:
        points, _, _ = sample_surface(part.mesh, 4000, rng)
        assert distance_to_hulls_m(points, part.hulls).max() <= SKIN_M, part.name


def test_what_collides_is_seen(model: ObjectModel) -> None:
    rng = np.random.default_rng(0)
    for _, part in model.parts:
        n = max(8, 300 // len(part.hulls))
        points = outer_samples(part, rng, n)
        assert distance_to_mesh_m(points, part.mesh).max() <= SKIN_M, part.name


def test_textures_are_small_and_not_flat(model: ObjectModel) -> None:
    for _, part in model.parts:
        assert max(part.texture.shape[:2]) <= 3 * 128
        if part.name != "foot":
            assert part.texture.reshape(-1, 3).std(axis=0).max() > 0.5, part.name


def test_inertia_is_that_of_a_body(model: ObjectModel) -> None:
    for link in model.links:
        np.testing.assert_allclose(link.inertia_kg_m2, link.inertia_kg_m2.T, rtol=1e-9)
        a, b, c = np.linalg.eigvalsh(link.inertia_kg_m2)
        assert a > 0
        assert a + b >= c


def masses_by_sampling(link: Link, n: int) -> tuple[float, np.ndarray, np.ndarray]:
    """Volume, centre and inertia over mass of the union of a link's hulls, by random points."""
    hulls = [hull for part in link.parts for hull in part.hulls]
    corners = np.concatenate([hull.vertices_m for hull in hulls])
    low, high = corners.min(axis=0), corners.max(axis=0)
    points = np.random.default_rng(0).uniform(low, high, (n, 3))
    inside = points[(np.array([hull_distance_m(points, hull) for hull in hulls]) < 0).any(axis=0)]
    centre = inside.mean(axis=0)
    second = np.cov(inside.T, bias=True)
    volume = float(np.prod(high - low)) * len(inside) / n
    return volume, centre, np.trace(second) * np.eye(3) - second


def test_mass_properties_are_those_of_the_solid(model: ObjectModel) -> None:
    """Against points drawn in the convex pieces: another integral over another mesh."""
    for link in model.links:
        _, centre, per_mass = masses_by_sampling(link, 20_000)
        size = np.sqrt(np.trace(per_mass))
        assert np.linalg.norm(centre - link.centre_of_mass_m) < 0.04 * size, link.name
        scale = np.trace(per_mass)
        difference = np.abs(link.inertia_kg_m2 / link.mass_kg - per_mass).max()
        assert difference < 0.05 * scale, link.name


def test_masses_are_what_a_gripper_can_hold(model: ObjectModel) -> None:
    if not model.fixed_base:
        low, high = {"mug": (0.05, 0.45)}.get(model.category, (0.05, 1.0))
        assert low - 1e-12 <= model.links[0].mass_kg <= high + 1e-12


def test_affordances_are_graded_probabilities(model: ObjectModel) -> None:
    n = sum(len(part.mesh.vertices_m) for _, part in model.parts)
    assert model.affordances
    for label, values in model.affordances.items():
        assert values.shape == (n,), label
        assert values.dtype == np.float32
        assert values.min() >= 0.0
        assert values.max() <= 1.0
        if model.category in INERT:
            assert not values.any()
        else:
            assert values.max() > 0.9
            assert len(np.unique(values)) > 5


def test_objects_stand_on_their_bottom_centre(model: ObjectModel) -> None:
    """The root frame: z = 0 is the table, x and y go through the middle of the base."""
    root = model.links[0]
    points = np.concatenate([part.mesh.vertices_m for part in root.parts])
    if model.category == "table":
        assert points[:, 2].max() == pytest.approx(0.0, abs=1e-12)
        return
    assert points[:, 2].min() == pytest.approx(0.0, abs=1e-12)
    base = points[points[:, 2] < 0.001]
    middle = (base.min(axis=0) + base.max(axis=0)) / 2
    assert np.abs(middle[:2]).max() < 0.0051
