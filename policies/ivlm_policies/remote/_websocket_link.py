"""openpi's websocket as a client: metadata first, then maps of msgpack; a text is an error."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidStatus,
    InvalidURI,
    WebSocketException,
)
from websockets.sync.client import ClientConnection, connect

from ivlm_bench.codec.ndarrays import WireError, pack, unpack
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

#: Seconds that a server may take to say goodbye.
CLOSE_S = 0.5

#: Close code of a message that is too large (RFC 6455, section 7.4.1).
_TOO_BIG = 1009


class WebsocketLink:
    """An open websocket, its metadata read.

    Parameters
    ----------
    url : str
        ``ws://`` or ``wss://``.
    headers : mapping
        Further headers of the handshake.
    within_s : float
        Seconds for the handshake, and again for the metadata.
    ping_s : float, optional
        Seconds between keep-alive pings; none if None: pings would end slow models.
    """

    def __init__(
        self, url: str, headers: Mapping[str, str], *, within_s: float, ping_s: float | None
    ) -> None:
        self._stack = contextlib.ExitStack()
        self._socket = self._stack.enter_context(_connected(url, headers, within_s, ping_s))
        self.metadata = introduced(
            "first message", lambda: self._received(max(within_s, LEAST_S)), close=self.close
        )

    def ask(self, request: dict[str, Any], *, within_s: float) -> Any:
        """Return the reply to ``request``."""
        with Alarm(self._socket.socket, within_s):
            try:
                self._socket.send(pack(request))
                return self._received(within_s)
            except (ConnectionClosed, OSError) as error:
                raise LostError(why(error, otherwise="it hung up")) from None

    def close(self) -> None:
        """Give the connection up; a server that does not say goodbye is not waited for."""
        with contextlib.suppress(OSError, WebSocketException):
            self._stack.close()

    def _received(self, within_s: float) -> Any:
        try:
            message = self._socket.recv(timeout=within_s)
        except TimeoutError:
            raise OverdueError from None
        except ConnectionClosed as closed:
            if _TOO_BIG in (_code(closed.sent), _code(closed.rcvd)):
                raise GarbageError(f"an answer of more than {MAX_ANSWER_BYTES >> 20} MiB") from None
            raise LostError(why(closed, otherwise="it hung up")) from None
        if isinstance(message, str):
            raise ToldError.read(message)
        try:
            return unpack(message)
        except WireError as error:
            raise GarbageError(str(error)) from None


def _connected(
    url: str, headers: Mapping[str, str], within_s: float, ping_s: float | None
) -> ClientConnection:
    try:
        return connect(
            url,
            compression=None,
            proxy=None,
            additional_headers=dict(headers),
            open_timeout=max(within_s, LEAST_S),
            ping_interval=ping_s,
            ping_timeout=ping_s,
            close_timeout=CLOSE_S,
            max_size=MAX_ANSWER_BYTES,
        )
    except TimeoutError:
        raise OverdueError from None
    except (EOFError, OSError) as error:
        raise LostError(why(error, otherwise="it hung up")) from None
    except InvalidStatus as refused:
        raise _refused(refused) from None
    except (InvalidHandshake, InvalidURI) as error:
        if isinstance(error.__cause__, (EOFError, OSError)):
            raise LostError("it hung up") from None
        raise ForeignError(f"it speaks no websocket ({shortened(str(error))})") from None


def _refused(refused: InvalidStatus) -> ForeignError | LostError:
    code = refused.response.status_code
    words = shortened((refused.response.body or b"").decode("utf-8", "replace"))[:120]
    if code in (429, 502, 503, 504):
        return LostError(f"HTTP {code}")
    return ForeignError(f"it answers HTTP {code} to a websocket: {words or 'no words'}")


def _code(frame: Any) -> int | None:
    return None if frame is None else int(frame.code)
