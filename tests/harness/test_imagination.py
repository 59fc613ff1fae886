"""Grasps tried on a reasoner's own reconstruction: what comes out, who may ask, what is told."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from ivlm_bench.codec import decode
from ivlm_bench.errors import ConfigError, InvalidAnswerError, IvlmBenchError
from ivlm_bench.harness import imagination
from ivlm_bench.harness.config import RunConfig
from ivlm_bench.harness.far_imagination import answered, wrapped
from ivlm_bench.harness.imagination import LocalImagination, perturbed
from ivlm_bench.harness.imagined_scene import imagined_scene
from ivlm_bench.harness.offering import with_imagination
from ivlm_bench.harness.run import RunOutcome, execute
from ivlm_bench.leaderboard.summary import summarise
from ivlm_bench.protocols import Imagination, ImaginedGrasp, Reconstruction
from ivlm_bench.trials.perturb import perturbations
from ivlm_bench.types import Grasp, Interaction, Observation, Pose

Configure = Callable[..., RunConfig]

DOWN = np.array([[1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, -1.0]])
SIGNS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (0, 2)], float)
BRICK_M = SIGNS * (0.02, 0.03, 0.05)  # 40 x 60 x 100 mm, on the table
BRICK = Reconstruction((BRICK_M,))


def from_above(x_m: float, y_m: float, z_m: float, width_m: float = 0.06) -> Grasp:
    return Grasp(Pose.from_rotation(DOWN, np.array([x_m, y_m, z_m])), width_m)


MIDDLE = from_above(0.0, 0.0, 0.08)
#: Outcomes that follow by hand: beside a face of 60 mm, about the middle, one pad 15 mm inside.
THREE = (from_above(0.0, 0.06, 0.08), MIDDLE, from_above(0.03, 0.0, 0.08))
CODES = ("NO_CONTACT", "SUCCESS", "COLLISION_OBJECT")


def tried(
    solid: Reconstruction, *grasps: Grasp, mass_kg: float = 0.1, friction: float = 0.6, n: int = 0
) -> tuple[ImaginedGrasp, ...]:
    service = LocalImagination()
    return service.try_grasps(solid, grasps, mass_kg=mass_kg, friction=friction, n_perturbed=n)


def test_of_three_grasps_of_a_brick_only_the_middle_one_holds() -> None:
    found = tried(BRICK, *THREE, n=2)
    assert tuple(one.code for one in found) == CODES
    assert [one.held_prob for one in found] == [0.0, 1.0, 0.0]


def test_pieces_that_make_up_the_brick_are_the_brick() -> None:
    low, high = BRICK_M * (1.0, 1.0, 0.5), BRICK_M * (1.0, 1.0, 0.5) + (0.0, 0.0, 0.05)
    found = tried(Reconstruction((low, high)), *THREE)
    assert tuple(one.code for one in found) == CODES


@pytest.mark.parametrize(
    ("mass_kg", "friction", "code"),
    [
        # Two pads of 20 N each: friction carries up to 2 mu 20 N, shaken by 1 g on top of gravity.
        (0.5, 0.6, "SUCCESS"),  # 24 N against 9.8 N
        (3.0, 0.6, "SLIP_LIFT"),  # 24 N against a weight of 29 N
        (0.5, 0.05, "SLIP_LIFT"),  # 2 N against a weight of 4.9 N
    ],
)
def test_guesses_of_mass_and_friction_decide(mass_kg: float, friction: float, code: str) -> None:
    (found,) = tried(BRICK, MIDDLE, mass_kg=mass_kg, friction=friction)
    assert found.code == code


def test_what_else_is_there_is_in_the_way_and_stays() -> None:
    beside_m = BRICK_M * (0.25, 1.0, 1.0) + (0.033, 0.0, 0.0)
    (found,) = tried(Reconstruction((BRICK_M,), (beside_m,)), MIDDLE)
    assert found.code == "COLLISION_CLUTTER"


def test_the_same_call_gives_the_same_answer_in_any_company() -> None:
    thin = Reconstruction((BRICK_M * (0.5, 1.0, 1.0),))
    grasps = tuple(from_above(0.0, y_m, 0.09) for y_m in (0.02, 0.026, 0.03, 0.034))
    once = tried(thin, *grasps, mass_kg=1.2, n=3)
    assert once == tried(thin, *grasps, mass_kg=1.2, n=3)
    assert once == tuple(tried(thin, grasp, mass_kg=1.2, n=3)[0] for grasp in grasps)
    assert any(0.0 < one.held_prob < 1.0 for one in once)  # the draws do matter


def test_draws_are_not_those_of_the_judge_and_do_not_hang_on_their_number() -> None:
    few, many = perturbed(0.6, 3), perturbed(0.6, 8)
    assert len(many) == 9
    for one, other in zip(few, many, strict=False):
        assert np.array_equal(one.translation_m, other.translation_m)
        assert (one.friction, one.mass_scale) == (other.friction, other.mass_scale)
    judged = {d.translation_m.tobytes() for seed in range(50) for d in perturbations(seed, 16)}
    assert judged.isdisjoint(d.translation_m.tobytes() for d in many[1:])


def test_the_scene_weighs_what_was_guessed_about_the_middle_of_what_was_shown() -> None:
    scene = imagined_scene(BRICK, mass_kg=0.6)
    (link,) = scene.target.model.links
    assert link.mass_kg == 0.6
    assert link.centre_of_mass_m == pytest.approx([0.0, 0.0, 0.05])
    # A solid box: m/12 (b2 + c2), and so on.
    inertia = 0.6 / 12.0 * np.diag([0.06**2 + 0.1**2, 0.04**2 + 0.1**2, 0.04**2 + 0.06**2])
    assert link.inertia_kg_m2 == pytest.approx(inertia)
    halves = [BRICK_M * (0.5, 1.0, 1.0) + (x_m, 0.0, 0.0) for x_m in (-0.01, 0.01)]
    (parted,) = imagined_scene(Reconstruction(tuple(halves)), mass_kg=0.6).target.model.links
    assert parted.inertia_kg_m2 == pytest.approx(inertia)


def test_noise_below_the_table_is_raised_onto_it() -> None:
    scene = imagined_scene(Reconstruction((BRICK_M - (0.0, 0.0, 0.004),)), mass_kg=0.1)
    heights = scene.target.model.links[0].parts[0].hulls[0].vertices_m[:, 2]
    assert (heights.min(), heights.max()) == pytest.approx((0.0, 0.096))


@pytest.mark.parametrize(
    ("pieces", "told"),
    [
        ((BRICK_M * (1.0, 1.0, 0.0),), r"pieces_m\[0\] encloses no room \(8 points"),
        ((BRICK_M, BRICK_M[:3]), r"pieces_m\[1\] encloses no room \(3 points"),
        ((np.zeros((0, 3)),), r"encloses no room \(0 points"),
        ((BRICK_M - (0.0, 0.0, 0.03),), "reaches 30 mm below the table top z = 0; cut it off"),
        ((1e3 * BRICK_M,), "reaches 100 m from the world's origin.*in metres"),
        ((np.tile(BRICK_M, (600, 1)),), "has 4800 points, and 4096 are the most"),
        ((BRICK_M,) * 97, "has 97 pieces, and 96 are the most"),
    ],
)
def test_a_bad_reconstruction_is_told_in_a_sentence(
    pieces: tuple[np.ndarray, ...], told: str
) -> None:
    with pytest.raises(InvalidAnswerError, match=told):
        tried(Reconstruction(pieces), MIDDLE)


@pytest.mark.parametrize(
    ("pieces", "told"),
    [
        ((), "pieces_m is empty"),
        ((BRICK_M[:, :2],), r"pieces_m\[0\] has shape \(8, 2\)"),
        ((np.full((8, 3), math.nan),), r"pieces_m\[0\] holds NaN"),
        ((BRICK_M, [["a", "b", "c"]]), r"pieces_m\[1\] must be an array of numbers"),
    ],
)
def test_no_reconstruction_is_made_of_nonsense(pieces: tuple[object, ...], told: str) -> None:
    with pytest.raises(InvalidAnswerError, match=told):
        Reconstruction(pieces)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"mass_kg": 0.0}, r"mass_kg is 0.0; give 0.001 to 50 kg"),
        ({"mass_kg": math.nan}, "mass_kg is nan"),
        ({"friction": "rough"}, "friction is 'rough'; a number was expected"),
        ({"n": -1}, "n_perturbed is -1; give a count from 0 on"),
        ({"n": 128}, "are 129 tries, and a call may ask for 128; give fewer grasps"),
    ],
)
def test_bad_numbers_are_told_in_a_sentence(changes: dict[str, object], told: str) -> None:
    with pytest.raises(InvalidAnswerError, match=told):
        tried(BRICK, MIDDLE, **changes)  # type: ignore[arg-type]


def test_what_comes_over_the_channel_is_checked_and_answered_with_a_sentence() -> None:
    service = LocalImagination()
    guess = {"mass_kg": 0.1, "friction": 0.6, "n_perturbed": 0}
    whole = wrapped(BRICK, THREE, **guess)  # type: ignore[arg-type]
    assert [code for code, _ in answered(service, whole).outcomes] == list(CODES)
    for short in (replace(whole, pieces=(b"1234",)), replace(whole, grasps=whole.grasps[:-1])):
        assert "cut short" in answered(service, short).fault
    nothing = bytes(len(whole.grasps))  # quaternions of length zero
    assert "unit vector" in answered(service, replace(whole, grasps=nothing)).fault


class Declares:
    wants_imagination = True
    service: Imagination | None = None

    def imagine_with(self, service: Imagination) -> None:
        self.service = service

    def predict(self, observation: Observation, /) -> Interaction:
        return Interaction()


class DoesNot(Declares):
    wants_imagination = False


def test_who_does_not_declare_it_gets_none() -> None:
    declares, does_not = Declares(), DoesNot()
    assert with_imagination(declares).startswith("on its own reconstruction (mujoco ")
    assert with_imagination(does_not) == ""
    assert isinstance(declares.service, Imagination)
    assert does_not.service is None


def asked(config: Configure, toy_env: Path, name: str, **changes: object) -> RunOutcome:
    mind = f"{toy_env / 'imaginers.py'}:{name}"
    return execute(config(reasoner=mind, limit=3, tasks=("Push",), **changes))


def labels(outcome: RunOutcome) -> list[dict[str, float]]:
    return [dict(decode(result.prediction).label_prob) for result in outcome.run.results]


def test_runs_in_one_process_in_many_and_isolated_imagine_the_same_and_are_marked(
    config: Configure, toy_env: Path, tmp_path: Path
) -> None:
    expected = {f"{i} {code}": float(code == "SUCCESS") for i, code in enumerate(CODES)}
    digests = set()
    ways: dict[str, dict[str, Any]] = {
        "plain": {},
        "two": {"workers": 2},
        "apart": {"isolate": True},
    }
    for name, changes in ways.items():
        outcome = asked(config, toy_env, "Imagines", out=str(tmp_path / name), **changes)
        assert outcome.complaint == ""
        assert labels(outcome) == [expected] * 3
        manifest = outcome.run.manifest
        assert manifest.imagination == imagination.WORDS
        marks = summarise(outcome.run).marks
        assert f"imagined its grasps {imagination.WORDS}" in marks
        digests.add(manifest.bit_digest)
    assert len(digests) == 1


@pytest.mark.parametrize("isolate", [False, True])
def test_an_undeclared_one_is_handed_nothing_and_not_marked(
    config: Configure, toy_env: Path, isolate: bool
) -> None:
    outcome = asked(config, toy_env, "Undeclared", isolate=isolate)
    assert labels(outcome) == [{"given": 0.0}] * 3
    assert outcome.run.manifest.imagination == ""
    assert not any("imagined" in mark for mark in summarise(outcome.run).marks)


def test_an_isolated_one_that_did_not_declare_it_asks_in_vain(
    config: Configure, toy_env: Path
) -> None:
    outcome = asked(config, toy_env, "AsksBehindTheBack", isolate=True)
    records = [result.episode for result in outcome.run.results]
    assert {record.status for record in records} == {"invalid_answer"}
    assert "did not declare that it wants imagination" in records[0].message


@pytest.mark.parametrize("isolate", [False, True])
def test_a_flat_piece_is_the_answers_fault(config: Configure, toy_env: Path, isolate: bool) -> None:
    outcome = asked(config, toy_env, "GivesAFlatPiece", isolate=isolate)
    records = [result.episode for result in outcome.run.results]
    assert {record.status for record in records} == {"invalid_answer"}
    assert "encloses no room" in records[0].message


@pytest.mark.parametrize("isolate", [False, True])
def test_one_that_can_not_take_it_is_refused(
    config: Configure, toy_env: Path, isolate: bool
) -> None:
    with pytest.raises(IvlmBenchError, match=r"has no method imagine_with\(service\); add it"):
        asked(config, toy_env, "CannotTakeIt", isolate=isolate)
    with pytest.raises(ConfigError):
        with_imagination(type("Deaf", (), {"wants_imagination": True})())


def test_an_isolated_one_imagines_while_it_is_asked_only(config: Configure, toy_env: Path) -> None:
    with pytest.raises(IvlmBenchError, match="only while a question is answered"):
        asked(config, toy_env, "ImaginesTooEarly", isolate=True)
