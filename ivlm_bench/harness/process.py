"""The driver's side of one worker process."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
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
    Setup,
    encode,
    from_worker,
)
from ivlm_bench.harness.threads import SINGLE_THREADED
from ivlm_bench.records import EpisodeRecord

#: Seconds that a killed process is waited for before it is left to the system.
REAP_S = 10.0


class WorkerProcess:
    """A spawned worker, the job it plays, and the phase it is in."""

    def __init__(self, setup: Setup) -> None:
        self.job: Job | None = None
        self.phase = "start"
        self.phase_since = time.monotonic()
        self.record: EpisodeRecord | None = None
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
    def phase_s(self) -> float:
        """Seconds since the phase began."""
        return time.monotonic() - self.phase_since

    @property
    def dead(self) -> bool:
        """Whether the process has ended and nothing more of it is to be read."""
        return self._process.poll() is not None and not self._has_mail()

    def start(self, job: Job) -> None:
        """Hand over a job."""
        self.job, self.record = job, None
        self._enter("render")
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
        if not self._fits(message):
            return None
        if isinstance(message, Predicting):
            self.record = message.record
            self._enter("predict")
        elif isinstance(message, Predicted):
            self._enter("simulate")
        return message

    def rest(self) -> Job | None:
        """Take the job back, finished or not."""
        job, self.job = self.job, None
        self._enter("idle")
        return job

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

    def _fits(self, message: FromWorker) -> bool:
        """Tell whether what is said of an episode is said of the one in hand."""
        if isinstance(message, Predicted):
            return self.job is not None
        if isinstance(message, Done):
            key = message.result.episode.episode_key
        elif isinstance(message, Predicting):
            key = message.record.episode_key
        else:
            return True
        return self.job is not None and self.job.episode_key == key

    def _enter(self, phase: str) -> None:
        self.phase, self.phase_since = phase, time.monotonic()

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


def _environment() -> dict[str, str]:
    """The driver's environment, single-threaded, seeing the package where the driver sees it."""
    home = str(Path(ivlm_bench.__file__).parent.parent)
    path = [p for p in (os.environ.get("PYTHONPATH"), home) if p]
    return os.environ | SINGLE_THREADED | {"PYTHONPATH": os.pathsep.join(path)}
