"""What is put into an answer to mend one of its stages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ivlm_bench.env import Episode
from ivlm_bench.geometry.camera import project
from ivlm_bench.testing.privileged import OracleRegionReasoner
from ivlm_bench.types import Interaction, View


def has_region(answer: Interaction) -> bool:
    """Tell whether an answer says where, in space or in the pictures."""
    marked = answer.points_px is not None and len(answer.points_px) > 0
    return bool(len(answer.contact_points_m)) or marked or answer.affordance_maps is not None


def acts(answer: Interaction) -> bool:
    """Tell whether an answer has an action of its own."""
    return bool(answer.grasps) or answer.motion is not None or answer.placement is not None


def top_label(answer: Interaction) -> str | None:
    """Return the likeliest of an answer's labels."""
    return max(answer.label_prob, key=lambda name: answer.label_prob[name], default=None)


def is_mislabelled(episode: Episode, answer: Interaction) -> bool:
    """Tell whether an answer declines what can be done, or says that something else is to be."""
    return answer.abstain or top_label(answer) != episode.truth.interaction_label


def relabelled(episode: Episode, answer: Interaction) -> Interaction:
    """Return an answer that does what was asked, where it said: its own action is dropped.

    One that declines and does not say where gets the true region: it was lost by declining.
    """
    label = {episode.truth.interaction_label: 1.0}
    says_where = has_region(answer) or not answer.abstain
    bare = without_action(answer) if says_where else true_region(episode)
    return replace(bare, label_prob=label, abstain=False, abstain_reason=None)


def without_action(answer: Interaction) -> Interaction:
    """Return an answer that says where alone: the shared executor acts."""
    return replace(answer, grasps=(), motion=None, placement=None)


def unlifted(episode: Episode, answer: Interaction) -> Interaction | None:
    """Return what an answer says in the pictures alone; None where it has no points in space.

    Where it marks nothing in them, each of its points is marked in the view whose surface is
    nearest to it.
    """
    if len(answer.contact_points_m) == 0:
        return None
    bare = replace(without_action(answer), contact_points_m=np.zeros((0, 3)), contact_prob=None)
    if has_region(bare):
        return bare
    points_px = _marked(episode.sensed.views, answer.contact_points_m)
    return replace(bare, points_px=points_px) if len(points_px) else None


def _marked(views: tuple[View, ...], points_m: np.ndarray) -> np.ndarray:
    """Return a row (view index, x, y) for each point that is in sight of a view with depth."""
    best = np.full(len(points_m), np.inf)
    rows = np.zeros((len(points_m), 3), np.float32)
    for index, view in enumerate(views):
        if view.depth_m is None:
            continue
        at, ahead_m = project(view.camera, points_m)
        at = np.where(np.isfinite(at), at, -1.0)
        limit = np.array([view.camera.width_px, view.camera.height_px]) - 1.0
        inside = (ahead_m > 0) & (at >= 0.0).all(axis=1) & (at <= limit).all(axis=1)
        column, row = np.rint(at[inside]).astype(int).T
        surface_m = view.depth_m[row, column]
        miss_m = np.full(len(points_m), np.inf)
        miss_m[inside] = np.where(surface_m > 0, np.abs(surface_m - ahead_m[inside]), np.inf)
        nearer = miss_m < best
        rows[nearer, 0], rows[nearer, 1:] = index, at[nearer]
        best = np.minimum(best, miss_m)
    return rows[np.isfinite(best)]


def true_region(episode: Episode) -> Interaction:
    """Return the right region in the pictures, and no more."""
    return OracleRegionReasoner().predict_with_truth(episode.observation, episode.truth)


def true_contacts(episode: Episode) -> Interaction:
    """Return where the right answer touches, and no more; its region where it names no point."""
    oracle = episode.truth.oracle
    if len(oracle.contact_points_m) == 0:
        return true_region(episode)
    return Interaction(
        label_prob={episode.truth.interaction_label: 1.0},
        contact_points_m=oracle.contact_points_m,
        contact_prob=oracle.contact_prob,
    )
