"""What can go wrong between here and a server, each in one sentence with the next step."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from ivlm_bench.guard import visible

Kind = Literal["status", "slow", "down", "nameless", "forbidden", "large", "garbled"]

#: Status codes that may pass: too many requests, the server's own faults, and being started.
PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
#: Most characters of a server's own words that are told.
MAX_TOLD_CHARS = 200

_TOO_LONG = re.compile(
    r"context[_ ](?:length|window|size)|maximum context|too many tokens|prompt is too long|"
    r"exceeds? the (?:available )?context|input is too long|max_model_len",
    re.IGNORECASE,
)
_NO_CREDIT = re.compile(r"insufficient_quota|billing|credit balance", re.IGNORECASE)
_REDIRECT, _CLIENT_ERROR = 300, 400
_NO_ENTRY = (401, 403)


@dataclass(eq=False)
class HttpError(Exception):
    """Why a request brought no answer.

    ``kind``: the ``status`` was not 200; it was too ``slow``; the server is ``down`` or its name
    unknown (``nameless``); this process is ``forbidden`` the network; the answer is too ``large``
    or ``garbled``. ``headers`` have small names.
    """

    kind: Kind
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""

    @property
    def passes(self) -> bool:
        """Whether the same request may succeed later."""
        if self.kind == "status":
            return self.status in PASSING and not _NO_CREDIT.search(self.text)
        return self.kind in ("slow", "down")

    @property
    def loses(self) -> bool:
        """Whether nobody was there to answer, so that the question may be asked again."""
        if self.kind == "status":
            return self.status in PASSING or self.status in _NO_ENTRY
        return self.kind in ("down", "nameless")

    @property
    def wait_s(self) -> float | None:
        """Seconds that the server asks to wait, where it does in plain seconds."""
        asked = self.headers.get("retry-after", "")
        return float(asked) if re.fullmatch(r"\d{1,6}(?:\.\d{1,3})?", asked) else None


def sentence(fault: HttpError, base_url: str, model: str) -> str:
    """Return what happened and what to do, without a full stop where it goes on."""
    if fault.kind == "status":
        return _of_status(fault, base_url, model)
    server = f"the server {base_url}"
    told = {
        "slow": f"{server} did not answer in time; give it more by --deadline-s and -P timeout_s, "
        "or ask fewer questions at once by --in-flight",
        "down": f"nothing answers at {base_url}; start the server, or mend -P base_url",
        "nameless": f"the host of {base_url} is not known here; mend -P base_url, or see whether "
        "this machine is online",
        "forbidden": f"this process may not use the network, so {base_url} can't be asked; leave "
        "--isolate out",
        "large": f"{server} sent more than 4 MiB where an answer belongs; see whether base_url is "
        "that of an OpenAI-compatible one",
        "garbled": f"{server} answered with {_looks(fault.text)}, not with a chat completion; see "
        "whether base_url ends in /v1 and needs a login first",
    }
    return told[fault.kind]


def _of_status(fault: HttpError, base_url: str, model: str) -> str:
    said = _said(fault.text)
    where = visible(fault.headers.get("location", "another address")).partition("?")[0]
    server, status = f"the server {base_url}", f"status {fault.status}{said}"
    told = {
        "long": f"the question is longer than the context of {model!r}{said}; ask with a smaller "
        "-P side_px or -P max_tokens, or start the server with a longer context",
        "key": f"{server} refuses the key or asks for one (status {fault.status}); put the right "
        "one into the environment variable that -P key_env=NAME names",
        "unknown": f"{server} knows no model {model!r} or has no chat/completions ({status}); "
        f"{base_url}/models lists its models, and base_url mostly ends in /v1",
        "elsewhere": f"{server} sends on to {where[:MAX_TOLD_CHARS]}, perhaps a login page; give "
        "the address that answers itself as -P base_url",
        "credit": f"the account at {base_url} has no credit left{said}; top it up, then run again",
        "busy": f"{server} takes no more requests for now ({status}); ask fewer at once by "
        "--in-flight, or wait longer by --deadline-s",
        "fails": f"{server} fails ({status}); see its log, then run again",
        "refuses": f"{server} refuses the request ({status}); see whether it serves {model!r}, and "
        "whether that reads images",
    }
    return told[_case(fault)]


def _case(fault: HttpError) -> str:
    """Return which case of ``_of_status`` a status belongs to."""
    cases = (
        ("long", fault.status >= _CLIENT_ERROR and _TOO_LONG.search(fault.text)),
        ("key", fault.status in _NO_ENTRY),
        ("unknown", fault.status == 404),
        ("elsewhere", _REDIRECT <= fault.status < _CLIENT_ERROR),
        ("credit", fault.status == 429 and not fault.passes),
        ("busy", fault.status == 429),
        ("fails", fault.status in PASSING),
    )
    return next((name for name, fits in cases if fits), "refuses")


def _said(text: str) -> str:
    """Return a server's own words, cut short, in brackets; empty for a page or nothing."""
    try:
        value = msgspec.json.decode(text.encode())
    except (msgspec.DecodeError, RecursionError):
        return ""
    while isinstance(value, (dict, list)):
        inner = (
            value[:1]
            if isinstance(value, list)
            else [value[key] for key in ("error", "message", "detail", "msg") if key in value]
        )
        if not inner:
            return ""
        value = inner[0]
    words = " ".join(visible(str(value)).split())
    return f": {words[:MAX_TOLD_CHARS].rstrip('.')!r}" if words else ""


def _looks(text: str) -> str:
    start = text.lstrip()[:1000].lower()
    if start.startswith(("<!doctype", "<html")) or "<html" in start:
        return "a web page"
    if not start:
        return "nothing"
    return "JSON of another kind" if start[0] in "[{" else "something else"
