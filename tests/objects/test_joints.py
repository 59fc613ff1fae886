"""Joints: what must move moves freely, what is barred does not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ivlm_bench.geometry.hulls import overlap_m
from ivlm_bench.geometry.kinematics import link_poses
from ivlm_bench.geometry.mesh import transformed
from ivlm_bench.objects import OBJECTS
from ivlm_bench.types import Mesh, ObjectModel, Placement, Pose

#: Deepest overlap between two links that counts as touching (m).
TOUCH_M = 0.0005
#: A drawer that moves this far counts as moved (m): IVLM-Phys v1, section 6.2.
MOVED_M = 0.010


def placed_hulls(model: ObjectModel, joints: dict[str, float]) -> dict[str, list[Mesh]]:
    poses = link_poses(Placement("it", model, Pose.identity(), "target", joints))
    return {
        link.name: [transformed(h, poses[link.name]) for part in link.parts for h in part.hulls]
        for link in model.links
    }


def deepest_overlap_m(hulls: dict[str, list[Mesh]]) -> float:
    names = list(hulls)
    return max(
        (
            overlap_m(a, b)
            for i, first in enumerate(names)
            for second in names[i + 1 :]
            for a in hulls[first]
            for b in hulls[second]
        ),
        default=-np.inf,
    )


def test_each_joint_moves_freely_over_its_range(model: ObjectModel) -> None:
    assert deepest_overlap_m(placed_hulls(model, {})) < TOUCH_M
    if not any(values.any() for values in model.affordances.values()):
        return  # blocked: what must not move is tested with the family
    for link in model.links[1:]:
        assert link.joint is not None
        for share in (0.25, 0.5, 0.75, 1.0):
            at = link.joint.lower + share * (link.joint.upper - link.joint.lower)
            depth = deepest_overlap_m(placed_hulls(model, {link.joint.name: at}))
            assert depth < TOUCH_M, f"{link.name} at {at:.4f} m"


@pytest.mark.parametrize("split", ["seen", "unseen"])
@pytest.mark.parametrize("instance", [0, 7])
def test_bars_block_every_drawer(
    build: Callable[..., ObjectModel], split: str, instance: int
) -> None:
    model = build("barred_cabinet", split, instance)
    for link in model.links[1:]:
        assert link.joint is not None
        hulls = placed_hulls(model, {link.joint.name: MOVED_M / 2})
        bars = [
            transformed(hull, Pose.identity())
            for part in model.links[0].parts
            if part.name == "bar"
            for hull in part.hulls
        ]
        assert max(overlap_m(a, b) for a in hulls[link.name] for b in bars) > TOUCH_M


def test_drawers_slide_out_of_the_front(build: Callable[..., ObjectModel]) -> None:
    for split in ("seen", "unseen"):
        model = build("cabinet", split, 3)
        carcass = np.concatenate([p.mesh.vertices_m for p in model.links[0].parts])
        depth = np.ptp(carcass[:, 0])
        assert 2 <= len(model.links) - 1 <= 3
        for link in model.links[1:]:
            level = link.name.removeprefix("drawer_")
            names = [part.name for part in link.parts]
            assert names == [f"tray_{level}", f"front_{level}", f"handle_{level}"]
            joint = link.joint
            assert joint is not None
            assert (joint.name, joint.kind, joint.lower) == (link.name, "slide", 0.0)
            np.testing.assert_allclose(joint.axis, [1.0, 0.0, 0.0])
            assert 0.70 <= joint.upper / depth <= 0.85
            assert (joint.friction_loss, joint.damping) == (2.0, 10.0)


def test_buttons_go_in_against_their_springs(build: Callable[..., ObjectModel]) -> None:
    for split in ("seen", "unseen"):
        model = build("panel", split, 2)
        assert 2 <= len(model.links) - 1 <= 5
        origins = []
        for link in model.links[1:]:
            joint = link.joint
            assert joint is not None
            assert link.parts[0].name == joint.name == link.name
            np.testing.assert_allclose(joint.axis, [-1.0, 0.0, 0.0])
            assert (joint.lower, joint.upper) == (0.0, 0.004)
            preload_n = joint.stiffness * (joint.spring_rest - joint.lower)
            assert preload_n == pytest.approx(-0.5)
            assert (joint.stiffness, joint.damping) == (500.0, 0.5)
            origins.append(link.parent_from_link.position_m)
        apart = np.linalg.norm(np.array(origins)[:, None] - np.array(origins), axis=-1)
        assert apart[~np.eye(len(origins), dtype=bool)].min() >= 0.040


def test_a_cap_stands_out_and_stays_out_when_pressed(build: Callable[..., ObjectModel]) -> None:
    for instance in range(6):
        model = build("panel", "seen", instance)
        plate = np.concatenate(
            [p.mesh.vertices_m for p in model.links[0].parts if p.name == "plate"]
        )
        for link in model.links[1:]:
            top = link.parts[0].mesh.vertices_m[:, 0].max() + link.parent_from_link.position_m[0]
            assert 0.006 <= top - plate[:, 0].max() <= 0.010 + 1e-9


def test_what_has_joints_or_is_stood_on_is_fixed_and_nothing_else() -> None:
    for _, family in OBJECTS:
        model = family.build(0, "seen" if family.n_seen else "unseen")
        stood_on = model.category in {"table", "pedestal", "slope"}
        assert model.fixed_base == (len(model.links) > 1 or stood_on)
