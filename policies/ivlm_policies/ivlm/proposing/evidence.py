"""Small pictures of what was found where, for a person to look at."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, UInt8

from ivlm_bench.types import Evidence, View
from ivlm_policies.ivlm.stages import Field, Grounding

#: Only every so many-th pixel is shown.
STEP_PX = 2
#: Colour of what is asked for, and how much of it shows at most.
COLOUR, SHARE = np.array([255.0, 40.0, 20.0], np.float32), 0.75


def evidence_of(
    views: tuple[View, ...], found: tuple[Grounding, ...], fused: Field | None
) -> tuple[Evidence, ...]:
    """Return one picture a query, all views side by side, and what the views voted in words."""
    shown = tuple(Evidence(caption_of(one), overlay(views, one.maps)) for one in found)
    return shown if fused is None else (*shown, Evidence(votes_of(fused)))


def caption_of(one: Grounding) -> str:
    """Return what was asked, and how sure the views are that it is there."""
    phrase = one.query.phrase
    words = [phrase.action, phrase.colour, phrase.place, phrase.part, phrase.noun, phrase.sense]
    sure = ", ".join(f"{p:.2f}" for p in one.presence)
    return f"{one.query.role}: {' '.join(w for w in words if w)}; there with {sure}"


def overlay(
    views: tuple[View, ...], maps: Float32[np.ndarray, "v h w"]
) -> UInt8[np.ndarray, "h w 3"]:
    """Return the views side by side, half as large, with maps in red over them."""
    tiles = []
    for view, values in zip(views, maps, strict=True):
        rgb = view.rgb[::STEP_PX, ::STEP_PX].astype(np.float32)
        share = SHARE * values[::STEP_PX, ::STEP_PX, None]
        tiles.append((1.0 - share) * rgb + share * COLOUR)
    return np.concatenate(tiles, axis=1).astype(np.uint8)


def votes_of(fused: Field) -> str:
    """Return how many points each view sees, and how many each constraint took out."""
    seen = ", ".join(str(int(n)) for n in fused.seen.sum(axis=1))
    text = f"{len(fused.points_m)} points; seen by the views: {seen}"
    for name, points in fused.rejected.items():
        text += f"; {int(points.sum())} left out: {name}"
    return text
