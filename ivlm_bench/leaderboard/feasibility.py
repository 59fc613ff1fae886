"""Which failures say that an answer could not have been carried out, and of what kind they are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ivlm_bench.leaderboard.episodes import Episodes
from ivlm_bench.stats.clusters import Sample

#: Outcome codes of the trials (``trials.protocol``) that are about feasibility, by cause: the body
#: would have to be inside of something, the hand can't take the asked shape or start, nothing is
#: held or stood on, the hold gives way, what was put down does not rest. All other failures
#: (WRONG_PART, WRONG_SUPPORT, OFF_SUPPORT, NOT_MOVED, PARTIAL, SIDE_EFFECT, BAD_DIRECTION,
#: NOT_PRESSED, NO_ANSWER) are feasible answers that do something else than was asked, or none.
CAUSES: Mapping[str, tuple[str, ...]] = {
    "collision": (
        "COLLISION_OBJECT",
        "COLLISION_SUPPORT",
        "COLLISION_CLUTTER",
        "INFEASIBLE_PENETRATION",
    ),
    "not executable": ("INVALID",),
    "no hold": ("NO_CONTACT", "FLOATING"),
    "slip": ("SLIP", "SLIP_LIFT", "SLIP_SHAKE", "BAD_ANGLE"),
    "unstable": ("TIPPED", "SLID", "MOVING"),
}


def tried(episodes: Episodes) -> np.ndarray:
    """Return the mask of answers that were tried on a question that can be done."""
    return episodes.answerable & episodes.answered


def infeasible(episodes: Episodes) -> np.ndarray:
    """Return the mask of tried answers whose failure is about feasibility."""
    return tried(episodes) & _coded(episodes, [c for codes in CAUSES.values() for c in codes])


def infeasible_sample(episodes: Episodes) -> Sample:
    """Infeasible answers among those that were tried; abstentions and errors are neither."""
    return episodes.sample(tried(episodes), infeasible(episodes))


def causes(episodes: Episodes) -> dict[str, int]:
    """Return how many tried answers were infeasible for each cause."""
    rows = tried(episodes)
    return {name: int((rows & _coded(episodes, codes)).sum()) for name, codes in CAUSES.items()}


def _coded(episodes: Episodes, codes: tuple[str, ...] | list[str]) -> np.ndarray:
    return np.asarray(np.isin(episodes.code.names, codes)[episodes.code.codes])
