"""Which stages an answer lacks, and who did each."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from ivlm_bench.completion.contacts import with_contacts
from ivlm_bench.completion.placements import placement_at
from ivlm_bench.geometry.motions import motion_at
from ivlm_bench.geometry.region_grasps import grasps_at
from ivlm_bench.geometry.seen import Seen, see
from ivlm_bench.types import Interaction, Observation

Stage = Literal["own", "shared", "none"]


def complete(
    observation: Observation, interaction: Interaction
) -> tuple[Interaction, dict[str, str]]:
    """Return the answer with what it lacks, and who did which stage.

    Contact points come from ``points_px``, else from ``affordance_maps``, by the lifter. From them
    comes the action: for ``grasp`` an antipodal search about them, for ``place`` the motion that
    sets the object at hand down there, and for every other interaction a motion of the strongest
    of them: ``open`` outward along the surface normal, ``lift`` straight up, all else inward.

    Returns
    -------
    interaction : Interaction
        An abstention comes back as it is.
    stages : dict
        ``contact`` and ``action``, each ``own``, ``shared`` or ``none``; and, where one of them is
        ``shared``, ``lifter``: ``depth`` where it read depth, ``triangulated`` where it fused the
        outlines of several views, ``plane`` where it knew one image and the support plane only.
    """
    contact: Stage = "own" if len(interaction.contact_points_m) else "none"
    action: Stage = "own" if _acts(observation, interaction) else "none"
    known = bool(len(interaction.contact_points_m)) or _points(interaction)
    if interaction.abstain or not known or "none" not in (contact, action):
        return interaction, {"contact": contact, "action": action}
    seen = see(observation.views)
    if contact == "none":
        interaction = with_contacts(seen, interaction)
        contact = "shared" if len(interaction.contact_points_m) else "none"
    if action == "none" and len(interaction.contact_points_m):
        interaction = _with_action(observation, seen, interaction)
        action = "shared" if _acts(observation, interaction) else "none"
    stages: dict[str, str] = {"contact": contact, "action": action}
    return interaction, stages | ({"lifter": seen.source} if "shared" in stages.values() else {})


def _acts(observation: Observation, interaction: Interaction) -> bool:
    """Say whether the answer has what the trial of its query's interaction executes."""
    if observation.query.interaction == "grasp":
        return bool(interaction.grasps)
    if observation.query.interaction == "place":
        return interaction.placement is not None
    return interaction.motion is not None


def _points(interaction: Interaction) -> bool:
    """Say whether the answer marks anything in the images."""
    marked = interaction.points_px is not None and len(interaction.points_px) > 0
    return marked or interaction.affordance_maps is not None


def _with_action(observation: Observation, seen: Seen, interaction: Interaction) -> Interaction:
    if observation.query.interaction == "grasp":
        return replace(interaction, grasps=grasps_at(seen, interaction, observation.gripper))
    if observation.query.interaction == "place":
        return replace(interaction, placement=placement_at(observation, seen, interaction))
    label = observation.query.interaction
    return replace(interaction, motion=motion_at(seen, interaction, label=label))
