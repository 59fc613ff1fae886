"""What a model that finds words in pictures must offer, and the grounder made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import Float32, UInt8

from ivlm_bench.errors import InvalidAnswerError
from ivlm_bench.types import View
from ivlm_policies.ivlm.grounding.channels import cut, paste, whole
from ivlm_policies.ivlm.grounding.windows import window_about_heat
from ivlm_policies.ivlm.stages import AtomicQuery, Crop, Grounding, Plan

#: Side (px) of the picture of a window that a model is shown.
WINDOW_PX = 336


@dataclass(frozen=True, eq=False, slots=True)
class Found:
    """Where words are in one picture.

    ``maps`` (k, h, w): probability that a pixel belongs to each of k phrases, at the picture's
    size. ``presence`` (k,): probability that it is there at all.
    """

    maps: Float32[np.ndarray, "k h w"]
    presence: Float32[np.ndarray, " k"]


class Finder(Protocol):
    """A model that finds what words name in a picture."""

    def find(self, rgb: UInt8[np.ndarray, "h w 3"], phrases: Sequence[str], /) -> Found:
        """Return where each phrase is."""
        ...


class FoundGrounder:
    """Asks a finder for the thing in the whole picture, then for its parts in a window about it.

    Which interaction is asked and whether it can be done such models don't know: feasibility is
    what is found of the thing.
    """

    def __init__(self, finder: Finder) -> None:
        self._finder = finder

    def ground(self, views: tuple[View, ...], plan: Plan, /) -> tuple[Grounding, ...]:
        """Return the evidence for each of the plan's queries, in their order."""
        near = [query for query in plan.queries if query.scope == "object"]
        wide = [query for query in plan.queries if query.scope != "object"]
        crops = tuple(whole(view) for view in views)
        found = dict(zip(map(id, wide), self._asked(views, crops, wide), strict=True))
        thing = next((g for g in found.values() if g.query.role == "object"), None)
        if thing is not None:
            pairs = zip(views, thing.maps, strict=True)
            crops = tuple(window_about_heat(view, heat) for view, heat in pairs)
        found |= zip(map(id, near), self._asked(views, crops, near), strict=True)
        return tuple(found[id(query)] for query in plan.queries)

    def _asked(
        self, views: tuple[View, ...], crops: tuple[Crop, ...], queries: list[AtomicQuery]
    ) -> list[Grounding]:
        if not queries:
            return []
        phrases = [phrase_of(query) for query in queries]
        pairs = [self._in_window(v, c, phrases) for v, c in zip(views, crops, strict=True)]
        maps = np.stack([maps for maps, _ in pairs], axis=1)
        presence = np.stack([presence for _, presence in pairs], axis=1)
        return [
            Grounding(query, maps[k], presence[k], presence[k], crops)
            for k, query in enumerate(queries)
        ]

    def _in_window(
        self, view: View, crop: Crop, phrases: list[str]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return maps (k, h, w) at the view's size and presence (k,)."""
        height, width = view.rgb.shape[:2]
        if crop == whole(view):
            found = checked(self._finder.find(view.rgb, phrases), (height, width), len(phrases))
            return found.maps, found.presence
        colours = cut(view.rgb.transpose(2, 0, 1).astype(np.float32), crop, size_px=WINDOW_PX)
        shown = np.ascontiguousarray(np.rint(colours).clip(0, 255).transpose(1, 2, 0), np.uint8)
        found = checked(self._finder.find(shown, phrases), (WINDOW_PX, WINDOW_PX), len(phrases))
        pasted = [paste(one, crop, height_px=height, width_px=width) for one in found.maps]
        return np.stack(pasted), found.presence


def checked(found: Found, size: tuple[int, int], n: int) -> Found:
    """Return what a model found; ``InvalidAnswerError`` if it is not finite or of another shape."""
    wanted = (n, *size)
    if found.maps.shape != wanted or found.presence.shape != (n,):
        raise InvalidAnswerError(
            f"The model's maps are {found.maps.shape} and its presence {found.presence.shape}; "
            f"{wanted} and {(n,)} were expected."
        )
    if not (np.isfinite(found.maps).all() and np.isfinite(found.presence).all()):
        raise InvalidAnswerError(
            "The model's maps are not finite; its weights may be damaged or overflow."
        )
    return found


def phrase_of(query: AtomicQuery) -> str:
    """Return the words that a model is asked to find: ``handle of the red mug``."""
    if query.text:
        return query.text
    phrase = query.phrase
    noun = " ".join(word for word in (phrase.colour, phrase.noun) if word)
    if query.role == "object" or not phrase.part:
        return noun
    part = " ".join(word for word in (phrase.place, phrase.part) if word)
    return f"{part} of the {noun}"
