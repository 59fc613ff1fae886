"""The comparison of engines, on objects small enough to check by hand."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest

from ivlm_bench.agreement import AgreementReport, agreement_report, outcome_table
from ivlm_bench.engines import get_engine
from ivlm_bench.errors import AssetError
from ivlm_bench.stats.agreement import cohen_kappa
from ivlm_bench.trials.borderline import borderline_grasps, ray_hits_m, target_surface
from ivlm_bench.trials.precheck import scene_approach
from ivlm_bench.trials.protocol import PROTOCOL, protocol_hash


def test_kappa_of_a_table_worked_out_by_hand() -> None:
    first = np.array([True] * 25 + [False] * 25)
    second = np.array([True] * 20 + [False] * 5 + [True] * 10 + [False] * 15)
    table = outcome_table(first, second)
    np.testing.assert_array_equal(table, [[20, 5], [10, 15]])
    # Observed 35/50 = 0.7; chance 0.5 x 0.6 + 0.5 x 0.4 = 0.5; kappa = 0.2 / 0.5.
    assert cohen_kappa(table) == pytest.approx(0.4)


def test_ray_meets_a_box_where_it_stands(shop: SimpleNamespace) -> None:
    surface = target_surface(shop.scene_of(shop.brick(), at=None).target)
    assert surface.areas_m2.sum() == pytest.approx(
        # Two halves of 40 x 60 x 50 mm, each with its own six faces.
        2 * 2 * (0.04 * 0.06 + 0.04 * 0.05 + 0.06 * 0.05)
    )
    hits = np.sort(ray_hits_m(surface, np.array([0.1, 0.011, 0.071]), np.array([-1.0, 0, 0])))
    np.testing.assert_allclose(hits, [0.08, 0.12], atol=1e-12)


def test_borderline_grasps_are_frozen_free_and_in_reach(shop: SimpleNamespace) -> None:
    scene = shop.scene_of(shop.brick())
    grasps = borderline_grasps(scene, 6, np.random.default_rng(5))
    again = borderline_grasps(scene, 6, np.random.default_rng(5))
    for grasp, same in zip(grasps, again, strict=True):
        assert grasp.world_from_gripper.matrix.tobytes() == same.world_from_gripper.matrix.tobytes()
        assert 0 < grasp.width_m <= PROTOCOL.gripper.max_opening_m
        found = scene_approach(scene).penetrations(
            grasp.world_from_gripper, grasp.width_m, PROTOCOL.gripper
        )
        assert found.worst_m <= 0.001


def test_object_too_wide_for_the_gripper_is_refused(shop: SimpleNamespace) -> None:
    scene = shop.scene_of(shop.brick(size_m=(0.2, 0.2, 0.2)))
    with pytest.raises(AssetError, match="0 of 1 borderline"):
        borderline_grasps(scene, 1, np.random.default_rng(0))


def test_report_is_consistent_and_survives_the_disk(shop: SimpleNamespace, tmp_path: Path) -> None:
    mujoco = get_engine("mujoco")
    report = agreement_report(
        [shop.brick()], shop.table().model, reference=mujoco, second=None, grasps_per_object=4
    )
    report.write(tmp_path / "agreement.json")
    back = msgspec.json.decode((tmp_path / "agreement.json").read_bytes(), type=AgreementReport)
    assert back == report
    assert set(report.held_rate) == {"mujoco", "mujoco-half"}
    assert (report.agreement, report.kappa, report.meets_goals) == (None, None, False)
    assert report.protocol_hash == protocol_hash()
    rows = {line[:24].strip(): line[24:31].strip() for line in report.summary().splitlines()[1:]}
    assert (rows["agreement"], rows["Cohen's kappa"]) == ("n/a", "n/a")
    assert rows["held, mujoco"] == f"{report.held_rate['mujoco']:.3f}"
    flips = sum(g.held["mujoco"] != g.held["mujoco-half"] for g in report.grasps)
    assert report.halving_flips == flips / 4
    for grasp in report.grasps:
        for run, code in grasp.codes.items():
            assert grasp.held[run] == (code in ("SUCCESS", "DISPLACED"))


def test_an_engine_agrees_with_itself(shop: SimpleNamespace) -> None:
    class Twin:
        def __init__(self) -> None:
            inner = get_engine("mujoco")
            self.name, self.version, self.timestep_s = "twin", "0", inner.timestep_s
            self.load = inner.load

    report = agreement_report(
        [shop.brick()],
        shop.table().model,
        reference=get_engine("mujoco"),
        second=Twin(),
        grasps_per_object=4,
    )
    assert report.agreement == 1.0
