"""Doors and lids: names, hinges, free swing, and what keeps barred and strapped ones shut."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from ivlm_bench.engines import available_engines, get_engine
from ivlm_bench.geometry.hulls import overlap_m
from ivlm_bench.geometry.kinematics import link_poses
from ivlm_bench.geometry.mesh import transformed
from ivlm_bench.objects import OBJECTS
from ivlm_bench.types import Conditions, Link, Mesh, ObjectModel, Part, Placement, Pose, Scene

Build = Callable[..., ObjectModel]

SPLITS = ("seen", "unseen")
GRAVITY_M_S2 = 9.81
#: Force at the handle (N), its time over the range (s) and the share of dry friction: IVLM-Phys
#: v1, section 6.2; a joint that turns this far counts as moved (rad).
FORCE_N, CROSSING_S, FRICTION_SHARE, MOVED_RAD = 10.0, 1.5, 0.2, 0.01
HANDLE_OF = {"door": "handle", "door_left": "handle_left", "door_right": "handle_right"}
HANDLE_OF |= {"lid": "tab"}


def hung(build: Build, *families: str, n: int = 4) -> Iterator[ObjectModel]:
    for family in families:
        for split in SPLITS if OBJECTS.get(family).n_seen else SPLITS[1:]:
            yield from (build(family, split, i) for i in range(n))


def part_of(owner: Link, name: str) -> Part:
    return next(p for p in owner.parts if p.name == name)


def held_at(owner: Link) -> np.ndarray:
    """Middle of the handle's outer half, or of a lip, in the link's frame."""
    points = part_of(owner, HANDLE_OF[owner.name]).mesh.vertices_m
    if owner.name == "lid":
        points = points[points[:, 2] < points[:, 2].min() + 0.0008]
    middle: np.ndarray = (points.min(axis=0) + points.max(axis=0)) / 2
    return middle


def hulls_at(model: ObjectModel, joints: dict[str, float]) -> dict[str, list[Mesh]]:
    poses = link_poses(Placement("it", model, Pose.identity(), "target", joints))
    return {
        link.name: [transformed(h, poses[link.name]) for part in link.parts for h in part.hulls]
        for link in model.links
    }


def deepest_m(first: list[Mesh], second: list[Mesh]) -> float:
    return max(overlap_m(a, b) for a in first for b in second)


@pytest.mark.parametrize("family", ["door_cabinet", "barred_door_cabinet"])
def test_doors_and_handles_are_named_by_side_where_there_are_two(build: Build, family: str) -> None:
    counts = set()
    for model in hung(build, family, n=8):
        doors = [link.name for link in model.links[1:]]
        counts.add(len(doors))
        assert doors in (["door"], ["door_left", "door_right"])
        for link in model.links[1:]:
            assert [p.name for p in link.parts] == [link.name, HANDLE_OF[link.name]]
        assert ("bar" in {p.name for _, p in model.parts}) == (family == "barred_door_cabinet")
    assert counts == {1, 2}


def test_parts_of_microwaves_and_boxes(build: Build) -> None:
    for model in hung(build, "microwave"):
        assert {p.name for p in model.links[0].parts} == {"body", "controls", "turntable"}
        assert [p.name for p in model.links[1].parts] == ["door", "window", "handle"]
    for model in hung(build, "lid_box", "strapped_lid_box"):
        strapped = {"strap", "buckle"} if model.category == "strapped_lid_box" else set()
        assert {p.name for p in model.links[0].parts} == {"box"} | strapped
        assert [p.name for p in model.links[1].parts] == ["lid", "tab"]


def test_microwaves_are_held_out() -> None:
    assert OBJECTS.get("microwave").n_seen == 0
    assert OBJECTS.get("microwave").n_unseen >= 20


def test_the_window_is_dark_and_the_controls_stand_at_the_right(build: Build) -> None:
    for model in hung(build, "microwave", n=8):
        window = part_of(model.links[1], "window")
        assert window.texture.mean() < 70
        controls = part_of(model.links[0], "controls").mesh.vertices_m
        placed = link_poses(Placement("it", model, Pose.identity(), "target"))["door"]
        door = placed.apply(part_of(model.links[1], "door").mesh.vertices_m)
        # Who faces the front looks along -x and has +y at the right.
        assert controls[:, 1].min() > door[:, 1].max()


def test_an_open_handle_has_come_forward_on_the_side_of_its_hinge(build: Build) -> None:
    for model in hung(build, "door_cabinet", "microwave"):
        for link in model.links[1:]:
            assert link.joint is not None
            shut, ajar = (
                link_poses(Placement("it", model, Pose.identity(), "target", {link.name: q}))
                for q in (0.0, 1.2)
            )
            before, after = (
                shut[link.name].apply(held_at(link)),
                ajar[link.name].apply(held_at(link)),
            )
            assert after[0] > before[0] + 0.5 * abs(held_at(link)[1])
            side = np.sign(shut[link.name].position_m[1])
            assert side == {"door_left": -1.0, "door_right": 1.0}.get(link.name, side)
            assert side * after[1] > side * before[1]


def weight_nm(link: Link, at_rad: np.ndarray) -> np.ndarray:
    """Torque by which gravity closes a joint, from the height of the turned centre of mass."""
    assert link.joint is not None
    step = 1e-5
    axis, centre = link.joint.axis, link.centre_of_mass_m - link.joint.origin_m

    def height(q: np.ndarray) -> np.ndarray:
        turned = np.outer(np.cos(q), centre) + np.outer(np.sin(q), np.cross(axis, centre))
        return np.asarray(turned[:, 2] + (1 - np.cos(q)) * (axis @ centre) * axis[2])

    slope = (height(at_rad + step) - height(at_rad - step)) / (2 * step)
    return np.asarray(link.mass_kg * GRAVITY_M_S2 * slope)


@pytest.mark.parametrize(
    "family",
    ["door_cabinet", "barred_door_cabinet", "microwave", "lid_box", "strapped_lid_box"],
)
def test_every_hinge_is_as_operable_as_any_other(build: Build, family: str) -> None:
    """10 N at the handle cross the range in 1.5 s: stepped through, friction and weight paid."""
    for model in hung(build, family):
        for link in model.links[1:]:
            joint = link.joint
            assert joint is not None
            arm = held_at(link) - joint.origin_m
            lever_m = abs(arm[0]) if link.name == "lid" else abs(arm[1])
            torque_nm = FORCE_N * lever_m
            assert joint.friction_loss == pytest.approx(FRICTION_SHARE * torque_nm, rel=0.02)
            n = 2000
            at_rad = (np.arange(n) + 0.5) / n * joint.upper
            left_nm = torque_nm - joint.friction_loss - weight_nm(link, at_rad)
            crossing_s = float(np.sum(joint.damping / left_nm) * joint.upper / n)
            assert crossing_s == pytest.approx(CROSSING_S, rel=0.03)


@pytest.mark.parametrize("family", ["door_cabinet", "microwave", "lid_box"])
def test_doors_and_lids_swing_without_touching(build: Build, family: str) -> None:
    """No two links touch, one door open or all of them."""
    for model in hung(build, family):
        joints = {link.name: link.joint.upper for link in model.links if link.joint is not None}
        for share in np.linspace(0.0, 1.0, 9):
            swings = [{name: share * upper} for name, upper in joints.items()]
            for at in [*swings, {name: share * upper for name, upper in joints.items()}]:
                hulls = hulls_at(model, at)
                for i, first in enumerate(hulls):
                    for second in list(hulls)[i + 1 :]:
                        assert deepest_m(hulls[first], hulls[second]) < 0.0, (model.name, at)


@pytest.mark.parametrize(
    ("family", "part"), [("barred_door_cabinet", "bar"), ("strapped_lid_box", "strap")]
)
def test_bars_and_straps_are_met_before_anything_counts_as_moved(
    build: Build, family: str, part: str
) -> None:
    for model in hung(build, family, n=8):
        held = list(part_of(model.links[0], part).hulls)
        for link in model.links[1:]:
            shut = hulls_at(model, {})[link.name]
            assert deepest_m(shut, held) < 0.0
            assert deepest_m(hulls_at(model, {link.name: MOVED_RAD})[link.name], held) > 0.0


def stood(model: ObjectModel, joints: dict[str, float]) -> Scene:
    table = OBJECTS.get("table").build(0, "seen")
    placements = (
        Placement("it", model, Pose.identity(), "target", joints),
        Placement("table", table, Pose.identity(), "support"),
    )
    return Scene("door", placements, (), np.array([0.0, 0.0, -GRAVITY_M_S2]))


@pytest.mark.parametrize("engine", available_engines())
@pytest.mark.parametrize("family", ["door_cabinet", "microwave"])
def test_half_open_doors_stay_and_can_be_shut(build: Build, engine: str, family: str) -> None:
    backend = get_engine(engine)
    for model in hung(build, family, n=2):
        link = model.links[1]
        assert link.joint is not None
        start = 0.5 * link.joint.upper
        with backend.load(stood(model, {link.name: start}), Conditions()) as simulation:
            n_second = round(1.0 / simulation.timestep_s)
            simulation.step(n_second // 2)
            assert simulation.joint(f"it/{link.name}").position == pytest.approx(start, abs=2e-3)
            push_n = np.array([-FORCE_N, 0.0, 0.0])
            simulation.apply_wrench(f"it/{link.name}", held_at(link), push_n, np.zeros(3))
            simulation.step(n_second)
            assert simulation.joint(f"it/{link.name}").position == pytest.approx(0.0, abs=2e-3)


def test_each_handle_of_what_can_be_opened_can_be_grasped(build: Build) -> None:
    for model in hung(build, "door_cabinet", "microwave", "lid_box", n=8):
        names = {HANDLE_OF[link.name] for link in model.links[1:]}
        assert {g.part for g in model.grasps} == names, model.name
