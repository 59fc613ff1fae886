"""All that an answer came from, as pictures with a sentence each."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ivlm_bench.types import Evidence, Observation, View
from ivlm_policies.ivlm.explaining._panels import (
    answer_panel,
    heat_panel,
    rejected_panel,
    surface_panel,
    votes_panel,
)
from ivlm_policies.ivlm.explaining.words import (
    answer_words,
    chosen_words,
    fused_words,
    plan_words,
    query_words,
    rejected_words,
    votes_words,
)
from ivlm_policies.ivlm.stages import (
    Field,
    Fuser,
    Grounder,
    Planner,
    Proposer,
    ViewProvider,
)


class Staged(Protocol):
    """The five stages of a reasoner."""

    @property
    def planner(self) -> Planner:
        """Stage 1."""
        ...

    @property
    def provider(self) -> ViewProvider:
        """Stage 2."""
        ...

    @property
    def grounder(self) -> Grounder:
        """Stage 3."""
        ...

    @property
    def fuser(self) -> Fuser:
        """Stage 4."""
        ...

    @property
    def proposer(self) -> Proposer:
        """Stage 5."""
        ...


def explained(shown: Observation, stages: Staged) -> tuple[Evidence, ...]:
    """Answer an observation, and return what each stage made of it.

    In order: the plan in words; the heat of each atomic query in each view; the votes of the views
    on the points of the surface; the points that each constraint took out; what the words that
    choose among several alike leave of each, where they say something; the fused probability of
    each role; and the answer.
    """
    plan = stages.planner.plan(shown.query)
    views = stages.provider.views(shown)
    evidence = stages.grounder.ground(views, plan)
    fused = stages.fuser.fuse(views, evidence)
    answer = stages.proposer.propose(shown, plan, evidence, fused)
    told = [Evidence(plan_words(plan, shown.query.text))]
    told += [Evidence(query_words(one), heat_panel(views, one)) for one in evidence]
    surface = np.zeros((0, 3))
    if fused is not None and len(fused.points_m):
        told += on_surface(shown.views, fused)
        surface = _of_the_thing(fused)
    drawn = answer_panel(shown, answer, surface)
    return (*told, Evidence(answer_words(answer), drawn))


def on_surface(views: tuple[View, ...], fused: Field) -> list[Evidence]:
    """Return what is told of the points of the surface, as some views see them."""
    told = [
        Evidence(votes_words(), votes_panel(views, fused)),
        Evidence(rejected_words(fused), rejected_panel(views, fused)),
    ]
    if fused.chosen is not None and fused.chosen.min() < 1.0:
        told.append(Evidence(chosen_words(), surface_panel(views, fused, fused.chosen)))
    for role, prob in fused.prob.items():
        told.append(Evidence(fused_words(role), surface_panel(views, fused, prob)))
    return told


def _of_the_thing(fused: Field) -> np.ndarray:
    kept = ~fused.rejected.get("another thing", np.zeros(len(fused.points_m), bool))
    return fused.points_m[kept]
