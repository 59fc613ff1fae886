"""``ivlm-bench serve``: a reasoner behind a port, for a bench in another environment."""

from __future__ import annotations

import ipaddress
import os
import signal
import sys
from collections.abc import Sequence
from typing import Annotated

import msgspec
from tyro.conf import Positional, UseAppendAction, arg

from ivlm_bench.cli.parse import parameters, parse
from ivlm_bench.errors import ConfigError

#: Port unless another is asked for: openpi's.
PORT = 8000


class ServeFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Answer questions over a network, until Ctrl-C: openpi's websocket, and HTTP with JSON.

    Ask by: ivlm-bench run --reasoner remote -P url=ws://127.0.0.1:8000
    """

    reasoner: Annotated[Positional[str], arg(metavar="NAME|MODULE:ATTR|FILE.py:ATTR")]
    """Who answers."""
    param: Annotated[
        UseAppendAction[tuple[str, ...]], arg(aliases=["-P"], metavar="KEY=VALUE")
    ] = ()
    """Constructor parameter of the reasoner."""
    host: Annotated[str, arg(metavar="ADDRESS")] = "127.0.0.1"
    """Address to listen on; others than this machine can ask only where it is another one."""
    port: Annotated[int, arg(metavar="N")] = PORT
    """Port to listen on; 0 for any free one, which is printed."""
    ping_s: Annotated[float, arg(metavar="SECONDS")] = 20.0
    """Time between keep-alive pings over a websocket; 0 for none."""
    ping_timeout_s: Annotated[float, arg(metavar="SECONDS")] = 0.0
    """Drop a client that does not answer a ping for so long; 0 for never."""
    api_key_env: Annotated[str | None, arg(metavar="VARIABLE")] = None
    """Environment variable that holds a key which clients must show."""


def command(argv: Sequence[str]) -> int:
    """Build the reasoner, print where it is served, and serve."""
    flags = parse(ServeFlags, "serve", argv)
    _check(flags)
    key = key_from(flags.api_key_env)
    # Only now, so that --help and a mistyped flag need not wait for half a second of imports.
    from ivlm_bench.serving.desk import Desk
    from ivlm_bench.serving.server import ReasonerServer, Terms

    # Both end it, also where a shell has started it aside, with SIGINT ignored.
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, signal.default_int_handler)
    desk = Desk(flags.reasoner, parameters(flags.param))
    terms = Terms(ping_s=flags.ping_s or None, pong_s=flags.ping_timeout_s or None, key=key)
    with ReasonerServer(desk, host=flags.host, port=flags.port, terms=terms) as server:
        if key is None and not _is_loopback(flags.host):
            print(
                f"ivlm-bench: everybody who reaches {server.place} can ask; --api-key-env "
                "keeps strangers out.",
                file=sys.stderr,
            )
        print(f"serving {desk.card.name} at ws://{server.place} and http://{server.place}")
        sys.stdout.flush()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("ivlm-bench: stopped serving.", file=sys.stderr)
    return 0


def key_from(variable: str | None) -> str | None:
    """Return the key that an environment variable holds; ``ConfigError`` if it holds none."""
    if variable is None:
        return None
    key = os.environ.get(variable, "").strip()
    if not key:
        raise ConfigError(
            f"--api-key-env names {variable!r}, which is not set or empty; export it first."
        )
    return key


def _check(flags: ServeFlags) -> None:
    if not 0 <= flags.port <= 65535:
        raise ConfigError(f"--port is {flags.port}; a whole number from 0 to 65535 is needed.")
    for name in ("ping_s", "ping_timeout_s"):
        value = getattr(flags, name)
        if not 0.0 <= value < float("inf"):
            flag = f"--{name.replace('_', '-')}"
            raise ConfigError(f"{flag} is {value}; give seconds, or 0 for none.")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
