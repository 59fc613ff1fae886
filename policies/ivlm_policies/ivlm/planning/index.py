"""Tables that find the lexicon's words and the templates' verbs in a sentence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeVar

from ivlm_policies.ivlm.planning.vocabulary import (
    Form,
    Said,
    Template,
    inflected,
    lexicon,
    templates,
)

Kind = Literal["noun", "part", "part_of", "colour", "place", "standpoint", "sense", "generic"]
Meaning = tuple[Kind, str]
Usage = tuple[Template, Said]
Tokens = tuple[str, ...]
_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class Index:
    """Compiled vocabulary.

    ``phrases``: by first word, phrases (longest first) and what they may mean; a ``part_of`` has
    "noun:part". ``forms``: lemma and form of each inflected first word of a verb. ``tails``: by
    lemma, the rests of verbs (longest first) and the templates that use them.
    """

    phrases: Mapping[str, tuple[tuple[Tokens, tuple[Meaning, ...]], ...]]
    forms: Mapping[str, tuple[tuple[str, Form], ...]]
    tails: Mapping[str, tuple[tuple[Tokens, tuple[Usage, ...]], ...]]
    known: frozenset[str]

    def plain(self, word: str) -> str:
        """Return a word, or its singular where only that is known."""
        if word in self.known:
            return word
        for ending, instead in (("ives", "ife"), ("s", ""), ("es", "")):
            singular = word.removesuffix(ending) + instead
            if word.endswith(ending) and singular in self.known:
                return singular
        return word


@cache
def index() -> Index:
    """Return the tables of the shipped templates and lexicon."""
    phrases, (forms, tails) = _phrases(), _verbs()
    known = {word for rows in phrases.values() for tokens, _ in rows for word in tokens}
    known |= set(lexicon().said_besides.words) | set(lexicon().cues.determiner)
    for cues in (lexicon().cues.negative, lexicon().cues.backward, lexicon().cues.beside):
        known |= {word for cue in cues for word in cue.split()}
    known |= {word for rows in tails.values() for tail, _ in rows for word in tail} | set(forms)
    return Index(phrases, forms, tails, frozenset(known))


def _phrases() -> dict[str, tuple[tuple[Tokens, tuple[Meaning, ...]], ...]]:
    words = lexicon()
    meanings: defaultdict[Tokens, list[Meaning]] = defaultdict(list)

    def enter(kind: Kind, canonical: str, said: Iterable[str]) -> None:
        for phrase in said:
            meanings[tuple(phrase.split())].append((kind, canonical))

    enter("generic", "object", words.generic)
    kinds: tuple[tuple[Kind, Mapping[str, tuple[str, ...]]], ...] = (
        ("noun", words.nouns),
        ("part", words.parts),
        ("colour", words.colours),
        ("place", words.places),
        ("standpoint", words.standpoints),
        ("sense", words.senses),
    )
    for kind, table in kinds:
        for canonical, said in table.items():
            enter(kind, canonical, said)
    for noun, parts in words.parts_of.items():
        for part, said in parts.items():
            enter("part_of", f"{noun}:{part}", said)
    by_first: defaultdict[str, list[tuple[Tokens, tuple[Meaning, ...]]]] = defaultdict(list)
    for tokens, found in meanings.items():
        by_first[tokens[0]].append((tokens, tuple(found)))
    return {first: _longest_first(rows) for first, rows in by_first.items()}


def _verbs() -> tuple[
    dict[str, tuple[tuple[str, Form], ...]], dict[str, tuple[tuple[Tokens, tuple[Usage, ...]], ...]]
]:
    usages: defaultdict[str, defaultdict[Tokens, list[Usage]]]
    usages = defaultdict(lambda: defaultdict(list))
    for template in templates():
        for said in template.said:
            for verb in said.verbs:
                head, *tail = verb.split()
                usages[head][tuple(tail)].append((template, said))
    forms: defaultdict[str, list[tuple[str, Form]]] = defaultdict(list)
    for lemma in usages:
        # "a push" is no verb that has forms; of two forms that are written alike the first counts.
        made = list(inflected(lemma, lexicon().irregular))[: 1 if lemma == "a" else None]
        for word, form in dict(reversed(made)).items():
            forms[word].append((lemma, form))
    tails = {
        lemma: _longest_first([(tail, tuple(used)) for tail, used in rows.items()])
        for lemma, rows in usages.items()
    }
    return {word: tuple(rows) for word, rows in forms.items()}, tails


def _longest_first(rows: list[tuple[Tokens, _Found]]) -> tuple[tuple[Tokens, _Found], ...]:
    return tuple(sorted(rows, key=lambda row: -len(row[0])))
