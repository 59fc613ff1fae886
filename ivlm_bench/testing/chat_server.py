"""A server on 127.0.0.1 that speaks the chat interface and says what a test tells it to.

For tests of reasoners that ask a model by HTTP: every kind of answer, fault and delay, without a
model.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """What goes back: a status, a body, headers; after ``wait_s`` seconds, ``pause_s`` a chunk."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    wait_s: float = 0.0
    pause_s: float = 0.0


def said(text: str | None, *, finish: str = "stop", **more: Any) -> Reply:
    """Return a chat completion with this text."""
    usage = more.pop("usage", {"prompt_tokens": 100, "completion_tokens": 7, "total_tokens": 107})
    message = {"role": "assistant", "content": text, **more}
    choice = {"index": 0, "message": message, "finish_reason": finish}
    body = {"id": "1", "object": "chat.completion", "choices": [choice], "usage": usage}
    return Reply(json.dumps(body).encode(), headers={"Content-Type": "application/json"})


def failure(status: int, message: str = "no", **headers: str) -> Reply:
    """Return an error as the interface words it."""
    body = json.dumps({"error": {"message": message, "code": None}}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(body, status, {"Content-Type": "application/json", **named})


class TalkingServer:
    """Answers each request by ``talk``, which is given its body; keeps what it was asked.

    ``headers`` have small names; ``most_at_once`` counts requests that were open together.
    """

    def __init__(self, talk: Callable[[dict[str, Any]], Reply], port: int = 0) -> None:
        self.talk = talk
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.n_at_once, self.most_at_once = 0, 0
        self._lock = threading.Lock()
        self._http = _Http(("127.0.0.1", port), _handler(self))
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Its address, up to ``/v1``."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    @property
    def port(self) -> int:
        """The port it listens at."""
        return int(self._http.server_address[1])

    def close(self) -> None:
        """Stop listening."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def answer(self, path: str, headers: dict[str, str], body: dict[str, Any]) -> Reply:
        """Keep a request and return what is said to it."""
        with self._lock:
            self.asked.append(body)
            self.headers.append(headers)
            self.paths.append(path)
            self.n_at_once += 1
            self.most_at_once = max(self.most_at_once, self.n_at_once)
        reply = self.talk(body)
        time.sleep(reply.wait_s)
        with self._lock:
            self.n_at_once -= 1
        return reply


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away: tests mean them to."""


def _handler(server: TalkingServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = server.answer(self.path, headers, body)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            step = len(reply.body) if not reply.pause_s else 1
            for start in range(0, len(reply.body), max(step, 1)):
                self.wfile.write(reply.body[start : start + step])
                time.sleep(reply.pause_s)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def talking(talk: Callable[[dict[str, Any]], Reply] | Reply | str) -> Iterator[TalkingServer]:
    """Run a server that says one thing, or what a function says."""
    if isinstance(talk, str):
        talk = said(talk)
    reply = talk
    server = TalkingServer(reply if callable(reply) else lambda _: reply)
    try:
        yield server
    finally:
        server.close()
