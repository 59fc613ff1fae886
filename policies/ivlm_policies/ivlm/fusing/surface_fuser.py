"""The fuser: from what pictures say to a probability for each point of the surface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32
from scipy.special import expit, logit

from ivlm_bench.geometry.cloud import Cloud
from ivlm_bench.geometry.seen import Seen
from ivlm_bench.types import View
from ivlm_policies.ivlm.fusing.colours import part_fit
from ivlm_policies.ivlm.fusing.features import LEAST_WEIGHT, head_logits, point_features
from ivlm_policies.ivlm.fusing.looking import Looking
from ivlm_policies.ivlm.fusing.rays import agreeing
from ivlm_policies.ivlm.fusing.rules import RULES, mean, spread
from ivlm_policies.ivlm.fusing.selecting import Selecting
from ivlm_policies.ivlm.fusing.votes import Sight, read_map, sight, tolerance_m
from ivlm_policies.ivlm.grounding.windows import thing_of
from ivlm_policies.ivlm.stages import Field, Grounding
from ivlm_policies.ivlm.switches import Switches

#: Probabilities nearer to 0 or 1 than this tell no more.
SURE = 4.5e-5
#: Share of its evidence that a point keeps if it belongs to the one that is meant of several alike.
MEANT = 0.5
#: How far (m) depths may differ that are only guessed.
GUESSED_M = 0.020


@dataclass(frozen=True, eq=False, slots=True)
class _Sights:
    """All views' sights of the cloud's points, as arrays."""

    pixels: tuple[np.ndarray, ...]
    seen: Bool[np.ndarray, "v n"]
    cosine: Float32[np.ndarray, "v n"]


class SurfaceFuser:
    """Joins the views' maps on the surface that they show."""

    def __init__(
        self,
        looking: Looking,
        *,
        switches: Switches,
        head: Mapping[str, np.ndarray],
        temperatures: Mapping[str, float],
    ) -> None:
        self._looking = looking
        self._switches = switches
        self._head = head
        self._temperatures = temperatures
        self._selecting = Selecting(switches)

    def fuse(self, views: tuple[View, ...], evidence: tuple[Grounding, ...], /) -> Field | None:
        """Return the field, or None where no view has depth and no shape can be made."""
        seen = self._looking.see(views)
        if seen is None or not evidence:
            return None
        sights = self._sights(seen, views)
        by_role: dict[str, Grounding] = {}
        for one in evidence:
            by_role.setdefault(one.query.role, one)
        prob = {role: self._fused(one, views, sights, seen.cloud) for role, one in by_role.items()}
        asked = by_role.get("contact", evidence[0])
        rejected = self._rejected(seen.cloud, by_role, sights)
        if self._switches.on("colours"):
            prob = {
                role: p * part_fit(seen.cloud.colours, by_role[role].query)
                for role, p in prob.items()
            }
        for points in rejected.values():
            prob = {role: np.where(points, np.float32(0.0), p) for role, p in prob.items()}
        wished = prob[asked.query.role]
        thing = ~rejected.get("another thing", np.zeros(len(seen.cloud), bool))
        chosen = self._selecting.points(
            seen.cloud, wished, asked.query, thing=thing, views=views, anchor=prob.get("anchor")
        )
        strong = wished > MEANT * wished.max(initial=0)
        rejected["another one alike"] = strong & (chosen < MEANT)
        prob[asked.query.role] = wished * chosen
        votes = _votes(asked, sights)
        return Field(
            seen.cloud.points_m,
            seen.cloud.normals,
            prob,
            spread(votes, sights.seen),
            votes,
            sights.seen,
            presence=_pooled(asked.presence),
            feasible=_pooled(asked.feasible),
            rejected=rejected,
            chosen=chosen,
            alike=wished,
        )

    def _sights(self, seen: Seen, views: tuple[View, ...]) -> _Sights:
        cloud = seen.cloud
        within_m = tolerance_m(cloud.points_m) if seen.source == "depth" else GUESSED_M
        shown = seen.views + views[len(seen.views) :]  # the cameras' own, with guessed depth
        all_sights = [
            sight(view, cloud.points_m, cloud.normals, within_m=within_m) for view in shown
        ]
        if not self._switches.on("visibility"):
            all_sights = [_through(one, view) for one, view in zip(all_sights, shown, strict=True)]
        return _Sights(
            tuple(one.pixels for one in all_sights),
            np.stack([one.seen for one in all_sights]),
            np.stack([one.cosine for one in all_sights]),
        )

    def _fused(
        self, one: Grounding, views: tuple[View, ...], sights: _Sights, cloud: Cloud
    ) -> Float32[np.ndarray, " n"]:
        votes, seen = _votes(one, sights), sights.seen
        if self._switches.on("rays"):
            agree = agreeing(views, one.maps)
            heard = seen & agree[:, None]
            seen = np.where(heard.any(axis=0), heard, seen)  # a lone witness is still heard
        cosine = sights.cosine if self._switches.on("normals") else np.ones_like(sights.cosine)
        if self._switches.fusion != "learned" or one.query.role == "object":
            weight = self._weights(one, seen, cosine)
            return RULES.get(self._switches.fusion, mean)(votes, weight)
        heat = self._temperatures.get("heat", 1.0)
        presence = _logit(one.presence) * np.float32(self._temperatures.get("presence", 1.0))
        features = point_features(
            _logit(votes) * np.float32(heat),
            seen,
            cosine,
            cloud.points_m[:, 2].astype(np.float32),
            presence,
        )
        logits = head_logits(features, self._head) / self._temperatures.get("contact", 1.0)
        return np.where(seen.any(axis=0), expit(logits), 0.0).astype(np.float32)

    def _weights(
        self, one: Grounding, seen: np.ndarray, cosine: np.ndarray
    ) -> Float32[np.ndarray, "v n"]:
        """Return how much each view's vote on each point counts."""
        weight = seen * np.maximum(cosine, LEAST_WEIGHT)
        if self._switches.on("confidence"):
            weight = weight * np.maximum(one.presence, LEAST_WEIGHT)[:, None]
        return np.asarray(weight, np.float32)

    def _rejected(
        self, cloud: Cloud, by_role: Mapping[str, Grounding], sights: _Sights
    ) -> dict[str, Bool[np.ndarray, " n"]]:
        """Return which points each constraint takes out."""
        rejected = {"unseen": np.asarray(~sights.seen.any(axis=0))}
        if self._switches.on("restrict") and "object" in by_role and len(cloud):
            thing = by_role["object"]
            colour = thing.query.phrase.colour if self._switches.on("colours") else ""
            rejected["another thing"] = ~thing_of(cloud, thing.maps, colour=colour)
        return rejected


def _votes(one: Grounding, sights: _Sights) -> Float32[np.ndarray, "v n"]:
    maps = zip(one.maps, sights.pixels, strict=True)
    return np.stack([read_map(values, pixels) for values, pixels in maps])


def _through(one: Sight, view: View) -> Sight:
    """Return a sight as if nothing hid anything."""
    limit = np.array([view.camera.width_px, view.camera.height_px]) - 0.5
    inside = (one.pixels > -0.5).all(axis=1) & (one.pixels < limit).all(axis=1)
    return Sight(one.pixels, np.asarray(inside), one.cosine)


def _logit(prob: np.ndarray) -> np.ndarray:
    return np.asarray(logit(np.clip(prob.astype(np.float64), SURE, 1.0 - SURE)), np.float32)


def _pooled(prob: Float32[np.ndarray, " v"]) -> float:
    """Return the probability whose logit is the mean of the views' logits."""
    return float(expit(_logit(prob).mean()))
