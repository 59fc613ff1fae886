"""Rankings under variants: agreement by hand, and stored answers tried again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ivlm_bench.cli.main import main
from ivlm_bench.comparison import NotComparableError
from ivlm_bench.errors import ConfigError
from ivlm_bench.leaderboard.rates import Rate
from ivlm_bench.registry import load_plugins
from ivlm_bench.robustness.ranking import (
    agreement_table,
    agreements,
    places,
    rates_table,
    robustness_json,
)
from ivlm_bench.robustness.rescored import Rescored, rescored
from ivlm_bench.robustness.variants import Variant, variants
from ivlm_bench.stats.intervals import Interval
from ivlm_bench.store import load_run

RESULTS = Path(__file__).parents[2] / "results"


def rate(value: float, half: float = 0.2) -> Rate:
    return Rate(value, Interval(value - half, value + half, "made up", 20, 20), 20, 20)


FOUND = Rescored(
    {
        "nominal": {"a": rate(0.9), "b": rate(0.5), "c": rate(0.1)},
        "half-step": {"a": rate(0.9), "b": rate(0.5), "c": rate(0.1)},
        "friction-0.8": {"a": rate(0.8), "b": rate(0.3), "c": rate(0.4)},
        "force-2": {"a": rate(0.1, 0.01), "b": rate(0.5, 0.01), "c": rate(0.9, 0.01)},
    },
    20,
    1,
)


def test_agreement_by_hand() -> None:
    same, swapped, turned = agreements(FOUND)
    assert (same.tau, same.violation, same.moved) == (1.0, 0.0, ())
    # One of three pairs is the other way: tau = (2 - 1) / 3. Its nominal gap is 0.4, which is the
    # worst for two of the three: (0 + 0.4 + 0.4) / 3.
    assert swapped.tau == pytest.approx(1 / 3)
    assert swapped.violation == pytest.approx(0.8 / 3)
    assert swapped.moved == (("b", 2, 3), ("c", 3, 2))
    assert swapped.swapped == ()  # their intervals overlap in both columns
    assert turned.tau == -1.0
    assert turned.moved == (("a", 1, 3), ("c", 3, 1))
    assert len(turned.swapped) == 3


def test_ties_share_the_better_place() -> None:
    assert places({"a": rate(0.5), "b": rate(0.5), "c": rate(0.7)}) == {"a": 2, "b": 2, "c": 1}


def test_two_reasoners_have_no_tau() -> None:
    two = {"a": rate(0.9), "b": rate(0.1)}
    (only,) = agreements(Rescored({"nominal": two, "half-step": two}, 5, 0))
    assert only.tau is None
    assert only.violation == 0.0


def test_tables() -> None:
    text = str(agreement_table(FOUND, "toy-v0"))
    assert "b 2 to 3, c 3 to 2" in " ".join(text.split())
    assert "1 nominal outcomes differ" in " ".join(text.split())
    assert rates_table(FOUND).rows[0] == ("a", "90.0 (1)", "90.0 (1)", "80.0 (1)", "10.0 (3)")
    told = json.loads(robustness_json(FOUND))
    assert told["agreement"][1]["tau"] == pytest.approx(1 / 3)
    assert told["rates"]["nominal"]["a"]["value"] == 0.9


def test_stored_answers_give_the_stored_outcomes() -> None:
    load_plugins()
    runs = {name: load_run(RESULTS / "smoke-v0" / name) for name in ("oracle", "abstain")}
    heard: list[int] = []
    found = rescored(runs, variants(("half-step",)), limit=1, heard=lambda: heard.append(1))
    assert found.n_unlike == 0
    assert found.n_questions == len(heard) == 4
    assert found.rates["nominal"]["oracle"].value == 1.0
    assert found.rates["half-step"]["oracle"].value == 1.0
    assert found.rates["half-step"]["abstain"].value == 0.0


def test_runs_of_two_boards() -> None:
    runs = {
        "a": load_run(RESULTS / "smoke-v0" / "oracle"),
        "b": load_run(RESULTS / "core-v0" / "oracle"),
    }
    with pytest.raises(NotComparableError, match="not of one board"):
        rescored(runs, ())


def test_one_run_has_no_ranking() -> None:
    with pytest.raises(ConfigError, match="at least two"):
        rescored({"a": load_run(RESULTS / "smoke-v0" / "oracle")}, ())


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--variant", "upside-down"], 2, "No variant is called"),
        (["--limit", "0"], 2, "--limit is 0"),
        (["--reasoner", "nobody"], 2, "holds no run of 'nobody'"),
        (["--suite", "nothing-v0"], 2, "at least two reasoners"),
    ],
)
def test_wrong_words(
    capsys: pytest.CaptureFixture[str], words: list[str], code: int, said: str
) -> None:
    assert main(["robustness", "--runs", str(RESULTS), *words]) == code
    assert said in capsys.readouterr().err


def test_command(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--suite", "smoke-v0", "--runs", str(RESULTS), "--limit", "1"]
    asked = ["--reasoner", "oracle,abstain", "--variant", "friction-0.8,six-loads"]
    assert main(["robustness", *words, *asked]) == 0
    text = capsys.readouterr().out
    assert "friction-0.8" in text
    assert "0 nominal outcomes differ" in " ".join(text.split())


def test_a_variant_reaches_the_trials() -> None:
    load_plugins()
    runs = {name: load_run(RESULTS / "smoke-v0" / name) for name in ("oracle", "abstain")}
    slippery = Variant("slippery", "hardly any friction", friction_scale=0.02)
    limp = Variant("limp", "hardly any force", force_scale=0.02)
    found = rescored(runs, (slippery, limp), limit=1)
    # Both grasping tasks fail, the two that push or pull without a gripper don't.
    assert found.rates["nominal"]["oracle"].value == 1.0
    assert found.rates["slippery"]["oracle"].value == 0.5
    assert found.rates["limp"]["oracle"].value == 0.5
