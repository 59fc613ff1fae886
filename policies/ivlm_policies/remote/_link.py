"""What two ways of asking a server have in common: faults, and the time that they may take."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Protocol

#: Largest answer that is read, bytes: eight maps of 1024 x 1024 values.
MAX_ANSWER_BYTES = 32 << 20

#: Characters of a server's own words that are repeated.
MAX_WORDS = 300

#: Least time that an exchange is given, seconds.
LEAST_S = 0.01

#: How our own servers write an error: a status, and a sentence.
_TOLD = re.compile(r"(invalid_answer|reasoner_error|bad_request): (.+)")


class LostError(Exception):
    """Nobody is there, or the connection broke: asking again later may help."""


class OverdueError(Exception):
    """There was no whole answer in time."""


class GarbageError(Exception):
    """What came is no answer; the text says what it is."""


class ForeignError(Exception):
    """Who is there does not speak the protocol, or keeps us out; the text says why."""


class ToldError(Exception):
    """The server says itself that it has no answer, and why."""

    def __init__(self, status: str, sentence: str) -> None:
        super().__init__(shortened(sentence))
        self.status = status

    @classmethod
    def read(cls, text: str) -> ToldError:
        """Return what an error's text says: ours begins with a sentence, a traceback ends so."""
        lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
        if not lines:
            return cls("reasoner_error", "an error without words")
        told = _TOLD.fullmatch(lines[0])
        if told is not None:
            return cls(told[1], told[2])
        return cls("reasoner_error", lines[-1])


class Link(Protocol):
    """An open way to a server."""

    metadata: Mapping[str, Any]

    def ask(self, request: dict[str, Any], *, within_s: float) -> Any:
        """Return the server's reply as plain values; one of the errors above if there is none."""

    def close(self) -> None:
        """Give the connection up."""


class Alarm:
    """Cuts a socket off when its time is up, whatever it is doing: a context manager.

    What fails after that fails as ``OverdueError``. (Timeouts of a socket hold for one read; a
    server that sends a byte a second never meets them.)
    """

    def __init__(self, end: socket.socket, within_s: float) -> None:
        self._end = end
        self._ends_s = time.monotonic() + within_s
        self._timer = threading.Timer(max(within_s, LEAST_S), self._cut)
        self._timer.daemon = True

    @property
    def has_rung(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() >= self._ends_s

    def __enter__(self) -> Alarm:
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        if isinstance(error, Exception) and self.has_rung:
            raise OverdueError from None

    def _cut(self) -> None:
        with contextlib.suppress(OSError):
            self._end.shutdown(socket.SHUT_RDWR)


def introduced(
    what: str, ask: Callable[[], Any], *, close: Callable[[], None]
) -> Mapping[str, Any]:
    """Return what a server says of itself in its ``what``; the link is closed if that is nothing.

    Raises
    ------
    ForeignError
        If it is no metadata.
    """
    with contextlib.ExitStack() as unfit:
        unfit.callback(close)
        try:
            metadata = ask()
        except (GarbageError, ToldError) as error:
            raise ForeignError(f"its {what} is {error}") from None
        if not isinstance(metadata, Mapping):
            raise ForeignError(f"its {what} is no map of metadata")
        unfit.pop_all()
    return metadata


def shortened(words: str) -> str:
    """Return foreign words on one line, printable and not too many."""
    line = "".join(c if c.isprintable() else " " for c in words.strip())
    return line if len(line) <= MAX_WORDS else line[: MAX_WORDS - 3] + "..."


def why(error: BaseException, *, otherwise: str) -> str:
    """Return in few words what the system says of a broken connection."""
    if isinstance(error, PermissionError):
        return "no network is permitted here, as it is with --isolate"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return otherwise
