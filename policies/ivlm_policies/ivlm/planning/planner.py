"""Stage 1: from a sentence to a plan, by templates and a lexicon; no network, no chance."""

from __future__ import annotations

from collections.abc import Callable

from ivlm_bench.types import Query
from ivlm_policies.ivlm.planning.index import index
from ivlm_policies.ivlm.planning.naming import Naming, hinted, named
from ivlm_policies.ivlm.planning.sentence import Sentence, read_words
from ivlm_policies.ivlm.planning.verbs import Chosen, choose
from ivlm_policies.ivlm.planning.vocabulary import QueryPattern, Template, lexicon, templates
from ivlm_policies.ivlm.stages import AtomicQuery, Phrase, Plan

#: How a motion is called for each label, where no template is used.
MOTIONS = {t.interaction: t.motion for t in reversed(templates())}


class TemplatePlanner:
    """Reads the sentence with interaction templates; what it says counts before other fields.

    ``Query.interaction``, ``object_name`` and ``part_name`` decide between readings, and fill in
    what the sentence leaves open. A verb that no template knows abstains.
    """

    def plan(self, query: Query, /) -> Plan:
        """Return the plan; it abstains where the sentence is not understood."""
        sentence = read_words(query.text)
        if query.text.strip() and not any(token.isalnum() for token in sentence.tokens):
            return _abstained(query, "no word of the sentence is known")
        names = named(sentence, query)
        chosen = choose(sentence, parts=names.parts, nouns=names.nouns, label=query.interaction)
        if chosen is None:
            reason = _not_understood(sentence)
            chosen = None if reason else _without_verb(names, query)
            if chosen is None:
                return _abstained(query, reason or "the sentence names no action that is known")
        if chosen.template.id == "none":
            return _abstained(query, "the sentence asks for nothing to be done")
        # Who hammers names the tool by the verb; any other verb is no thing, as in "grip the pan".
        is_tool = bool(chosen.template.function_of)
        return _planned(chosen, names if is_tool else names.without(chosen.tokens), query)


class RawPlanner:
    """Asks the sentence as it is: the ablation without templates."""

    def plan(self, query: Query, /) -> Plan:
        """Return one query that holds the sentence itself."""
        phrase = Phrase(query.interaction)
        asked = AtomicQuery("contact", phrase, "image", text=query.text)
        motion = MOTIONS.get(query.interaction, "none")
        return Plan("raw.v1", query.interaction, phrase, (asked,), motion)


def _abstained(query: Query, reason: str) -> Plan:
    label = query.interaction or "none"
    return Plan("none.v1", label, Phrase(label), (), "none", abstain_reason=reason)


def _not_understood(sentence: Sentence) -> str | None:
    """Return why no verb was found: the first word, where a verb may stand, that is not known."""
    for at, token in enumerate(sentence.tokens):
        if not token.isalpha() or token in index().known or at in sentence.negative:
            continue
        before = sentence.tokens[at - 1] if at else ""
        if before not in lexicon().cues.determiner and at - 1 not in sentence.covering:
            return f"the verb {token!r} is not known"
    if sentence.negative:
        return "the sentence only says what must not be done"
    return None


def _without_verb(names: Naming, query: Query) -> Chosen | None:
    """Return the template of the question's label, else the one that a named part is for."""
    fits: tuple[Callable[[Template], bool], ...] = (
        lambda t: t.interaction == query.interaction and bool(set(names.parts) & t.named_parts),
        lambda t: t.interaction == query.interaction,
        lambda t: any(part in t.named_parts for part in names.parts),
    )
    for fit in fits:
        for template in templates():
            if fit(template):
                return Chosen(template, None, frozenset())
    return None


def _planned(chosen: Chosen, names: Naming, query: Query) -> Plan:
    template = chosen.template
    noun = names.noun(template)
    phrase = Phrase(
        action=template.interaction,
        noun=noun,
        part=_contact(template, names, noun, query),
        colour=names.colour(template),
        place=names.place(template),
        sense=_sense(chosen, names, noun),
    )
    topmost = names.is_topmost(template)
    queries = [q for p in template.queries if (q := _query(p, template, phrase, topmost=topmost))]
    queries += _avoided(names, phrase, queries)
    anchor = template.anchor_of.get(phrase.part, "") if phrase.place else ""
    queries += [AtomicQuery("anchor", Phrase("open", noun, anchor))] if anchor else []
    held = (Phrase("find", phrase.noun, part) for part in template.held_by)
    queries += [AtomicQuery("obstacle", one) for one in held]
    return Plan(
        template.label,
        query.interaction or template.interaction,
        phrase,
        tuple(queries),
        template.motion,
        template.checks,
    )


def _contact(template: Template, names: Naming, noun: str, query: Query) -> str:
    """Return the part to touch: the named one, as the template maps it, or the template's own."""
    if template.on_support:
        return template.default_part
    part = names.part(template, noun)
    if not part and query.interaction in ("", template.interaction):
        part = hinted(query).part
    if not part and noun in template.part_is_noun:
        part = noun
    part = part or template.contact_of.get(noun, template.default_part)
    return template.contact.get(part, part)


def _sense(chosen: Chosen, names: Naming, noun: str) -> str:
    if chosen.template.interaction != "turn":
        return ""
    said = names.sense() or (chosen.said.sense if chosen.said else "")
    return lexicon().senses_of.get(noun, {}).get(said, said)


def _query(
    pattern: QueryPattern, template: Template, phrase: Phrase, *, topmost: bool
) -> AtomicQuery | None:
    if pattern.role == "object":
        colour = phrase.colour if template.on_support else ""
        return AtomicQuery("object", Phrase("find", phrase.noun, colour=colour), pattern.scope)
    if pattern.role == "contact":
        return AtomicQuery("contact", phrase, pattern.scope, topmost=topmost)
    table = template.function_of if pattern.part == "function_of" else template.avoid_of
    part = table.get(phrase.noun, table.get("", ""))
    if pattern.role == "avoid":
        avoided = Phrase("find", phrase.noun, part)
        return AtomicQuery("avoid", avoided, pattern.scope) if part else None
    actions = template.function_action
    action = actions.get(phrase.noun, actions.get("", "find"))
    return AtomicQuery("function", Phrase(action, phrase.noun, part), pattern.scope)


def _avoided(names: Naming, phrase: Phrase, so_far: list[AtomicQuery]) -> list[AtomicQuery]:
    """Return queries for what the sentence says must not be touched."""
    found: list[AtomicQuery] = []
    for avoided in names.avoided(phrase):
        query = AtomicQuery("avoid", avoided, "object" if avoided.part else "image")
        if query not in so_far and query not in found:
            found.append(query)
    return found
