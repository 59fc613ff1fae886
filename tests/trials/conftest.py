"""Scenes of boxes whose outcomes can be worked out by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from ivlm_bench.engines import available_engines, get_engine
from ivlm_bench.geometry import se3
from ivlm_bench.protocols import Engine
from ivlm_bench.types import (
    Grasp,
    Interaction,
    Joint,
    Link,
    Mesh,
    ObjectModel,
    Part,
    Placement,
    Pose,
    Scene,
    TrialSpec,
    Truth,
)

BOX_FACES = np.array(
    [
        [0, 2, 3], [0, 3, 1], [4, 5, 7], [4, 7, 6], [0, 1, 5], [0, 5, 4],
        [2, 6, 7], [2, 7, 3], [0, 4, 6], [0, 6, 2], [1, 3, 7], [1, 7, 5],
    ]
)  # fmt: skip


def box_part(name: str, low_m: tuple[float, ...], high_m: tuple[float, ...]) -> Part:
    corners = np.array(
        [[x, y, z] for z in (low_m[2], high_m[2]) for y in (low_m[1], high_m[1])
         for x in (low_m[0], high_m[0])]
    )  # fmt: skip
    mesh = Mesh(corners, BOX_FACES)
    texture = np.full((1, 1, 3), 128, np.uint8)
    return Part(name, mesh, (mesh,), texture, np.zeros((8, 2), np.float32), smooth=False)


def box_link(name: str, parts: tuple[Part, ...], mass_kg: float, **tree: object) -> Link:
    """A link with mass and inertia of its parts' bounding box."""
    corners = np.concatenate([part.mesh.vertices_m for part in parts])
    low, high = corners.min(axis=0), corners.max(axis=0)
    a, b, c = (high - low) ** 2
    inertia = np.diag([b + c, a + c, a + b]) * mass_kg / 12.0
    return Link(name, parts, mass_kg, 0.5 * (low + high), inertia, **tree)  # type: ignore[arg-type]


def model(name: str, *links: Link, fixed_base: bool = False) -> ObjectModel:
    return ObjectModel(name, "box", name, "seen", links, {}, fixed_base=fixed_base)


def table() -> Placement:
    top = box_part("top", (-0.6, -0.6, -0.05), (0.6, 0.6, 0.0))
    return Placement(
        "table",
        model("table", box_link("base", (top,), 10.0), fixed_base=True),
        Pose.identity(),
        "support",
    )


def scene_of(target: ObjectModel, *others: Placement, at: Pose | None = None) -> Scene:
    placed = Placement("thing", target, at or Pose.identity(), "target")
    return Scene("test", (placed, table(), *others), (), np.array([0.0, 0.0, -9.81]))


def brick(
    *, mass_kg: float = 0.1, size_m: tuple[float, float, float] = (0.04, 0.06, 0.10)
) -> ObjectModel:
    """A free box standing on its bottom centre; lower and upper half are parts."""
    x, y, z = size_m[0] / 2, size_m[1] / 2, size_m[2]
    lower = box_part("lower", (-x, -y, 0.0), (x, y, z / 2))
    upper = box_part("upper", (-x, -y, z / 2), (x, y, z))
    return model("brick", box_link("body", (lower, upper), mass_kg))


def grasp_at(
    position_m: tuple[float, float, float],
    *,
    approach: tuple[float, float, float] = (0.0, 0.0, -1.0),
    closing: tuple[float, float, float] = (1.0, 0.0, 0.0),
    width_m: float = 0.06,
) -> Grasp:
    rotation = se3.frame_from_axes(z=np.array(approach), x=np.array(closing))
    return Grasp(Pose.from_rotation(rotation, np.array(position_m)), width_m)


def drawers(
    *, damping: float = 10.0, range_m: float = 0.2, lip: bool = False, lower: float = 0.0
) -> ObjectModel:
    """A fixed case with an upper and a lower drawer that slide along +x, fronts at x = 0.02.

    With ``lip`` the lower drawer reaches up before the upper one, which then pushes it along.
    """
    case = box_link("case", (box_part("case", (-0.3, -0.15, 0.0), (-0.26, 0.15, 0.3)),), 5.0)

    def drawer(name: str, height_m: float, *more: Part) -> Link:
        front = box_part(f"{name}_front", (0.0, -0.14, 0.0), (0.02, 0.14, 0.10))
        handle = box_part(f"{name}_handle", (0.02, -0.03, 0.04), (0.05, 0.03, 0.06))
        slide = Joint(
            f"{name}_slide", "slide", np.array([1.0, 0.0, 0.0]), np.zeros(3), lower, range_m,
            friction_loss=2.0, damping=damping,
        )  # fmt: skip
        return box_link(
            name, (front, handle, *more), 1.0, parent="case",
            parent_from_link=Pose.at(0.0, 0.0, height_m), joint=slide,
        )  # fmt: skip

    hook = (box_part("lip", (0.06, -0.02, 0.0), (0.08, 0.02, 0.25)),) if lip else ()
    return model(
        "drawers", case, drawer("upper", 0.15), drawer("low", 0.02, *hook), fixed_base=True
    )


def panel(*, stiffness_n_m: float = 500.0) -> ObjectModel:
    """An upright plate with a 20 mm square button at height 0.1 m, face at x = 0.018, travel 4 mm.

    The spring pushes back with 0.5 N at rest.
    """
    plate = box_link("plate", (box_part("plate", (-0.01, -0.1, 0.0), (0.01, 0.1, 0.2)),), 2.0)
    slide = Joint(
        "push", "slide", np.array([-1.0, 0.0, 0.0]), np.zeros(3), 0.0, 0.004,
        damping=0.5, stiffness=stiffness_n_m, spring_rest=-0.5 / stiffness_n_m,
    )  # fmt: skip
    cap = box_link(
        "button", (box_part("cap", (0.015, -0.01, -0.01), (0.018, 0.01, 0.01)),), 0.01,
        parent="plate", parent_from_link=Pose.at(0.0, 0.0, 0.1), joint=slide,
    )  # fmt: skip
    return model("panel", plate, cap, fixed_base=True)


def truth_of(trial: TrialSpec) -> Truth:
    return Truth(
        "try", True, trial, Interaction(), trial.part,
        np.zeros((1, 1, 1), bool), np.zeros((1, 1, 1), np.float32), np.zeros(0, np.float32),
    )  # fmt: skip


def turned(scene: Scene, angle_rad: float) -> tuple[Scene, Pose]:
    """The whole scene turned about the vertical, and the turn."""
    turn = Pose(np.zeros(3), se3.quat_from_rotvec(np.array([0.0, 0.0, angle_rad])))
    placements = tuple(
        Placement(p.name, p.model, turn @ p.world_from_object, p.role, p.joints)
        for p in scene.placements
    )
    return Scene(scene.name, placements, (), scene.gravity_m_s2), turn


@pytest.fixture(params=available_engines())
def engine(request: pytest.FixtureRequest) -> Engine:
    return get_engine(request.param)


@pytest.fixture(scope="session")
def shop() -> SimpleNamespace:
    """The builders of this file: test modules cannot import a conftest."""
    return SimpleNamespace(
        brick=brick,
        drawers=drawers,
        panel=panel,
        scene_of=scene_of,
        table=table,
        grasp_at=grasp_at,
        truth_of=truth_of,
        turned=turned,
        box_part=box_part,
        box_link=box_link,
        model=model,
    )
