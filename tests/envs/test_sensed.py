"""What the shared lifter reads of a track without depth, and what the reasoner does not."""

from __future__ import annotations

import numpy as np
import pytest

from ivlm_bench.codec import encode
from ivlm_bench.env import TASKS
from ivlm_bench.harness.simulate import simulate
from ivlm_bench.types import Interaction

SIZE_PX = 96


@pytest.mark.parametrize(("colour", "deep"), [("rgb", "rgbd"), ("rgb4", "rgbd4")])
def test_the_lifter_sees_the_depth_that_the_reasoner_does_not(colour: str, deep: str) -> None:
    task = TASKS.get("ivlm/OpenDrawer-v0")
    shown = task(track=colour, size_px=SIZE_PX).episode(3)
    measured = task(track=deep, size_px=SIZE_PX).episode(3)
    assert all(view.depth_m is None for view in shown.observation.views)
    for ours, theirs in zip(shown.sensed.views, measured.observation.views, strict=True):
        assert ours.depth_m is not None
        np.testing.assert_array_equal(ours.depth_m, theirs.depth_m)
        np.testing.assert_array_equal(ours.rgb, theirs.rgb)
    assert measured.sensed is measured.observation
    assert measured.truth.depth_m is None


def test_a_point_in_one_colour_image_is_pressed_where_it_points() -> None:
    """And the record says that lifting was the harness's work, with depth."""
    episode = TASKS.get("ivlm/PressButton-v0")(track="rgb", size_px=SIZE_PX).episode(1)
    assert episode.truth.feasible
    rows, columns = np.nonzero(episode.truth.part_masks[0])
    middle = [0.0, float(np.median(columns)), float(np.median(rows))]
    answer = Interaction(points_px=np.array([middle], np.float32))
    judged = simulate(episode, encode(answer), engines=("mujoco",), n_perturbed=0)
    assert judged.verdicts[0].success
    assert judged.stages["contact"] == "shared"
    assert judged.stages["lifter"] == "depth"
