"""The planner's words as data: interaction templates, and the lexicon of things, parts, places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Literal

import msgspec

from ivlm_policies.ivlm.stages import Role


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Verbs of a template; with ``parts`` or ``nouns`` they hold only where one of them is named.

    ``sense``: which way to turn, where the verb itself tells.
    """

    verbs: tuple[str, ...]
    parts: tuple[str, ...] = ()
    nouns: tuple[str, ...] = ()
    sense: str = ""


class QueryPattern(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One atomic query of a template; ``part``: where its part comes from."""

    role: Role
    part: Literal["named", "function_of", "avoid_of"] = "named"
    scope: Literal["image", "object"] = "object"


class Template(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one kind of interaction is asked for, looked for and checked.

    ``contact``: part that is touched, by the part that is named; ``contact_of``, ``function_of``,
    ``avoid_of``, ``function_action``: by noun, "" for all others. ``default_part``: where no part
    is named. ``part_is_noun``: nouns that are their own part. ``held_by``: parts that would keep it
    from moving. ``anchor_of``: by part, what tells several of it apart. ``on_support``: the
    question is about what things are put on.
    """

    id: str
    version: int
    interaction: str
    motion: Literal["grasp", "pull", "push", "press", "turn", "lift", "place", "none"]
    said: tuple[Said, ...]
    queries: tuple[QueryPattern, ...]
    checks: tuple[str, ...] = ()
    default_part: str = ""
    part_is_noun: tuple[str, ...] = ()
    contact: Mapping[str, str] = {}
    contact_of: Mapping[str, str] = {}
    function_of: Mapping[str, str] = {}
    function_action: Mapping[str, str] = {}
    avoid_of: Mapping[str, str] = {}
    held_by: tuple[str, ...] = ()
    anchor_of: Mapping[str, str] = {}
    on_support: bool = False

    @property
    def label(self) -> str:
        """Id and version."""
        return f"{self.id}.v{self.version}"

    @property
    def named_parts(self) -> frozenset[str]:
        """Parts that tell this template from others."""
        return frozenset(part for said in self.said for part in said.parts)


class TemplateFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of ``templates.toml``."""

    version: int
    templates: tuple[Template, ...]


class Cues(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Small words that tell how the others are meant; ``lexicon.toml`` explains each list."""

    determiner: tuple[str, ...]
    subordinate: tuple[str, ...]
    negative: tuple[str, ...]
    backward: tuple[str, ...]
    contrast: tuple[str, ...]
    polite: tuple[str, ...]
    beside: tuple[str, ...]
    state: tuple[str, ...]


class SaidBesides(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Words that say nothing about what to do."""

    words: tuple[str, ...]


Synonyms = Mapping[str, tuple[str, ...]]


class Lexicon(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of ``lexicon.toml``: canonical words and the ways people say them."""

    version: int
    supports: tuple[str, ...]
    generic: tuple[str, ...]
    shared: Synonyms
    nouns: Synonyms
    parts: Synonyms
    parts_of: Mapping[str, Synonyms]
    noun_of: Mapping[str, str]
    colours: Synonyms
    places: Synonyms
    standpoints: Synonyms
    senses: Synonyms
    senses_of: Mapping[str, Mapping[str, str]]
    cues: Cues
    said_besides: SaidBesides
    irregular: Synonyms


@cache
def templates() -> tuple[Template, ...]:
    """Return the shipped templates, in order of preference."""
    return msgspec.toml.decode(_read("templates.toml"), type=TemplateFile).templates


@cache
def lexicon() -> Lexicon:
    """Return the shipped lexicon."""
    return msgspec.toml.decode(_read("lexicon.toml"), type=Lexicon)


def _read(name: str) -> bytes:
    return resources.files(__package__).joinpath(name).read_bytes()


Form = Literal["base", "s", "ed", "ing"]
_VOWELS = "aeiou"


def inflected(lemma: str, irregular: Synonyms) -> Iterator[tuple[str, Form]]:
    """Yield a verb's forms by the rules of English spelling, and its irregular ones."""
    yield lemma, "base"
    sibilant = lemma.endswith(("s", "x", "z", "ch", "sh", "o"))
    consonant_y = lemma.endswith("y") and lemma[-2:-1] not in _VOWELS
    yield (lemma[:-1] + "ies" if consonant_y else lemma + ("es" if sibilant else "s")), "s"
    stem = lemma[:-1] if lemma.endswith("e") and not lemma.endswith("ee") else lemma
    stems = {stem, stem + stem[-1]} if _may_double(stem, lemma) else {stem}
    for one in sorted(stems):
        yield one + "ing", "ing"
        yield (one[:-1] + "ied" if consonant_y else one + "ed"), "ed"
    for form in irregular.get(lemma, ()):
        yield form, "ed"


def _may_double(stem: str, lemma: str) -> bool:
    """Tell whether a stem ends in one vowel and one consonant, which writing may double."""
    is_short = len(stem) >= 3 and stem[-2] in _VOWELS and stem[-3] not in _VOWELS
    return stem == lemma and is_short and stem[-1] not in _VOWELS + "wxy"
