"""openpi's websocket: metadata first, then a map of an observation in, a map of an answer out.

Every message is binary msgpack (``codec.ndarrays``). A *text* frame is an error: its first line is
``STATUS: SENTENCE``, with ``invalid_answer``, ``reasoner_error`` or ``bad_request`` as the status;
what follows is the traceback. Unlike openpi's own server this one keeps the connection after an
error. Handshake and frames: RFC 6455.
"""

from __future__ import annotations

import base64
import hashlib
import socket
import time
from collections.abc import Mapping
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.protocol import OPEN
from websockets.server import ServerProtocol
from websockets.sync.connection import Connection

from ivlm_bench.codec.ndarrays import WireError, pack, unpack
from ivlm_bench.serving.desk import AskedWrongError, Desk, GoneError, NoAnswerError
from ivlm_bench.serving.server import MAX_REQUEST_BYTES, Terms, timing

#: What is put behind a client's key before it is hashed (RFC 6455, section 1.3).
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

#: Seconds that a client may take to say goodbye.
CLOSE_S = 2.0


def upgrade(headers: Mapping[str, str]) -> bytes | None:
    """Return the head of the answer to a handshake, or None if it is none (RFC 6455, 4.2)."""
    given = {name.lower(): value.strip() for name, value in headers.items()}
    key = given.get("sec-websocket-key", "")
    if not key or given.get("sec-websocket-version") != "13":
        return None
    accept = base64.b64encode(hashlib.sha1(f"{key}{_GUID}".encode()).digest()).decode()
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n\r\n"
    ).encode()


def converse(end: socket.socket, desk: Desk, terms: Terms) -> None:
    """Send the metadata and answer until the client goes; the handshake is done already."""
    connection = Connection(
        end,
        ServerProtocol(state=OPEN, max_size=MAX_REQUEST_BYTES),
        ping_interval=terms.ping_s,
        ping_timeout=terms.pong_s,
        close_timeout=CLOSE_S,
    )
    connection.start_keepalive()
    try:
        connection.send(pack(desk.metadata))
        for message in connection:
            connection.send(_reply(message, desk, connection))
    except (ConnectionClosed, GoneError):
        return
    finally:
        connection.close()


def _reply(message: str | bytes, desk: Desk, connection: Connection) -> str | bytes:
    try:
        return pack(_answered(message, desk, connection))
    except (AskedWrongError, NoAnswerError) as error:
        trace = f"\n\n{error.trace}" if isinstance(error, NoAnswerError) and error.trace else ""
        return f"{error.status}: {error}{trace}"


def _answered(message: str | bytes, desk: Desk, connection: Connection) -> dict[str, Any]:
    if isinstance(message, str):
        raise AskedWrongError("A text frame is no question; send binary msgpack.")
    try:
        request = unpack(message)
    except WireError as error:
        raise AskedWrongError(f"The message is {error}.") from None
    wanted = lambda: connection.state is OPEN  # noqa: E731
    endpoint = request.get("endpoint", "infer") if isinstance(request, dict) else "infer"
    started = time.perf_counter()
    if endpoint == "infer":
        return desk.answer(request, wanted=wanted) | timing(started)
    if endpoint == "infer_batch":
        return {"answers": desk.answer_batch(request, wanted=wanted)} | timing(started)
    if endpoint == "reset":
        desk.reset(request, wanted=wanted)
        return {"ok": True}
    raise AskedWrongError(
        f"There is no endpoint {str(endpoint)[:40]!r}; write infer, infer_batch or reset."
    )
