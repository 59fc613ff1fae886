"""Laws that hold for every registered metric."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ivlm_bench.metrics import METRICS, MetricSpec
from ivlm_bench.types import Check, Interaction, Mesh, TrialSpec, Truth, Verdict

ALL = dict(METRICS)


def check(name: str, *, passed: bool) -> Check:
    return Check(name=name, value=0.0, limit=0.0, unit="m", passed=passed)


def verdict(*, success: bool, status: str = "ok", robust: float | None = None) -> Verdict:
    return Verdict(
        engine="mujoco",
        engine_version="1",
        status=status,  # type: ignore[arg-type]
        code="SUCCESS" if success else "SLIP_LIFT",
        success=success,
        checks=(
            check("penetration_object", passed=success),
            check("stable", passed=success),
        ),
        robust_prob=float(success) if robust is None else robust,
    )


def speck(centre_m: np.ndarray) -> Mesh:
    """A triangle of 1 mm whose first corner is at a place."""
    return Mesh(centre_m + 1e-3 * np.eye(3)[[0, 1, 2]] - [1e-3, 0, 0], np.array([[0, 1, 2]]))


@pytest.fixture
def truth() -> Truth:
    mask = np.zeros((2, 8, 8), bool)
    mask[0, 2:4, 2:5] = True
    oracle = Interaction(contact_points_m=np.array([[0.1, 0.0, 0.05]]))
    return Truth(
        interaction_label="grasp",
        feasible=True,
        trial=TrialSpec(kind="grasp"),
        oracle=oracle,
        target_part="handle",
        part_masks=mask,
        affordance_maps=mask.astype(np.float32),
        vertex_affordance=np.zeros(4, np.float32),
        # What `worse` and `wrong` answer lies on other things.
        asked_thing=speck(oracle.contact_points_m[0]),
        other_things=tuple(speck(oracle.contact_points_m[0] + by_m) for by_m in (0.02, 0.5)),
        thing_px=(20, 10),
    )


def perfect(truth: Truth) -> Interaction:
    return Interaction(
        label_prob={truth.interaction_label: 0.9, "push": 0.1},
        affordance_maps=truth.affordance_maps,
        points_px=np.array([[0, 3, 2]], np.float32),
        contact_points_m=truth.oracle.contact_points_m,
        feasible_prob=1.0,
    )


def worse(truth: Truth) -> Interaction:
    rng = np.random.default_rng(0)
    maps = np.clip(truth.affordance_maps * 0.3 + 0.7 * rng.random((2, 8, 8)), 0, 1)
    return Interaction(
        label_prob={truth.interaction_label: 0.5, "push": 0.5},
        affordance_maps=maps.astype(np.float32),
        points_px=np.array([[0, 7, 7], [0, 3, 2]], np.float32),
        contact_points_m=truth.oracle.contact_points_m + 0.02,
        feasible_prob=0.6,
    )


def wrong(truth: Truth) -> Interaction:
    return Interaction(
        label_prob={"push": 1.0},
        affordance_maps=1 - truth.affordance_maps,
        points_px=np.array([[1, 3, 2]], np.float32),
        contact_points_m=truth.oracle.contact_points_m + 0.5,
        feasible_prob=0.0,
    )


def as_gain(spec: MetricSpec, value: float) -> float:
    return value if spec.higher_is_better else -value


@pytest.mark.parametrize("name", ALL)
def test_perfect_beats_worse_beats_wrong(name: str, truth: Truth) -> None:
    spec = ALL[name]
    best = spec(perfect(truth), truth, (verdict(success=True),))
    middle = spec(worse(truth), truth, (verdict(success=False, robust=0.5),))
    last = spec(wrong(truth), truth, (verdict(success=False),))
    assert best is not None
    assert middle is not None
    assert last is not None
    assert as_gain(spec, best) > as_gain(spec, middle) >= as_gain(spec, last)
    assert as_gain(spec, best) > as_gain(spec, last)


@pytest.mark.parametrize("name", ALL)
def test_scores_stay_in_their_bounds(name: str, truth: Truth) -> None:
    spec = ALL[name]
    for answer in (perfect(truth), worse(truth), wrong(truth)):
        for success in (True, False):
            value = spec(answer, truth, (verdict(success=success),))
            assert value is not None
            assert isinstance(value, float)
            assert np.isfinite(value)
            assert spec.low is None or value >= spec.low
            assert spec.high is None or value <= spec.high


#: The best value that a metric can take, where it is reached by the perfect answer; aIoU's
#: ceiling lies below 1: (19 + share of positives) / 20, here 6 of 64 pixels.
BEST = {"affordance_iou": (19 + 6 / 64) / 20}


@pytest.mark.parametrize("name", [n for n, s in ALL.items() if n != "nss"])
def test_perfect_is_the_bound(name: str, truth: Truth) -> None:
    spec = ALL[name]
    bound = BEST.get(name, spec.high if spec.higher_is_better else max(spec.low or 0.0, 0.0))
    value = spec(perfect(truth), truth, (verdict(success=True),))
    assert value == pytest.approx(bound, abs=1e-6)


@pytest.mark.parametrize("name", ALL)
def test_an_empty_answer_gets_the_documented_value(name: str, truth: Truth) -> None:
    failed = replace_checks(verdict(success=False))
    spec = ALL[name]
    value = spec(Interaction(), truth, (failed,))
    assert spec.empty
    if spec.empty.startswith("none") or name == "pointing_hit":
        assert value is None
    else:
        assert value == 0.0


def replace_checks(old: Verdict) -> Verdict:
    """Return what an engine says of an answer that it could not try."""
    return Verdict(
        engine=old.engine,
        engine_version="1",
        status="ok",
        code="NO_ANSWER",
        success=False,
        robust_prob=0.0,
    )


@pytest.mark.parametrize("name", ALL)
def test_abstaining_on_an_answerable_query_is_the_worst_or_nothing(name: str, truth: Truth) -> None:
    spec = ALL[name]
    answer = replace(perfect(truth), abstain=True, feasible_prob=0.0)
    value = spec(answer, truth, ())
    last = spec(wrong(truth), truth, (verdict(success=False),))
    assert last is not None
    assert value is None or as_gain(spec, value) <= as_gain(spec, last)


@pytest.mark.parametrize("name", ALL)
def test_unanswerable_queries_are_scored_on_abstention_alone(name: str, truth: Truth) -> None:
    spec = ALL[name]
    impossible = replace(truth, feasible=False)
    right = spec(Interaction(abstain=True, feasible_prob=0.0), impossible, ())
    tried = spec(perfect(truth), impossible, (verdict(success=True),))
    if name in ("success", "brier"):
        best, worst = (1.0, 0.0) if name == "success" else (0.0, 1.0)
        assert (right, tried) == (best, worst)
    else:
        assert (right, tried) == (None, None)


@pytest.mark.parametrize("name", ["success", "robust_success", "stable", "collision_free"])
def test_a_diverged_simulation_is_never_blamed_on_the_reasoner(name: str, truth: Truth) -> None:
    diverged = verdict(success=False, status="sim_diverged")
    assert ALL[name](perfect(truth), truth, (diverged,)) is None
    assert ALL[name](perfect(truth), truth, ()) is None


def test_the_reference_engine_comes_first(truth: Truth) -> None:
    verdicts = (verdict(success=True), verdict(success=False))
    assert ALL["success"](perfect(truth), truth, verdicts) == 1.0
    assert ALL["success"](perfect(truth), truth, verdicts[::-1]) == 0.0


def test_pointing_edges(truth: Truth) -> None:
    hit = ALL["pointing_hit"]
    peak = Interaction(affordance_maps=truth.affordance_maps)
    assert hit(peak, truth, ()) == 1.0
    none = Interaction(points_px=np.zeros((0, 3), np.float32))
    assert hit(none, truth, ()) == 0.0
    for view in (0.5, -1, 2):
        point = np.array([[view, 3, 2]], np.float32)
        assert hit(Interaction(points_px=point), truth, ()) == 0.0
    hidden = replace(truth, part_masks=np.zeros((2, 8, 8), bool))
    assert hit(perfect(truth), hidden, ()) is None
