"""The server, asked by clients that are not ours: ``websockets`` and ``http.client``."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from ivlm_bench.cli.main import main
from ivlm_bench.codec.ndarrays import pack, to_json, unpack
from ivlm_bench.codec.plain import plain_observation
from ivlm_bench.errors import ConfigError, UnknownNameError
from ivlm_bench.serving.desk import Desk
from ivlm_bench.serving.server import MAX_REQUEST_BYTES, ReasonerServer, Terms
from ivlm_bench.testing.analytic import Block, table_observation
from ivlm_bench.types import Interaction, Observation, Query

SHOWN = plain_observation(
    table_observation(
        (Block((0.0, 0.0, 0.05), (0.05, 0.05, 0.1)),), Query("grasp", "box", None, "Take the box.")
    )
)


class Moods:
    """Answers by the sentence it is asked; remembers threads and seeds."""

    def __init__(self) -> None:
        self.threads: set[str] = set()
        self.seeds: list[int] = []
        self.n_asked = 0

    def reset(self, seed: int) -> None:
        self.seeds.append(seed)

    def predict(self, observation: Observation, /) -> Interaction:
        self.threads.add(threading.current_thread().name)
        self.n_asked += 1
        text = observation.query.text
        if text == "fail":
            raise ValueError("no such model")
        if text == "lie":
            return Interaction(points_px=np.array([[9.0, 0.0, 0.0]], np.float32))
        if text == "nothing":
            return None  # type: ignore[return-value]
        if text == "dawdle":
            time.sleep(0.5)
        return Interaction(points_px=np.array([[0.0, 1.0, 2.0]], np.float32))


@contextmanager
def serving(terms: Terms | None = None) -> Iterator[tuple[str, Moods]]:
    desk, moods = Desk("centre", {}), Moods()
    desk._reasoner = moods
    with ReasonerServer(desk, host="127.0.0.1", port=0, terms=terms) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.place, moods
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def place() -> Iterator[str]:
    with serving() as (at, _):
        yield at


def asking(text: str = "take", **more: Any) -> dict[str, Any]:
    return SHOWN | {"query": SHOWN["query"] | {"text": text}} | more


def fetch(place: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(place, timeout=20)
    try:
        connection.request("GET" if body is None else "POST", path, body, headers)
        reply = connection.getresponse()
        content = reply.read()
    finally:
        connection.close()
    return reply.status, content if path == "/healthz" else json.loads(content)


def test_the_first_frame_is_the_metadata_and_a_map_answers_a_map(place: str) -> None:
    with connect(f"ws://{place}", compression=None, max_size=None) as link:
        metadata = unpack(link.recv())  # type: ignore[arg-type]
        assert metadata["reasoner"] == "centre"
        assert metadata["predict_batch"] is True
        link.send(pack(asking(endpoint="infer")))
        answer = unpack(link.recv())  # type: ignore[arg-type]
        assert answer["points_px"].tolist() == [[0.0, 1.0, 2.0]]
        assert answer["server_timing"]["infer_ms"] >= 0.0


@pytest.mark.parametrize(
    ("message", "first_line"),
    [
        (pack(asking("fail")), r"reasoner_error: ValueError: no such model \(test_server.py, line"),
        (pack(asking("lie")), "invalid_answer: Interaction.points_px names view 9"),
        (pack(asking("nothing")), "invalid_answer: predict returned a NoneType"),
        (pack({"prompt": "x"}), "bad_request: An observation lacks the key 'views'."),
        (pack([1]), "bad_request: What was sent is no observation"),
        (pack(asking(endpoint="dance")), "bad_request: There is no endpoint 'dance'"),
        (pack(asking(seed=-1)), "bad_request: The seed -1 is no whole number"),
        (pack(asking(endpoint="infer_batch")), "bad_request: A batch needs a list"),
        (b"\xc1", "bad_request: The message is no msgpack"),
        ("hello", "bad_request: A text frame is no question"),
    ],
)
def test_an_error_is_a_text_frame_and_the_next_question_is_answered(
    place: str, message: str | bytes, first_line: str
) -> None:
    with connect(f"ws://{place}", compression=None, max_size=None) as link:
        link.recv()
        link.send(message)
        told = link.recv()
        assert isinstance(told, str)
        assert re.match(first_line, told.splitlines()[0])
        link.send(pack(asking()))
        assert "points_px" in unpack(link.recv())  # type: ignore[arg-type]


def test_a_traceback_follows_the_sentence(place: str) -> None:
    with connect(f"ws://{place}", compression=None) as link:
        link.recv()
        link.send(pack(asking("fail")))
        told = str(link.recv())
    assert told.count("Traceback (most recent call last)") == 1
    assert told.rstrip().endswith("ValueError: no such model")


@pytest.mark.parametrize(
    ("path", "body", "code", "words"),
    [
        ("/predict", to_json(asking("fail")), 500, "no such model"),
        ("/predict", to_json(asking("lie")), 422, "names view 9"),
        ("/predict", b"{", 400, "no JSON"),
        ("/predict", b"[]", 400, "no observation"),
        ("/predict_batch", b"{}", 400, "list 'observations'"),
        ("/dance", b"{}", 404, "no /dance"),
        ("/dance", None, 404, "no /dance"),
    ],
)
def test_http_tells_what_is_wrong(
    place: str, path: str, body: bytes | None, code: int, words: str
) -> None:
    status, told = fetch(place, path, body)
    assert status == code
    assert words in told["error"]


def test_http_answers_and_says_who_and_that_it_is_well(place: str) -> None:
    assert fetch(place, "/healthz") == (200, b"OK\n")
    assert fetch(place, "/info")[1]["reasoner"] == "centre"
    assert fetch(place, "/reset", b'{"seed": 3}') == (200, {"ok": True})
    status, answer = fetch(place, "/predict", to_json(asking()))
    assert status == 200
    assert answer["points_px"]["shape"] == [1, 3]


def test_a_seed_resets_and_without_one_nothing_does() -> None:
    with serving() as (at, moods):
        for more in ({"seed": 3}, {}, {"seed": None}, {"seed": 0}):
            assert fetch(at, "/predict", to_json(asking(**more)))[0] == 200
        assert moods.seeds == [3, 0]


def test_in_a_batch_one_bad_question_costs_only_itself(place: str) -> None:
    body = to_json({"observations": [asking(), asking("fail"), asking("lie"), asking()]})
    status, told = fetch(place, "/predict_batch", body)
    assert status == 200
    kinds = [one.get("status", "ok") for one in told["answers"]]
    assert kinds == ["ok", "reasoner_error", "invalid_answer", "ok"]


def test_the_reasoner_is_asked_in_one_thread_whoever_asks() -> None:
    with serving() as (at, moods):
        threads = [
            threading.Thread(target=fetch, args=(at, "/predict", to_json(asking())))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert moods.threads == {"reasoner"}
        assert moods.n_asked == 4


def test_who_has_gone_is_not_answered() -> None:
    body = to_json(asking())
    head = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with serving() as (at, moods):
        host, port = at.split(":")
        busy = threading.Thread(target=fetch, args=(at, "/predict", to_json(asking("dawdle"))))
        busy.start()
        while moods.n_asked == 0:
            time.sleep(0.01)
        with socket.create_connection((host, int(port))) as gone:
            gone.sendall(head + body)
            time.sleep(0.1)
        busy.join()
        assert fetch(at, "/predict", body)[0] == 200
        assert moods.n_asked == 2


def test_other_sites_and_strangers_are_kept_out() -> None:
    with serving(Terms(key="s3cret")) as (at, moods):
        assert fetch(at, "/info", Origin="http://evil.example")[0] == 403
        assert fetch(at, "/info")[0] == 401
        assert fetch(at, "/info", Authorization="Api-Key wrong")[0] == 401
        assert fetch(at, "/predict", to_json(asking()))[0] == 401
        assert fetch(at, "/info", Authorization="Api-Key s3cret")[0] == 200
        assert fetch(at, "/healthz")[0] == 200
        with pytest.raises(InvalidStatus), connect(f"ws://{at}"):
            pass
        assert moods.n_asked == 0


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (b"POST /predict HTTP/1.1\r\nHost: x\r\n\r\n", b"411"),
        (
            b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
            % (MAX_REQUEST_BYTES + 1),
            b"413",
        ),
        (b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n", b"400"),
        (b"\0\1\2\r\n\r\n", b"400"),
    ],
)
def test_heads_that_are_none_are_refused(place: str, head: bytes, code: bytes) -> None:
    host, port = place.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as link:
        link.sendall(head)
        assert code in link.recv(4096).split(b"\r\n", 1)[0] + b" "
    assert fetch(place, "/healthz")[0] == 200


def test_a_silent_client_is_pinged_and_dropped_only_where_asked() -> None:
    with serving(Terms(ping_s=0.05, pong_s=0.1)) as (at, _):
        host, port = at.split(":")
        with socket.create_connection((host, int(port)), timeout=20) as link:
            link.sendall(
                b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
            )
            head, _, _ = link.recv(4096).partition(b"\r\n\r\n")
            # The accept value is the example of RFC 6455, section 1.3.
            assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head
            while link.recv(4096):
                pass  # until the server hangs up: no ping is answered


def test_a_desk_for_one_that_knows_the_truth_is_refused() -> None:
    with pytest.raises(ConfigError, match="shown the truth"):
        Desk("oracle", {})
    with pytest.raises(UnknownNameError):
        Desk("centr", {})


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["centre", "--port", "70000"], "--port is 70000"),
        (["centre", "--ping-s", "-1"], "--ping-s is -1"),
        (["centre", "--host", "256.0.0.1", "--port", "0"], "Nothing can listen on 256.0.0.1"),
        (["centre", "--api-key-env", "NOT_THERE"], "'NOT_THERE', which is not set"),
        (["centr"], "Did you mean 'centre'"),
        (["remote"], "needs the parameter 'url'"),
        (["oracle"], "shown the truth"),
    ],
)
def test_bad_flags_are_one_sentence(
    flags: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", *flags]) == 2
    told = capsys.readouterr().err
    assert words in told
    assert told.count("\n") == 1


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_the_command_says_where_it_serves_and_ends_when_told(ending: signal.Signals) -> None:
    command = [sys.executable, "-m", "ivlm_bench.cli.main", "serve", "centre", "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as served:
        assert served.stdout is not None
        assert served.stderr is not None
        line = served.stdout.readline()
        found = re.fullmatch(r"serving centre at ws://(\S+) and http://(\S+)\n", line)
        assert found is not None
        assert found[1] == found[2]
        assert fetch(found[1], "/info")[1]["reasoner"] == "centre"
        served.send_signal(ending)
        try:
            assert served.wait(30) == 0
        finally:
            served.kill()  # leaving the block waits for it
        assert served.stderr.read() == "ivlm-bench: stopped serving.\n"


def test_a_port_that_is_taken_is_one_sentence(
    place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "centre", "--port", place.rpartition(":")[2]]) == 2
    assert "choose another --port" in capsys.readouterr().err
