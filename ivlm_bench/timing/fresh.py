"""A measurement of latency in a process of its own: nothing is loaded, no other thread is there."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec

import ivlm_bench
from ivlm_bench.harness.threads import SINGLE_THREADED
from ivlm_bench.registry import load_plugins
from ivlm_bench.timing.latency import Latency, LatencyJob, latency
from ivlm_bench.timing.shown import shown_track

#: Ending of the variables that say how many threads a library may start.
_THREADS = "_NUM_THREADS"


def usable_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


def fresh_latency(job: LatencyJob) -> Latency:
    """Time a reasoner in a new process that sees ``job.n_threads`` cores."""
    with tempfile.TemporaryDirectory(prefix="ivlm-latency-") as folder:
        asked, told = Path(folder) / "job.json", Path(folder) / "latency.json"
        asked.write_bytes(msgspec.json.encode(job))
        done = subprocess.run(
            [sys.executable, "-P", "-m", "ivlm_bench.timing.fresh", str(asked), str(told)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=_environment(job.n_threads),
            check=False,
        )
        if told.is_file():
            return msgspec.json.decode(told.read_bytes(), type=Latency)
    said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
    reason = (
        f"its process ended with {done.returncode} before it was done; {said or 'it said nothing'}"
    )
    return Latency(job=job, n_views=shown_track(job.track).n_views, reason=reason)


def _environment(n_threads: int) -> dict[str, str]:
    """The environment of this process, so many threads a library, and the package on the path."""
    home = str(Path(ivlm_bench.__file__).parent.parent)
    path = [p for p in (os.environ.get("PYTHONPATH"), home) if p]
    threads = {
        name: str(n_threads) if name.endswith(_THREADS) else value
        for name, value in SINGLE_THREADED.items()
    }
    return os.environ | threads | {"PYTHONPATH": os.pathsep.join(path)}


def main(asked: Path, told: Path) -> None:
    """Do the job that one file holds, and write what was found into another."""
    job = msgspec.json.decode(asked.read_bytes(), type=LatencyJob)
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: job.n_threads])
    load_plugins()
    told.write_bytes(msgspec.json.encode(latency(job)))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
