"""Configurations of runs as TOML files: read with the place of every slip, written to be reused."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from ivlm_bench.errors import ConfigError, UnknownNameError, did_you_mean
from ivlm_bench.harness.config import FLAGS, RunConfig

#: File in a run's folder that holds its configuration; ``--config`` reads it.
CONFIG = "config.toml"

#: Flags that say no, and the field that each of them makes false.
DENIALS = {"no_page": "page", "no_cache": "cache"}

#: Fields that are no part of what a run is: where it lies, and whether it goes on.
NOT_WRITTEN = ("out", "resume")

_FIELDS = {field.name: field.type for field in msgspec.structs.fields(RunConfig)}
_BY_FLAG = {flag: field for field, flag in FLAGS.items()}
_WANTED = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "str": "a text in quotes",
    "array": "a list of texts",
    "object": "a table of texts",
}


def read_config(path: Path | str) -> dict[str, Any]:
    """Return the fields of ``RunConfig`` that a TOML file sets; keys are fields or flag names.

    Paths in the file count from the working folder, as those of flags do.

    Raises
    ------
    ConfigError
        If the file can't be read, is no TOML, or has a value of the wrong kind; file, line and key
        are named.
    UnknownNameError
        If there is no such key; near ones are named.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"The file {file} can't be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"The file {file} is no valid TOML: {error}.") from None
    fields: dict[str, Any] = {}
    for key, value in content.items():
        place = f"{file} line {_line(text, key)}"
        field, plain = _field(key, value, place)
        if field in fields:
            raise ConfigError(f"{place}: {key!r} sets {field!r} a second time; leave one out.")
        fields[field] = _converted(field, plain, place)
    return fields


def config_toml(config: RunConfig) -> str:
    """Return a configuration as TOML that ``read_config`` reads back; what is None is left out."""
    plain = {name: getattr(config, name) for name in _FIELDS if name not in NOT_WRITTEN}
    lines = [
        f"{name} = {_toml(value)}"
        for name, value in plain.items()
        if value is not None and name != "params"
    ]
    if config.params:
        lines += ["", "[params]"]
        lines += [f"{_toml(key)} = {_toml(value)}" for key, value in config.params.items()]
    return "\n".join(lines) + "\n"


def _field(key: str, value: Any, place: str) -> tuple[str, Any]:
    """Return the field that a key sets, and its value, turned round where the key says no."""
    name = key.replace("-", "_")
    if name in DENIALS and isinstance(value, bool):
        return DENIALS[name], not value
    field = _BY_FLAG.get(name, name)
    if field not in _FIELDS:
        hint = did_you_mean(key, [*_FIELDS, *_BY_FLAG, *DENIALS])
        raise UnknownNameError(f"{place}: there is no key {key!r}.{hint}")
    return field, value


def _converted(field: str, value: Any, place: str) -> Any:
    if field == "params" and isinstance(value, dict):
        value = {key: _text(entry) for key, entry in value.items()}
    if _FIELDS[field] == tuple[str, ...] and isinstance(value, str):
        value = value.split(",")  # as the flag takes it
    try:
        return msgspec.convert(value, _FIELDS[field])
    except msgspec.ValidationError as error:
        kind = re.search(r"Expected `(\w+)", str(error))
        wanted = _WANTED.get(kind[1] if kind else "", "another kind of value")
        where = " in it" if "$[" in str(error) else ""
        raise ConfigError(
            f"{place}: {field} is {_shown(value)}; {wanted} is needed{where}."
        ) from None


def _text(value: Any) -> Any:
    """Return a parameter of the reasoner as ``-P`` would give it."""
    return json.dumps(value) if isinstance(value, (bool, int, float)) else value


def _toml(value: Any) -> str:
    """Return a value in TOML, whose texts, numbers and lists are those of JSON."""
    return json.dumps(value, ensure_ascii=False)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _line(text: str, key: str) -> int:
    """Return the line that a key of the top level stands in (1 where it can't be found)."""
    name = re.escape(key)
    found = re.search(rf"^\s*\[?\s*[\"']?{name}[\"']?\s*(=|\]|\.)", text, re.MULTILINE)
    return text.count("\n", 0, found.end()) + 1 if found else 1
