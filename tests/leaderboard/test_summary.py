"""Rates of hand-written runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ivlm_bench.leaderboard import boards, leaderboard_table, summarise
from ivlm_bench.stats.intervals import wilson
from ivlm_bench.store import Run

MakeRun = Callable[..., Run]
Toy = Any


def test_the_three_rates_by_hand(make_run: MakeRun, toy: Toy) -> None:
    """Ten answerable: 4 succeed, 2 fail, 1 abstains, 3 err, and one more that diverged.

    Strict 4/10, conditional 4/7, error 3/10, wrong abstention 1/10.
    """
    lost = (False, False)
    statuses = ["timeout", "crashed", "invalid_answer"]
    toys = [toy(seed=i) for i in range(4)]
    toys += [toy(seed=4 + i, engines=lost) for i in range(2)]
    toys += [toy(seed=6, status="abstained")]
    toys += [toy(seed=7 + i, status=status) for i, status in enumerate(statuses)]
    toys += [toy(seed=10, status="sim_diverged", engines=lost)]
    toys += [toy(seed=20, answerable=False, status="abstained")]
    toys += [toy(seed=21, answerable=False)]
    toys += [toy(seed=22, answerable=False, status="reasoner_error")]
    row = summarise(make_run(toys)).tasks[0]
    assert (row.n_episodes, row.n_answerable, row.n_diverged) == (14, 11, 1)
    rates = {name: rate.value or 0.0 for name, rate in row.rates.items()}
    assert rates["strict"] == pytest.approx(0.4)
    assert rates["conditional"] == pytest.approx(4 / 7)
    assert rates["error"] == pytest.approx(0.3)
    assert rates["wrong_abstention"] == pytest.approx(0.1)
    assert rates["right_abstention"] == pytest.approx(1 / 3)
    assert rates["strict"] == pytest.approx(rates["conditional"] * (1 - rates["error"]))
    assert row.rates["strict"].interval == wilson(4, 10)
    assert row.rates["right_abstention"].interval is None, "three objects are too few"


def test_tasks_weigh_equally_whatever_their_size(make_run: MakeRun, toy: Toy) -> None:
    lost = (False, False)
    toys = [toy(task="a", seed=i) for i in range(30)]
    toys += [toy(task="b", seed=i, engines=lost) for i in range(5)]
    summary = summarise(make_run(toys))
    assert summary.macro.rates["strict"].value == pytest.approx(0.5)
    assert [row.task for row in summary.tasks] == ["a", "b"]
    assert summary.worst_task is summary.tasks[1]


def test_repeats_are_one_piece_of_evidence(make_run: MakeRun, toy: Toy) -> None:
    """Seed 0 succeeds once in three repeats: (1/3 + 1) / 2, of 2 scenarios."""
    lost = (False, False)
    toys = [toy(seed=0), toy(seed=0, repeat=1, engines=lost), toy(seed=0, repeat=2, engines=lost)]
    rate = summarise(make_run([*toys, toy(seed=1)])).tasks[0].rates["strict"]
    assert rate.value == pytest.approx(2 / 3)
    assert (rate.n, rate.n_clusters) == (2, 2)
    assert rate.text() == "66.7 n/a (2 clusters)"


@pytest.mark.parametrize(("n_clusters", "method"), [(9, None), (12, "clustered wilson")])
def test_shared_instances_need_ten_clusters(
    make_run: MakeRun, toy: Toy, n_clusters: int, method: str | None
) -> None:
    toys = [
        toy(seed=i, cluster=f"mug-{i % n_clusters}", engines=(i % 5 != 0, True)) for i in range(36)
    ]
    rate = summarise(make_run(toys)).tasks[0].rates["strict"]
    assert (rate.interval.method if rate.interval else None) == method
    if method is None:
        assert rate.text().endswith("n/a (9 clusters)")


def test_robust_score_by_hand(make_run: MakeRun, toy: Toy) -> None:
    """0.5, 0.25, an abstention (0) and an error (0) over four."""
    toys = [
        toy(seed=0, robust=0.5),
        toy(seed=1, robust=0.25),
        toy(seed=2, status="abstained"),
        toy(seed=3, status="timeout"),
    ]
    assert summarise(make_run(toys)).tasks[0].rates["robust"].value == pytest.approx(0.1875)


def test_no_perturbed_trials_give_no_robust_score(make_run: MakeRun, toy: Toy) -> None:
    toys = [toy(seed=0), toy(seed=1, status="timeout")]
    rate = summarise(make_run(toys)).tasks[0].rates["robust"]
    assert rate.value is None
    assert rate.text() == "-"


def test_engines_are_compared_on_what_both_could_try(make_run: MakeRun, toy: Toy) -> None:
    """Agree on 2 of 3; a diverged second engine, an abstention and an error say nothing."""
    toys = [
        toy(seed=0),
        toy(seed=1, engines=(False, False)),
        toy(seed=2, engines=(True, False)),
        toy(seed=3, engines=(True, None)),
        toy(seed=4, status="abstained"),
        toy(seed=5, status="timeout"),
    ]
    row = summarise(make_run(toys)).tasks[0]
    assert row.agreement.value == pytest.approx(2 / 3)
    assert row.engines["mujoco"].value == pytest.approx(3 / 6)
    assert row.engines["bullet"].value == pytest.approx(1 / 5)
    assert row.engines["mujoco"].value == row.rates["strict"].value


def test_a_single_engine_has_no_agreement_and_is_marked(make_run: MakeRun, toy: Toy) -> None:
    run = make_run([toy(seed=0, engines=(True,))], engines={"mujoco": "4.0"}, single_engine=True)
    summary = summarise(run)
    assert summary.macro.agreement.value is None
    assert any("single-engine" in mark for mark in summary.marks)


def test_seen_and_unseen_by_hand(make_run: MakeRun, toy: Toy) -> None:
    toys = [toy(seed=0), toy(seed=1, split="unseen"), toy(seed=2, split="unseen", status="timeout")]
    rates = summarise(make_run(toys)).macro.rates
    assert (rates["seen"].value, rates["unseen"].value) == (1.0, 0.5)


@pytest.mark.parametrize(("n_diverged", "ranked"), [(1, True), (2, False)])
def test_many_diverged_simulations_are_not_ranked(
    make_run: MakeRun, toy: Toy, n_diverged: int, ranked: bool
) -> None:
    """One in a hundred is allowed, two are not."""
    good = [toy(seed=i) for i in range(100 - n_diverged)]
    bad = [toy(seed=200 + i, status="sim_diverged") for i in range(n_diverged)]
    summary = summarise(make_run(good + bad))
    assert summary.ranked is ranked
    assert any("diverged" in mark for mark in summary.marks) is not ranked
    assert summary.macro.rates["strict"].value == 1.0


def test_parts_of_a_suite_have_a_table_of_their_own(make_run: MakeRun, toy: Toy) -> None:
    part = "only the first 2 questions of a task"
    runs = [
        make_run([toy(seed=0)], name, notes=notes)
        for name, notes in (
            ("a", f"{part}; single-engine: mujoco"),
            ("b", part),
            ("c", ""),
            ("d", "only 1 of 4 tasks"),
        )
    ]
    found = boards(runs)
    named = {b.key.scope: [r.manifest.reasoner.name for r in b.ranked] for b in found}
    # Which task of four is not said: two such runs may have nothing in common.
    assert named == {"": ["c"], part: ["a", "b"], "only 1 of 4 tasks": []}
    (lone,) = (row for board in found for row in board.unranked)
    assert "not ranked: only 1 of 4 tasks" in lone.marks
    titles = {b.key.scope: leaderboard_table(b) for b in found}
    assert titles[part].title.endswith(part)
    told = {scope: " ".join(table.notes) for scope, table in titles.items()}
    assert "--limit 2 --reasoner abstain" in told[part]
    assert "ivlm-bench baselines" in told[""]
    assert "--limit" not in told[""]
    assert "ivlm-bench baselines" not in told["only 1 of 4 tasks"]


def test_shared_stages_are_marked_with_their_share(make_run: MakeRun, toy: Toy) -> None:
    shared = {"contact": "own", "action": "shared"}
    toys = [replace(toy(seed=i), stages=shared) if i else toy(seed=i) for i in range(4)]
    assert "action (75 %) by the shared tools" in summarise(make_run(toys)).marks


def test_latency_quantiles_by_hand(make_run: MakeRun, toy: Toy) -> None:
    """Of 0 ... 100 ms: 50 and 95; episodes without a time do not count."""
    toys = [toy(seed=i, latency_ms=float(i)) for i in range(101)]
    toys += [toy(seed=200, status="crashed", latency_ms=None)]
    assert summarise(make_run(toys)).macro.latency_ms == (50.0, 95.0)


def test_a_run_of_errors_only_has_no_conditional_rate(make_run: MakeRun, toy: Toy) -> None:
    macro = summarise(make_run([toy(seed=i, status="crashed") for i in range(12)])).macro
    assert macro.rates["strict"].value == 0.0
    assert macro.rates["conditional"].value is None
    assert macro.rates["error"].value == 1.0
    assert macro.agreement.value is None


def test_a_task_of_unanswerable_questions_stays_out_of_the_headline(
    make_run: MakeRun, toy: Toy
) -> None:
    toys = [toy(task="a", seed=i) for i in range(3)]
    toys += [toy(task="b", seed=i, answerable=False, status="abstained") for i in range(3)]
    macro = summarise(make_run(toys)).macro
    assert macro.rates["strict"].value == 1.0
    assert macro.rates["strict"].n == 3
    assert macro.rates["right_abstention"].value == 1.0


def test_an_episode_that_died_early_is_counted_with_its_repeats(
    make_run: MakeRun, toy: Toy
) -> None:
    """Its record knows nothing of the scene: its repeats say that the question has no answer."""
    died = {"status": "crashed", "posed": False, "cluster": "own", "split": ""}
    toys = [
        toy(seed=0, answerable=False, status="abstained", cluster="mug"),
        toy(seed=0, repeat=1, **died),
        toy(seed=1, cluster="box"),
        toy(seed=1, repeat=1, **died),
        toy(seed=2, **died),
    ]
    row = summarise(make_run(toys)).tasks[0]
    assert row.n_answerable == 3
    assert row.rates["right_abstention"].value == pytest.approx(0.5)
    assert row.rates["strict"].value == pytest.approx(0.25)
    assert row.rates["strict"].n_clusters == 2
    assert row.rates["seen"].value == pytest.approx(0.5)


def test_an_abstention_is_not_robust_where_no_trial_was_perturbed(
    toy: Toy, make_run: MakeRun
) -> None:
    episodes = [toy(seed=seed, status="abstained") for seed in range(12)]
    assert summarise(make_run(episodes, n_perturbed=0)).macro.rates["robust"].value is None
