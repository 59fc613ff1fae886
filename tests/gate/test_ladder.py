"""Every rung of the ladder, and every night that is no night."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pandas as pd
import pytest

from ivlm_bench.comparison import NotComparableError
from ivlm_bench.comparison.compare import compare_table
from ivlm_bench.errors import StoreError
from ivlm_bench.gate import GatePolicy, GateResult, judge_night
from ivlm_bench.gate.ladder import Rows
from ivlm_bench.records import ReasonerCard
from ivlm_bench.store import Run

MakeNight = Callable[..., Run]
Toys = Callable[..., list[Any]]

PULL, PUSH = "toy/Pull-v0", "toy/Push-v0"


def fresh_table(n_lost: int, n_gained: int, n: int = 400, task: str = PULL) -> pd.DataFrame:
    """Paired differences of single scenarios: so many lost, so many gained."""
    values = [-1.0] * n_lost + [1.0] * n_gained + [0.0] * (n - n_lost - n_gained)
    return pd.DataFrame(
        {
            "task": task,
            "scenario_key": [f"{task}-{i}" for i in range(n)],
            "cluster": [f"{task}-{i}" for i in range(n)],
            "old": [float(v <= 0.0) for v in values],
            "new": [float(v >= 0.0) for v in values],
            "difference": values,
        }
    )


class Asked:
    """Answers fresh questions from a table, and keeps what it was asked."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.table = table
        self.tasks: list[tuple[str, ...]] = []

    def __call__(self, tasks: tuple[str, ...]) -> Rows:
        self.tasks.append(tasks)
        return compare_table(self.table)


def test_the_first_night_has_nothing_to_be_compared_with(make_night: MakeNight, toys: Toys) -> None:
    got = judge_night(None, make_night(toys(5)))
    assert (got.verdict, got.exit_code) == ("first-night", 0)
    assert got.rows == ()


def test_an_identical_night_is_not_tested(make_night: MakeNight, toys: Toys) -> None:
    asked = Asked(fresh_table(0, 0))
    old, new = make_night(toys(30), "old"), make_night(toys(30), "new")
    got = judge_night(old, new, confirm=asked)
    assert (got.verdict, got.exit_code, got.rows) == ("identical", 0, ())
    assert asked.tasks == [], "no fresh question is needed"


def test_other_measurements_alone_are_drift(make_night: MakeNight, toys: Toys) -> None:
    old = make_night(toys(30, wrong=(1,)), "old", machine={"cpu": "a"}, packages={"numpy": "1"})
    new = make_night(
        toys(30, wrong=(1,), n_steps=101), "new", machine={"cpu": "b"}, packages={"numpy": "2"}
    )
    got = judge_night(old, new)
    assert old.manifest.bit_digest != new.manifest.bit_digest
    assert (got.verdict, got.exit_code) == ("drift", 0)
    assert got.notes == (
        "The baseline was made on another kind of machine.",
        "Packages differ from the baseline's: numpy.",
    )


def judged(make_night: MakeNight, old: list[Any], new: list[Any], **more: Any) -> GateResult:
    return judge_night(make_night(old, "old"), make_night(new, "new"), **more)


def test_flips_either_way_pass_where_the_margin_is_refuted(
    make_night: MakeNight, toys: Toys
) -> None:
    """Two lost and two gained of 2 x 300: the one-sided bound is about -0.5 points."""
    old = toys(300, wrong=(3,))
    new = toys(300, wrong=(4,), answer="b")
    got = judged(make_night, old, new)
    assert (got.verdict, got.exit_code) == ("pass", 0)
    assert [row.verdict for row in got.rows] == ["pass"] * 3


def test_gains_that_are_shown_are_an_improvement(make_night: MakeNight, toys: Toys) -> None:
    got = judged(make_night, toys(60, wrong=range(20)), toys(60, answer="b"))
    assert (got.verdict, got.exit_code) == ("improved", 0)


@pytest.mark.parametrize(
    ("n", "wrong", "cluster"),
    [(5, (1,), ""), (40, (1,), "one")],
    ids=["five episodes", "one cluster"],
)
def test_too_little_evidence_is_inconclusive(
    make_night: MakeNight, toys: Toys, n: int, wrong: tuple[int, ...], cluster: str
) -> None:
    one = {"cluster": cluster, "tasks": (PULL,)}
    got = judged(make_night, toys(n, **one), toys(n, wrong=wrong, answer="b", **one))
    assert (got.verdict, got.exit_code) == ("inconclusive", 3)


@pytest.mark.parametrize(
    ("wrong", "told"), [((1, 2), "ended alike"), (range(200), "failed")], ids=["ties", "failures"]
)
def test_ties_throughout_never_pass(
    make_night: MakeNight, toys: Toys, wrong: Any, told: str
) -> None:
    got = judged(make_night, toys(200, wrong=wrong), toys(200, wrong=wrong, answer="b"))
    assert got.verdict == "inconclusive"
    assert f"all 400 scenarios {told} in both runs" in got.reason
    assert ("No answer of the night was right." in got.notes) == (told == "failed")


def test_a_loss_is_suspect_until_it_is_confirmed(make_night: MakeNight, toys: Toys) -> None:
    """10 of 60 lost in one task, none gained: p = 2^-10, Holm over two tasks 2^-9."""
    new = toys(60, answer="b", tasks=(PUSH,))
    new += toys(60, answer="b", tasks=(PULL,), wrong=range(10))
    got = judged(make_night, toys(60), new)
    assert (got.verdict, got.exit_code) == ("suspect", 3)
    by_task = {row.task: row for row in got.rows}
    assert by_task[PULL].verdict == "suspect"
    assert by_task[PULL].p_screen == pytest.approx(2**-9)
    assert by_task["macro"].p_screen == pytest.approx(2**-10)
    assert by_task[PUSH].verdict != "suspect"


@pytest.mark.parametrize(
    ("n_lost", "n_gained", "verdict", "code"), [(40, 2, "regressed", 1), (4, 3, "suspect", 3)]
)
def test_fresh_questions_decide(
    make_night: MakeNight, toys: Toys, n_lost: int, n_gained: int, verdict: str, code: int
) -> None:
    """One task; it and the macro row are suspect, and both are asked again."""
    asked = Asked(fresh_table(n_lost, n_gained))
    old, new = toys(60, tasks=(PULL,)), toys(60, tasks=(PULL,), wrong=range(10), answer="b")
    got = judged(make_night, old, new, confirm=asked)
    assert asked.tasks == [(PULL,)]
    if verdict == "regressed":
        assert (got.verdict, got.exit_code) == (verdict, code)
        assert {row.verdict for row in got.rows} == {"regressed"}
        assert all(row.p_fresh is not None and row.p_fresh < 0.01 for row in got.rows)
    else:
        assert (got.verdict, got.exit_code) == ("inconclusive", 3)
        assert "not confirmed" in got.reason


def test_only_suspect_tasks_are_asked_again(make_night: MakeNight, toys: Toys) -> None:
    """4 of 60 lost: p = 2^-4, Holm 2^-3 <= .2; the other task gains 2: over all 22 / 2^6 > .1."""
    old = toys(60, tasks=(PULL,)) + toys(60, tasks=(PUSH,), wrong=(1, 2))
    new = toys(60, answer="b", tasks=(PUSH,))
    new += toys(60, answer="b", tasks=(PULL,), wrong=range(4))
    asked = Asked(fresh_table(1, 2))
    got = judged(make_night, old, new, confirm=asked)
    assert asked.tasks == [(PULL,)]
    assert got.fresh is not None
    assert got.fresh.by_cluster.sum() == 1.0
    assert {row.task: row.verdict for row in got.rows}[PULL] == "inconclusive"
    assert got.exit_code != 1


@pytest.mark.parametrize("field", ["crashed", "reasoner_error"])
def test_errors_are_never_green(make_night: MakeNight, toys: Toys, field: str) -> None:
    new = toys(60, status=field)
    if field == "crashed":
        with pytest.raises(StoreError, match=r"120 of 120 episodes .* crashed"):
            judged(make_night, toys(60), new)
    else:
        assert judged(make_night, toys(60), new).verdict == "suspect"


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"suite": "other-v0"}, "suite"),
        ({"suite_hash": "b" * 16}, "suite hash"),
        ({"protocol_hash": "q"}, "protocol"),
        ({"engines": {"mujoco": "2"}}, "reference engine"),
        ({"base_seed": 1}, "base seed"),
        ({"track": "rgbd"}, "way of showing"),
    ],
)
def test_other_rules_are_not_comparable(
    make_night: MakeNight, toys: Toys, fields: dict[str, Any], told: str
) -> None:
    old, new = make_night(toys(30), "old"), make_night(toys(30), "new", **fields)
    with pytest.raises(NotComparableError, match=f"their {told} differs") as error:
        judge_night(old, new)
    assert error.value.exit_code == 4


def test_an_engine_change_may_be_looked_at(make_night: MakeNight, toys: Toys) -> None:
    old = make_night(toys(30), "old")
    new = make_night(toys(30, n_steps=7), "new", engines={"mujoco": "2"})
    assert judge_night(old, new, engines_may_differ=True).verdict == "drift"


def test_missing_episodes(make_night: MakeNight, toys: Toys) -> None:
    old = make_night(toys(100), "old")
    with pytest.raises(NotComparableError, match=r"share 180 of 200 scenarios \(90 %\)"):
        judge_night(old, make_night(toys(90), "few"))
    got = judge_night(old, make_night(toys(99, answer="b", wrong=(3,)), "most"))
    assert "Only 99.0 % of the scenarios are in both runs." in got.notes


def test_a_task_without_episodes_is_named(make_night: MakeNight, toys: Toys) -> None:
    """3 of 203 scenarios are missing, which 95 % would let pass."""
    old = make_night(toys(100) + toys(3, tasks=("toy/Turn-v0",)), "old")
    with pytest.raises(NotComparableError, match="task toy/Turn-v0 has no scenario"):
        judge_night(old, make_night(toys(100), "new"))


@pytest.mark.parametrize("first", [True, False])
def test_a_run_of_nothing_is_named(make_night: MakeNight, first: bool) -> None:
    night = make_night([], "new")
    with pytest.raises(StoreError, match="it has no episode"):
        judge_night(None if first else make_night([], "old"), night)


@pytest.mark.parametrize("baseline", ["none", "itself", "other"])
def test_a_task_that_was_planned_and_not_asked_is_named(
    make_night: MakeNight, toys: Toys, baseline: str
) -> None:
    planned = {"tasks": f"{PULL} {PUSH} toy/Turn-v0"}
    night = make_night(toys(30), "new", config=planned)
    others = {"none": None, "itself": night, "other": make_night(toys(30), "old")}
    with pytest.raises(StoreError, match="no episode of toy/Turn-v0"):
        judge_night(others[baseline], night)


def test_a_baseline_that_crashed_is_none(make_night: MakeNight, toys: Toys) -> None:
    """Its manifest says that all is well; the episodes count."""
    old = make_night(toys(30, status="crashed"), "old")
    lying = msgspec.structs.replace(old.manifest, n_by_status={"ok": 60})
    with pytest.raises(StoreError, match=r"60 of 60 episodes of .*old crashed"):
        judge_night(replace(old, manifest=lying), make_night(toys(30), "new"))


X86 = {"system": "Linux", "architecture": "x86_64", "cpu": "a", "cores": "2"}
ARM = {"system": "Linux", "architecture": "aarch64", "cpu": "b", "cores": "2"}


@pytest.mark.parametrize("wrong", [(), range(10)], ids=["answers alone", "flips"])
def test_another_machine_is_drift(make_night: MakeNight, toys: Toys, wrong: Any) -> None:
    old = make_night(toys(60), "old", machine=X86)
    new = make_night(toys(60, wrong=wrong, answer="b"), "new", machine=ARM)
    got = judge_night(old, new)
    assert (got.verdict, got.exit_code) == ("drift", 0)
    assert f"{2 * len(wrong)} scenarios lost and 0 gained on another kind of machine" in got.reason
    assert bool(got.suspects) == bool(wrong), "the rows still say what fresh questions must answer"


@pytest.mark.parametrize(("n_lost", "verdict"), [(40, "regressed"), (3, "drift")])
def test_on_another_machine_fresh_questions_decide(
    make_night: MakeNight, toys: Toys, n_lost: int, verdict: str
) -> None:
    """Both sides are asked them on this machine, so what they confirm is no drift."""
    old = make_night(toys(60, tasks=(PULL,)), "old", machine=X86)
    night = toys(60, tasks=(PULL,), wrong=range(10), answer="b")
    new = make_night(night, "new", machine=ARM)
    assert judge_night(old, new, confirm=Asked(fresh_table(n_lost, 2))).verdict == verdict


def test_other_cores_are_no_other_machine(make_night: MakeNight, toys: Toys) -> None:
    old = make_night(toys(60), "old", machine=X86)
    new = toys(60, wrong=range(10), answer="b")
    got = judge_night(old, make_night(new, "new", machine={**X86, "cores": "8"}))
    assert got.verdict == "suspect"


@pytest.mark.parametrize("machine", [X86, ARM], ids=["same machine", "another"])
@pytest.mark.parametrize(
    ("n", "cluster"), [(1, ""), (40, "one")], ids=["two episodes", "one cluster"]
)
def test_a_total_loss_never_passes(
    make_night: MakeNight, toys: Toys, n: int, cluster: str, machine: dict[str, str]
) -> None:
    old = make_night(toys(n, cluster=cluster), "old", machine=X86)
    lost = toys(n, cluster=cluster, wrong=range(n), answer="b")
    new = make_night(lost, "new", machine=machine)
    strict = GatePolicy(screen_macro_p=1e-9, screen_task_p=1e-9)
    got = judge_night(old, new, policy=strict)
    assert (got.verdict, got.exit_code, got.lost_all) == ("suspect", 3, True)
    assert "no right answer is left" in got.reason
    assert "macro" in got.suspects
    fresh = Asked(pd.concat([fresh_table(1, 1, task=task) for task in (PULL, PUSH)]))
    after = judge_night(old, new, policy=strict, confirm=fresh)
    assert (after.verdict, after.exit_code, after.lost_all) == ("inconclusive", 3, True)


def test_a_baseline_of_another_reasoner_is_named(make_night: MakeNight, toys: Toys) -> None:
    other = ReasonerCard(name="other", display="Other", params={}, fingerprint="g")
    old, new = make_night(toys(60, wrong=range(20)), "old", reasoner=other), make_night(toys(60))
    with pytest.raises(NotComparableError, match=r"is a run of 'other', the night one of 'toy'"):
        judge_night(old, new)
    got = judge_night(old, new, reasoners_may_differ=True)
    assert "The baseline is a run of another reasoner: 'other', not 'toy'." in got.notes


def test_other_parameters_are_told(make_night: MakeNight, toys: Toys) -> None:
    card = ReasonerCard(name="toy", display="Toy", params={"beam": "4"}, fingerprint="f")
    old, new = make_night(toys(30), "old"), make_night(toys(30, answer="b"), "new", reasoner=card)
    told = "The parameters of the reasoner differ from the baseline's."
    assert told in judge_night(old, new).notes


def test_diverged_simulations_are_left_out_but_not_in_numbers(
    make_night: MakeNight, toys: Toys
) -> None:
    old = make_night(toys(100), "old")
    few = toys(100, answer="b", wrong=(1,))
    few[5] = replace(few[5], status="sim_diverged")
    got = judge_night(old, make_night(few, "few"))
    assert "1 scenarios whose simulation diverged are left out." in got.notes
    many = [replace(toy, status="sim_diverged") if toy.seed < 20 else toy for toy in few]
    with pytest.raises(NotComparableError, match="diverged in 40 of 200 scenarios"):
        judge_night(old, make_night(many, "many"))


def test_other_scenes_under_the_same_seeds_are_told(make_night: MakeNight, toys: Toys) -> None:
    new = toys(50, answer="b", wrong=(1,))
    new[:7] = [replace(toy, scene="other") for toy in new[:7]]
    got = judged(make_night, toys(50), new)
    assert "7 scenarios show another scene under the same seed." in got.notes


def test_the_policy_decides(make_night: MakeNight, toys: Toys) -> None:
    old, new = toys(60), toys(60, wrong=range(10), answer="b")
    strict = GatePolicy(screen_task_p=1e-9, screen_macro_p=1e-9)
    assert judged(make_night, old, new, policy=strict).verdict == "inconclusive"


def test_a_digest_that_the_records_do_not_bear_out_is_refused(
    make_night: MakeNight, toys: Toys
) -> None:
    old, new = make_night(toys(30), "old"), make_night(toys(30, wrong=(1,)), "new")
    claimed = msgspec.structs.replace(new.manifest, bit_digest=old.manifest.bit_digest)
    with pytest.raises(StoreError, match="changed by hand"):
        judge_night(old, replace(new, manifest=claimed))


def test_one_scenario_has_one_object(make_night: MakeNight, toys: Toys) -> None:
    with pytest.raises(NotComparableError, match="differ in the cluster of 60 scenarios"):
        judged(make_night, toys(30), toys(30, cluster="x"))


def test_a_pass_names_the_tasks_that_it_does_not_cover(make_night: MakeNight, toys: Toys) -> None:
    """Pull gains 8 of 400, Push loses 1 of 60: -1.7 points by itself can't be told from -5."""
    old = [*toys(400, wrong=range(8), tasks=(PULL,)), *toys(60, tasks=(PUSH,))]
    new = [
        *toys(400, answer="b", tasks=(PULL,)),
        *toys(60, wrong=(1,), answer="b", tasks=(PUSH,)),
    ]
    got = judged(make_night, old, new)
    assert got.verdict == "pass"
    assert got.reason.endswith(f"a loss of single tasks is not refuted: {PUSH} (-1.7)")
