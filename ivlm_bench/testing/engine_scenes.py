"""Small scenes with known answers, made of boxes and a top, for checking engines."""

from __future__ import annotations

import numpy as np

from ivlm_bench.types import (
    GripperMount,
    GripperSpec,
    Joint,
    Link,
    Mesh,
    ObjectModel,
    Part,
    Placement,
    Pose,
    Scene,
)

#: Standard gravity as the protocol rounds it, m/s2.
G_M_S2 = 9.81
#: Half sizes (m) and mass (kg) of the box that is dropped, slid, tipped and held.
BOX_HALF_M = (0.02, 0.03, 0.05)
BOX_MASS_KG = 0.1
#: Half sizes of the table top, metres.
TABLE_HALF_M = (0.6, 0.6, 0.025)
#: Corners of a cube face by face, counter-clockwise seen from outside; corner = 4x + 2y + z.
_CUBE_FACES = (
    (0, 1, 3), (0, 3, 2), (4, 6, 7), (4, 7, 5), (0, 4, 5), (0, 5, 1),
    (2, 3, 7), (2, 7, 6), (0, 2, 6), (0, 6, 4), (1, 5, 7), (1, 7, 3),
)  # fmt: skip
_GREY = np.full((1, 1, 3), 128, np.uint8)


def box_mesh(half_m: tuple[float, float, float], centre_m: tuple[float, float, float]) -> Mesh:
    """Return a box along the axes."""
    signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
    return Mesh(signs * half_m + centre_m, np.array(_CUBE_FACES))


def part(name: str, *hulls: Mesh) -> Part:
    """Return a grey part that is drawn as its first hull."""
    uv = np.zeros((len(hulls[0].vertices_m), 2), np.float32)
    return Part(name, hulls[0], hulls, _GREY, uv, smooth=False)


def box_inertia(mass_kg: float, half_m: tuple[float, float, float]) -> np.ndarray:
    """Return the inertia tensor of a solid box about its centre, kg m2."""
    a, b, c = (h * h for h in half_m)
    return mass_kg / 3.0 * np.diag([b + c, a + c, a + b])


def box_link(
    name: str,
    half_m: tuple[float, float, float],
    mass_kg: float,
    *,
    bottom: bool = True,
) -> Link:
    """Return a solid box as a link; its origin is its bottom's centre, or its top's."""
    centre = (0.0, 0.0, half_m[2] if bottom else -half_m[2])
    mesh = box_mesh(half_m, centre)
    return Link(name, (part("all", mesh),), mass_kg, np.array(centre), box_inertia(mass_kg, half_m))


def model(name: str, *links: Link, fixed: bool = False) -> ObjectModel:
    """Return an object of given links."""
    return ObjectModel(name, "test", name, "seen", links, {}, fixed_base=fixed)


def box(
    half_m: tuple[float, float, float] = BOX_HALF_M, mass_kg: float = BOX_MASS_KG
) -> ObjectModel:
    """Return the free box."""
    return model("box", box_link("body", half_m, mass_kg))


def table(half_m: tuple[float, float, float] = TABLE_HALF_M) -> ObjectModel:
    """Return a fixed slab whose top is its origin's plane."""
    return model("table", box_link("top", half_m, 10.0, bottom=False), fixed=True)


def top() -> ObjectModel:
    """Return a flat top (0.1 kg) that stands on its lower tip: a bipyramid on eight corners."""
    angles = np.arange(8) * np.pi / 4.0
    ring = np.stack([0.03 * np.cos(angles), 0.03 * np.sin(angles), np.full(8, 0.005)], axis=1)
    vertices = np.concatenate([ring, [[0.0, 0.0, 0.0], [0.0, 0.0, 0.01]]])
    follow = (np.arange(8) + 1) % 8
    low = np.stack([np.full(8, 8), follow, np.arange(8)], axis=1)
    high = np.stack([np.full(8, 9), np.arange(8), follow], axis=1)
    mesh = Mesh(vertices, np.concatenate([low, high]))
    inertia = np.diag([1.5e-5, 1.5e-5, TOP_INERTIA_KG_M2])
    link = Link("body", (part("all", mesh),), BOX_MASS_KG, np.array([0.0, 0.0, 0.005]), inertia)
    return model("top", link)


#: Moment of inertia of the top about its axis, kg m2.
TOP_INERTIA_KG_M2 = 2.5e-5


def drawer(
    *, friction_n: float, damping_n_s_m: float, mass_kg: float, barred: bool = False
) -> ObjectModel:
    """Return a drawer that slides 0.3 m along x over a plate; a bar may stand 25 mm before it."""
    parts = [part("plate", box_mesh((0.1, 0.1, 0.01), (0.0, 0.0, 0.01)))]
    if barred:
        parts.append(part("bar", box_mesh((0.005, 0.12, 0.005), (0.13, 0.0, 0.1))))
    carcass = Link("carcass", tuple(parts), 5.0, np.zeros(3), 0.1 * np.eye(3))
    half = (0.1, 0.09, 0.05)
    joint = Joint(
        "slide", "slide", np.array([1.0, 0.0, 0.0]), np.zeros(3), 0.0, 0.3,
        friction_loss=friction_n, damping=damping_n_s_m,
    )  # fmt: skip
    moving = Link(
        "drawer",
        (part("front", box_mesh(half, (0.0, 0.0, 0.0))),),
        mass_kg,
        np.zeros(3),
        box_inertia(mass_kg, half),
        parent="carcass",
        parent_from_link=Pose.at(0.0, 0.0, 0.1),
        joint=joint,
    )
    return model("drawer", carcass, moving, fixed=True)


def button() -> ObjectModel:
    """Return a button on a wall that faces +x: 4 mm of travel, 500 N/m, preload 0.5 N."""
    wall = Link(
        "wall", (part("wall", box_mesh((0.01, 0.1, 0.1), (-0.01, 0.0, 0.0))),),
        5.0, np.zeros(3), 0.1 * np.eye(3),
    )  # fmt: skip
    half = (0.005, 0.01, 0.01)
    joint = Joint(
        "press", "slide", np.array([-1.0, 0.0, 0.0]), np.zeros(3), 0.0, 0.004,
        damping=0.5, stiffness=500.0, spring_rest=-0.001,
    )  # fmt: skip
    cap = Link(
        "cap",
        (part("cap", box_mesh(half, (0.0, 0.0, 0.0))),),
        0.005,
        np.zeros(3),
        box_inertia(0.005, half),
        parent="wall",
        parent_from_link=Pose.at(0.01, 0.0, 0.0),
        joint=joint,
    )
    return model("button", wall, cap, fixed=True)


def swinging_arm() -> ObjectModel:
    """Return a fixed post with two hinged links in a chain, all frames askew."""
    askew = Pose(np.array([0.1, 0.02, 0.3]), np.array([0.9, 0.1, -0.3, 0.3]))
    inertia = np.array([[3.0, 0.4, -0.2], [0.4, 2.0, 0.1], [-0.2, 0.1, 2.5]]) * 1e-4
    links = [Link("post", (part("p", box_mesh((0.01, 0.01, 0.1), (0.0, 0.0, 0.1))),), 1.0,
                  np.array([0.0, 0.0, 0.1]), 10.0 * inertia)]  # fmt: skip
    for number, parent in enumerate(("post", "arm0")):
        axis = np.array([0.6, 0.0, 0.8]) if number == 0 else np.array([0.0, 1.0, 0.0])
        joint = Joint(f"hinge{number}", "hinge", axis, np.array([-0.05, 0.01, 0.02]), -1.0, 1.0)
        mesh = box_mesh((0.05, 0.01, 0.01), (0.0, 0.0, 0.0))
        links.append(
            Link(
                f"arm{number}",
                (part("a", mesh),),
                0.2,
                np.array([0.01, 0.002, -0.003]),
                inertia,
                parent=parent,
                parent_from_link=askew,
                joint=joint,
            )
        )
    return model("arm", *links, fixed=True)


def scene(*placements: Placement, gravity: bool = True) -> Scene:
    """Return a scene; the first placement must be the target."""
    pull = np.array([0.0, 0.0, -G_M_S2 if gravity else 0.0])
    return Scene("check", placements, (), pull)


def on_table(target: ObjectModel, *, height_m: float = 0.0) -> Scene:
    """Return the target on a table."""
    return scene(
        Placement("target", target, Pose.at(0.0, 0.0, height_m), "target"),
        Placement("table", table(), Pose.identity(), "support"),
    )


def on_slope(angle_rad: float) -> Scene:
    """Return the box at rest on a slope that falls towards +x."""
    half = 0.5 * angle_rad
    tilted = Pose(np.zeros(3), np.array([np.cos(half), 0.0, np.sin(half), 0.0]))
    return scene(
        Placement("target", box((0.05, 0.05, 0.01)), tilted, "target"),
        Placement("table", table(), tilted, "support"),
    )


def over_edge(overhang: float) -> Scene:
    """Return a box of 0.1 m with a share ``overhang`` of its length over the table's edge."""
    edge_m = TABLE_HALF_M[0]
    centre_m = edge_m + (overhang - 0.5) * 0.1
    return scene(
        Placement("target", box((0.05, 0.03, 0.03)), Pose.at(centre_m, 0.0, 0.0), "target"),
        Placement("table", table(), Pose.identity(), "support"),
    )


def from_above(height_m: float, opening_m: float) -> GripperMount:
    """Return a gripper that points down, its pads' centre at ``height_m``."""
    down = np.array([[1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, -1.0]])
    pose = Pose.from_rotation(down, np.array([0.0, 0.0, height_m]))
    return GripperMount(GripperSpec(), pose, opening_m)
