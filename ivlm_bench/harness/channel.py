"""Bytes between a worker and an isolated reasoner: framed, limited in size and time."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable

#: Length of a message before it, little-endian.
_HEADER = struct.Struct("<Q")

#: Longest wait between two looks at whether to go on, seconds.
SLICE_S = 0.05


class ChannelError(Exception):
    """What came is no message: too long, or cut short."""


class Channel:
    """One end of a stream socket."""

    def __init__(self, end: socket.socket, *, max_bytes: int) -> None:
        self._socket = end
        self.max_bytes = max_bytes

    def close(self) -> None:
        """Close this end."""
        self._socket.close()

    def send(self, payload: bytes, *, within_s: float | None = None) -> None:
        """Send one message; ``TimeoutError`` if the other end does not take it in time."""
        self._socket.settimeout(within_s)
        self._socket.sendall(_HEADER.pack(len(payload)) + payload)

    def receive(self, go_on: Callable[[], None] | None = None) -> bytes:
        """Return the next message; ``go_on`` is called while waiting and may raise to stop.

        Raises
        ------
        ChannelError
            If the message is longer than ``max_bytes``.
        EOFError
            If the other end is closed.
        """
        (length,) = _HEADER.unpack(self._exactly(_HEADER.size, go_on))
        if length > self.max_bytes:
            raise ChannelError(f"a message of {length} bytes")
        return self._exactly(length, go_on)

    def _exactly(self, length: int, go_on: Callable[[], None] | None) -> bytes:
        parts: list[bytes] = []
        left = length
        self._socket.settimeout(None if go_on is None else SLICE_S)
        while left:
            try:
                part = self._socket.recv(min(left, 1 << 20))
            except TimeoutError:
                if go_on is not None:
                    go_on()
                continue
            if not part:
                raise EOFError
            if go_on is not None:
                go_on()
            parts.append(part)
            left -= len(part)
        return b"".join(parts)
