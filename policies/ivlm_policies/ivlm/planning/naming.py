"""What a sentence names: the thing, its part, colour, place and sense, and what to keep off."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from ivlm_bench.types import Query
from ivlm_policies.ivlm.planning.sentence import Mention, Sentence, read_words
from ivlm_policies.ivlm.planning.vocabulary import Template, lexicon
from ivlm_policies.ivlm.stages import Phrase

#: What a thing is called where its name is not known.
UNKNOWN_NOUN = "object"
#: Words that lead to the part that is meant, and how far before it they may stand.
LEADS, LEAD_DISTANCE = ("by", "at", "from", "its", "using", "via"), 3
#: Words that lead to what things are put on, and how far before it they may stand.
ONTO, ONTO_DISTANCE = ("on", "onto", "upon", "atop", "to", "top", "of", "over"), 4


@dataclass(frozen=True, slots=True)
class Hint:
    """What the fields of a question say beside its sentence, in canonical words."""

    noun: str
    part: str
    colour: str
    place: str


def hinted(query: Query) -> Hint:
    """Return the canonical words of a question's fields; "" where there is none."""
    noun = _first(read_words(query.object_name), "noun")
    part = read_words(query.part_name or "")
    support = next((n for m in part.mentions if (n := m.of("noun")) in lexicon().supports), "")
    return Hint(
        support or noun, _first(part, "part"), _first(part, "colour"), _first(part, "place")
    )


def _first(sentence: Sentence, kind: str) -> str:
    return next((word for m in sentence.mentions for what, word in m.meanings if what == kind), "")


@dataclass(frozen=True, slots=True)
class Naming:
    """The mentions of a sentence that tell what is asked for, and those that tell what is not."""

    sentence: Sentence
    meant: tuple[Mention, ...]
    kept_off: tuple[Mention, ...]
    hint: Hint

    def without(self, tokens: Collection[int]) -> Naming:
        """Return the mentions that are no words of the verb itself, such as "grip"."""
        meant = tuple(m for m in self.meant if not set(range(m.start, m.end)) & set(tokens))
        return replace(self, meant=meant)

    @property
    def nouns(self) -> Collection[str]:
        """Canonical nouns that are named, or else the question's own."""
        said = [noun for m in self.meant if (noun := m.of("noun"))]
        return said or [noun for noun in (self.hint.noun,) if noun]

    @property
    def parts(self) -> Collection[str]:
        """Canonical parts that are named, for the noun that is named first."""
        noun = next(iter(self.nouns), "")
        return [part for m in self.meant if (part := self._part(m, noun))]

    def _part(self, mention: Mention, noun: str) -> str:
        place = self._is_place(mention)
        return "" if place else mention.part_of(noun)

    def noun(self, template: Template) -> str:
        """Return the noun that is meant: of a question of placing, what things are put on."""
        said = [(m, noun) for m in self.meant if (noun := m.of("noun"))]
        if template.on_support:
            said = [(m, n) for m, n in said if n in lexicon().supports] or [
                (m, n) for m, n in said if self._is_onto(m)
            ]
            said = said[-1:]
            if not said:
                return self.hint.noun or UNKNOWN_NOUN
        noun = said[0][1] if said else ""
        own = self.hint.noun
        if not noun:
            parts = [lexicon().noun_of.get(part, "") for part in self.parts]
            return own or next((n for n in parts if n), UNKNOWN_NOUN)
        return own if own in lexicon().shared.get(noun, ()) else noun

    def _is_onto(self, mention: Mention) -> bool:
        before = self.sentence.tokens[max(mention.start - ONTO_DISTANCE, 0) : mention.start]
        return any(token in ONTO for token in before)

    def part(self, template: Template, noun: str) -> str:
        """Return the part that is meant: one that the template is for, else one after "by"."""
        found = [(m, part) for m in self.meant if (part := self._part(m, noun))]
        found = [(m, part) for m, part in found if part != noun or part in template.named_parts]
        own = [part for _, part in found if part in template.named_parts]
        led = [part for m, part in found if self._is_led(m)]
        return next(iter([*own, *led, *(part for _, part in found)]), "")

    def _is_led(self, mention: Mention) -> bool:
        before = self.sentence.tokens[max(mention.start - LEAD_DISTANCE, 0) : mention.start]
        return any(token in LEADS for token in before)

    def colour(self, template: Template) -> str:
        """Return the colour of what is asked for: of placing, the one before the support."""
        colours = [(m, colour) for m in self.meant if (colour := m.of("colour"))]
        if template.on_support:
            onto = [(m, c) for m, c in colours if self._is_onto(m)]
            near = [(m, c) for m, c in colours if self._next_noun(m) in lexicon().supports]
            colours = near or onto
        return colours[-1][1] if colours and template.on_support else self._colour(colours)

    def _colour(self, colours: list[tuple[Mention, str]]) -> str:
        return colours[0][1] if colours else self.hint.colour

    def _next_noun(self, mention: Mention) -> str:
        after = self.sentence.covering.get(mention.end)
        return after.of("noun") if after else ""

    def place(self, template: Template) -> str:
        """Return which of several alike is meant."""
        if template.on_support:
            return ""
        for mention in self.meant:
            is_sense = template.interaction == "turn" and self._is_sense(mention)
            if self._is_place(mention) and not is_sense:
                return mention.of("place")
        return self.hint.place

    def is_topmost(self, template: Template) -> bool:
        """Tell whether what is turned is looked at from above: then it is on top."""
        return template.interaction == "turn" and any(m.of("standpoint") for m in self.meant)

    def _is_place(self, mention: Mention) -> bool:
        """Tell whether words such as "top" or "right" say which one, not a part or a way."""
        if not mention.of("place"):
            return False
        if mention.end - mention.start > 1:
            return True
        follows = self.sentence.covering.get(mention.end)
        if follows is not None and follows.end > mention.end and _is_thing(follows):
            return True
        before = self.sentence.tokens[mention.start - 1] if mention.start else ""
        is_part = any(what in ("part", "part_of") for what, _ in mention.meanings)
        return before in lexicon().cues.determiner and not is_part

    def sense(self) -> str:
        """Return which way to turn: round before straight."""
        found = [m for m in self.meant if self._is_sense(m)]
        senses = [m.of("sense") for m in found]
        return next((s for s in senses if s.endswith("clockwise")), next(iter(senses), ""))

    def _is_sense(self, mention: Mention) -> bool:
        if not mention.of("sense"):
            return False
        return mention.end - mention.start > 1 or not self._is_place(mention)

    def avoided(self, phrase: Phrase) -> Iterator[Phrase]:
        """Yield what must not be touched: other parts of the thing, other things."""
        for mention in self.kept_off:
            part, noun = mention.part_of(phrase.noun), mention.of("noun")
            if part and part not in (phrase.part, phrase.noun):
                yield Phrase("find", phrase.noun, part)
            elif noun and not part and noun != phrase.noun:
                yield Phrase("find", noun)


def _is_thing(mention: Mention) -> bool:
    kinds = {what for what, _ in mention.meanings}
    return bool(kinds & {"noun", "part", "generic", "colour"}) or (
        "place" not in kinds and "part_of" in kinds
    )


def named(sentence: Sentence, query: Query) -> Naming:
    """Sort the mentions of a sentence by what they are about."""
    meant, kept_off, aside = [], [], []
    for mention in sentence.mentions:
        if mention.start in sentence.negative:
            kept_off.append(mention)
        elif mention.start in sentence.beside:
            aside.append(mention)
        else:
            meant.append(mention)
    # "What is behind the left door?" names nothing else.
    return Naming(sentence, tuple(meant or aside), tuple(kept_off), hinted(query))
