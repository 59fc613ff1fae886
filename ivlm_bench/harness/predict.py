"""Phase 2: the reasoner is asked, and whatever it does becomes an answer or a status."""

from __future__ import annotations

import dataclasses
import random
import time
import traceback
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from ivlm_bench.errors import (
    InvalidAnswerError,
    RemoteError,
    RemoteLostError,
    RemoteTimeoutError,
)
from ivlm_bench.fit import checked
from ivlm_bench.guard import guarded, storable, text_of
from ivlm_bench.harness.ending import SERVER_LOST
from ivlm_bench.harness.messages import Answer
from ivlm_bench.reasoners import AnyReasoner
from ivlm_bench.records import EpisodeSpec, Status
from ivlm_bench.types import Observation, Truth

#: Characters kept of a traceback: its end, where the reason stands.
MAX_MESSAGE_CHARS = 4000


def reasoner_seed(base_seed: int, spec: EpisodeSpec) -> int:
    """Return the seed of one episode: no task added or reordered changes another's."""
    entropy = [base_seed, zlib.crc32(spec.task.encode()), spec.seed, spec.repeat]
    return int(np.random.SeedSequence(entropy).generate_state(1)[0])


def predict(
    reasoner: AnyReasoner,
    observation: Observation,
    *,
    seed: int,
    truth: Truth | None = None,
    fine: bool = False,
    alone: bool = True,
) -> Answer:
    """Ask ``reasoner`` and check its answer; ``truth`` is for a privileged one only.

    ``fine``: the answer is stored as ``codec.encode`` says. ``alone``: no other thread asks.

    An exception gives ``reasoner_error`` with the end of its traceback; a wrong type, shape or
    range gives ``invalid_answer``.
    """
    shown = unwritable(observation)
    started = time.perf_counter()
    value, error = guarded(lambda: asked(reasoner, shown, seed, truth, alone=alone))
    latency_ms = 1e3 * (time.perf_counter() - started)
    return _answer(value, error, observation, latency_ms=latency_ms, fine=fine)


def predict_many(
    reasoner: Any, observations: Sequence[Observation], seeds: Sequence[int], *, fine: bool = False
) -> list[Answer] | None:
    """Ask ``predict_batch`` once and check each of its answers; None where that fails as a whole.

    An exception in place of an answer is that question's alone. Each took as long as all.
    """
    shown = tuple(unwritable(observation) for observation in observations)

    def together() -> list[Any]:
        if hasattr(reasoner, "reset_batch"):
            reasoner.reset_batch(tuple(seeds))
        return list(reasoner.predict_batch(shown))

    started = time.perf_counter()
    values, failure = guarded(together)
    latency_ms = 1e3 * (time.perf_counter() - started)
    if failure is not None or values is None or len(values) != len(shown):
        return None
    answers = []
    for value, observation in zip(values, observations, strict=True):
        error = value if isinstance(value, BaseException) else None
        answers.append(_answer(value, error, observation, latency_ms=latency_ms, fine=fine))
    return answers


def _answer(
    value: Any,
    error: BaseException | None,
    observation: Observation,
    *,
    latency_ms: float,
    fine: bool,
) -> Answer:
    """Return what came of asking: what was given, checked, or why it is none."""
    if error is not None:
        code = SERVER_LOST if isinstance(error, RemoteLostError) else ""
        code = error.code if isinstance(error, InvalidAnswerError) else code
        return Answer(status=_status(error), message=_told(error), latency_ms=latency_ms, code=code)
    try:
        blob = checked(value, observation, fine=fine)
    except InvalidAnswerError as wrong:
        return Answer(status="invalid_answer", message=text_of(wrong), latency_ms=latency_ms)
    return Answer(blob=blob, latency_ms=latency_ms)


def unwritable(observation: Observation) -> Observation:
    """Return a copy of the observation whose images nobody can make writable again.

    NumPy lets the owner of an array lift its write protection; arrays over ``bytes`` have none.
    """
    views = tuple(
        dataclasses.replace(
            view,
            rgb=_over_bytes(view.rgb),
            depth_m=None if view.depth_m is None else _over_bytes(view.depth_m),
        )
        for view in observation.views
    )
    return dataclasses.replace(observation, views=views)


def _over_bytes(array: np.ndarray) -> np.ndarray:
    return np.frombuffer(array.tobytes(), dtype=array.dtype).reshape(array.shape)


def asked(
    reasoner: Any,
    shown: Observation,
    seed: int,
    truth: Truth | None = None,
    *,
    alone: bool = True,
) -> Any:
    """Reset ``reasoner`` and return what it gives, whatever that is; global generators repeat.

    (But where other threads ask at the same time: those generators are shared by all.)
    """
    # A reasoner that draws from the global generators repeats all the same.
    if alone:
        random.seed(seed)
        np.random.seed(seed)
    reset = getattr(reasoner, "reset", None)
    if reset is not None:
        reset(seed)
    if truth is not None:
        return reasoner.predict_with_truth(shown, truth)
    return reasoner.predict(shown)


def _status(error: BaseException) -> Status:
    # A noun refuses a bad value where the reasoner builds it: that is the answer's fault.
    if isinstance(error, InvalidAnswerError):
        return "invalid_answer"
    return "timeout" if isinstance(error, RemoteTimeoutError) else "reasoner_error"


def _told(error: BaseException) -> str:
    """Return what an exception says; its text may be anything, and a record holds only UTF-8."""
    if isinstance(error, (InvalidAnswerError, RemoteError)):
        return text_of(error)
    lines = traceback.format_exception(error)
    return storable("".join(lines).strip())[-MAX_MESSAGE_CHARS:]
