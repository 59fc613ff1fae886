"""Plain HTTP with JSON as a client; arrays are base64 (``ivlm_bench.codec.ndarrays``)."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ivlm_bench.codec.ndarrays import WireError, from_json, to_json
from ivlm_policies.remote._link import (
    LEAST_S,
    MAX_ANSWER_BYTES,
    Alarm,
    ForeignError,
    GarbageError,
    LostError,
    OverdueError,
    ToldError,
    introduced,
    shortened,
    why,
)

#: Paths by endpoint.
PATHS = {"infer": "/predict", "infer_batch": "/predict_batch"}

#: HTTP codes that mean: later.
LATER = (429, 502, 503, 504)


class HttpLink:
    """A server that speaks JSON; ``GET /info`` tells who it is.

    Parameters
    ----------
    url : str
        ``http://`` or ``https://``; a path in it is put before ``/info`` and ``/predict``.
    headers : mapping
        Further headers of every request.
    within_s : float
        Seconds for the first exchange.
    """

    def __init__(self, url: str, headers: Mapping[str, str], *, within_s: float) -> None:
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        self._connection = kind(parts.hostname or "", parts.port, timeout=max(within_s, LEAST_S))
        self._base = parts.path.rstrip("/")
        self._headers = {"Content-Type": "application/json", **headers}
        self.metadata = introduced(
            "/info", lambda: self._exchange("GET", "/info", None, within_s), close=self.close
        )

    def ask(self, request: dict[str, Any], *, within_s: float) -> Any:
        """Return the reply to ``request``."""
        path = PATHS[request["endpoint"]]
        return self._exchange("POST", path, to_json(request), within_s)

    def close(self) -> None:
        """Give the connection up."""
        self._connection.close()

    def _exchange(self, method: str, path: str, body: bytes | None, within_s: float) -> Any:
        code, kind, content = self._sent(method, path, body, within_s)
        if len(content) > MAX_ANSWER_BYTES:
            raise GarbageError(f"an answer of more than {MAX_ANSWER_BYTES >> 20} MiB")
        if code in LATER:
            raise LostError(f"HTTP {code}")
        try:
            value = from_json(content)
        except WireError as error:
            if code == http.client.OK and "html" not in kind:
                raise GarbageError(str(error)) from None
            words = shortened(content[:120].decode("utf-8", "replace"))
            raise ForeignError(f"HTTP {code} with {kind or 'no kind'}: {words}") from None
        if code == http.client.OK:
            return value
        if isinstance(value, Mapping) and "error" in value:
            status = str(value.get("status", "reasoner_error"))
            if code in (http.client.UNAUTHORIZED, http.client.FORBIDDEN):
                raise ForeignError(shortened(str(value["error"])))
            raise ToldError(status, str(value["error"]))
        raise ForeignError(f"HTTP {code} to {method} {path}")

    def _sent(
        self, method: str, path: str, body: bytes | None, within_s: float
    ) -> tuple[int, str, bytes]:
        """Return code, kind and body of the reply; the connection is kept for the next question."""
        connection, within_s = self._connection, max(within_s, LEAST_S)
        connection.timeout = within_s
        try:
            if connection.sock is None:
                connection.connect()
            with Alarm(connection.sock, within_s) as alarm:
                connection.request(method, self._base + path, body, self._headers)
                reply = connection.getresponse()
                content = reply.read(MAX_ANSWER_BYTES + 1)
        except TimeoutError:
            raise OverdueError from None
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise LostError(why(error, otherwise="it hung up or speaks no HTTP")) from None
        if alarm.has_rung:
            raise OverdueError
        return reply.status, reply.headers.get_content_type(), content
