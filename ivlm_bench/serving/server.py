"""The server: one port for HTTP with JSON and for openpi's websocket with msgpack.

``GET /healthz`` says OK, ``GET /info`` who answers; ``POST /predict``, ``/predict_batch`` and
``/reset`` take JSON. A request to upgrade to a websocket is handed to ``serving.websocket``.
"""

from __future__ import annotations

import hmac
import select
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from ivlm_bench.codec.ndarrays import WireError, from_json, to_json
from ivlm_bench.errors import ConfigError
from ivlm_bench.serving.desk import AskedWrongError, Desk, GoneError, NoAnswerError

#: Largest request, bytes: four views of 2048 px with depth and a mesh, as base64.
MAX_REQUEST_BYTES = 1 << 28

#: Seconds after which a silent HTTP connection is closed.
IDLE_S = 300.0

#: HTTP codes of what can go wrong with a question.
CODES = {
    "bad_request": HTTPStatus.BAD_REQUEST,
    "invalid_answer": HTTPStatus.UNPROCESSABLE_ENTITY,
    "reasoner_error": HTTPStatus.INTERNAL_SERVER_ERROR,
}


@dataclass(frozen=True, slots=True)
class Terms:
    """How a server treats its clients.

    ``ping_s``: seconds between keep-alive pings over a websocket, None for none; ``pong_s``:
    seconds after which a client that does not answer them is dropped, None for never. ``key``:
    what clients must show as ``Authorization: Api-Key KEY``, None for nothing.
    """

    ping_s: float | None = 20.0
    pong_s: float | None = None
    key: str | None = None


class ReasonerServer(ThreadingHTTPServer):
    """Listens on ``host`` and ``port`` (0 for any free one); ``serve_forever`` serves.

    Raises
    ------
    ConfigError
        If the address can't be had.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, desk: Desk, *, host: str, port: int, terms: Terms | None = None) -> None:
        self.desk, self.terms = desk, terms or Terms()
        try:
            super().__init__((host, port), _Handler)
        except (OSError, OverflowError) as error:
            raise ConfigError(
                f"Nothing can listen on {host}:{port} ({error}); choose another --port or --host."
            ) from None

    @property
    def place(self) -> str:
        """``host:port`` as clients reach it."""
        host, port = self.server_address[:2]
        return f"{host!s}:{port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that broke; they are the clients' affair."""


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_S
    disable_nagle_algorithm = True  # else the body waits 40 ms for the acknowledgement of the head
    server: ReasonerServer

    def do_GET(self) -> None:
        """Answer a question about the server, or become a websocket."""
        path = urlsplit(self.path).path
        if path == "/healthz":
            self._send(HTTPStatus.OK, b"OK\n", kind="text/plain")
        elif not self._is_welcome():
            return
        elif self.headers.get("Upgrade", "").lower() == "websocket":
            self._upgrade()
        elif path in ("/", "/info"):
            self._send_json(HTTPStatus.OK, self.server.desk.metadata)
        else:
            self._complain(HTTPStatus.NOT_FOUND, f"There is no {path}; see /info.")

    def do_POST(self) -> None:
        """Answer an observation, or several."""
        path = urlsplit(self.path).path
        body = self._body()
        if body is None or not self._is_welcome():
            return
        actions: dict[str, Callable[[Any], dict[str, Any]]] = {
            "/predict": self._predict,
            "/act": self._predict,
            "/predict_batch": self._predict_batch,
            "/reset": self._reset,
        }
        if path not in actions:
            self._complain(HTTPStatus.NOT_FOUND, f"There is no {path}; see /info.")
            return
        try:
            self._send_json(HTTPStatus.OK, actions[path](from_json(body)))
        except WireError as error:
            self._complain(HTTPStatus.BAD_REQUEST, f"The body is {error}.")
        except (AskedWrongError, NoAnswerError) as error:
            told = {"error": str(error), "status": error.status}
            told |= {"traceback": error.trace} if isinstance(error, NoAnswerError) else {}
            self._send_json(CODES[error.status], told)
        except GoneError:
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: a line a question would hide what matters."""

    def _predict(self, request: Any) -> dict[str, Any]:
        started = time.perf_counter()
        answer = self.server.desk.answer(request, wanted=self._is_there)
        return answer | timing(started)

    def _predict_batch(self, request: Any) -> dict[str, Any]:
        started = time.perf_counter()
        answers = self.server.desk.answer_batch(request, wanted=self._is_there)
        return {"answers": answers} | timing(started)

    def _reset(self, request: Any) -> dict[str, Any]:
        self.server.desk.reset(request, wanted=self._is_there)
        return {"ok": True}

    def _upgrade(self) -> None:
        try:
            from ivlm_bench.serving.websocket import converse, upgrade
        except ImportError:
            self._complain(
                HTTPStatus.NOT_IMPLEMENTED,
                "This server lacks the package 'websockets': pip install 'ivlm_bench[remote]', or "
                "ask by http://.",
            )
            return
        head = upgrade(dict(self.headers.items()))
        if head is None:
            self._complain(HTTPStatus.BAD_REQUEST, "The websocket handshake is not complete.")
            return
        self.close_connection = True
        self.wfile.write(head)
        self.connection.settimeout(None)
        converse(self.connection, self.server.desk, self.server.terms)

    def _is_welcome(self) -> bool:
        """Tell whether the client may ask; if not, it has been told."""
        origin = self.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != self.headers.get("Host"):
            self._complain(HTTPStatus.FORBIDDEN, "Pages of other sites may not ask here.")
            return False
        key, shown = self.server.terms.key, self.headers.get("Authorization", "")
        if key is not None and not hmac.compare_digest(shown.encode(), f"Api-Key {key}".encode()):
            self._complain(
                HTTPStatus.UNAUTHORIZED,
                "This server wants a key; name the variable that holds it by -P api_key_env=NAME.",
            )
            return False
        return True

    def _is_there(self) -> bool:
        """Tell whether the client still waits."""
        readable, _, _ = select.select([self.connection], [], [], 0.0)
        try:
            return not readable or self.connection.recv(1, socket.MSG_PEEK) != b""
        except OSError:
            return False

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit():
            self.close_connection = True
            self._complain(HTTPStatus.LENGTH_REQUIRED, "The request needs a Content-Length.")
            return None
        if int(length) > MAX_REQUEST_BYTES:
            self.close_connection = True
            self._complain(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"The request has {length} bytes; at most {MAX_REQUEST_BYTES} are read.",
            )
            return None
        return self.rfile.read(int(length))

    def _complain(self, code: HTTPStatus, sentence: str) -> None:
        self._send_json(code, {"error": sentence, "status": "bad_request"})

    def _send_json(self, code: HTTPStatus, value: dict[str, Any]) -> None:
        self._send(code, to_json(value), kind="application/json")

    def _send(self, code: HTTPStatus, body: bytes, *, kind: str) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def timing(started: float) -> dict[str, Any]:
    """Return openpi's ``server_timing``: the milliseconds since ``started`` (perf_counter)."""
    return {"server_timing": {"infer_ms": 1e3 * (time.perf_counter() - started)}}
