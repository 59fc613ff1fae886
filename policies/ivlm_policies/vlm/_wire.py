"""One HTTP request by the ``openai`` package, limited in size and time.

This module is imported when the first client is made, and by nothing else: the package is an
optional one.
"""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import openai

from ivlm_policies.vlm.faults import HttpError

#: Bytes of a server's answer that are read; one of 64 KiB of text takes a tenth of it.
MAX_BYTES = 4 << 20
#: Bytes that are read of what comes with an error.
MAX_ERROR_BYTES = 1 << 16
_OK = 200
#: Names of this very machine.
_OWN_HOSTS = ("127.0.0.1", "localhost", "::1")
#: Errors of the system that tell of a process that may not use the network.
_FORBIDDEN = (errno.EPERM, errno.EACCES)


class Wire:
    """Connections to one server, shared by any number of threads.

    Parameters
    ----------
    base_url
        Address up to ``/v1``.
    key
        Sent as bearer token; empty for none.
    """

    def __init__(self, base_url: str, key: str) -> None:
        # Without a key none is sent, not even one that lies in the environment for another host.
        self._headers: dict[str, Any] = {} if key else {"Authorization": openai.Omit()}
        self._client = openai.OpenAI(
            api_key=key or "none",
            base_url=base_url,
            max_retries=0,  # retried by ``patience``, which knows the deadline
            default_headers={"Accept-Encoding": "identity"},
            http_client=openai.DefaultHttpxClient(
                trust_env=urlsplit(base_url).hostname not in _OWN_HOSTS,  # no proxy to oneself
                follow_redirects=False,  # a login page is told, not followed
                event_hooks={"response": [_refuse]},
            ),
        )
        self._client.organization = self._client.project = None

    def chat(self, body: dict[str, Any], *, timeout_s: float) -> bytes:
        """Post to ``chat/completions`` and return the body of the answer.

        Raises
        ------
        HttpError
            If there is none of status 200, of bearable size and in time.
        """
        until_s = time.monotonic() + timeout_s
        call = self._client.chat.completions.with_streaming_response
        try:
            with call.create(
                model=body["model"],
                messages=body["messages"],
                extra_body={k: v for k, v in body.items() if k not in ("model", "messages")},
                extra_headers=self._headers,
                timeout=timeout_s,
            ) as response:
                return _limited(response.iter_bytes(), MAX_BYTES, until_s)
        except openai.APITimeoutError:
            raise HttpError("slow") from None
        except openai.APIConnectionError as error:
            raise _connection_fault(error) from None
        except openai.APIError as error:  # what the hook below did not see
            raise HttpError("garbled", text=str(error)) from None

    def close(self) -> None:
        """Close all connections."""
        self._client.close()


def _refuse(response: Any) -> None:
    """Turn every status but 200 into a fault before its body is read in full."""
    if response.status_code == _OK:
        return
    body = b""
    for chunk in response.iter_bytes():
        body += chunk[: MAX_ERROR_BYTES - len(body)]
        if len(body) >= MAX_ERROR_BYTES:
            break
    response.close()
    raise HttpError(
        "status",
        status=response.status_code,
        headers={name.lower(): value for name, value in response.headers.items()},
        text=body.decode("utf-8", "replace"),
    )


def _limited(chunks: Iterator[bytes], limit: int, until_s: float) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > limit:
            raise HttpError("large")
        if time.monotonic() > until_s:
            raise HttpError("slow")
    return bytes(body)


def _connection_fault(error: BaseException) -> HttpError:
    """Return what lies at the bottom of a failed connection."""
    reason: BaseException | None = error
    deepest = error
    while reason is not None:
        if isinstance(reason, HttpError):
            return reason
        if isinstance(reason, OSError) and reason.errno in _FORBIDDEN:
            return HttpError("forbidden")
        if isinstance(reason, socket.gaierror):
            return HttpError("nameless")
        deepest, reason = reason, reason.__cause__ or reason.__context__
    return HttpError("down", text=str(deepest))
