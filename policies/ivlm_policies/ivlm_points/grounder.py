"""The grounder: the whole cloud for the thing, then a window about it for its parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64
from scipy.spatial import cKDTree
from scipy.special import expit

from ivlm_bench.geometry.camera import depth_points
from ivlm_bench.geometry.cloud import SUPPORT_M, Cloud
from ivlm_bench.types import View
from ivlm_policies.ivlm.fusing.looking import Looking
from ivlm_policies.ivlm.fusing.selecting import for_network
from ivlm_policies.ivlm.grounding.channels import whole
from ivlm_policies.ivlm.grounding.tokens import MAX_TOKENS, phrase_tokens, text_tokens
from ivlm_policies.ivlm.grounding.windows import thing_of
from ivlm_policies.ivlm.stages import AtomicQuery, Grounding, Plan
from ivlm_policies.ivlm_points.clouds import MARGIN, Sample, Window, sample, window_about
from ivlm_policies.ivlm_points.grouping import interpolation
from ivlm_policies.ivlm_points.network import CloudNetwork

#: A pixel shows the surface that the cloud has so near (m) to it; its cells are 5.2 mm across.
NEAR_M = 0.006
#: A window with fewer points tells nothing.
FEWEST_POINTS = 20


@dataclass(frozen=True, eq=False, slots=True)
class Look:
    """One window: the points in it, and the logits of each question on them.

    ``where`` (n,): which points of the cloud are in it. ``heat`` (q, m) on those points.
    """

    where: Bool[np.ndarray, " n"]
    heat: Float32[np.ndarray, "q m"]
    presence: Float32[np.ndarray, " q"]
    feasible: Float32[np.ndarray, " q"]


@dataclass(frozen=True, eq=False, slots=True)
class Shown:
    """Which pixels show which point of a cloud: view, row and column (p,), and ``point`` (p,)."""

    views: tuple[View, ...]
    at: tuple[np.ndarray, np.ndarray, np.ndarray]
    point: Int64[np.ndarray, " p"]


class PointGrounder:
    """Asks the network each atomic query of the cloud, and shows the answers in the pictures."""

    def __init__(
        self,
        network: CloudNetwork,
        looking: Looking,
        *,
        temperatures: Mapping[str, float],
        blind: bool = False,
        two_pass: bool = True,
    ) -> None:
        self._network = network
        self._looking = looking
        self._temperatures = temperatures
        self._blind = blind
        self._two_pass = two_pass

    def ground(self, views: tuple[View, ...], plan: Plan, /) -> tuple[Grounding, ...]:
        """Return the evidence for each of the plan's queries, in their order.

        Nothing is there where nothing stands on the table.
        """
        seen = self._looking.see(views)
        if seen is None or len(seen.cloud) < FEWEST_POINTS:
            return tuple(_nothing(query, views) for query in plan.queries)
        cloud, shown = seen.cloud, pixels_of(views, seen.cloud)
        wide = [q for q in plan.queries if q.scope == "image" or not self._two_pass]
        everything = window_about(cloud.points_m)
        found = self._asked(cloud, everything, wide, shown)
        near = [query for query in plan.queries if id(query) not in found]
        if near:
            thing = next((g for g in found.values() if g.query.role == "object"), None)
            window = everything if thing is None else _about(cloud, thing)
            found |= self._asked(cloud, window, near, shown)
        return tuple(found[id(query)] for query in plan.queries)

    def _asked(
        self, cloud: Cloud, window: Window, queries: list[AtomicQuery], shown: Shown
    ) -> dict[int, Grounding]:
        """Return the evidence for some queries from one window, by the queries' identity."""
        if not queries:
            return {}
        tokens = np.stack([self._tokens(query) for query in queries])
        look = look_at(self._network, cloud, window, tokens)
        return {
            id(query): self._grounding(query, look, k, shown) for k, query in enumerate(queries)
        }

    def _tokens(self, query: AtomicQuery) -> Int64[np.ndarray, " t"]:
        if self._blind:
            return np.zeros(MAX_TOKENS, np.int64)
        return text_tokens(query.text) if query.text else phrase_tokens(for_network(query))

    def _grounding(self, query: AtomicQuery, look: Look, k: int, shown: Shown) -> Grounding:
        prob = np.zeros(len(look.where), np.float32)
        prob[look.where] = self._chance(look.heat[k], "heat")
        nothing = _nothing(query, shown.views)
        nothing.maps[shown.at] = prob[shown.point]
        n = len(shown.views)
        presence, feasible = (
            np.full(n, self._chance(values[k], name), np.float32)
            for name, values in (("presence", look.presence), ("feasible", look.feasible))
        )
        return Grounding(query, nothing.maps, presence, feasible, nothing.crops)

    def _chance(self, logits: np.ndarray, name: str) -> np.ndarray:
        return expit(logits / np.float32(self._temperatures.get(name, 1.0)))


def look_at(
    network: CloudNetwork, cloud: Cloud, window: Window, tokens: Int64[np.ndarray, "q t"]
) -> Look:
    """Ask the network of a window; which points it reads is drawn the same way every time."""
    where = window.inside(cloud.points_m)
    inside = cloud.select(where)
    one = sample(inside, window_about(inside.points_m), np.random.default_rng(0))
    said = network.ask(one, tokens)
    return Look(where, spread(one, said.heat, inside.points_m), said.presence, said.feasible)


def spread(
    one: Sample, heat: Float32[np.ndarray, "q n"], points_m: Float64[np.ndarray, "m 3"]
) -> Float32[np.ndarray, "q m"]:
    """Return logits at all points of a window from those at the sampled ones."""
    nearest, shares = interpolation(points_m, one.points_m)
    return np.asarray(np.einsum("qmk,mk->qm", heat[:, nearest], shares), np.float32)


def pixels_of(views: tuple[View, ...], cloud: Cloud) -> Shown:
    """Return which pixels of some views show which point of a cloud."""
    tree = cKDTree(cloud.points_m)
    found = []
    for index, view in enumerate(views):
        if view.depth_m is None:
            continue
        points = depth_points(view.camera, view.depth_m)
        high = np.nan_to_num(points[..., 2], nan=-np.inf) > SUPPORT_M
        row, column = np.nonzero(high)
        away, point = tree.query(points[row, column], distance_upper_bound=NEAR_M)
        there = np.isfinite(away)
        at = np.stack([np.full(len(row), index), row, column, point])
        found.append(at[:, there])
    view_index, row, column, point = np.concatenate(found, axis=1)
    return Shown(views, (view_index, row, column), point)


def _about(cloud: Cloud, thing: Grounding) -> Window:
    """Return the window about the asked thing; about everything if too little of it is seen."""
    own = thing_of(cloud, thing.maps, colour=thing.query.phrase.colour)
    window = window_about(cloud.points_m[own], margin=MARGIN)
    enough = int(window.inside(cloud.points_m).sum()) >= FEWEST_POINTS
    return window if enough else window_about(cloud.points_m)


def _nothing(query: AtomicQuery, views: tuple[View, ...]) -> Grounding:
    """Return the evidence that something is not there."""
    n, (height, width) = len(views), views[0].rgb.shape[:2]
    zero = np.zeros(n, np.float32)
    maps = np.zeros((n, height, width), np.float32)
    return Grounding(query, maps, zero, zero, tuple(whole(view) for view in views))
