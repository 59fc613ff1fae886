"""The reasoner ``remote`` where there is no server, or one that says something else over HTTP."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ivlm_bench.errors import (
    ConfigError,
    InvalidAnswerError,
    IvlmBenchError,
    RemoteError,
    RemoteTimeoutError,
)
from ivlm_bench.testing.analytic import table_observation
from ivlm_bench.types import Query
from ivlm_policies.remote.reasoner import RemoteReasoner

SHOWN = table_observation((), Query("grasp", "mug", None, "Pick up the mug."))
SCHEMES = ["ws", "http"]


class Recorded(BaseHTTPRequestHandler):
    """Answers /info as a server does, and everything else as its class says."""

    protocol_version = "HTTP/1.1"
    code, kind, body, pace_s = 200, "application/json", b"", 0.0
    has_info = True

    def do_GET(self) -> None:
        if self.has_info:
            self.say(200, "application/json", b"{}")
        else:
            self.do_POST()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.say(self.code, self.kind, self.body)

    def say(self, code: int, kind: str, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        for one in [bytes([b]) for b in body] if self.pace_s else [body]:
            time.sleep(self.pace_s)
            with contextlib.suppress(OSError):
                self.wfile.write(one)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextlib.contextmanager
def recorded(**what: Any) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Now", (Recorded,), what))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


LOGIN = b"<!doctype html><title>Sign in</title>"


class HangsUpOnce(Recorded):
    """Drops the first question's connection without a word."""

    body, n_asked = b'{"feasible_prob": 0.25}', 0

    def do_POST(self) -> None:
        type(self).n_asked += 1
        if self.n_asked == 1:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        else:
            super().do_POST()


def test_a_server_that_hangs_up_is_no_server_that_stalls() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), HangsUpOnce)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    away = RemoteReasoner(f"http://127.0.0.1:{server.server_address[1]}", wait_s=0.1)
    assert away.predict(SHOWN).feasible_prob == 0.25
    assert HangsUpOnce.n_asked == 2
    away.close()
    HangsUpOnce.n_asked = 0
    server.shutdown()
    server.server_close()
    thread.join()
    with pytest.raises(RemoteError, match="No server answers"):
        away.predict(SHOWN)


@pytest.mark.parametrize(
    ("what", "kind", "words"),
    [
        ({"body": b"{"}, InvalidAnswerError, "no JSON"),
        ({"body": b'{"grasp": []}'}, InvalidAnswerError, "'grasps'"),
        ({"body": b'{"feasible_prob": NaN}'}, InvalidAnswerError, "no JSON"),
        ({"body": b'{"x":"' + b"a" * (40 << 20) + b'"}'}, InvalidAnswerError, "32 MiB"),
        ({"body": LOGIN, "kind": "text/html"}, RemoteError, "Sign in"),
        ({"body": b"boom", "code": 500, "kind": "text/plain"}, RemoteError, "HTTP 500"),
        ({"body": b"{}", "code": 302}, RemoteError, "HTTP 302"),
        ({"body": b"{}", "code": 429}, RemoteError, "HTTP 429"),
        ({"body": b'{"error": "no cuda"}', "code": 500}, RemoteError, "says: no cuda."),
        (
            {"body": b'{"error": "Bad.", "status": "invalid_answer"}', "code": 422},
            InvalidAnswerError,
            "says: Bad.",
        ),
        ({"body": b"{" + b" " * 9999, "pace_s": 0.05}, RemoteTimeoutError, "gave no answer"),
    ],
)
def test_bad_replies_over_http_are_one_sentence(
    what: dict[str, Any], kind: type[IvlmBenchError], words: str
) -> None:
    with recorded(**what) as url:
        away = RemoteReasoner(url, wait_s=0.1)
        away.answer_within(20.0 if "pace_s" not in what else 0.5)
        with pytest.raises(kind) as caught:
            away.predict(SHOWN)
        away.close()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ({"body": LOGIN, "kind": "text/html"}, "Sign in"),
        ({"body": b"[]"}, "no map of metadata"),
        ({"body": b"{}", "code": 404}, "HTTP 404"),
    ],
)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_is_no_server_of_reasoners_is_refused_at_once(
    what: dict[str, Any], words: str, scheme: str
) -> None:
    with recorded(has_info=False, **what) as url:
        with pytest.raises(RemoteError, match="is no reasoner's server") as caught:
            RemoteReasoner(url.replace("http", scheme))
        assert words in str(caught.value) or scheme == "ws"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_server_that_is_down_or_mute_is_told_in_one_sentence(scheme: str) -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        url = f"{scheme}://127.0.0.1:{mute.getsockname()[1]}"
        with pytest.raises(RemoteError, match=r"No server answers .* --port \d+\.$"):
            RemoteReasoner(url, wait_s=0.1)
        mute.listen()
        with pytest.raises(RemoteTimeoutError, match="gave no answer"):
            RemoteReasoner(url, wait_s=0.1)


@pytest.mark.parametrize(
    "url", ["", "localhost:8000", "ftp://x", "ws://", "ws://h:port", "ws://h:99999", "ws://u:p@h"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        RemoteReasoner(url)
    assert ":p@" not in str(caught.value)
