"""Registers the reasoners; torch and transformers are imported when one is made."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import Any

from ivlm_bench.errors import ConfigError, MissingDependencyError, did_you_mean
from ivlm_bench.reasoners import REASONERS, ReasonerEntry
from ivlm_bench.types import Observation
from ivlm_policies.ivlm.fusing.looking import Looking
from ivlm_policies.ivlm.fusing.surface_fuser import SurfaceFuser
from ivlm_policies.ivlm.planning.planner import TemplatePlanner
from ivlm_policies.ivlm.proposing.proposer import SurfaceProposer
from ivlm_policies.ivlm.reasoner import StagedReasoner, Stages
from ivlm_policies.ivlm.switches import Switches
from ivlm_policies.ivlm.viewing.views import GivenViews
from ivlm_policies.transformers_models.depth import DepthModel, with_depth
from ivlm_policies.transformers_models.finding import Finder, FoundGrounder
from ivlm_policies.transformers_models.writing import WritingReasoner

#: How the last layer of CLIP attends.
ATTENTION = ("sclip", "maskclip", "proxyclip", "vanilla")
#: Where the modules that need torch lie.
HERE = "ivlm_policies.transformers_models"
#: What the stages of ``ivlm`` do with evidence that was never calibrated: plain mean over views,
#: no abstention by thresholds that were learnt for other numbers.
SWITCHES = Switches(fusion="mean", abstention="off", calibration="off", confidence="off")


class FindingReasoner(StagedReasoner):
    """The stages of ``ivlm`` about a model that finds words in pictures."""

    def __init__(self, finder: Finder, depth: DepthModel | None = None) -> None:
        looking = Looking(guess=False)
        self._depth = depth
        fuser = SurfaceFuser(looking, switches=SWITCHES, head={}, temperatures={})
        proposer = SurfaceProposer(looking, switches=SWITCHES, thresholds={})
        grounder = FoundGrounder(finder)
        stages = Stages(TemplatePlanner(), GivenViews(), grounder, fuser, proposer, looking)
        super().__init__(stages)

    def _prepared(self, observation: Observation) -> Observation:
        """Return the observation, with depth of the depth model where there is none."""
        if self._depth is not None:
            views = tuple(with_depth(view, self._depth) for view in observation.views)
            observation = replace(observation, views=views)
        return super()._prepared(observation)


def _module(name: str) -> Any:
    """Import a module that needs torch, and keep torch to one thread."""
    try:
        module = import_module(f"{HERE}.{name}")
        import_module(f"{HERE}._loading").single_thread()
    except ImportError as error:
        raise MissingDependencyError(
            f"Models of transformers need the package {error.name!r}: pip install torch "
            "transformers (PyTorch first, as the CPU build where no GPU is)."
        ) from error
    return module


def _depth(where: str | None) -> DepthModel | None:
    return None if where is None else _module("_depth_model").DepthAnything(where)


def clip_dense(
    *,
    model: str,
    attention: str = "sclip",
    affinity: str | None = None,
    depth_model: str | None = None,
) -> FindingReasoner:
    """Return dense CLIP or SigLIP; ``affinity`` is a DINOv2 for ``attention=proxyclip``."""
    if attention not in ATTENTION:
        raise ConfigError(
            f"attention={attention} is none of {', '.join(ATTENTION)}."
            f"{did_you_mean(attention, list(ATTENTION))}"
        )
    if affinity is not None and attention != "proxyclip":
        raise ConfigError("affinity is read by attention=proxyclip alone; leave it out.")
    found = _module("_dense").DenseFinder(model, attention=attention, affinity=affinity)
    return FindingReasoner(found, _depth(depth_model))


def clipseg(*, model: str, depth_model: str | None = None) -> FindingReasoner:
    """Return CLIPSeg."""
    return FindingReasoner(_module("_clipseg").ClipSegFinder(model), _depth(depth_model))


def detector(
    *, model: str, sam: str | None = None, depth_model: str | None = None
) -> FindingReasoner:
    """Return OWLv2 or GroundingDINO, with SAM's outlines where it is named."""
    return FindingReasoner(_module("_detector").DetectorFinder(model, sam=sam), _depth(depth_model))


def image_text(
    *, model: str, dialect: str | None = None, max_tokens: int = 256, side_px: int | None = None
) -> WritingReasoner:
    """Return a model that writes; its answers are read in its family's dialect."""
    from ivlm_policies.vlm.dialect import dialect_of

    spoken = dialect_of(model, dialect)
    writer = _module("_writer").ImageTextWriter(model, max_tokens=max_tokens)
    return WritingReasoner(writer, spoken, side_px=side_px)


def _register() -> None:
    finds = "finds words in pictures; all other stages are those of ivlm; the model's own licence"
    for name, factory, display, example in (
        ("clip-dense", clip_dense, "dense CLIP or SigLIP", "model=openai/clip-vit-base-patch16"),
        ("clipseg", clipseg, "CLIPSeg", "model=CIDAS/clipseg-rd64-refined"),
        ("detector", detector, "OWLv2 or GroundingDINO", "model=IDEA-Research/grounding-dino-tiny"),
    ):
        entry = ReasonerEntry(factory, display, notes=finds, needs=(example,))
        REASONERS.register(name, entry)
    notes = "points only; shared executor; the model's own licence"
    needs = ("model=llava-hf/llava-1.5-7b-hf", "dialect=generic")
    entry = ReasonerEntry(image_text, "image-text model", notes=notes, needs=needs)
    REASONERS.register("image-text", entry)


_register()
