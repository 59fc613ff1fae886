"""Keys of hosted servers: read from the environment, sent to their host, told to nobody."""

from __future__ import annotations

import os
import re
from urllib.parse import urlsplit

from ivlm_bench.errors import ConfigError

#: Variables in which the keys of hosted servers are kept, by the end of the host's name.
HOSTS = {
    "api.openai.com": "OPENAI_API_KEY",
    "generativelanguage.googleapis.com": "GEMINI_API_KEY",
    "openrouter.ai": "OPENROUTER_API_KEY",
    "api.anthropic.com": "ANTHROPIC_API_KEY",
}
#: What stands for a key wherever it would have been told.
HIDDEN = "[key]"
#: Shorter texts are no keys; hiding them would blot out plain words.
_MIN_KEY_CHARS = 6

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def check_url(base_url: str) -> str:
    """Return the address without a slash at its end.

    Parameters are stored with a run, so an address must hold no secret.

    Raises
    ------
    ConfigError
        If it is no address of a server, or holds a name, password or query.
    """
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(
            "base_url is no http:// or https:// address; give one such as "
            "-P base_url=http://127.0.0.1:8000/v1."
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigError(
            "base_url holds a name, password or query, and parameters are stored with every run; "
            "leave it out, put the key into an environment variable and name that one by "
            "-P key_env=NAME."
        )
    return base_url.rstrip("/")


def find_key(base_url: str, key_env: str | None) -> str:
    """Return the key for a server; empty where none is to be sent.

    A host that is not known gets a key only if ``key_env`` names one, so that a key of one service
    never reaches another.

    Raises
    ------
    ConfigError
        If the variable is not set; its value is never told.
    """
    if key_env is not None and not _NAME.fullmatch(key_env):
        raise ConfigError(
            "key_env is not the name of an environment variable; put the key into a variable, such "
            "as VLM_KEY, and give its name by -P key_env=VLM_KEY: the key itself would be stored."
        )
    host = urlsplit(base_url).hostname or ""
    name = key_env or next((var for end, var in HOSTS.items() if host.endswith(end)), None)
    if name is None:
        return ""
    key = os.environ.get(name, "").strip()
    if not key:
        raise ConfigError(
            f"The environment variable {name} holds no key for {host}; set it, or name another "
            "variable by -P key_env=NAME."
        )
    return key


def hidden(text: str, key: str) -> str:
    """Return ``text`` with the key blotted out, wherever a server echoes it."""
    return text.replace(key, HIDDEN) if len(key) >= _MIN_KEY_CHARS else text
