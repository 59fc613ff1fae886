"""Speed of the reasoner that asks by HTTP, against the server's own time and a bare request."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from ivlm_bench.testing.analytic import Block, table_observation
from ivlm_bench.testing.chat_server import Reply, TalkingServer, said, talking
from ivlm_bench.types import Query

pytest.importorskip("openai")

from ivlm_policies.vlm.reasoner import VlmReasoner

BLOCK = Block((0.03, -0.02, 0.03), (0.06, 0.06, 0.06))
OBSERVATION = table_observation((BLOCK,), Query("grasp", "box", None, "Pick up the box."))
HERE = said('[{"point": [100, 50]}]')
#: Time that the server takes for an answer, s, and requests in flight.
SERVER_S, IN_FLIGHT = 0.05, 8
N_BATCH = 40
N_ROUNDS = 5
#: Most CPU time of a question, as a share of the time between two answers.
MAX_CORE_SHARE = 0.9
#: Most CPU time of one question, s, and its ratio to a bare request of the same bytes.
MAX_CALL_S, MAX_RATIO = 0.005, 12.0


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IVLM_BENCH_VLM_CACHE", str(tmp_path))


def reasoner(server: TalkingServer, *, cache: bool = False) -> VlmReasoner:
    return VlmReasoner(
        base_url=server.url, model="llava", max_views=1, cache=cache, in_flight=IN_FLIGHT
    )


def cpu_s(call: Callable[[], object], n: int) -> float:
    """Return the CPU time of one call, of this whole process."""
    began = time.process_time()
    for _ in range(n):
        call()
    return (time.process_time() - began) / n


@pytest.mark.benchmark
def test_one_core_is_enough_for_eight_in_flight(benchmark: BenchmarkFixture) -> None:
    """A server is busy for as long as asking takes less CPU time than it leaves between answers.

    CPU time of the test's own server counts, too; how busy it was on the wall clock is noted.
    """
    with talking(Reply(HERE.body, wait_s=SERVER_S)) as server:
        mind = reasoner(server)
        mind.predict_batch([OBSERVATION] * IN_FLIGHT)

        def asked() -> tuple[float, float]:
            wall, cpu = time.perf_counter(), time.process_time()
            mind.predict_batch([OBSERVATION] * N_BATCH)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            return cpu / N_BATCH / (SERVER_S / IN_FLIGHT), N_BATCH * SERVER_S / IN_FLIGHT / wall

        rounds = [asked() for _ in range(N_ROUNDS)]
        benchmark(lambda: mind.predict_batch([OBSERVATION] * IN_FLIGHT))
    shares = [share for share, _ in rounds]
    benchmark.extra_info.update(core_share=min(shares), busy=max(busy for _, busy in rounds))
    assert min(shares) <= MAX_CORE_SHARE, rounds


@pytest.mark.benchmark
def test_a_question_costs_little_beside_a_bare_request(benchmark: BenchmarkFixture) -> None:
    with talking(HERE) as server:
        mind = reasoner(server)
        mind.predict(OBSERVATION)
        sent = json.dumps(server.asked[0])
        connection = http.client.HTTPConnection("127.0.0.1", server.port)

        def bare() -> None:
            connection.request(
                "POST", "/v1/chat/completions", sent, {"Content-Length": str(len(sent))}
            )
            connection.getresponse().read()

        bare()
        pairs = [
            (cpu_s(lambda: mind.predict(OBSERVATION), 20), cpu_s(bare, 20)) for _ in range(N_ROUNDS)
        ]
        benchmark(lambda: mind.predict(OBSERVATION))
        connection.close()
    added = [question - request for question, request in pairs]
    ratio = float(np.median([question / request for question, request in pairs]))
    benchmark.extra_info.update(added_s=min(added), ratio=ratio)
    assert min(added) < MAX_CALL_S, added
    assert ratio < MAX_RATIO, pairs


@pytest.mark.benchmark
def test_a_kept_answer_costs_less_than_a_bare_request(benchmark: BenchmarkFixture) -> None:
    with talking(HERE) as server:
        mind = reasoner(server, cache=True)
        mind.predict(OBSERVATION)
        asked = cpu_s(lambda: reasoner(server).predict(OBSERVATION), 3)
        kept = cpu_s(lambda: mind.predict(OBSERVATION), 30)
        benchmark(lambda: mind.predict(OBSERVATION))
    benchmark.extra_info.update(kept_s=kept, asked_s=asked)
    assert kept < asked, (kept, asked)
