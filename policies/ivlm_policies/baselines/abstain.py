"""Always abstains: the floor of every rate, and the ceiling on unanswerable queries."""

from __future__ import annotations

from ivlm_bench.reasoners import REASONERS, ReasonerEntry
from ivlm_bench.types import Interaction, Observation


class AbstainReasoner:
    """Never tries."""

    def predict(self, observation: Observation, /) -> Interaction:
        """Abstain, whatever is asked."""
        return Interaction(
            abstain=True, abstain_reason="this baseline never tries", feasible_prob=0.0
        )


REASONERS.register("abstain", ReasonerEntry(AbstainReasoner, "Always abstain", role="baseline"))
