"""A sentence in words: what each word may mean, and what is said of what must not be done."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ivlm_policies.ivlm.planning.index import Kind, Meaning, index
from ivlm_policies.ivlm.planning.vocabulary import lexicon

_TOKEN = re.compile(r"[a-z0-9]+|[,;:.!?]")
_CONTRACTED = (
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"\b(don|doesn|mustn|shouldn|isn|won|can)t\b"), r"\1 not"),
    (re.compile(r"\bcan ?not\b"), "can not"),
    (re.compile(r"'(s|ll|d|m|re|ve)\b"), " "),
)
#: "The second drawer from the top" is read as "the second from the top drawer".
_COUNTED = re.compile(
    r"\b(first|second|third|last|1st|2nd|3rd) (\w+) from the (top|bottom|left|right)\b"
)
STOPS = frozenset(",;:.!?")


@dataclass(frozen=True, slots=True)
class Mention:
    """Words from ``start`` to before ``end`` that the lexicon knows, and what they may mean."""

    start: int
    end: int
    meanings: tuple[Meaning, ...]

    def of(self, kind: Kind) -> str:
        """Return the canonical word that is meant if it is of a kind, else ""."""
        return next((word for what, word in self.meanings if what == kind), "")

    def part_of(self, noun: str) -> str:
        """Return the part that these words are of a noun, else ""."""
        of_noun = (w.partition(":") for what, w in self.meanings if what == "part_of")
        own = next((part for owner, _, part in of_noun if owner == noun), "")
        return own or self.of("part")


@dataclass(frozen=True)
class Sentence:
    """The words of a question and what the lexicon knows of them."""

    tokens: tuple[str, ...]

    @cached_property
    def mentions(self) -> tuple[Mention, ...]:
        """The longest known phrases, from left to right, without overlap."""
        found, at = [], 0
        while at < len(self.tokens):
            mention = self._mention_at(at)
            found += [mention] if mention else []
            at = mention.end if mention else at + 1
        return tuple(found)

    def _mention_at(self, at: int) -> Mention | None:
        for tokens, meanings in index().phrases.get(self.tokens[at], ()):
            if self.tokens[at : at + len(tokens)] == tokens:
                return Mention(at, at + len(tokens), meanings)
        return None

    @cached_property
    def covering(self) -> dict[int, Mention]:
        """The mention that each token belongs to."""
        return {at: m for m in self.mentions for at in range(m.start, m.end)}

    @cached_property
    def negative(self) -> frozenset[int]:
        """Tokens that are about what must not be done or touched."""
        out: set[int] = set()
        for at in range(len(self.tokens)):
            if self._cue_at(at, lexicon().cues.negative):
                out |= set(range(at, self._end_of_negation(at)))
            length = self._cue_at(at, lexicon().cues.backward)
            if length or self._keeps_off(at):
                out |= set(range(self._start_of_clause(at), at + max(length, 1)))
        return frozenset(out)

    @cached_property
    def subordinate(self) -> frozenset[int]:
        """Tokens of clauses that tell why, when or which, not what to do."""
        out: set[int] = set()
        for at in range(len(self.tokens)):
            if self._cue_at(at, lexicon().cues.subordinate):
                out |= set(range(at, self._stop_after(at)))
        return frozenset(out)

    @cached_property
    def beside(self) -> frozenset[int]:
        """Tokens that name other things to tell where the target is."""
        out: set[int] = set()
        for at in range(len(self.tokens)):
            if self._cue_at(at, lexicon().cues.beside):
                out |= set(range(at, self._stop_after(at, extra=("by", "and"))))
        return frozenset(out)

    def _cue_at(self, at: int, cues: Sequence[str]) -> int:
        """Return the number of words of the cue that stands at a place, else 0."""
        for cue in cues:
            words = tuple(cue.split())
            if self.tokens[at : at + len(words)] == words:
                return len(words)
        return 0

    def _stop_after(self, at: int, *, extra: tuple[str, ...] = ()) -> int:
        for later in range(at + 1, len(self.tokens)):
            if self.tokens[later] in STOPS or self.tokens[later] in extra:
                return later
        return len(self.tokens)

    def _end_of_negation(self, at: int) -> int:
        """Return where a negation ends: at a stop, or at a contrast once something was named."""
        for later in range(at + 1, len(self.tokens)):
            token = self.tokens[later]
            if token in STOPS:
                return later
            named = any(at < m.end <= later for m in self.mentions)
            if token in lexicon().cues.contrast and (named or token == "but"):
                return later
        return len(self.tokens)

    def _start_of_clause(self, at: int) -> int:
        for earlier in range(at - 1, -1, -1):
            if self.tokens[earlier] in STOPS or self.tokens[earlier] in ("and", "but", "while"):
                return earlier
        return 0

    def _keeps_off(self, at: int) -> bool:
        """Tell whether "keep ... off" or "stay clear" ends here; what follows is cued itself."""
        before = self.tokens[self._start_of_clause(at) : at]
        return self.tokens[at] in ("off", "away", "clear") and bool({"keep", "stay"} & set(before))


def read_words(text: str) -> Sentence:
    """Return the sentence in lower case and singular words, politeness taken out."""
    plain = text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").replace("_", " ")
    for pattern, instead in _CONTRACTED:
        plain = pattern.sub(instead, plain)
    joined = " ".join(index().plain(token) for token in _TOKEN.findall(plain))
    for phrase in lexicon().cues.polite:
        joined = re.sub(rf"\b{phrase}\b", " ", joined)
    return Sentence(tuple(_COUNTED.sub(r"\1 from the \3 \2", joined).split()))
