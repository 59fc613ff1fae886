"""Pedestals and slopes: level and wide, or steep; each of the colour that its name tells."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ivlm_bench.types import Mesh, ObjectModel

Build = Callable[..., ObjectModel]
#: The colours that names tell.
NAMED = {"red", "green", "blue", "yellow", "white", "black"}
CASES = [(split, instance) for split in ("seen", "unseen") for instance in range(0, 40, 5)]


def top_of(model: ObjectModel) -> Mesh:
    return next(part.mesh for _, part in model.parts if part.name == "top")


def upper_faces(mesh: Mesh) -> tuple[np.ndarray, np.ndarray]:
    """Unit normals (n, 3) and areas (n,) of the faces that look up."""
    corners = mesh.vertices_m[mesh.faces]
    vectors = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    areas = np.linalg.norm(vectors, axis=1)
    up = vectors[:, 2] > 0.1 * areas
    return vectors[up] / areas[up, None], areas[up] / 2


def seen_colour(model: ObjectModel) -> str:
    """Name the mean colour of a support by simple rules on its channels."""
    red, green, blue = model.links[0].parts[0].texture.reshape(-1, 3).mean(axis=0)
    spread = max(red, green, blue) - min(red, green, blue)
    if spread < 40:
        return "white" if red > 128 else "black"
    if red > 150 and green > 150:
        return "yellow"
    return ("red", "green", "blue")[int(np.argmax([red, green, blue]))]


@pytest.mark.parametrize(("split", "instance"), CASES)
def test_pedestals_are_level_and_wide(build: Build, split: str, instance: int) -> None:
    model = build("pedestal", split, instance)
    normals, areas = upper_faces(top_of(model))
    assert normals[:, 2].min() > 1 - 1e-9
    # A disc of 125 mm is the smallest top.
    assert areas.sum() > 0.97 * np.pi * 0.0625**2
    assert model.fixed_base


@pytest.mark.parametrize(("split", "instance"), CASES)
def test_slopes_are_steeper_than_any_friction_holds(
    build: Build, split: str, instance: int
) -> None:
    model = build("slope", split, instance)
    normals, areas = upper_faces(top_of(model))
    steepness = np.degrees(np.arccos(normals[:, 2]))
    # Friction of 0.9, the largest of perturbed trials, holds up to 42 degrees.
    assert steepness.min() > 43
    assert areas.sum() > 0.012
    assert not model.affordances["place"].any()


@pytest.mark.parametrize("family", ["pedestal", "slope"])
@pytest.mark.parametrize(("split", "instance"), CASES)
def test_names_tell_the_colour(build: Build, family: str, split: str, instance: int) -> None:
    model = build(family, split, instance)
    colour, kind = model.links[0].name.split("_")
    assert colour in NAMED
    assert kind in ("block", "stand", "bench")
    assert seen_colour(model) == colour


def test_every_colour_and_kind_occurs(build: Build) -> None:
    names = [build("pedestal", "seen", i).links[0].name.split("_") for i in range(40)]
    assert {colour for colour, _ in names} == NAMED
    assert {kind for _, kind in names} == {"block", "stand", "bench"}
