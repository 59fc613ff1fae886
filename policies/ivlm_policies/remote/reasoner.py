"""The reasoner ``remote``: asks a server, and keeps within its time whatever the server does."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

from ivlm_bench.codec.plain import interaction_from_plain, plain_observation
from ivlm_bench.errors import (
    ConfigError,
    InvalidAnswerError,
    IvlmBenchError,
    MissingDependencyError,
    RemoteError,
    RemoteLostError,
    RemoteTimeoutError,
)
from ivlm_bench.reasoners import REASONERS, ReasonerEntry
from ivlm_bench.types import Interaction, Observation
from ivlm_policies.remote._link import (
    ForeignError,
    GarbageError,
    Link,
    LostError,
    OverdueError,
    ToldError,
)

#: Share of the deadline that a server gets; the rest is for packing and reading.
SHARE = 0.9
#: Deadline of a run unless it says another, seconds.
DEADLINE_S = 60.0
#: How often a question is put to a server that hangs up on it.
MAX_TRIES = 2
#: Seconds between two looks whether a server is back: the first, and the longest.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 1.0
#: Questions that a server is sent at once if it says no number: one at work, one on the way.
IN_FLIGHT = 2
#: Largest number of questions at once that a server is believed.
MAX_AT_ONCE = 256
#: Seconds that a server which was missed before is waited for.
STILL_DOWN_S = 0.5

T = TypeVar("T")


class RemoteReasoner:
    """Asks a server that ``ivlm-bench serve`` started, or any that speaks openpi's protocol.

    A server that stalls costs its question as ``timeout``, one that is gone or fails as
    ``reasoner_error``, one that sends garbage as ``invalid_answer``; the run goes on, and the
    connection is made anew. Each thread that asks has a connection of its own.

    Parameters
    ----------
    url : str
        ``ws://HOST:PORT`` (openpi's websocket with msgpack) or ``http://HOST:PORT`` (JSON); with an
        ``s`` over TLS.
    wait_s : float
        Seconds that a server which is not there is waited for, at the start and when it is lost.
    ping_s : float
        Seconds between keep-alive pings over a websocket; 0 for none.
    api_key_env : str, optional
        Environment variable that holds the key which the server wants.
    """

    def __init__(
        self, url: str, wait_s: float = 10.0, ping_s: float = 0.0, api_key_env: str | None = None
    ) -> None:
        self.url, self._wait_s = _checked_url(url), wait_s
        self._ping_s = ping_s or None
        self._headers = _headers(api_key_env)
        self._within_s = SHARE * DEADLINE_S
        self._is_missed = False
        self._own = threading.local()
        self._links: dict[int, Link] = {}
        self._who: Mapping[str, Any] | None = None
        self._who = self._reached(time.monotonic() + self._within_s).metadata

    @property
    def imagines_at(self) -> str:
        """Where the reasoner behind it tries its grasps, in words."""
        told = self._served("imagines_at")
        return f"{told} (of the server)" if told else ""

    @property
    def stands_for(self) -> tuple[str, str]:
        """Name and fingerprint of the reasoner behind it, empty where the server tells none."""
        return self._served("display") or self._served("reasoner"), self._served("fingerprint")

    @property
    def in_flight(self) -> int:
        """How many questions a run may put at once: what the server says, else two."""
        return self._count("in_flight") or IN_FLIGHT

    @property
    def batch_size(self) -> int:
        """How many questions the server answers in one go; 0 where it says nothing of it."""
        return self._count("batch_size")

    def answer_within(self, seconds: float) -> None:
        """Give up on an answer before ``seconds`` are over."""
        self._within_s = SHARE * seconds

    def reset(self, seed: int) -> None:
        """Have the reasoner reset with ``seed`` before it answers this thread's next question."""
        self._own.seed = seed

    def reset_batch(self, seeds: Sequence[int]) -> None:
        """Have it reset with one of ``seeds`` for each question of this thread's next batch."""
        self._own.seeds = tuple(seeds)

    def predict(self, observation: Observation, /) -> Interaction:
        """Return the server's answer."""
        request = {"endpoint": "infer", "seed": self._taken("seed")}
        request |= plain_observation(observation)
        return self._told(lambda: interaction_from_plain(self._reply(request)))

    def predict_batch(
        self, observations: Sequence[Observation]
    ) -> list[Interaction | IvlmBenchError]:
        """Return the answers to several observations, asked at once where the server can do it.

        In place of an answer that the server could not give stands its error.
        """
        if not (self._who or {}).get("predict_batch"):
            return [self.predict(observation) for observation in observations]
        shown = [plain_observation(observation) for observation in observations]
        request = {"endpoint": "infer_batch", "seed": self._taken("seed"), "observations": shown}
        request["seeds"] = self._taken("seeds")
        several = self._told(lambda: _several(self._reply(request), len(shown)))
        return [self._read(one) for one in several]

    def close(self) -> None:
        """Give all connections up; the next question makes one anew."""
        while self._links:
            self._links.popitem()[1].close()

    def _hang_up(self) -> None:
        """Give this thread's connection up."""
        link = self._links.pop(threading.get_ident(), None)
        if link is not None:
            link.close()

    def _read(self, one: Mapping[str, Any]) -> Interaction | IvlmBenchError:
        """Return an answer of a batch, or the error that stands for it."""
        try:
            return self._told(lambda: _one_of_several(one))
        except (InvalidAnswerError, RemoteError) as error:
            return error

    def _taken(self, name: str) -> Any:
        """Return what this thread keeps under a name, and forget it."""
        value = getattr(self._own, name, None)
        setattr(self._own, name, None)
        return value

    def _count(self, name: str) -> int:
        told = (self._who or {}).get(name)
        return told if isinstance(told, int) and 0 < told <= MAX_AT_ONCE else 0

    def _served(self, name: str) -> str:
        return str((self._who or {}).get(name) or "")

    def _told(self, ask: Callable[[], T]) -> T:
        """Return what ``ask`` returns; its faults become one sentence that names the server."""
        try:
            return ask()
        except GarbageError as error:
            raise InvalidAnswerError(f"The server at {self.url} sent {error}.") from None
        except ToldError as told:
            sentence = f"The server at {self.url} says: {str(told).rstrip('.')}."
            kind = InvalidAnswerError if told.status == "invalid_answer" else RemoteError
            raise kind(sentence) from None
        except ForeignError as error:
            raise self._foreign(error) from None

    def _reply(self, request: dict[str, Any]) -> Any:
        """Return the reply; a question that the server hung up on is put once more."""
        ends_s, lost = time.monotonic() + self._within_s, LostError("")
        for _ in range(MAX_TRIES):
            link = self._reached(ends_s)
            try:
                return link.ask(request, within_s=ends_s - time.monotonic())
            except LostError as error:
                lost = error
                self._hang_up()
            except (GarbageError, ForeignError):
                self._hang_up()
                raise
            except OverdueError:
                self._hang_up()  # a late answer must not be taken for the next one
                raise self._overdue() from None
        raise RemoteError(
            f"The server at {self.url} hung up {MAX_TRIES} times on one question ({lost})."
        )

    def _reached(self, ends_s: float) -> Link:
        """Return the open link, made anew if need be; a missing server is waited for a while."""
        link = self._links.get(threading.get_ident())
        if link is not None:
            return link
        patience_s = STILL_DOWN_S if self._is_missed else self._wait_s
        gives_up_s = min(ends_s, time.monotonic() + patience_s)
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                link = self._opened(ends_s - time.monotonic())
                self._links[threading.get_ident()], self._is_missed = link, False
                return link
            except LostError as lost:
                if time.monotonic() + pause_s >= gives_up_s:
                    self._is_missed = True
                    raise self._gone(lost) from None
            except OverdueError:
                self._is_missed = True
                raise self._overdue() from None
            except ForeignError as error:
                raise self._foreign(error) from None
            time.sleep(pause_s)
            pause_s = min(2.0 * pause_s, LONGEST_PAUSE_S)

    def _opened(self, left_s: float) -> Link:
        within_s = min(left_s, max(self._wait_s, STILL_DOWN_S))
        link: Link
        if self.url.startswith("ws"):
            try:
                from ivlm_policies.remote._websocket_link import WebsocketLink
            except ImportError:
                raise MissingDependencyError(
                    "A websocket needs the package 'websockets': pip install 'ivlm_bench[remote]'; "
                    "or name the server by http://."
                ) from None
            link = WebsocketLink(self.url, self._headers, within_s=within_s, ping_s=self._ping_s)
        else:
            from ivlm_policies.remote._http_link import HttpLink

            link = HttpLink(self.url, self._headers, within_s=within_s)
        self._check_same(link)
        return link

    def _check_same(self, link: Link) -> None:
        """Close the link of a server that answers for another reasoner than before."""
        names = ("reasoner", "fingerprint")
        new = [link.metadata.get(name) for name in names]
        if self._who is None or new == [self._who.get(name) for name in names]:
            return
        link.close()
        raise RemoteLostError(
            f"The server at {self.url} now answers for {str(new[0])!r}, no longer for "
            f"{self._served('reasoner')!r} as it was; serve that one again, or start a new run."
        )

    def _foreign(self, error: ForeignError) -> RemoteError:
        return RemoteError(
            f"What answers at {self.url} is no reasoner's server: {str(error).rstrip('.')}; mend "
            "-P url, or start ivlm-bench serve there."
        )

    def _gone(self, lost: LostError) -> RemoteLostError:
        return RemoteLostError(
            f"No server answers at {self.url} ({lost}); start it: ivlm-bench serve REASONER --port "
            f"{urlsplit(self.url).port or 'N'}."
        )

    def _overdue(self) -> RemoteTimeoutError:
        return RemoteTimeoutError(
            f"The server at {self.url} gave no answer in {self._within_s:.3g} s."
        )


def _several(reply: Any, n_wanted: int) -> list[Mapping[str, Any]]:
    answers = reply.get("answers") if isinstance(reply, Mapping) else None
    if not isinstance(answers, list) or len(answers) != n_wanted:
        raise GarbageError(f"no list of {n_wanted} answers")
    for one in answers:
        if not isinstance(one, Mapping) or not {"interaction", "error"} & set(one):
            raise GarbageError("a list in which one is neither an interaction nor an error")
    return answers


def _one_of_several(one: Mapping[str, Any]) -> Interaction:
    if "error" in one:
        raise ToldError(str(one.get("status")), str(one["error"]))
    return interaction_from_plain(one["interaction"])


def _checked_url(url: str) -> str:
    port: int | None = None
    parts = urlsplit(url)
    with contextlib.suppress(ValueError):
        port = parts.port or 0
    if parts.scheme not in ("ws", "wss", "http", "https") or not parts.hostname or port is None:
        raise ConfigError(
            f"-P url={url} is no server's address; write it as ws://127.0.0.1:8000 or "
            "http://127.0.0.1:8000."
        )
    if parts.username or parts.password:
        raise ConfigError(
            "-P url holds a password, which would be stored with the run; put a key into a "
            "variable and name that by -P api_key_env=NAME."
        )
    return url


def _headers(variable: str | None) -> dict[str, str]:
    if variable is None:
        return {}
    key = os.environ.get(variable, "").strip()
    if not key:
        raise ConfigError(
            f"-P api_key_env names {variable!r}, which is not set or empty; export it first."
        )
    return {"Authorization": f"Api-Key {key}"}


REASONERS.register(
    "remote",
    ReasonerEntry(
        RemoteReasoner,
        "Remote",
        notes="whatever a server answers, over openpi's websocket or HTTP with JSON",
        needs=("url=ws://127.0.0.1:8000",),
        needs_calibration=True,
    ),
)
