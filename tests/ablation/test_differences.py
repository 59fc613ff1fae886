"""What settings change, on runs that are written out scenario by scenario."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from ivlm_bench.ablation.differences import changes
from ivlm_bench.ablation.runs import Ablated
from ivlm_bench.ablation.settings import Ablation
from ivlm_bench.ablation.tables import ablation_json, ablation_table
from ivlm_bench.digest import episode_key, scenario_key
from ivlm_bench.records import EpisodeRecord, EpisodeResult
from ivlm_bench.store import Run
from ivlm_bench.testing.made_runs import sealed_run

TASK = "ivlm/Grasp-v0"
#: Scenarios of a run, each about an object of its own.
N = 12


def episode(name: str, seed: int, *, right: bool, hit: float | None) -> EpisodeResult:
    """Return one question that was answered; ``hit`` None: the reasoner failed with an error."""
    scenario = scenario_key("p", TASK, seed)
    failed = hit is None
    record = EpisodeRecord(
        episode_key=episode_key(scenario, name, 0),
        scenario_key=scenario,
        task=TASK,
        seed=seed,
        repeat=0,
        cluster=f"thing-{seed}",
        split="seen",
        answerable=True,
        status="reasoner_error" if failed else "ok",
        abstained=False,
        success=right,
        code="SUCCESS" if right else "FAIL",
        confidence=None,
        stages={},
        scores={} if failed else {"pointing_hit": hit, "nss": 3.0},
        prediction_hash="",
        scene_hash="s",
        query_text="",
    )
    return EpisodeResult(episode=record)


def run(folder: Path, name: str, right: Sequence[bool], hits: Sequence[float | None]) -> Run:
    made = [
        episode(name, seed, right=r, hit=h)
        for seed, (r, h) in enumerate(zip(right, hits, strict=True))
    ]
    return sealed_run(folder / name, made)


@pytest.fixture
def found(tmp_path: Path) -> Ablated:
    """Two of twelve solved; one setting solves five more, the other changes nothing."""
    few, more = [s < 2 for s in range(N)], [s < 7 for s in range(N)]
    default = run(tmp_path, "default", few, [0.5] * N)
    better = run(tmp_path, "better", more, [1.0] * 6 + [0.5] * 6)
    same = run(tmp_path, "same", few, [0.5] * 9 + [None] * 3)
    settings = Ablation("better", {"a": "1"}), Ablation("same", {"a": "2"})
    return Ablated(default, tuple(zip(settings, (better, same), strict=True)), 3, ())


def test_success_by_hand(found: Ablated) -> None:
    better, same = changes(found)
    macro = better.comparison.macro
    assert (macro.n, macro.n_gained, macro.n_lost) == (N, 5, 0)
    assert macro.difference == pytest.approx(5 / 12)
    # Five of five in one direction: 2 / 2^5; the smaller of two p-values is doubled.
    assert macro.p.p == pytest.approx(0.0625)
    assert better.p_holm == pytest.approx(0.125)
    assert same.comparison.macro.difference == 0.0
    assert same.p_holm == 1.0


def test_scores_by_hand(found: Ablated) -> None:
    better, same = changes(found)
    assert set(better.metrics) == {"pointing_hit"}  # nss is no share of 1
    hit = better.metrics["pointing_hit"]
    assert (hit.n, hit.old, hit.new, hit.difference) == (N, 0.5, 0.75, 0.25)
    assert hit.interval is not None
    assert hit.interval.low < 0.25 < hit.interval.high
    # Three errors count as nothing hit: (9 * 0.5 + 3 * 0) / 12.
    assert same.metrics["pointing_hit"].new == pytest.approx(0.375)


def test_table_and_numbers(found: Ablated) -> None:
    rows = changes(found)
    grid = ablation_table(found, rows)
    assert [row[0] for row in grid.rows] == ["(defaults)", "better", "same"]
    assert grid.rows[0][2] == "16.7"
    assert grid.rows[1][2:3] + grid.rows[1][4:6] == ("58.3", "0.062", "0.125")
    assert grid.rows[1][3].startswith("+41.7 [")
    assert grid.rows[0][6] == "50.0"
    assert grid.rows[1][6].startswith("+25.0 [")
    told = json.loads(ablation_json(found, rows))
    assert [s["name"] for s in told["settings"]] == ["better", "same"]
    assert told["settings"][0]["p_holm"] == pytest.approx(0.125)
    assert told["settings"][0]["metrics"]["pointing_hit"]["difference"] == 0.25
    assert told["settings"][1]["params"] == {"a": "2"}
