"""Which template the verbs of a sentence mean."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from ivlm_policies.ivlm.planning.index import Usage, index
from ivlm_policies.ivlm.planning.sentence import STOPS, Sentence
from ivlm_policies.ivlm.planning.vocabulary import Form, Said, Template, lexicon

#: Most words that may stand inside a verb of several words, as in "put the mug ... down".
MAX_GAP = 9
#: Words after which a noun comes, not a verb.
LEADING = ("by", "of", "with", "from", "on")
#: Particles that belong to the next words, not to the verb, where a determiner follows.
LOOSE = ("on", "off", "in", "to", "onto")
#: What speaks for a reading: a named part or noun it is for, the label that is asked for, that it
#: does more than hold, that it isn't in a side clause, and each word of the verb.
PART_FITS, NOUN_FITS, NOTHING_FITS, TEMPLATE_FITS = 2.5, 2.0, -1.5, 1.5
LABEL_FITS, DOES_MORE, USES, ASIDE, WORD_MORE = 3.0, 1.0, 0.5, -9.0, 1.5


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb of a sentence: its first token, all its tokens, and what it may mean."""

    at: int
    tokens: frozenset[int]
    usages: tuple[Usage, ...]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A template and the words that called for it."""

    template: Template
    said: Said | None
    tokens: frozenset[int]


def choose(
    sentence: Sentence, *, parts: Collection[str], nouns: Collection[str], label: str
) -> Chosen | None:
    """Return the template that the verbs mean best, None if no verb is known."""
    best, best_score = None, -1e9
    for verb in verbs_of(sentence):
        for template, said in verb.usages:
            score = _fit(template, said, parts, nouns) + WORD_MORE * len(verb.tokens)
            score += LABEL_FITS * (template.interaction == label)
            score += _weight(template) + ASIDE * (verb.at in sentence.subordinate)
            if score > best_score:
                best, best_score = Chosen(template, said, verb.tokens), score
    return best


def _fit(template: Template, said: Said, parts: Collection[str], nouns: Collection[str]) -> float:
    if not said.parts and not said.nouns:
        return TEMPLATE_FITS if any(part in template.named_parts for part in parts) else 0.0
    if any(part in parts for part in said.parts):
        return PART_FITS
    return NOUN_FITS if any(noun in nouns for noun in said.nouns) else NOTHING_FITS


def _weight(template: Template) -> float:
    if template.interaction in ("find", "none"):
        return -DOES_MORE
    if template.interaction == "grasp":
        return 0.0 if template.id == "grasp" else USES
    return DOES_MORE


def verbs_of(sentence: Sentence) -> Iterator[Verb]:
    """Yield the verbs that say what to do, with every way to read their further words."""
    taken: set[int] = set()
    for at, token in enumerate(sentence.tokens):
        if at in taken or at in sentence.negative:
            continue
        for lemma, form in index().forms.get(token, ()):
            if not _may_be_verb(sentence, at, form):
                continue
            for verb in _readings(sentence, at, lemma):
                taken |= {t for t in verb.tokens if t < at + len(verb.tokens)}
                yield verb


def _may_be_verb(sentence: Sentence, at: int, form: Form) -> bool:
    """Tell a verb from a noun or an adjective by the word before it."""
    token, before = sentence.tokens[at], sentence.tokens[at - 1] if at else "."
    inside = sentence.covering.get(at)
    if token == "a":
        return True
    if inside is not None and inside.end - inside.start > 1:
        return False
    if before in STOPS or form in ("ing", "ed"):
        return before not in lexicon().cues.determiner
    is_state = before in lexicon().cues.state and token in ("open", "shut")
    is_thing = form == "base" or at in sentence.covering
    follows_thing = is_thing and (at - 1 in sentence.covering or before in LEADING)
    return before not in lexicon().cues.determiner and not is_state and not follows_thing


def _readings(sentence: Sentence, at: int, lemma: str) -> Iterator[Verb]:
    for tail, usages in index().tails[lemma]:
        places = _tail_at(sentence, at, tail)
        if places is None:
            continue
        fitting = usages
        if tail and tail[-1] in LOOSE and min(places) > at + 1:
            leads = _before_determiner(sentence, max(places))
            fitting = tuple(u for u in usages if u[0].on_support is leads)
        if fitting:
            yield Verb(at, frozenset({at, *places}), fitting)


def _tail_at(sentence: Sentence, at: int, tail: tuple[str, ...]) -> tuple[int, ...] | None:
    """Return where the rest of a verb stands, nearest first, within the same clause."""
    n = len(tail)
    for start in range(at + 1, min(at + 2 + MAX_GAP, len(sentence.tokens) - n + 1)):
        if sentence.tokens[start : start + n] == tail:
            return tuple(range(start, start + n))
        if sentence.tokens[start] in STOPS and n:
            return None
        if not n:
            break
    return () if not n else None


def _before_determiner(sentence: Sentence, at: int) -> bool:
    later = sentence.tokens[at + 1 : at + 2]
    return bool(later) and later[0] in lexicon().cues.determiner
