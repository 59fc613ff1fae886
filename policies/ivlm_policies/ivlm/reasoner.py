"""Our own reasoner: templates, views, a trained network, fusion on the surface, proposals.

Five stages, each replaceable: the planner makes atomic questions of the sentence, the view
provider tells which pictures are looked at, the grounder answers each question in each picture,
the fuser joins the answers on the surface, and the proposer tells what to do there, or why it
can't be done.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace

from ivlm_bench.protocols import Imagination
from ivlm_bench.reasoners import REASONERS, ReasonerEntry
from ivlm_bench.types import Evidence, Interaction, Observation
from ivlm_policies.ivlm.ablations import ablations
from ivlm_policies.ivlm.fusing.looking import Looking
from ivlm_policies.ivlm.fusing.surface_fuser import SurfaceFuser
from ivlm_policies.ivlm.grounding.network import OnnxNetwork
from ivlm_policies.ivlm.grounding.onnx_grounder import OnnxGrounder
from ivlm_policies.ivlm.planning.nearest import NearestVerbPlanner
from ivlm_policies.ivlm.planning.planner import RawPlanner, TemplatePlanner
from ivlm_policies.ivlm.proposing.imagining import Imagining
from ivlm_policies.ivlm.proposing.proposer import SurfaceProposer
from ivlm_policies.ivlm.stages import Fuser, Grounder, Planner, Proposer, ViewProvider
from ivlm_policies.ivlm.switches import Switches
from ivlm_policies.ivlm.viewing.views import (
    GivenViews,
    VirtualDepthViews,
    VirtualMeshViews,
    cleaned,
)
from ivlm_policies.ivlm.weights import Weights, load_weights

#: View providers by the setting of the switch.
PROVIDERS: dict[str, Callable[[], ViewProvider]] = {
    "given": GivenViews,
    "virtual_depth": VirtualDepthViews,
    "virtual_mesh": VirtualMeshViews,
}


@dataclass(frozen=True, eq=False, slots=True)
class Stages:
    """The five stages of one reasoner, and what they share: the surface that the views show."""

    planner: Planner
    provider: ViewProvider
    grounder: Grounder
    fuser: Fuser
    proposer: Proposer
    looking: Looking


class StagedReasoner:
    """Answers by five stages, whatever they are."""

    def __init__(self, stages: Stages, *, has_depth: bool = True) -> None:
        self._stages = stages
        self._has_depth = has_depth

    def reset(self, seed: int) -> None:
        """Forget the last scene; the seed changes nothing: nothing is drawn at random."""
        self._stages.looking.forget()

    def predict(self, observation: Observation, /) -> Interaction:
        """Answer the observation's query."""
        shown = self._prepared(observation)
        plan = self._stages.planner.plan(shown.query)
        views = self._stages.provider.views(shown)
        evidence = self._stages.grounder.ground(views, plan)
        fused = self._stages.fuser.fuse(views, evidence)
        return self._stages.proposer.propose(shown, plan, evidence, fused)

    def explain(self, observation: Observation, /) -> tuple[Evidence, ...]:
        """Answer again, and return pictures and sentences of how the answer came about."""
        # Pillow is for those who want to see how, not for each start of the bench.
        from ivlm_policies.ivlm.explaining._explanation import explained

        return explained(self._prepared(observation), self._stages)

    def predict_batch(self, observations: list[Observation]) -> list[Interaction]:
        """Answer several observations, one after the other."""
        return [self.predict(observation) for observation in observations]

    def _prepared(self, observation: Observation) -> Observation:
        """Return the observation with clean depth, or with none where depth is switched off."""
        views = tuple(cleaned(view) for view in observation.views)
        if not self._has_depth:
            views = tuple(replace(view, depth_m=None) for view in views)
        return replace(observation, views=views)


class IvlmReasoner(StagedReasoner):
    """The trained reasoner; takes each of ``Switches``' fields as a keyword, and ``weights``."""

    ablations = staticmethod(ablations)

    def __init__(self, *, weights: str = "small", **switches: str) -> None:
        self.switches = Switches(**switches)
        self.weights = load_weights(weights)
        self._imagining = None if self.switches.on("imagine") else Imagining()
        stages = build(self.switches, self.weights, imagining=self._imagining)
        super().__init__(stages, has_depth=self.switches.on("depth"))

    @property
    def wants_imagination(self) -> bool:
        """Whether the harness is asked for its imagination, and the run is marked."""
        return self._imagining is not None

    def imagine_with(self, service: Imagination) -> None:
        """Take the harness's imagination."""
        if self._imagining is not None:
            self._imagining.take(service)

    def card(self) -> dict[str, str]:
        """Return what the answers hang on: the weights, and all switches that are not default."""
        changed = {
            name: str(getattr(self.switches, name))
            for name in self.switches.__slots__
            if not self.switches.on(name)
        }
        return {"weights": self.weights.name, **changed}


def build(switches: Switches, weights: Weights, *, imagining: Imagining | None = None) -> Stages:
    """Return the stages that some switches and weights make."""
    looking = Looking(guess=switches.lift == "own")
    temperatures = weights.temperatures if switches.on("calibration") else {}
    return Stages(
        planner_of(switches),
        PROVIDERS[switches.views](),
        OnnxGrounder(
            OnnxNetwork(weights.encoder, weights.decoder),
            looking,
            switches=switches,
            temperatures=temperatures,
        ),
        SurfaceFuser(looking, switches=switches, head=weights.fusion, temperatures=temperatures),
        SurfaceProposer(
            looking,
            switches=switches,
            thresholds=weights.metadata.get("thresholds", {}),
            imagining=imagining,
        ),
        looking,
    )


def planner_of(switches: Switches) -> Planner:
    """Return the planner that the switches ``templates`` and ``text`` choose."""
    if not switches.on("templates"):
        return RawPlanner()
    if switches.text != "minilm":
        return TemplatePlanner()
    # The encoder is an extra, and 90 MB, for those who ask for it.
    from ivlm_policies.published.minilm.encoder import minilm

    return NearestVerbPlanner(TemplatePlanner(), minilm())


def _signature(*left_out: str) -> inspect.Signature:
    """Return the signature that names every switch, and the weights."""
    named = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in inspect.signature(Switches, eval_str=True).parameters.values()
        if parameter.name not in left_out
    ]
    weights = inspect.Parameter(
        "weights", inspect.Parameter.KEYWORD_ONLY, default="small", annotation=str
    )
    return inspect.Signature([*named, weights])


def _blind(**given: str) -> IvlmReasoner:
    return IvlmReasoner(**{"text": "blind", **given})


IvlmReasoner.__signature__ = _signature()  # type: ignore[attr-defined]
_blind.__signature__ = _signature("text")  # type: ignore[attr-defined]

REASONERS.register(
    "ivlm",
    ReasonerEntry(
        IvlmReasoner,
        "ivlm",
        notes="templates, a small network trained on the simulator, fusion on the surface",
    ),
)
REASONERS.register(
    "ivlm-blind",
    ReasonerEntry(
        _blind,
        "ivlm without words",
        notes="the same network, fed no words",
        role="baseline",
    ),
)
