"""Evidence over nights: what adds to it, what does not, and what a damaged history says."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ivlm_bench.comparison import TaskComparison, compare
from ivlm_bench.comparison.compare import compare_table
from ivlm_bench.errors import StoreError
from ivlm_bench.gate.history import ALARM, HISTORY, SlowDrift, add_night, read_history
from ivlm_bench.stats.sequential import STAKES
from ivlm_bench.store import Run

MakeNight = Callable[..., Run]
Toys = Callable[..., list[Any]]


def table(**tasks: list[tuple[str, float]]) -> pd.DataFrame:
    rows = [(task, c, d) for task, pairs in tasks.items() for c, d in pairs]
    return pd.DataFrame(rows, columns=["task", "cluster", "difference"])


def fresh(lost: int, n: int = 20, **clusters: list[tuple[str, float]]) -> TaskComparison:
    """Return fresh questions, each about its own object, of which some were lost."""
    named = clusters or {"a": [(f"c{k:02}", -float(k < lost)) for k in range(n)]}
    return compare_table(table(**named).assign(old=1.0, new=lambda t: 1.0 + t["difference"]))[0]


def test_evidence_of_single_scenarios_is_their_differences() -> None:
    got = fresh(0, a=[("x", -1.0), ("y", 0.0), ("z", 1.0)])
    assert got.by_cluster.tolist() == [-1.0, 0.0, 1.0]


def test_evidence_of_clusters_by_hand() -> None:
    """Task a (2 of cluster x, 2 of y), task b (1 of x): x weighs 1/4 + 1/2, y 1/4.

    x lost one of a and b: -(1/8 + 1/2) / (3/4) = -5/6; y gained both: (1/4) / (3/4) = 1/3.
    """
    got = fresh(0, a=[("x", -1.0), ("x", 0.0), ("y", 1.0), ("y", 1.0)], b=[("x", -1.0)])
    assert got.by_cluster == pytest.approx([-5 / 6, 1 / 3], abs=1e-12)


def shiryaev_roberts(nights: list[list[float]]) -> float:
    """R_n = (R_(n-1) + 1) * prod(1 - stake * d), averaged over stakes: by its recursion."""
    total = 0.0
    for stake in STAKES:
        capital = 0.0
        for differences in nights:
            capital = (capital + 1.0) * math.prod(1.0 - stake * d for d in differences)
        total += capital
    return total / len(STAKES)


def test_nights_add_up(make_night: MakeNight, toys: Toys, tmp_path: Path) -> None:
    old = make_night(toys(20), "old")
    nights, said = [], []
    for k in range(3):
        found = compare(old, make_night(toys(20, wrong=range(3), answer=str(k)), f"n{k}"))
        said.append(add_night(tmp_path, found, "suspect", fresh=fresh(k + 1)))
        nights.append([-1.0] * (k + 1))
    wanted = [shiryaev_roberts(nights[: k + 1]) for k in range(3)]
    assert [s.e_value for s in said] == pytest.approx(wanted, rel=1e-9)
    assert [s.n_nights for s in said] == [1, 2, 3]
    assert [line.run_id for line in read_history(tmp_path / HISTORY)] == ["n0", "n1", "n2"]


def test_the_questions_of_every_night_are_no_evidence(
    make_night: MakeNight, toys: Toys, tmp_path: Path
) -> None:
    """The baseline's luck with them is shared by all nights."""
    old = make_night(toys(20), "old")
    for name in ("n0", "n1", "n2"):
        new = make_night(toys(20, wrong=range(9), answer=name), name)
        said = add_night(tmp_path, compare(old, new), "pass")
    assert (said.n_nights, said.e_value) == (0, 0.0)
    assert str(said) == "slow drift: no night has asked fresh questions yet"
    assert [line.counted for line in read_history(tmp_path / HISTORY)] == [False] * 3


def test_a_night_judged_twice_counts_once(
    make_night: MakeNight, toys: Toys, tmp_path: Path
) -> None:
    old = make_night(toys(20), "old")
    found = compare(old, make_night(toys(20, wrong=(1,), answer="b"), "n0"))
    first, again = (add_night(tmp_path, found, "pass", fresh=fresh(2)) for _ in range(2))
    assert first == again
    assert len(read_history(tmp_path / HISTORY)) == 1


def test_another_baseline_starts_anew(make_night: MakeNight, toys: Toys, tmp_path: Path) -> None:
    new = make_night(toys(20, wrong=(1, 2, 3), answer="b"), "n0")
    found = compare(make_night(toys(20), "old"), new)
    first = add_night(tmp_path, found, "pass", fresh=fresh(3))
    later = make_night(toys(20, wrong=(1, 2, 3), answer="c"), "n1")
    other = make_night(toys(20, wrong=(1, 2, 3)), "other")
    said = add_night(tmp_path, compare(other, later), "pass", fresh=fresh(0))
    assert first.e_value > 1.0
    assert said.n_nights == 1
    assert said.e_value == pytest.approx(1.0)


def test_slow_drift_is_called_but_never_red() -> None:
    assert str(SlowDrift(1234.5, 9)).startswith("slow drift: e-value 1.23e+03 over 9 nights with")
    assert SlowDrift(ALARM, 9).alarm
    assert not SlowDrift(ALARM - 1, 1).alarm


@pytest.mark.parametrize("text", ["{", "{}", '{"run_id": 3}', "\xff"])
def test_a_damaged_history_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / HISTORY
    path.write_bytes(text.encode("latin-1") + b"\n")
    with pytest.raises(StoreError, match=r"gate-history\.jsonl is damaged in line 1"):
        read_history(path)


def test_an_empty_state_survives_the_file(
    make_night: MakeNight, toys: Toys, tmp_path: Path
) -> None:
    old, new = make_night(toys(3), "old"), make_night(toys(3), "new")
    assert add_night(tmp_path, compare(old, new), "identical").e_value == 0.0
    line = json.loads((tmp_path / HISTORY).read_text())
    assert line["log_capitals"] == [None] * len(STAKES)
    said = add_night(tmp_path, compare(old, make_night(toys(3), "next")), "pass", fresh=fresh(0))
    assert said.e_value == pytest.approx(1.0)
