"""Rankings under variants: agreement by hand, and stored answers tried again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec.structs import replace as replace_struct

from ivlm_bench.cli import robustness as command
from ivlm_bench.cli.main import main
from ivlm_bench.comparison import NotComparableError
from ivlm_bench.errors import ConfigError, MissingDependencyError, UnknownNameError
from ivlm_bench.harness.render import environment
from ivlm_bench.leaderboard.rates import Rate
from ivlm_bench.protocols import Rendering, Surface
from ivlm_bench.registry import load_plugins
from ivlm_bench.render import RENDERERS
from ivlm_bench.render.soft import SoftRenderer
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
from ivlm_bench.types import Camera

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
        (["--suite", "nothing-v0"], 2, "holds runs of 0 reasoners on nothing-v0"),
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


def test_the_other_renderer_asks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second renderer draws darkness here: who looks fails, who knows the truth doesn't."""
    load_plugins()
    monkeypatch.setitem(RENDERERS, "mujoco-gl", (__name__, "Dark"))
    names = ("oracle", "geometric", "abstain")
    runs = {name: load_run(RESULTS / "smoke-v0" / name) for name in names}
    environment.cache_clear()
    found = rescored(runs, variants(("other-renderer",)), limit=1)
    environment.cache_clear()
    nominal, dark = found.rates["nominal"], found.rates["other-renderer"]
    assert found.n_unlike == 0  # the stored answers are tried as ever
    assert nominal["geometric"].value == 0.5
    assert dark["geometric"].value == 0.0
    assert (dark["oracle"].value, dark["abstain"].value) == (1.0, 0.0)


class Dark(SoftRenderer):
    """Draws nothing at all."""

    def render(
        self, surfaces: tuple[Surface, ...], camera: Camera, *, shadows: bool = True
    ) -> Rendering:
        drawn = super().render(surfaces, camera, shadows=shadows)
        return replace(drawn, rgb=0 * drawn.rgb, depth_m=0 * drawn.depth_m)


def test_without_opengl_the_other_renderer_is_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(RENDERERS, "mujoco-gl", (__name__, "Missing"))
    words = ["--suite", "smoke-v0", "--runs", str(RESULTS), "--reasoner", "oracle,abstain"]
    assert main(["robustness", *words, "--variant", "other-renderer"]) == 2
    assert "no headless OpenGL" in capsys.readouterr().err
    monkeypatch.setattr(command, "variants", lambda names: SOME if not names else variants(names))
    assert main(["robustness", *words, "--limit", "1"]) == 0
    told = capsys.readouterr()
    assert "other-renderer is left out: The renderer finds no headless OpenGL." in told.err
    assert "half-step" in told.out
    assert "other-renderer" not in told.out


class Missing:
    """A renderer that does not work here."""

    def __init__(self) -> None:
        raise MissingDependencyError("The renderer finds no headless OpenGL.")


#: Two variants, one of which needs the other renderer.
SOME = variants(("half-step", "other-renderer"))


def test_a_reasoner_that_is_gone_is_named() -> None:
    load_plugins()
    run = load_run(RESULTS / "smoke-v0" / "abstain")
    card = replace_struct(run.manifest.reasoner, name="gone-for-good")
    gone = replace(run, manifest=replace_struct(run.manifest, reasoner=card))
    with pytest.raises(UnknownNameError, match="gone-for-good"):
        rescored({"a": run, "b": gone}, variants(("other-renderer",)), limit=1)


def test_code_that_is_not_that_of_the_run_is_told() -> None:
    found = Rescored(
        {"nominal": {"a": rate(0.9)}, "other-renderer": {"a": rate(0.9)}}, 5, 0, ("a",)
    )
    assert "not that of the run" in " ".join(str(agreement_table(found, "toy-v0")).split())
    assert json.loads(robustness_json(found))["changed"] == ["a"]
