"""One thread that builds a reasoner and puts all questions to it, one after another."""

from __future__ import annotations

import queue
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

import ivlm_bench
from ivlm_bench.codec.plain import observation_from_plain, plain_interaction
from ivlm_bench.errors import ConfigError, InvalidAnswerError
from ivlm_bench.fit import checked
from ivlm_bench.guard import guarded, in_brief, storable, text_of
from ivlm_bench.harness.offering import with_imagination
from ivlm_bench.harness.predict import asked
from ivlm_bench.reasoners import AnyReasoner, resolve_reasoner
from ivlm_bench.records import ReasonerCard
from ivlm_bench.types import Interaction, Observation

#: Version of the fields that go over the network; raised when old clients would misread them.
FORMAT = 1

#: Most questions of one batch.
MAX_BATCH = 1024


class AskedWrongError(Exception):
    """A request is none; the text says why. It is the client's fault."""

    status = "bad_request"


class NoAnswerError(Exception):
    """The reasoner gave no answer that is one; ``trace`` says where, for its author."""

    def __init__(self, status: str, sentence: str, trace: str = "") -> None:
        super().__init__(sentence)
        self.status, self.trace = status, trace


class GoneError(Exception):
    """Who asked has gone; nobody needs the answer."""


class Desk:
    """A reasoner, and the thread that it lives in: it is built and asked there, and only there.

    (Models may hold graphics contexts and connections that only their own thread may use.)

    Parameters
    ----------
    reasoner, params
        As ``ivlm_bench.reasoners.resolve_reasoner`` takes them.

    Raises
    ------
    ConfigError
        If the reasoner is one that is shown the truth.
    IvlmBenchError
        If it can't be built.
    """

    def __init__(self, reasoner: str, params: dict[str, str]) -> None:
        self._jobs: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = queue.SimpleQueue()
        threading.Thread(target=self._work, name="reasoner", daemon=True).start()
        self._reasoner, self.card, self.imagines_at = self._run(lambda: _built(reasoner, params))

    @property
    def metadata(self) -> dict[str, Any]:
        """What a client is told first: who answers, and in which format."""
        return {
            "server": "ivlm_bench",
            "version": ivlm_bench.__version__,
            "format": FORMAT,
            "reasoner": self.card.name,
            "display": self.card.display,
            "params": self.card.params,
            "fingerprint": self.card.fingerprint,
            "licence": self.card.licence,
            "imagines_at": self.imagines_at,
            "predict_batch": True,
            "batch_size": self._batch_size,
            "in_flight": 2 * max(self._batch_size, 1),  # some at work, as many on the way
        }

    def answer(self, request: Any, *, wanted: Callable[[], bool]) -> dict[str, Any]:
        """Return the answer to one observation (with ``seed``, if it is to be reset), as plain.

        ``wanted`` is asked when its turn has come: a client that has gone gets no answer.

        Raises
        ------
        AskedWrongError, NoAnswerError, GoneError
            If there is none.
        """
        observation, seed = _observation(request), _seed(request)
        return self._run(lambda: self._one(observation, seed), wanted)

    def answer_batch(self, request: Any, *, wanted: Callable[[], bool]) -> list[dict[str, Any]]:
        """Return one ``{"interaction"}`` or ``{"error", "status"}`` for each of ``observations``.

        ``predict_batch`` is asked where the reasoner has one; where that fails, each is asked by
        itself, so that one bad question costs only itself.

        Raises
        ------
        AskedWrongError, GoneError
            If the request is none, or nobody waits.
        """
        many = request.get("observations") if isinstance(request, dict) else None
        if not isinstance(many, list) or len(many) > MAX_BATCH:
            raise AskedWrongError(
                f"A batch needs a list 'observations' of at most {MAX_BATCH}; mend the request."
            )
        observations, seed = [_observation(one) for one in many], _seed(request)
        seeds = _seeds(request, len(many))
        if seeds and not self._takes_seeds:
            alone = [partial(self._one, o, s) for o, s in zip(observations, seeds, strict=True)]
            return self._run(lambda: [_or_error(one) for one in alone], wanted)
        return self._run(lambda: self._many(observations, seed, seeds), wanted)

    def reset(self, request: Any, *, wanted: Callable[[], bool]) -> None:
        """Reset the reasoner to the request's ``seed`` (0 if it has none)."""
        seed = _seed(request) or 0
        self._run(lambda: _reset(self._reasoner, seed), wanted)

    @property
    def _batch_size(self) -> int:
        """How many questions the reasoner says that it answers in one go; 0 for one by one."""
        size = getattr(self._reasoner, "batch_size", 0)
        return size if isinstance(size, int) and self._takes_seeds else 0

    @property
    def _takes_seeds(self) -> bool:
        """Whether a batch can be asked with a seed for each question."""
        return hasattr(self._reasoner, "reset_batch") or not hasattr(self._reasoner, "reset")

    def _one(self, observation: Observation, seed: int | None) -> dict[str, Any]:
        def ask() -> Any:
            if seed is None:
                return self._reasoner.predict(observation)
            return asked(self._reasoner, observation, seed)

        value, error = guarded(ask)
        return _plain(value, error, observation)

    def _many(
        self, observations: list[Observation], seed: int | None, seeds: tuple[int, ...]
    ) -> list[dict[str, Any]]:
        if seed is not None:
            _reset(self._reasoner, seed)
        if seeds and hasattr(self._reasoner, "reset_batch"):
            guarded(lambda: self._reasoner.reset_batch(seeds))
        together = getattr(self._reasoner, "predict_batch", None)
        answers: list[Any] = []
        if together is not None:
            answers = guarded(lambda: list(together(tuple(observations))))[0] or []
        if len(answers) != len(observations):
            each = zip(observations, seeds or [None] * len(observations), strict=True)
            return [_or_error(partial(self._one, one, own)) for one, own in each]
        pairs = zip(answers, observations, strict=True)
        return [_or_error(partial(_given, answer, shown)) for answer, shown in pairs]

    def _run(self, call: Callable[[], Any], wanted: Callable[[], bool] = lambda: True) -> Any:
        future: Future[Any] = Future()

        def job() -> Any:
            if not wanted():
                raise GoneError
            return call()

        self._jobs.put((job, future))
        return future.result()

    def _work(self) -> None:
        while True:
            job, future = self._jobs.get()
            value, error = guarded(job)
            if error is None:
                future.set_result(value)
            else:
                future.set_exception(error)


def _built(reasoner: str, params: dict[str, str]) -> tuple[AnyReasoner, ReasonerCard, str]:
    built, card = resolve_reasoner(reasoner, params)
    if card.privileged:
        raise ConfigError(
            f"The reasoner {reasoner!r} is shown the truth, which never goes over a network; serve "
            "another one (ivlm-bench list reasoners)."
        )
    return built, card, with_imagination(built)


def _reset(reasoner: Any, seed: int) -> None:
    reset = getattr(reasoner, "reset", None)
    _, error = guarded(lambda: None if reset is None else reset(seed))
    if error is not None:
        raise _failed(error)


def _observation(request: Any) -> Observation:
    try:
        return observation_from_plain(request)
    except ConfigError as error:
        raise AskedWrongError(str(error)) from None


def _seed(request: Any) -> int | None:
    seed = request.get("seed") if isinstance(request, dict) else None
    if seed is None or (isinstance(seed, int) and 0 <= seed < 1 << 32):
        return None if seed is None else int(seed)
    raise AskedWrongError(f"The seed {str(seed)[:40]} is no whole number from 0 to 2^32 - 1.")


def _seeds(request: Any, n_wanted: int) -> tuple[int, ...]:
    """Return one seed a question; none where the request has no list of them."""
    seeds = request.get("seeds")
    if seeds is None:
        return ()
    told = [_seed({"seed": one}) for one in seeds] if isinstance(seeds, list) else []
    if len(told) != n_wanted or None in told:
        raise AskedWrongError(f"'seeds' is no list of {n_wanted} whole numbers; mend the request.")
    return tuple(seed for seed in told if seed is not None)


def _given(answer: Any, shown: Observation) -> dict[str, Any]:
    """Return an answer of a batch, in place of which an exception may stand."""
    error = answer if isinstance(answer, BaseException) else None
    return _plain(answer, error, shown)


def _plain(value: Any, error: BaseException | None, shown: Observation) -> dict[str, Any]:
    """Return an answer as plain values, or raise why there is none."""
    if error is not None:
        raise _failed(error)
    try:
        checked(value, shown)
    except InvalidAnswerError as wrong:
        raise NoAnswerError("invalid_answer", text_of(wrong)) from None
    assert isinstance(value, Interaction)
    return plain_interaction(value)


def _failed(error: BaseException) -> NoAnswerError:
    if isinstance(error, InvalidAnswerError):
        return NoAnswerError("invalid_answer", text_of(error))
    trace = storable("".join(traceback.format_exception(error)))
    return NoAnswerError("reasoner_error", in_brief(error) + ".", trace)


def _or_error(call: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return {"interaction": call()}
    except NoAnswerError as error:
        return {"error": str(error), "status": error.status}
