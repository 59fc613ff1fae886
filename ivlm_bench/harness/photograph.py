"""One photograph of one's own, one question, one answer; nothing is scored or stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ivlm_bench.codec import decode
from ivlm_bench.errors import ConfigError, InvalidAnswerError, IvlmBenchError
from ivlm_bench.guard import last_line
from ivlm_bench.harness.offering import with_imagination
from ivlm_bench.harness.predict import predict
from ivlm_bench.posing.photograph import read_own_photograph, view_of
from ivlm_bench.posing.sentence import query_of
from ivlm_bench.reasoners import REASONERS, resolve_reasoner
from ivlm_bench.registry import load_plugins
from ivlm_bench.testing import privileged  # noqa: F401  # registers those that know the truth
from ivlm_bench.types import GripperSpec, Interaction, Observation

#: Gravity of the guessed scene, m/s2.
GRAVITY_M_S2 = np.array([0.0, 0.0, -9.81])


class ReasonerFailedError(IvlmBenchError):
    """A reasoner raised an exception."""

    exit_code = 5


class RefusedAnswerError(InvalidAnswerError):
    """A reasoner's answer to a photograph has the wrong type, shape or range."""

    exit_code = 5


@dataclass(frozen=True, eq=False, slots=True)
class Tried:
    """What was shown, what was answered by whom, and how long it took.

    ``image_px``: (height, width) of the photograph before it was reduced.
    """

    observation: Observation
    answer: Interaction
    name: str
    latency_ms: float | None
    image_px: tuple[int, int]


def ask_about(
    photo: Path,
    sentence: str,
    reasoner: str,
    *,
    params: Mapping[str, str] | None = None,
    longest_px: int,
    seed: int = 0,
) -> Tried:
    """Ask a reasoner about a photograph.

    Raises
    ------
    AssetError
        If the photograph can't be read.
    ConfigError
        If the sentence is empty, or the reasoner is none or needs the truth.
    InvalidAnswerError, IvlmBenchError
        If the reasoner raises, or what it gives is no valid answer.
    """
    rgb = read_own_photograph(photo)
    query = query_of(sentence)
    load_plugins()
    if reasoner in REASONERS and REASONERS.get(reasoner).privileged:
        raise ConfigError(
            f"{reasoner!r} answers from the truth, and a photograph has none; choose another "
            "reasoner (ivlm-bench list reasoners)."
        )
    built, card = resolve_reasoner(reasoner, params)
    with_imagination(built)
    observation = Observation(
        (view_of(rgb, longest_px=longest_px),), query, GripperSpec(), GRAVITY_M_S2
    )
    answer = predict(built, observation, seed=seed, fine=True)
    if answer.status == "invalid_answer":
        raise RefusedAnswerError(f"{card.name!r} gave no valid answer: {answer.message}")
    if answer.status != "ok":
        raise ReasonerFailedError(f"{card.name!r} failed: {last_line(answer.message)}")
    name, image_px = card.display or card.name, (rgb.shape[0], rgb.shape[1])
    return Tried(observation, decode(answer.blob), name, answer.latency_ms, image_px)
