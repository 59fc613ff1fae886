"""A sentence about a photograph of one's own as a query: verb, object and part by plain rules."""

from __future__ import annotations

import re

from ivlm_bench.errors import ConfigError
from ivlm_bench.types import Query

#: Verbs that stand for each interaction of the benchmark's own questions.
VERBS = {
    "grasp": ("hold", "grasp", "grab", "pick", "take", "grip", "carry", "catch", "use"),
    "open": ("open", "pull", "unlock"),
    "press": ("press", "hit", "click", "ring", "switch", "tap"),
    "turn": ("turn", "rotate", "twist", "unscrew", "screw"),
    "lift": ("lift", "raise"),
    "push": ("push", "close", "shut"),
    "place": ("place", "put", "set", "lay", "stand"),
}
#: Most characters of a sentence.
MAX_CHARS = 500

_ARTICLES = {"a", "an", "the", "this", "that", "its", "his", "her", "my", "your", "their", "up"}
#: Words that end the name of an object, and those among them that begin a part.
_BREAKS = {"by", "at", "from", "with", "on", "onto", "in", "into", "to", "of", "off", "so", "and"}
_PART_OF = {"by", "at", "from", "with", "on"}


def query_of(sentence: str) -> Query:
    """Return the query that a sentence asks; its text stays as it was written.

    "hold the mug by its handle" asks to grasp the part "handle" of "mug". A sentence without a
    known verb asks to grasp; one without a noun has no object's name.

    Raises
    ------
    ConfigError
        If the sentence is empty or too long.
    """
    text = " ".join(sentence.split())
    if not text:
        raise ConfigError('The question is empty; write what is to be done, as in "hold the mug".')
    if len(text) > MAX_CHARS:
        raise ConfigError(f"The question has {len(text)} characters; at most {MAX_CHARS} are read.")
    words = re.findall(r"[^\W\d_]+(?:[-'][^\W\d_]+)*", text.lower())
    found = next(((i, k) for i, w in enumerate(words) for k, v in VERBS.items() if w in v), None)
    start, interaction = (found[0] + 1, found[1]) if found is not None else (0, "grasp")
    name, stopped = _noun(words, start)
    part = None
    if stopped < len(words) and words[stopped] in _PART_OF:
        part = _noun(words, stopped + 1)[0] or None
    return Query(interaction, name, part, text)


def _noun(words: list[str], start: int) -> tuple[str, int]:
    """Return the name that begins at a word, articles left out, and where it ends."""
    end = next((i for i in range(start, len(words)) if words[i] in _BREAKS), len(words))
    return " ".join(word for word in words[start:end] if word not in _ARTICLES), end
