"""The reasoner ``vlm``: a model behind an OpenAI-compatible interface points, the bench does the
rest."""

from __future__ import annotations

import errno
import inspect
import math
import socket
import threading
import time
import weakref
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import Any, get_type_hints

import numpy as np

from ivlm_bench.errors import ConfigError
from ivlm_bench.reasoners import REASONERS, ReasonerEntry
from ivlm_bench.types import Evidence, Interaction, Observation, View
from ivlm_policies.vlm.asking import asked_of
from ivlm_policies.vlm.cache import AnswerCache, cache_folder, question_key
from ivlm_policies.vlm.client import Client, Completion, Request, Wire, open_wire
from ivlm_policies.vlm.dialect import dialect_of
from ivlm_policies.vlm.keys import find_key
from ivlm_policies.vlm.ledger import Prices, open_ledger
from ivlm_policies.vlm.letterbox import Letterbox, whole_steps
from ivlm_policies.vlm.patience import Patience
from ivlm_policies.vlm.reading import Reading, error_of, read_answer
from ivlm_policies.vlm.settings import Settings

#: Time for one answer unless the harness tells another, s.
DEADLINE_S = 60.0
#: Share of the deadline that may be spent on the server; the rest is for what comes after it.
SERVER_SHARE = 0.9
#: Threads beside those whose requests are open: they draw the next pictures meanwhile.
N_SPARE = 2
#: Characters of a model's answer that are shown beside the result.
SHOWN_CHARS = 200


@dataclass(frozen=True, slots=True)
class Seen:
    """What a model wrote of one view, and how it was read."""

    completion: Completion
    reading: Reading


class VlmReasoner:
    """Asks a vision-language model behind an OpenAI-compatible interface to point in every view.

    ``base_url``: address of an OpenAI-compatible server, up to ``/v1``. ``model``: the model's id
    as the server knows it. ``dialect``: how it points; what its id tells if left out. ``key_env``:
    environment variable that holds the server's key. ``side_px``: side of the square picture that
    it sees. ``max_views``: views that it is asked about, the first ones. ``temperature``: 0 for the
    likeliest words. ``max_tokens``: length of an answer; models that think first need thousands.
    ``timeout_s``: longest wait for one reply. ``retries``: further tries of a request that failed
    in a way that may pass. ``in_flight``: requests that a run has open at the same time. ``cache``:
    whether answers are kept and read again. ``max_cost``: most that one run may spend, in the
    currency of ``price_in`` and ``price_out``, which are prices of a million tokens read and
    written. ``extra``: further fields of each request, as JSON; null takes one away.
    """

    def __init__(self, **settings: Any) -> None:
        _check_network()
        self.settings = Settings(**settings)
        self.dialect = dialect_of(self.settings.model, self.settings.dialect)
        self._side_px = whole_steps(self.settings.side_px, self.dialect.step_px)
        key = find_key(self.settings.base_url, self.settings.key_env)
        wire = open_wire(self.settings.base_url, key)
        self._client = Client(
            wire,
            self.settings.base_url,
            key=key,
            patience=Patience(self.settings.retries),
            timeout_s=self.settings.timeout_s,
        )
        folder = cache_folder() if self.settings.cache else None
        self._cache = None if folder is None else AnswerCache(folder)
        self.ledger = open_ledger(
            Prices(
                self.settings.price_in or 0.0,
                self.settings.price_out or 0.0,
                self.settings.max_cost,
            )
        )
        self._deadline_s, self._own = DEADLINE_S, threading.local()
        self._threads: list[ThreadPoolExecutor] = []
        self._open_up(self.settings.in_flight)
        self.close = weakref.finalize(self, _end, self._threads, wire)

    @property
    def in_flight(self) -> int:
        """How many requests a run may have open at once."""
        return self.settings.in_flight

    def at_once(self, n_requests: int, n_views: int) -> int:
        """Keep to so many requests; return how many questions with so many views fill them."""
        self._open_up(n_requests)
        n_views = min(n_views, self.settings.max_views or n_views)
        return math.ceil(n_requests / n_views) + _spare(n_requests)

    def answer_within(self, deadline_s: float) -> None:
        """Take the time that one answer may take."""
        self._deadline_s = deadline_s

    def reset(self, seed: int) -> None:
        """Take the seed of an episode, for a model that samples."""
        self._own.seed = seed

    def card(self) -> dict[str, str]:
        """Return what the answers hang on beside the parameters."""
        return {"dialect": f"{self.dialect.name} {self.dialect.version}"}

    def predict(self, observation: Observation, /) -> Interaction:
        """Point in every view at once.

        Raises
        ------
        InvalidAnswerError
            If no view has a point and one answer at least can't be read.
        RemoteError
            If the server can't be asked.
        """
        until_s = time.monotonic() + SERVER_SHARE * self._deadline_s
        return self._joined(observation, self._asked(observation, until_s))

    def predict_batch(self, observations: Sequence[Observation]) -> list[Interaction]:
        """Answer several observations, all views of all of them in flight together."""
        asked = [self._asked(observation, None) for observation in observations]
        return [self._joined(o, futures) for o, futures in zip(observations, asked, strict=True)]

    def _asked(self, observation: Observation, until_s: float | None) -> list[Future[Seen]]:
        views = observation.views[: self.settings.max_views]
        seed = getattr(self._own, "seed", 0)
        submit = self._threads[-1].submit
        return [submit(self._look, observation, view, seed, until_s) for view in views]

    def _open_up(self, n_requests: int) -> None:
        """Let so many requests be open at the same time."""
        self._open = threading.BoundedSemaphore(n_requests)
        self._threads.append(ThreadPoolExecutor(n_requests + _spare(n_requests), "vlm"))

    def _look(self, observation: Observation, view: View, seed: int, until_s: float | None) -> Seen:
        """Return what the model writes of one view."""
        height_px, width_px = view.rgb.shape[:2]
        box = Letterbox.of(width_px, height_px, side_px=self._side_px)
        picture = box.draw(view.rgb)
        prompt = self.dialect.ask(asked_of(observation.query, box.side_px))
        if until_s is None:  # one of many: its time begins when it is its turn
            until_s = time.monotonic() + SERVER_SHARE * self._deadline_s
        completion = self._completed(prompt, picture, seed, until_s)
        reading = read_answer(
            self.dialect,
            completion.text,
            box,
            cut=completion.finish == "length",
            refused=completion.refused,
        )
        return Seen(completion, reading)

    def _completed(self, prompt: str, picture: np.ndarray, seed: int, until_s: float) -> Completion:
        options = self.settings.options(seed)
        request = Request(self.settings.model, prompt, picture, options)
        key = question_key(request, f"{self.dialect.name} {self.dialect.version}")
        kept = None if self._cache is None else self._cache.get(key)
        if kept is not None:
            return kept
        with self._open:
            completion = self.ledger.counted(
                request, lambda: self._client.complete(request, until_s=until_s)
            )
        if self._cache is not None:
            self._cache.put(key, request, completion)
        return completion

    def _joined(self, observation: Observation, futures: list[Future[Seen]]) -> Interaction:
        """Return the answer that all views together give."""
        seen = [future.result() for future in futures]
        evidence = tuple(
            Evidence(_caption(index, self.dialect.name, each)) for index, each in enumerate(seen)
        )
        points = [(i, *point) for i, each in enumerate(seen) for point in each.reading.points]
        if points:
            return Interaction(
                label_prob={observation.query.interaction: 1.0},
                points_px=np.array(points, np.float32),
                evidence=evidence,
            )
        wrong = next((s for s in seen if s.reading.kind != "abstained"), None)
        if wrong is not None:
            raise error_of(wrong.reading.kind)(self._wrong(wrong))
        return Interaction(
            abstain=True,
            abstain_reason="the model marks nothing in any view",
            feasible_prob=0.0,
            evidence=evidence,
        )

    def _wrong(self, seen: Seen) -> str:
        reading = seen.reading
        said = " ".join(seen.completion.text.split())[:SHOWN_CHARS]
        return (
            f"{reading.kind}: in the dialect {self.dialect.name!r} the answer {reading.why}; "
            f"{self.settings.model!r} wrote {said!r}."
        )


def _caption(index: int, dialect: str, seen: Seen) -> str:
    said = " ".join(seen.completion.text.split())[:SHOWN_CHARS]
    flags = "".join(f", {flag}" for flag in sorted(seen.reading.flags))
    read, written = seen.completion.n_prompt_tokens, seen.completion.n_written_tokens
    tokens = "" if read is None or written is None else f"; {read} tokens read, {written} written"
    return f"view {index}: {seen.reading.kind}{flags} ({dialect}{tokens}): {said}"


def _end(threads: list[ThreadPoolExecutor], wire: Wire) -> None:
    for each in threads:
        each.shutdown(wait=False, cancel_futures=True)
    wire.close()


def _spare(n_requests: int) -> int:
    """Return how many threads prepare requests; one by one they keep their order."""
    return min(N_SPARE, n_requests - 1)


def _check_network() -> None:
    """Refuse to start where no socket can be had."""
    try:
        socket.socket().close()
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EACCES):
            raise
        raise ConfigError(
            "The reasoner 'vlm' asks a server, and an isolated process has no network; leave "
            "--isolate out."
        ) from None


def _signature() -> inspect.Signature:
    """Return the constructor's signature: each field of the settings, as a keyword."""
    hints = get_type_hints(Settings)
    return inspect.Signature(
        [
            inspect.Parameter(
                each.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=inspect.Parameter.empty if _needed(each) else each.default,
                annotation=hints[each.name],
            )
            for each in fields(Settings)
        ]
    )


def _needed(each: Any) -> bool:
    return each.name in ("base_url", "model")


VlmReasoner.__signature__ = _signature()  # type: ignore[attr-defined]

REASONERS.register(
    "vlm",
    ReasonerEntry(
        VlmReasoner,
        "VLM over HTTP",
        notes="points only; shared executor; the model is the server's, under its own licence",
        needs=("base_url=http://127.0.0.1:8000/v1", "model=Qwen/Qwen3-VL-8B-Instruct"),
        needs_calibration=True,
    ),
)
