"""The grounder: the whole picture for the thing, then a window about it for its parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64
from scipy.special import expit

from ivlm_bench.types import View
from ivlm_policies.ivlm.fusing.looking import Looking
from ivlm_policies.ivlm.fusing.selecting import for_network
from ivlm_policies.ivlm.grounding.channels import cut, paste, view_channels, whole
from ivlm_policies.ivlm.grounding.network import Network
from ivlm_policies.ivlm.grounding.tokens import MAX_TOKENS, phrase_tokens, text_tokens
from ivlm_policies.ivlm.grounding.windows import thing_of, window_about_heat, window_about_points
from ivlm_policies.ivlm.stages import AtomicQuery, Crop, Grounding, Plan
from ivlm_policies.ivlm.switches import Switches

#: First channel that shows shape; the ones before it are colour.
FIRST_SHAPE_CHANNEL = 3


@dataclass(frozen=True, eq=False, slots=True)
class _Pass:
    """Windows, and what the network knows of each picture there."""

    crops: tuple[Crop, ...]
    features: np.ndarray
    pooled: np.ndarray


class OnnxGrounder:
    """Asks the network each atomic query of each picture."""

    def __init__(
        self,
        network: Network,
        looking: Looking,
        *,
        switches: Switches,
        temperatures: Mapping[str, float],
    ) -> None:
        self._network = network
        self._looking = looking
        self._switches = switches
        self._temperatures = temperatures

    def ground(self, views: tuple[View, ...], plan: Plan, /) -> tuple[Grounding, ...]:
        """Return the evidence for each of the plan's queries, in their order."""
        if not plan.queries:
            return ()
        channels = [self._channels(view) for view in views]
        first = self._look(channels, tuple(whole(view) for view in views))
        wide = [q for q in plan.queries if q.scope == "image" or not self._switches.on("two_pass")]
        found = dict(zip(map(id, wide), self._ask(views, first, wide), strict=True))
        near = [query for query in plan.queries if id(query) not in found]
        if near:
            thing = next((g for g in found.values() if g.query.role == "object"), None)
            second = first
            if thing is not None:
                second = self._look(channels, self._windows(views, thing))
            found |= zip(map(id, near), self._ask(views, second, near), strict=True)
        return tuple(found[id(query)] for query in plan.queries)

    def _channels(self, view: View) -> np.ndarray:
        channels = view_channels(view)
        if not self._switches.on("geometry_features"):
            channels[FIRST_SHAPE_CHANNEL:] = 0.0
        return channels

    def _look(self, channels: list[np.ndarray], crops: tuple[Crop, ...]) -> _Pass:
        images = [cut(one, crop) for one, crop in zip(channels, crops, strict=True)]
        features, pooled = self._network.encode(np.stack(images))
        return _Pass(crops, features, pooled)

    def _windows(self, views: tuple[View, ...], thing: Grounding) -> tuple[Crop, ...]:
        """Return where the asked thing is in each picture."""
        seen = self._looking.see(views)
        if seen is None or seen.source != "depth" or len(seen.cloud) == 0:
            return tuple(
                window_about_heat(view, heat) for view, heat in zip(views, thing.maps, strict=True)
            )
        colour = thing.query.phrase.colour if self._switches.on("colours") else ""
        points = seen.cloud.points_m[thing_of(seen.cloud, thing.maps, colour=colour)]
        return tuple(window_about_points(view, points) for view in views)

    def _ask(
        self, views: tuple[View, ...], look: _Pass, queries: list[AtomicQuery]
    ) -> list[Grounding]:
        """Ask all queries of all pictures at once."""
        if not queries:
            return []
        n = len(views)
        tokens = np.repeat(np.stack([self._tokens(query) for query in queries]), n, axis=0)
        features = np.concatenate([look.features] * len(queries))
        pooled = np.concatenate([look.pooled] * len(queries))
        heat, presence, feasible = self._network.decode(features, pooled, tokens)
        return [
            self._grounding(
                query,
                views,
                look.crops,
                (heat[k : k + n], presence[k : k + n], feasible[k : k + n]),
            )
            for query, k in zip(queries, range(0, n * len(queries), n), strict=True)
        ]

    def _tokens(self, query: AtomicQuery) -> Int64[np.ndarray, " t"]:
        if self._switches.text == "blind":
            return np.zeros(MAX_TOKENS, np.int64)
        if query.text:
            return text_tokens(query.text)
        return phrase_tokens(for_network(query))

    def _grounding(
        self,
        query: AtomicQuery,
        views: tuple[View, ...],
        crops: tuple[Crop, ...],
        logits: tuple[np.ndarray, np.ndarray, np.ndarray],
    ) -> Grounding:
        heat, presence, feasible = (
            expit(values / np.float32(self._temperatures.get(name, 1.0))).astype(np.float32)
            for name, values in zip(("heat", "presence", "feasible"), logits, strict=True)
        )
        return Grounding(query, _pasted(heat, crops, views), presence, feasible, crops)


def _pasted(
    heat: Float32[np.ndarray, "v s s"], crops: tuple[Crop, ...], views: tuple[View, ...]
) -> Float32[np.ndarray, "v h w"]:
    """Return each window's map at its view's size."""
    height, width = views[0].rgb.shape[:2]
    return np.stack(
        [paste(m, c, height_px=height, width_px=width) for m, c in zip(heat, crops, strict=True)]
    )
