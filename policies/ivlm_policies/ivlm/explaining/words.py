"""The plan and what is decided, in words."""

from __future__ import annotations

from ivlm_bench.types import Interaction
from ivlm_policies.ivlm.stages import AtomicQuery, Field, Grounding, Phrase, Plan

#: What the planner writes for a thing whose noun it has not learned.
ANY_THING = "object"


def plan_words(plan: Plan, sentence: str) -> str:
    """Return what the planner made of a sentence: template, canonical words, atomic questions."""
    head = f"Plan: the sentence “{sentence}”"
    if plan.abstain_reason is not None:
        return f"{head} gives none, as {plan.abstain_reason}."
    lines = [f"{head} means {phrase_words(plan.phrase)}."]
    if plan.phrase.noun == ANY_THING:
        lines.append("Its noun is none that was learned: “object” stands for any thing.")
    lines.append(f"It fits the template {plan.template}: {plan.interaction}, by {plan.motion}.")
    asked = "; ".join(f"“{q.role}” ({asked_words(q)})" for q in plan.queries)
    lines.append(f"Asked of each picture: {asked}.")
    if plan.checks:
        lines.append(f"To be checked: {', '.join(plan.checks)}.")
    return " ".join(lines)


def asked_words(query: AtomicQuery) -> str:
    """Return what an atomic question asks for: its text, or its canonical words."""
    return query.text or phrase_words(query.phrase)


def phrase_words(phrase: Phrase) -> str:
    """Return canonical words with their roles; those that are not said are left out."""
    named = {
        "action": phrase.action,
        "part": phrase.part,
        "of": phrase.noun,
        "colour": phrase.colour,
        "place": phrase.place,
        "sense": phrase.sense,
    }
    return ", ".join(f"{role} {word}" for role, word in named.items() if word)


def query_words(one: Grounding) -> str:
    """Return what was asked in each picture, and how to read the heat."""
    whole = one.query.scope == "image"
    window = "the whole picture" if whole else "a window about the thing, outlined"
    above = "how probable it is that the view shows it"
    if one.query.role == "contact":
        above += ", and that it can be done"
    return (
        f"Heat of “{one.query.role}”: the probability of each pixel to be what is asked for "
        f"({asked_words(one.query)}), looked for in {window}. Above each view: {above}."
    )


def votes_words() -> str:
    """Return how to read the votes."""
    return (
        "Votes: what each view by itself says of each point of the surface, the probability of "
        "“contact”. Points that it does not see are grey."
    )


def rejected_words(fused: Field) -> str:
    """Return how many points each constraint took out."""
    counts = ", ".join(f"{name} {int(points.sum())}" for name, points in fused.rejected.items())
    n = len(fused.points_m)
    return (
        f"Rejected points: which of the {n} points of the surface a constraint took out, whatever "
        f"the votes say: {counts or 'no constraint was asked'}."
    )


def chosen_words() -> str:
    """Return how to read what is left to the points by the words that choose."""
    return (
        "Chosen: of several alike, how much of its evidence each point keeps by the words that "
        "tell which one is meant (its place, its colour)."
    )


def fused_words(role: str) -> str:
    """Return how to read the fused probability of one role."""
    return f"Fused “{role}”: its probability on the surface, the votes of all views joined."


def answer_words(answer: Interaction) -> str:
    """Return what is to be done, or why nothing is."""
    if answer.abstain:
        return f"Answer: it abstains: {answer.abstain_reason or 'no reason given'}."
    sure = f"that it can be done has the probability {answer.feasible_prob:.2f}"
    if answer.grasps:
        n, first = len(answer.grasps), answer.grasps[0]
        return (
            f"Answer: the best of {n} grasps, opened {1e3 * first.width_m:.0f} mm, score "
            f"{first.prob:.2f}; {sure}. The next ones are drawn thin."
        )
    if answer.motion is not None:
        way = ", ".join(f"{value:+.2f}" for value in answer.motion.direction)
        return f"Answer: the marked point moves along ({way}), z is up; {sure}."
    if answer.placement is not None:
        return f"Answer: the thing is put down where it is drawn; {sure}."
    return f"Answer: where to touch, and no action of its own: that is left to others; {sure}."
