"""The driver's side of one worker process."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from multiprocessing import Pipe
from pathlib import Path

import msgspec

import ivlm_bench
from ivlm_bench.harness.messages import (
    Done,
    FromDriver,
    FromWorker,
    Job,
    Predicted,
    Predicting,
    Ready,
    Refused,
    Setup,
    encode,
    from_worker,
)
from ivlm_bench.harness.threads import SINGLE_THREADED
from ivlm_bench.records import EpisodeRecord

#: Seconds that a killed process is waited for before it is left to the system.
REAP_S = 10.0


@dataclass
class Hand:
    """A job in the hands of a worker: how far it is, since when, and what is known of it."""

    job: Job
    phase: str = "render"
    since_s: float = field(default_factory=time.monotonic)
    record: EpisodeRecord | None = None

    @property
    def phase_s(self) -> float:
        """Seconds since the phase began."""
        return time.monotonic() - self.since_s

    def enter(self, phase: str) -> None:
        """Begin the next phase."""
        self.phase, self.since_s = phase, time.monotonic()


class WorkerProcess:
    """A spawned worker and the jobs in its hands, by their episodes' keys."""

    def __init__(self, setup: Setup) -> None:
        self.hands: dict[str, Hand] = {}
        self.is_ready = False
        self._started_s = time.monotonic()
        self.connection, far_end = Pipe(duplex=True)
        with far_end:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "ivlm_bench.harness.worker", str(far_end.fileno())],
                pass_fds=(far_end.fileno(),),
                stdin=subprocess.DEVNULL,
                env=_environment(),
                start_new_session=True,  # one kill reaches what the reasoner started, too
            )
        self.send(setup)

    @property
    def age_s(self) -> float:
        """Seconds since it was started."""
        return time.monotonic() - self._started_s

    @property
    def n_open(self) -> int:
        """Jobs in hand that have no answer yet."""
        return sum(hand.phase != "simulate" for hand in self.hands.values())

    @property
    def is_suspicious(self) -> bool:
        """Whether a job in hand may have killed a worker before."""
        return any(hand.job.tries > 1 for hand in self.hands.values())

    @property
    def dead(self) -> bool:
        """Whether the process has ended and nothing more of it is to be read."""
        return self._process.poll() is not None and not self._has_mail()

    def start(self, job: Job) -> None:
        """Hand over a job."""
        self.hands[job.episode_key] = Hand(job)
        self.send(job)

    def send(self, message: FromDriver) -> None:
        """Send; a worker that is gone is noticed when it is read."""
        try:
            self.connection.send_bytes(encode(message))
        except OSError:
            self._process.kill()

    def receive(self) -> FromWorker | None:
        """Return the next message; None if the worker is gone or talks nonsense.

        Nonsense is also what it says of an episode that it was not given.
        """
        try:
            message = from_worker.decode(self.connection.recv_bytes())
        except (EOFError, OSError, msgspec.MsgspecError):
            return None
        if isinstance(message, Ready):
            self.is_ready = True
        if isinstance(message, Ready | Refused):
            return message
        hand = self.hands.get(_key(message))
        if hand is None:
            return None
        if isinstance(message, Predicting):
            hand.record = message.record
            hand.enter("predict")
        elif isinstance(message, Predicted):
            hand.enter("simulate")
        else:
            del self.hands[hand.job.episode_key]
        return message

    def end(self, *, patience_s: float = 0.0) -> str:
        """Kill the process and all that it started; return how it had ended before.

        ``patience_s``: how long it may take to end by itself first.
        """
        code = self._wait(patience_s)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._wait(REAP_S)
        self.connection.close()
        if code is None:
            return "killed"
        return f"exit code {code}" if code >= 0 else signal.Signals(-code).name

    def _has_mail(self) -> bool:
        try:
            return self.connection.poll()
        except OSError:
            return False

    def _wait(self, seconds: float) -> int | None:
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None


def _key(message: Predicting | Predicted | Done) -> str:
    """Return the key of the episode that a message is about."""
    if isinstance(message, Predicting):
        return message.record.episode_key
    if isinstance(message, Predicted):
        return message.episode_key
    return message.result.episode.episode_key


def _environment() -> dict[str, str]:
    """The driver's environment, single-threaded, seeing the package where the driver sees it."""
    home = str(Path(ivlm_bench.__file__).parent.parent)
    path = [p for p in (os.environ.get("PYTHONPATH"), home) if p]
    return os.environ | SINGLE_THREADED | {"PYTHONPATH": os.pathsep.join(path)}
