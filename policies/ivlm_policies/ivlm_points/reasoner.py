"""The point-cloud specialist: ``ivlm`` with a grounder that reads the cloud, not the pictures."""

from __future__ import annotations

from ivlm_bench.reasoners import REASONERS, ReasonerEntry
from ivlm_bench.types import Interaction, Observation
from ivlm_policies.ivlm.fusing.looking import Looking
from ivlm_policies.ivlm.fusing.surface_fuser import SurfaceFuser
from ivlm_policies.ivlm.proposing.proposer import SurfaceProposer
from ivlm_policies.ivlm.reasoner import StagedReasoner, Stages, planner_of
from ivlm_policies.ivlm.switches import Switches
from ivlm_policies.ivlm.viewing.views import GivenViews
from ivlm_policies.ivlm_points.grounder import PointGrounder
from ivlm_policies.ivlm_points.network import OnnxCloudNetwork
from ivlm_policies.ivlm_points.weights import Weights, load_weights, shipped

#: Said where no view has depth: there is no cloud then.
NO_DEPTH = "it reads clouds of points, and no view has depth"
#: The network has spoken on the surface itself; what is left to the fuser is to read it back.
FIXED = {"fusion": "mean", "rays": "off", "confidence": "off"}


class PointsReasoner(StagedReasoner):
    """Answers from clouds of points; takes some of the switches of ``ivlm``, and ``weights``."""

    def __init__(
        self,
        *,
        weights: str = "small",
        text: str = "on",
        two_pass: str = "on",
        selecting: str = "on",
        abstention: str = "on",
    ) -> None:
        self.switches = Switches(
            text=text,
            two_pass=two_pass,
            selecting=selecting,
            abstention=abstention,
            **FIXED,
        )
        self.weights = load_weights(weights)
        super().__init__(build(self.switches, self.weights))

    def predict(self, observation: Observation, /) -> Interaction:
        """Answer the observation's query; it abstains without depth."""
        if all(view.depth_m is None for view in observation.views):
            return Interaction(abstain=True, abstain_reason=NO_DEPTH, feasible_prob=0.5)
        return super().predict(observation)

    def card(self) -> dict[str, str]:
        """Return what the answers hang on: the weights, and all switches that are not default."""
        names = [name for name in self.switches.__slots__ if name not in FIXED]
        changed = {n: getattr(self.switches, n) for n in names if not self.switches.on(n)}
        return {"weights": self.weights.name, **changed}


def build(switches: Switches, weights: Weights) -> Stages:
    """Return the stages that some switches and weights make; all but one are those of ``ivlm``."""
    looking = Looking(guess=False)
    network = OnnxCloudNetwork(weights.encoder, weights.decoder)
    grounder = PointGrounder(
        network,
        looking,
        temperatures=weights.temperatures,
        blind=not switches.on("text"),
        two_pass=switches.on("two_pass"),
    )
    return Stages(
        planner_of(switches),
        GivenViews(),
        grounder,
        SurfaceFuser(looking, switches=switches, head={}, temperatures={}),
        SurfaceProposer(looking, switches=switches, thresholds={}),
        looking,
    )


REASONERS.register(
    "ivlm-points",
    ReasonerEntry(
        PointsReasoner,
        "ivlm on points",
        notes="ivlm with a small PointNet++ on the fused cloud in place of its pictures' network",
        needs=() if shipped() else ("weights=trained/points/weights",),
    ),
)
