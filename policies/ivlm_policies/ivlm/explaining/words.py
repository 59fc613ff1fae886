"""The plan and what is decided, in words."""

from __future__ import annotations

from ivlm_bench.types import Interaction
from ivlm_policies.ivlm.stages import Field, Grounding, Phrase, Plan


def plan_words(plan: Plan, sentence: str) -> str:
    """Return what the planner made of a sentence: template, canonical words, atomic questions."""
    lines = [f"Plan of the sentence “{sentence}”"]
    if plan.abstain_reason is not None:
        return f"{lines[0]}: none, as {plan.abstain_reason}."
    lines[0] += f": template {plan.template}, interaction {plan.interaction}, motion {plan.motion}."
    lines.append(f"Canonical words: {phrase_words(plan.phrase)}.")
    asked = "; ".join(f"{q.role}: {q.text or phrase_words(q.phrase)}" for q in plan.queries)
    lines.append(f"Asked of each picture: {asked}.")
    if plan.checks:
        lines.append(f"To be checked: {', '.join(plan.checks)}.")
    return " ".join(lines)


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
    """Return what was asked in each picture, and how sure the views are."""
    asked = one.query.text or phrase_words(one.query.phrase)
    window = "the whole picture" if one.query.scope == "image" else "a window about the thing"
    return f"Heat of “{one.query.role}” ({asked}), looked for in {window}."


def rejected_words(fused: Field) -> str:
    """Return how many points each constraint took out."""
    counts = ", ".join(f"{name} {int(points.sum())}" for name, points in fused.rejected.items())
    n = len(fused.points_m)
    return f"Points that a constraint rejected, of {n}: {counts or 'no constraint was asked'}."


def answer_words(answer: Interaction) -> str:
    """Return what is to be done, or why nothing is."""
    if answer.abstain:
        return f"Answer. It abstains: {answer.abstain_reason or 'no reason given'}."
    sure = f"can be done with {answer.feasible_prob:.2f}"
    if answer.grasps:
        first = answer.grasps[0]
        return (
            f"Answer. Best of {len(answer.grasps)} grasps, opened {1e3 * first.width_m:.0f} mm, "
            f"score {first.prob:.2f}; {sure}. The next ones are drawn thin."
        )
    if answer.motion is not None:
        way = ", ".join(f"{value:+.2f}" for value in answer.motion.direction)
        return f"Answer. A motion of the marked point along ({way}); {sure}."
    if answer.placement is not None:
        return f"Answer. The thing is put down where it is drawn; {sure}."
    return f"Answer. Where to touch, and no action of its own: that is left to others; {sure}."
