"""The worker's side of an isolated reasoner: asks it, and believes nothing that it says.

The reasoner lives in another process (``cell``) without truth, scene or judge; what it sends is
checked as if it came from anywhere, and its time is measured here.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec
from msgspec.structs import replace

from ivlm_bench.codec import MAX_ANSWER_BYTES, decode, encode, encode_observation
from ivlm_bench.errors import ConfigError, InvalidAnswerError, IvlmBenchError, StoreError
from ivlm_bench.fit import check_stored
from ivlm_bench.harness import kernel
from ivlm_bench.harness.cell_messages import (
    Build,
    Built,
    Confined,
    FromCell,
    Imagine,
    Question,
    Reply,
    from_cell,
)
from ivlm_bench.harness.cell_messages import encode as encode_message
from ivlm_bench.harness.channel import Channel, ChannelError
from ivlm_bench.harness.far_imagination import answered
from ivlm_bench.harness.imagination import WORDS, LocalImagination
from ivlm_bench.harness.messages import Answer, Refused, Setup
from ivlm_bench.harness.predict import MAX_MESSAGE_CHARS
from ivlm_bench.harness.scratch import MAX_BYTES, MAX_ENTRIES, is_overfull, remove_tree
from ivlm_bench.harness.secrecy import clean_environment, readable_files, spared
from ivlm_bench.reasoners import describe_reasoner
from ivlm_bench.records import ReasonerCard
from ivlm_bench.types import Observation

#: Bytes of a reply beside the answer in it: its message, and the frame.
REPLY_BYTES = 1 << 16
#: How often a question is put before the death of the process is its result.
MAX_TRIES = 2
#: Seconds that the reasoner may take to be built.
BUILD_LIMIT_S = 600.0
#: Seconds that a process whose channel ended may take to end itself, and to tell how.
DYING_S = 0.5
#: Seconds that a killed process is waited for.
REAP_S = 10.0
#: Seconds between two looks at how much lies in the reasoner's folder.
LOOK_S = 0.5
#: What an isolated process may say of an answer; all else is for the worker to find out.
TOLD = ("ok", "invalid_answer", "reasoner_error", "timeout")
#: The clock that counts the CPU time of one process (CPUCLOCK_SCHED, linux/posix-timers.h).
_CPU_CLOCK = 2


class OverdueError(Exception):
    """The isolated process used up its time."""


class OverfullError(Exception):
    """The isolated process wrote more into its folder than may lie there."""

    def __init__(self) -> None:
        super().__init__(
            f"The reasoner left more than {MAX_BYTES >> 20} MiB or {MAX_ENTRIES} files in its "
            "folder, or hid what it holds, and was stopped; write less."
        )


class EndedError(IvlmBenchError):
    """The isolated process ended while the reasoner was built."""

    exit_code = 5


class UnfitError(IvlmBenchError):
    """The isolated process said why the reasoner can't be built."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(" ".join(refused.sentence.split())[:MAX_MESSAGE_CHARS])
        if refused.exit_code == EndedError.exit_code:  # a foreign process has no other say in it
            self.exit_code = refused.exit_code


def isolated(setup: Setup) -> tuple[IsolatedReasoner, ReasonerCard]:
    """Build the reasoner of ``setup`` in a process of its own; return it and its card.

    Raises
    ------
    ConfigError
        If it is one that is shown the truth.
    IvlmBenchError
        If it can't be built.
    """
    card, target = describe_reasoner(setup.reasoner, setup.params)
    if card.privileged:
        raise ConfigError(
            f"The reasoner {setup.reasoner!r} is shown the truth, which an isolated process never "
            "gets; leave --isolate out."
        )
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)  # no other process may look into this one
    reasoner = IsolatedReasoner(
        Build(reasoner=target, params=setup.params),
        deadline_s=setup.deadline_s,
        scratch=setup.scratch,
        readable=readable_files(setup, target),
    )
    reasoner.start()
    reasoner.enforced += spared(setup.reasoner, target)
    return reasoner, card


class IsolatedReasoner:
    """A reasoner in a process of its own, started anew when it died or had to be stopped.

    ``enforced`` says in words what the kernel keeps it from; ``imagination`` where it tries its
    grasps, empty where it did not ask for it when it was first built.
    """

    def __init__(
        self, build: Build, *, deadline_s: float, scratch: str, readable: tuple[Path, ...]
    ) -> None:
        self.build = build
        self.deadline_s = deadline_s
        self.scratch = scratch
        self.readable = readable
        self.enforced: tuple[str, ...] = ()
        self.imagination = ""
        self._service: LocalImagination | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: Channel | None = None
        self._folder = Path()
        self._n_asked = 0

    def start(self) -> None:
        """Start the process and build the reasoner in it; ``IvlmBenchError`` if that fails."""
        channel = self._spawn()
        try:
            assert self._process is not None
            watch = _Watch(self._process.pid, BUILD_LIMIT_S, self._folder)
            confined = from_cell.decode(channel.receive(watch.look))
            channel.send(encode_message(self.build))
            built = from_cell.decode(channel.receive(watch.look))
        except (EOFError, OSError, OverdueError, OverfullError, ChannelError, msgspec.MsgspecError):
            raise self._ended() from None
        if isinstance(built, Refused):
            self.end()
            raise UnfitError(built)
        if not isinstance(confined, Confined) or not isinstance(built, Built):
            raise self._ended()
        if not self.enforced and built.imagines:  # what it says when it is built again is too late
            self._service, self.imagination = LocalImagination(), WORDS
        self.enforced = confined.enforced

    def ask(self, observation: Observation, *, seed: int) -> Answer:
        """Return the checked answer, or the status that says why there is none."""
        shown = encode_observation(observation)
        started = time.perf_counter()
        how = ""
        for _ in range(MAX_TRIES):
            try:
                answer = _admitted(self._answer(shown, seed), observation)
            except (EOFError, OSError):
                how = self.end(patience_s=DYING_S)
                continue
            except IvlmBenchError as error:  # it can't even be built again
                how = str(error)
                continue
            return replace(answer, latency_ms=1e3 * (time.perf_counter() - started))
        message = f"The isolated process died {MAX_TRIES} times in the reasoner's predict ({how})."
        return Answer(status="crashed", message=message)

    def end(self, *, patience_s: float = 0.0) -> str:
        """Kill the process, all that it started and its folder; return how it had ended before.

        ``patience_s``: how long it may take to end by itself first.
        """
        process, self._process = self._process, None
        if self._channel is not None:
            self._channel.close()
        if process is None:
            return "not running"
        code = _waited(process, patience_s)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        _waited(process, REAP_S)
        remove_tree(self._folder)
        if code is None:
            return "killed"
        return f"exit code {code}" if code >= 0 else signal.Signals(-code).name

    def _answer(self, shown: bytes, seed: int) -> Answer:
        if self._process is None:
            self.start()
        assert self._process is not None
        assert self._channel is not None
        self._n_asked += 1
        question = Question(number=self._n_asked, seed=seed, observation=shown)
        watch = _Watch(self._process.pid, self.deadline_s, self._folder)
        try:
            self._channel.send(encode_message(question), within_s=self.deadline_s)
            message = from_cell.decode(self._channel.receive(watch.look))
            while isinstance(message, Imagine):
                self._imagine(message)
                watch.look()
                message = from_cell.decode(self._channel.receive(watch.look))
            watch.look_into_folder()
            return self._accepted(message)
        except (OverdueError, TimeoutError) as late:
            self.end()
            return Answer(status="timeout", message=str(late) or watch.late)
        except OverfullError as full:
            self.end()
            return Answer(status="reasoner_error", message=str(full))
        except (ChannelError, msgspec.MsgspecError) as wrong:
            self.end()
            told = f"The isolated process sent something that is no answer: {wrong}."
            return Answer(status="invalid_answer", message=told)

    def _imagine(self, asked: Imagine) -> None:
        if self._service is None or self._channel is None:
            raise ChannelError("it did not declare that it wants imagination")
        reply = encode_message(answered(self._service, asked))
        self._channel.send(reply, within_s=self.deadline_s)

    def _accepted(self, message: FromCell) -> Answer:
        fits = isinstance(message, Reply) and message.number == self._n_asked
        if not isinstance(message, Reply) or not fits or message.answer.status not in TOLD:
            raise ChannelError("it answers no question that was asked")
        answer = message.answer
        return replace(answer, message=answer.message[-MAX_MESSAGE_CHARS:])

    def _spawn(self) -> Channel:
        self._folder = Path(tempfile.mkdtemp(prefix="ivlm-", dir=self.scratch or None))
        near, far = socket.socketpair()
        with far:
            words = [str(far.fileno()), str(os.getpid()), str(self._folder)]
            words += [str(path) for path in self.readable]
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "ivlm_bench.harness.cell", *words],
                pass_fds=(far.fileno(),),
                stdin=subprocess.DEVNULL,
                cwd=self._folder,
                env=clean_environment(self._folder),
                start_new_session=True,
            )
        self._channel = Channel(near, max_bytes=MAX_ANSWER_BYTES + REPLY_BYTES)
        return self._channel

    def _ended(self) -> EndedError:
        return EndedError(
            f"The isolated process of {self.build.reasoner!r} ended while the reasoner was built "
            f"({self.end(patience_s=DYING_S)})."
        )


class _Watch:
    """Ends the patience with one answer: so much time on the clock and on all CPUs and disk."""

    def __init__(self, pid: int, limit_s: float, folder: Path) -> None:
        self.folder = folder
        self.clock = (~pid << 3) | _CPU_CLOCK
        self.limit_s = limit_s
        self.started_s = time.monotonic()
        self.used_s = self._cpu_s()
        self.looked_s = self.started_s

    @property
    def late(self) -> str:
        """What is said of an answer that took too long."""
        return f"predict took longer than {self.limit_s:g} s and was stopped."

    def look(self) -> None:
        """Raise ``OverdueError`` when the time, ``OverfullError`` when the folder is used up."""
        if time.monotonic() - self.started_s >= self.limit_s:
            raise OverdueError(self.late)
        if self._cpu_s() - self.used_s >= self.limit_s:
            raise OverdueError(
                f"predict used more than {self.limit_s:g} s of CPU time and was stopped."
            )
        if time.monotonic() - self.looked_s >= LOOK_S:
            self.look_into_folder()
            self.looked_s = time.monotonic()  # a look at a full folder may take a while

    def look_into_folder(self) -> None:
        """Raise ``OverfullError`` when too much lies in the reasoner's folder."""
        if is_overfull(self.folder):
            raise OverfullError

    def _cpu_s(self) -> float:
        try:
            return time.clock_gettime(self.clock)
        except OSError:  # it has ended, which its channel tells
            return 0.0


def _waited(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None


def _admitted(answer: Answer, observation: Observation) -> Answer:
    """Return the answer, or that it is invalid: the process may send what it likes."""
    if answer.status != "ok":
        return replace(answer, blob=b"")
    try:
        check_stored(answer.blob, observation)
        if encode(decode(answer.blob)) != answer.blob:
            raise InvalidAnswerError("The answer's bytes are not those that encoding it gives.")
    except (InvalidAnswerError, StoreError) as error:
        return Answer(status="invalid_answer", message=str(error))
    return answer
