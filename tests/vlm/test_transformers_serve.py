"""A tiny LLaVA, made here without network, answers behind ``transformers serve``."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivlm_bench.errors import RemoteError
from ivlm_bench.testing.analytic import Block, table_observation
from ivlm_bench.types import Query
from ivlm_policies.vlm.reasoner import VlmReasoner

for needed in ("openai", "torch", "fastapi", "uvicorn", "transformers", "accelerate"):
    pytest.importorskip(needed)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

BLOCK = Block((0.03, -0.02, 0.03), (0.06, 0.06, 0.06))
OBSERVATION = table_observation((BLOCK,), Query("grasp", "box", None, "Pick up the box."))
START_S = 600.0


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a server, and the id of its model."""
    home = tmp_path_factory.mktemp("llava")
    folder = home / "tiny-llava"
    quiet = {"HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": str(home), "OMP_NUM_THREADS": "1"}
    script = Path(__file__).with_name("tiny_llava.py")
    subprocess.run([sys.executable, script, folder], env=os.environ | quiet, check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serve = Path(sys.executable).with_name("transformers")
    where = ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [serve, "serve", folder, *where], env=os.environ | quiet, stdout=log, stderr=log
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/health", process)
            yield f"http://127.0.0.1:{port}/v1", str(folder)
        finally:
            process.kill()
            process.wait()


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    until_s = time.monotonic() + START_S
    while time.monotonic() < until_s:
        assert process.poll() is None, "the server ended"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                answer.read()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise AssertionError("the server did not start")


def test_it_points_where_the_model_says(
    served: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IVLM_BENCH_VLM_CACHE", str(tmp_path))
    url, model = served
    mind = VlmReasoner(base_url=url, model=model)  # the name of its folder tells the dialect
    mind.answer_within(240.0)
    answer = mind.predict(OBSERVATION)
    assert answer.points_px is not None
    assert answer.points_px.tolist() == [[i, 112.0, 112.0] for i in range(4)]
    assert all(": points (generic; " in each.caption for each in answer.evidence)
    spent = mind.ledger.spent()
    assert spent.n_requests == 4
    assert spent.n_prompt_tokens > 4 * 16, "letters of the prompt and patches of the picture"


def test_a_model_that_it_does_not_serve_is_told(served: tuple[str, str]) -> None:
    mind = VlmReasoner(base_url=served[0], model="another-llava", cache=False, retries=0)
    with pytest.raises(RemoteError, match="'another-llava'"):
        mind.predict(OBSERVATION)
