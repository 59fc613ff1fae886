"""An unknown verb read as the nearest known one: what a text encoder adds to the templates.

Verbs alone are compared, by the cosine of their embeddings. Which interaction a known verb means is
the planner's to tell: it is put in the unknown one's place.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float32

from ivlm_bench.types import Query
from ivlm_policies.ivlm.planning.vocabulary import templates
from ivlm_policies.ivlm.stages import Plan, Planner

#: Known verbs whose mean tells how near an interaction is.
N_NEAR = 5
#: How near (cosine) the asked interaction must be where the question tells it; and how much nearer
#: than the next one the nearest must be where it tells none. Each verb of the lexicon held out in
#: turn, three of four pass the first, and four of five that pass the second are right.
LEAST, MARGIN = 0.39, 0.06
#: Templates whose verbs ask for nothing to be done.
IDLE = ("find", "none", "sit")
#: How the planner says that it does not know a verb.
_UNKNOWN = re.compile(r"the verb '(\w+)' is not known")

#: Unit embeddings (n, d) of n texts.
Embed = Callable[[Sequence[str]], Float32[np.ndarray, "n d"]]


class NearestVerbPlanner:
    """Asks another planner, and once more with a known verb where it does not know the verb."""

    def __init__(self, planner: Planner, embed: Embed) -> None:
        self._planner, self._embed = planner, embed
        self._verbs = known_verbs()
        self._embedded = embed(self._verbs)

    def plan(self, query: Query, /) -> Plan:
        """Return the plan, of the sentence with the nearest known verb if it has an unknown one."""
        plan = self._planner.plan(query)
        unknown = _UNKNOWN.search(plan.abstain_reason or "")
        if unknown is None:
            return plan
        near = self._embedded @ self._embed([unknown[1]])[0]
        by_interaction: dict[str, list[tuple[float, Plan]]] = defaultdict(list)
        for verb, cosine in zip(self._verbs, near.tolist(), strict=True):
            retold = self._planner.plan(replace(query, text=retell(query.text, unknown[1], verb)))
            if retold.abstain_reason is None:
                by_interaction[retold.phrase.action].append((cosine, retold))
        best = chosen(by_interaction, query.interaction)
        return plan if best is None else max(by_interaction[best], key=lambda pair: pair[0])[1]


def chosen(found: dict[str, list[tuple[float, Plan]]], asked: str) -> str | None:
    """Return the interaction that is near enough: the asked one, or the nearest by far; else None.

    ``found``: by interaction, cosines of known verbs and the plans that they make.
    """
    near = {}
    for interaction, pairs in found.items():
        cosines = sorted((cosine for cosine, _ in pairs), reverse=True)[:N_NEAR]
        near[interaction] = sum(cosines) / len(cosines)
    if asked:
        return asked if near.get(asked, -1.0) >= LEAST else None
    ranked = sorted(near, key=lambda interaction: -near[interaction])
    if not ranked or (len(ranked) > 1 and near[ranked[0]] - near[ranked[1]] < MARGIN):
        return None
    return ranked[0]


def retell(text: str, unknown: str, known: str) -> str:
    """Return a sentence with one verb for another, whatever ending it has."""
    return re.sub(rf"\b{re.escape(unknown)}\w*", known, text, count=1, flags=re.IGNORECASE)


def known_verbs() -> tuple[str, ...]:
    """Return the single verbs of all templates that ask for something to be done, sorted."""
    said = (s for template in templates() if template.id not in IDLE for s in template.said)
    return tuple(sorted({verb for s in said for verb in s.verbs if verb.isalpha()}))
