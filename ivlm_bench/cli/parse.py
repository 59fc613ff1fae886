"""Flags from a frozen struct, with errors of one sentence."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Sequence
from typing import TypeVar

import msgspec
import tyro

from ivlm_bench.errors import ConfigError, UnknownNameError, did_you_mean
from ivlm_bench.guard import storable

#: Characters that tyro draws its boxes with.
_BOX = "╭╮╰╯│─┌┐└┘ "

#: What tyro says of a word that is no number.
_NO_NUMBER = re.compile(r"Error parsing (?P<flag>-\S+): .*(?:INT|float|int).*'(?P<value>[^']*)'")

T = TypeVar("T", bound=msgspec.Struct)


def parse(kind: type[T], verb: str, argv: Sequence[str]) -> T:
    """Return ``kind`` filled from ``argv``; ``--help`` prints and ends with 0.

    Raises
    ------
    ConfigError
        If a flag is unknown (the message lists near ones), lacks its value or has a wrong one, or
        a word is no valid UTF-8, which no record could hold.
    """
    _check_encoding(verb, argv)
    _check_flags(kind, verb, argv)
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            return tyro.cli(
                kind,
                prog=f"ivlm-bench {verb}",
                args=list(argv),
                config=(tyro.conf.FlagCreatePairsOff,),
            )
    except SystemExit as end:
        if not end.code:
            raise
        raise ConfigError(
            f"{_plain(_sentence(said.getvalue()))} See ivlm-bench {verb} --help."
        ) from None


def flags_of(kind: type[msgspec.Struct]) -> list[str]:
    """Return the long flags of a struct."""
    return [f"--{name.replace('_', '-')}" for name in kind.__struct_fields__]


def listed(words: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Flatten what a repeatable flag was given; each word may be a comma list.

    Raises
    ------
    ConfigError
        If a word names nothing: an empty variable of a script must not mean everything.
    """
    if any(not word.strip(", ") for group in words for word in group):
        raise ConfigError("A flag was given an empty name; leave the flag out to mean all.")
    return tuple(part for group in words for word in group for part in word.split(",") if part)


def parameters(texts: Sequence[str]) -> dict[str, str]:
    """Return what ``-P KEY=VALUE`` was given; ``ConfigError`` if one is written otherwise."""
    pairs = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise ConfigError(f"-P {text!r} is no parameter; write it as -P KEY=VALUE.")
        pairs[key] = value
    return pairs


def _check_encoding(verb: str, argv: Sequence[str]) -> None:
    for word in argv:
        shown = storable(word)
        if shown != word:
            raise ConfigError(
                f"'ivlm-bench {verb}' was given '{shown}', which is no valid UTF-8; write it "
                "otherwise."
            )


def _check_flags(kind: type[msgspec.Struct], verb: str, argv: Sequence[str]) -> None:
    known = [*flags_of(kind), "--help"]
    for word in argv:
        flag = word.partition("=")[0]
        if flag.startswith("--") and flag.replace("_", "-") not in known:
            hint = did_you_mean(flag, known)
            raise UnknownNameError(f"'ivlm-bench {verb}' has no flag {flag!r}.{hint}")


def _plain(sentence: str) -> str:
    """Return tyro's sentence about a wrong number without the language of types."""
    found = _NO_NUMBER.search(sentence)
    if found is None:
        return sentence
    wanted = "a number" if "float" in sentence else "a whole number"
    return f"{found['flag']} was given {found['value']!r}; {wanted} is needed."


def _sentence(box: str) -> str:
    """Return the first paragraph of a box of tyro's, on one line."""
    words = []
    for line in box.splitlines()[1:]:
        text = line.strip(_BOX)
        if not text:
            break
        words.append(text)
    return (" ".join(words) or box.strip()).rstrip(".") + "."
