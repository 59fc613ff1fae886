"""Questions to one model: a picture and a prompt go out, text and counts of tokens come back."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec
import numpy as np
from jaxtyping import UInt8

from ivlm_bench.errors import (
    MissingDependencyError,
    RemoteError,
    RemoteLostError,
    RemoteTimeoutError,
)
from ivlm_bench.guard import storable
from ivlm_policies.vlm.faults import HttpError, sentence
from ivlm_policies.vlm.keys import hidden
from ivlm_policies.vlm.letterbox import png_bytes
from ivlm_policies.vlm.patience import Patience


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model wrote.

    ``finish``: why it stopped, in the server's word (``stop``, ``length``). Counts of tokens are
    None where the server tells none.
    """

    text: str
    finish: str = "stop"
    refused: bool = False
    n_prompt_tokens: int | None = None
    n_written_tokens: int | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Request:
    """One question: a prompt, a picture (h, w, 3), and what else the server is told.

    ``options`` are fields of the request as they are, such as ``temperature``.
    """

    model: str
    prompt: str
    picture: UInt8[np.ndarray, "h w 3"]
    options: Mapping[str, Any]

    def body(self) -> dict[str, Any]:
        """Return the request of the OpenAI interface."""
        url = "data:image/png;base64," + base64.b64encode(png_bytes(self.picture)).decode("ascii")
        content = [
            {"type": "image_url", "image_url": {"url": url}},
            {"type": "text", "text": self.prompt},
        ]
        messages = [{"role": "user", "content": content}]
        return {"model": self.model, "messages": messages, **self.options}


class Wire(Protocol):
    """Sends one request and waits for its answer; ``HttpError`` where that fails."""

    def chat(self, body: dict[str, Any], *, timeout_s: float) -> bytes:
        """Return the body of the answer."""
        ...

    def close(self) -> None:
        """Close all connections."""
        ...


def open_wire(base_url: str, key: str) -> Wire:
    """Return connections to a server.

    Raises
    ------
    MissingDependencyError
        If the ``openai`` package is not installed.
    """
    try:
        from ivlm_policies.vlm import _wire
    except ImportError as error:
        raise MissingDependencyError(
            f"The reasoner 'vlm' needs the package 'openai' ({error}); pip install openai, or pip "
            "install 'ivlm_bench[vlm]' for models of this machine as well."
        ) from None
    return _wire.Wire(base_url, key)


class Client:
    """Asks one server, with patience; any number of threads may ask at once.

    Parameters
    ----------
    wire
        Connections to the server.
    base_url
        Its address, to be told.
    key
        Blotted out of all that comes back.
    patience
        When a request is put again.
    timeout_s
        Longest wait for one answer; None for as long as there is time.
    """

    def __init__(
        self,
        wire: Wire,
        base_url: str,
        *,
        key: str = "",
        patience: Patience,
        timeout_s: float | None = None,
    ) -> None:
        self._wire, self._base_url, self._key = wire, base_url, key
        self._patience, self._timeout_s = patience, timeout_s

    def complete(self, request: Request, *, until_s: float) -> Completion:
        """Return what the model writes; ``until_s`` is a moment of ``time.monotonic``.

        Raises
        ------
        RemoteTimeoutError
            If it was not there in time.
        RemoteLostError
            If the server is gone, fails or lets nobody in.
        RemoteError
            If it refuses this very request, or sends something else.
        """
        body = request.body()

        def once() -> Completion:
            left_s = until_s - time.monotonic()
            wait_s = left_s if self._timeout_s is None else min(left_s, self._timeout_s)
            return _completion(self._wire.chat(body, timeout_s=max(wait_s, 1e-3)))

        try:
            completion = self._patience.asked(once, until_s=until_s)
        except HttpError as fault:
            told = hidden(sentence(fault, self._base_url, request.model), self._key)
            raise _kind(fault)(storable(f"{told[0].upper()}{told[1:]}.")) from None
        return _clean(completion, self._key)


def _kind(fault: HttpError) -> type[RemoteError]:
    if fault.kind == "slow":
        return RemoteTimeoutError
    return RemoteLostError if fault.loses else RemoteError


def _clean(completion: Completion, key: str) -> Completion:
    text = storable(hidden(completion.text, key))
    return Completion(
        text,
        storable(hidden(completion.finish, key)),
        completion.refused,
        completion.n_prompt_tokens,
        completion.n_written_tokens,
    )


def _completion(body: bytes) -> Completion:
    """Return the first choice of a chat completion; ``HttpError`` if it is none."""
    try:
        value = msgspec.json.decode(body)
        choice = value["choices"][0]
        message = choice["message"]
        text = _text(message.get("content"))
        refusal = message.get("refusal")
        usage = value.get("usage") or {}
        return Completion(
            text or str(refusal or ""),
            str(choice.get("finish_reason") or "stop"),
            bool(refusal) or choice.get("finish_reason") == "content_filter",
            _count(usage.get("prompt_tokens")),
            _count(usage.get("completion_tokens")),
        )
    except (msgspec.DecodeError, RecursionError, KeyError, IndexError, TypeError, AttributeError):
        start = body[:1000].decode("utf-8", "replace")
        raise HttpError("garbled", text=start) from None


def _text(content: Any) -> str:
    """Return the text of a message, which some servers send in parts."""
    if isinstance(content, list):
        return "".join(part.get("text") or "" for part in content)
    if content is not None and not isinstance(content, str):
        raise TypeError("the content is no text")
    return content or ""


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
