"""A server that is killed in the middle of smoke-v0 and started again: nothing is lost."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

BENCH = (sys.executable, "-m", "ivlm_bench.cli.main")
#: Questions of smoke-v0, and how many are answered before the server is killed.
N_QUESTIONS, N_BEFORE = 80, 12
START_S, PAUSE_S = 600.0, 0.2

#: The command of a server at a port, the flags that ask it, and where it says that it is there.
Served = tuple[Callable[[int], list[str]], Callable[[int], list[str]], str]


def policy(tmp_path: Path) -> Served:
    return (
        lambda port: [*BENCH, "serve", "centre", "--port", str(port)],
        lambda port: ["--reasoner", "remote", "-P", f"url=http://127.0.0.1:{port}"],
        "/healthz",
    )


def llava(tmp_path: Path) -> Served:
    """A tiny LLaVA under ``transformers serve``; its answers are not kept."""
    for needed in ("openai", "torch", "fastapi", "uvicorn", "transformers", "accelerate"):
        if os.environ.get("IVLM_BENCH_TEST_EXTRAS") and needed != "accelerate":
            assert importlib.util.find_spec(needed), needed
        pytest.importorskip(needed)
    folder = tmp_path / "tiny-llava"
    script = Path(__file__).parents[1] / "vlm" / "tiny_llava.py"
    subprocess.run([sys.executable, script, folder], check=True, capture_output=True)
    command = [str(Path(sys.executable).with_name("transformers")), "serve", str(folder)]

    def asking(port: int) -> list[str]:
        given = (f"base_url=http://127.0.0.1:{port}/v1", f"model={folder}", "cache=false")
        params = [word for each in (*given, "max_views=1") for word in ("-P", each)]
        return ["--reasoner", "vlm", *params, "--deadline-s", "60"]

    place = ["--host", "127.0.0.1", "--device", "cpu", "--port"]
    return (lambda port: [*command, *place, str(port)], asking, "/health")


@contextmanager
def running(command: list[str], health: str, home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start a server and wait until it answers; it is killed in the end, if it still runs."""
    quiet = {"HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": str(home), "OMP_NUM_THREADS": "1"}
    with (home / "log").open("ab") as log:
        server = subprocess.Popen(command, env=os.environ | quiet, stdout=log, stderr=log)
    try:
        wait_until(lambda: answers(health), server)
        yield server
    finally:
        server.kill()
        server.wait()


def answers(health: str) -> bool:
    try:
        with urllib.request.urlopen(health, timeout=5) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def wait_until(true: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    until_s = time.monotonic() + START_S
    while not true():
        assert process.poll() is None, f"{process.args!r} ended"
        assert time.monotonic() < until_s
        time.sleep(PAUSE_S)


def n_recorded(folder: Path) -> int:
    journal = folder / "journal.sqlite"
    if not journal.exists():
        return 0
    with (
        suppress(sqlite3.Error),
        closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as db,
    ):
        return int(db.execute("SELECT COUNT(*) FROM results").fetchone()[0])
    return 0


def manifest(folder: Path) -> dict[str, object]:
    return dict(json.loads((folder / "manifest.json").read_text()))


@pytest.mark.parametrize("serve", [policy, llava])
def test_a_killed_server_loses_nothing(serve: Callable[[Path], Served], tmp_path: Path) -> None:
    command, asking, path = serve(tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    health = f"http://127.0.0.1:{port}{path}"
    small = ["--suite", "smoke-v0", "--track", "rgb", "--n-perturbed", "0", "--engine", "mujoco"]
    run = [*BENCH, "run", *small, "--no-page", *asking(port)]

    def again(out: str, *more: str) -> int:
        return subprocess.run([*run, "--out", str(tmp_path / out), *more], check=False).returncode

    with running(command(port), health, tmp_path) as server:
        broken = tmp_path / "broken"
        with subprocess.Popen([*run, "--out", str(broken)]) as bench:
            wait_until(lambda: n_recorded(broken) >= N_BEFORE, bench)
            server.send_signal(signal.SIGKILL)
            server.wait()
            assert bench.wait() == 5
    told = manifest(broken)["n_by_status"]
    assert isinstance(told, dict)
    assert sum(told.values()) == N_QUESTIONS
    assert set(told) >= {"ok", "reasoner_error"}
    with running(command(port), health, tmp_path):
        assert again("broken", "--resume") == 0
        assert again("whole") == 0
    broken_run, whole = manifest(broken), manifest(tmp_path / "whole")
    assert broken_run["n_by_status"] == whole["n_by_status"] == {"ok": N_QUESTIONS}
    assert broken_run["bit_digest"] == whole["bit_digest"]
