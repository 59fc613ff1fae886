"""The proposer: from the field to an answer, or to the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ivlm_bench.geometry.motions import motion_at
from ivlm_bench.geometry.seen import Seen
from ivlm_bench.types import Interaction, Motion, Observation, View
from ivlm_policies.ivlm.fusing.colours import coloured_map
from ivlm_policies.ivlm.fusing.looking import Looking
from ivlm_policies.ivlm.fusing.selecting import Selecting, on_pixels
from ivlm_policies.ivlm.proposing.evidence import evidence_of
from ivlm_policies.ivlm.proposing.grasps import grasps_of
from ivlm_policies.ivlm.proposing.holding import is_barred, presence_of_obstacle
from ivlm_policies.ivlm.proposing.imagining import Imagining
from ivlm_policies.ivlm.proposing.placements import is_steep, placement_of
from ivlm_policies.ivlm.proposing.region import Region, region_of
from ivlm_policies.ivlm.proposing.shutting import is_shut, shutting_motion
from ivlm_policies.ivlm.proposing.turning import turning_motion
from ivlm_policies.ivlm.stages import AtomicQuery, Field, Grounding, Plan
from ivlm_policies.ivlm.switches import Switches

#: Label that geometry's motions know a plan's motion by.
MOTION_LABELS = {"pull": "open", "push": "push", "press": "press", "lift": "lift", "turn": "turn"}
#: Where no place is wished more than this, what is asked for is not there.
LEAST_WISH = 0.10
#: The same where a colour tells what it is: of 20 questions for a button of some colour this limit
#: parts 18 rightly into those whose panel has one and those whose has none.
LEAST_COLOURED_WISH = 0.45
#: Interactions whose colour word is that of what is touched, and not only of the whole thing.
OF_THE_PART = ("press", "place")
#: A strap that is there more surely than this holds a lid: of 28 boxes, those without one reached
#: 0.17, strapped ones 0.60 or more.
STRAPPED = 0.4
#: Whether these can be done is told by shape, or not at all: pictures told it little better than
#: chance where all else was in sight.
BY_SHAPE = ("push", "open", "turn")
#: Probability that is given with an answer that can't be, and least one that is given.
SURELY_NOT, LEAST = 0.02, 0.01


class SurfaceProposer:
    """Proposes what to do where the field is strong."""

    def __init__(
        self,
        looking: Looking,
        *,
        switches: Switches,
        thresholds: Mapping[str, float],
        imagining: Imagining | None = None,
    ) -> None:
        self._imagining = imagining
        self._looking = looking
        self._switches = switches
        self._thresholds = thresholds
        self._selecting = Selecting(switches)

    def propose(
        self,
        observation: Observation,
        plan: Plan,
        evidence: tuple[Grounding, ...],
        fused: Field | None,
        /,
    ) -> Interaction:
        """Return the answer, or an abstention with its reason."""
        if plan.abstain_reason is not None:
            return _abstained(Interaction(), plan.abstain_reason)
        answer = self._shown(observation, plan, evidence, fused)
        reason = self._doubt(plan, evidence, fused)
        if reason is not None:
            return _abstained(answer, reason)
        if fused is None:
            return answer
        region = region_of(fused)
        seen = self._looking.see(observation.views)
        if region is None or seen is None:
            return self._missed(answer, plan)
        if _is_coloured(plan):
            there = float(np.clip(region.wish.max(), LEAST, 1.0))
            answer = replace(answer, feasible_prob=max(answer.feasible_prob * there, LEAST))
        if self._switches.on("abstention") and region.wish.max() < _least_wish(plan):
            return self._missed(answer, plan)
        return self._acted(observation, plan, answer, (seen, region, fused))

    def _shown(
        self,
        observation: Observation,
        plan: Plan,
        evidence: tuple[Grounding, ...],
        fused: Field | None,
    ) -> Interaction:
        """Return what is said before anything is planned: label, maps, feasibility."""
        n = len(observation.views)
        maps = {one.query.role: one.maps[:n] for one in reversed(evidence)}
        if self._switches.on("colours"):
            views = observation.views
            maps |= {one.query.role: coloured_map(one, views) for one in reversed(evidence)}
        if "contact" in maps:
            asked = next(one.query for one in evidence if one.query.role == "contact")
            maps["contact"] = self._chosen(maps["contact"], observation.views, asked, fused)
        return Interaction(
            label_prob={plan.interaction: 1.0},
            affordance_maps=maps.get("contact"),
            functional_maps=maps.get("function"),
            feasible_prob=feasible_prob(evidence),
            evidence=evidence_of(observation.views, tuple(_cut(e, n) for e in evidence), fused),
        )

    def _chosen(
        self,
        maps: np.ndarray,
        views: tuple[View, ...],
        asked: AtomicQuery,
        fused: Field | None,
    ) -> np.ndarray:
        """Return the maps with the one alone that the words choose of several alike."""
        pairs = zip(maps, views, strict=True)
        if fused is None or fused.chosen is None:
            return np.stack([m * self._selecting.pixels(m, v.rgb, asked) for m, v in pairs])
        if len(fused.points_m) == 0 or fused.chosen.min() == 1.0:
            return maps
        known = (fused.points_m, fused.chosen)
        return np.stack([m * on_pixels(m, view, *known) for m, view in pairs])

    def _doubt(
        self, plan: Plan, evidence: tuple[Grounding, ...], fused: Field | None
    ) -> str | None:
        """Return why it can't be done; None if nothing speaks against it."""
        if fused is not None and len(fused.points_m) == 0:
            return "nothing is seen above the table"
        if not self._switches.on("abstention"):
            return None
        presence, feasible = pooled(evidence)
        if presence < self._thresholds.get("presence", 0.5):
            return f"no {named(plan)} is seen"
        obstacle, there = presence_of_obstacle(evidence)
        if plan.motion == "lift" and there > self._thresholds.get("strapped", STRAPPED):
            return f"a {obstacle} keeps the {named(plan)} from moving"
        if feasible < self._thresholds.get("feasible", 0.5):
            return f"the {named(plan)} is seen, but it does not look as if this can be done"
        return None

    def _missed(self, answer: Interaction, plan: Plan) -> Interaction:
        return _abstained(answer, f"no {named(plan)} is seen")

    def _acted(
        self,
        observation: Observation,
        plan: Plan,
        answer: Interaction,
        at: tuple[Seen, Region, Field],
    ) -> Interaction:
        """Return the answer with contacts and with what is to be done there."""
        seen, region, fused = at
        answer = replace(answer, contact_points_m=region.contacts_m, contact_prob=region.prob)
        if plan.motion == "grasp":
            return self._grasped(observation, answer, seen, region)
        if plan.motion == "place":
            if self._switches.on("abstention") and is_steep(seen.cloud, region):
                return _abstained(answer, "it is too steep there for anything to stay")
            pose = placement_of(observation, seen, region)
            return answer if pose is None else replace(answer, placement=pose)
        if plan.motion == "none":
            return answer
        motion = _motion(plan, seen, region)
        reason = _kept(plan, (seen, region, fused), motion)
        if reason is not None and self._switches.on("abstention"):
            return _abstained(answer, reason)
        return replace(answer, motion=motion)

    def _grasped(
        self, observation: Observation, answer: Interaction, seen: Seen, region: Region
    ) -> Interaction:
        """Return the answer with ranked grasps, or an abstention where nothing fits."""
        by_evidence = not self._switches.on("ranking")
        found = grasps_of(seen, region, observation.gripper, by_evidence=by_evidence)
        if not found and seen.source == "depth" and self._switches.on("abstention"):
            return _abstained(answer, "nothing there fits into the gripper")
        if self._imagining is not None:
            found = self._imagining.ranked(found, seen, region, observation.gripper)
        return replace(answer, grasps=found)


def _motion(plan: Plan, seen: Seen, region: Region) -> Motion | None:
    """Return the motion of a plan where the region is; None if none is found."""
    motion = None
    if plan.motion == "turn":
        motion = turning_motion(seen, region, sense=plan.phrase.sense)
    elif plan.motion == "push":
        motion = shutting_motion(seen, region)
    if motion is not None:
        return motion
    return motion_at(seen, region.as_answer, label=MOTION_LABELS[plan.motion])


def _kept(plan: Plan, at: tuple[Seen, Region, Field], motion: Motion | None) -> str | None:
    """Return why its shape tells that a thing won't move; None where it does not tell so."""
    seen, region, fused = at
    if plan.motion == "push" and is_shut(seen, region):
        return f"the {named(plan)} is shut already"
    if plan.motion != "pull" or motion is None or seen.source != "depth":
        return None
    if is_barred(seen.cloud, region, fused, motion):
        return f"a bar keeps the {named(plan)} from moving"
    return None


def _is_coloured(plan: Plan) -> bool:
    """Tell whether what is touched is known by its colour."""
    return bool(plan.phrase.colour) and plan.phrase.action in OF_THE_PART


def _least_wish(plan: Plan) -> float:
    return LEAST_COLOURED_WISH if _is_coloured(plan) else LEAST_WISH


def named(plan: Plan) -> str:
    """Return what is asked for in words."""
    phrase = plan.phrase
    return " ".join(w for w in (phrase.colour, phrase.place, phrase.part or phrase.noun) if w)


def pooled(evidence: tuple[Grounding, ...]) -> tuple[float, float]:
    """Return the probabilities over all views that it is there, and that it can be done."""
    asked = next((one for one in evidence if one.query.role == "contact"), None)
    if asked is None:
        return 1.0, 1.0
    by_shape = asked.query.phrase.action in BY_SHAPE
    return _pooled(asked.presence), 1.0 if by_shape else _pooled(asked.feasible)


def feasible_prob(evidence: tuple[Grounding, ...]) -> float:
    """Return the probability that what is asked is there and can be done."""
    _, held = presence_of_obstacle(evidence) if _is_lift(evidence) else ("", 0.0)
    return float(np.clip(np.prod(pooled(evidence)) * (1.0 - held), LEAST, 1.0))


def _is_lift(evidence: tuple[Grounding, ...]) -> bool:
    return any(e.query.role == "contact" and e.query.phrase.action == "lift" for e in evidence)


def _pooled(prob: np.ndarray) -> float:
    """Return the probability whose logit is the mean of some probabilities' logits."""
    safe = np.clip(prob.astype(np.float64), 1e-6, 1.0 - 1e-6)
    return float(1.0 / (1.0 + np.exp(-np.log(safe / (1.0 - safe)).mean())))


def _abstained(answer: Interaction, reason: str) -> Interaction:
    return replace(
        answer,
        abstain=True,
        abstain_reason=reason,
        feasible_prob=min(answer.feasible_prob, 0.5)
        if answer.affordance_maps is not None
        else SURELY_NOT,
    )


def _cut(one: Grounding, n: int) -> Grounding:
    """Return the evidence of the first n views."""
    return Grounding(one.query, one.maps[:n], one.presence[:n], one.feasible[:n], one.crops[:n])
