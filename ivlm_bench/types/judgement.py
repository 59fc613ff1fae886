"""Truth, checks and verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import msgspec
import numpy as np
from jaxtyping import Bool, Float32

from ivlm_bench.types.interaction import Interaction
from ivlm_bench.types.spatial import Mesh, Pose


class TrialSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which trial judges the answer, and on what.

    ``kind``: name of a registered trial (``grasp``, ``articulate``, ``press``, ``push``,
    ``place``). ``part``: the part
    that must be held or touched (None: any part of the target). ``joint``: the target's joint that
    must move, in the direction ``sign``, over ``goal_fraction`` of its available range.
    ``support``: name of the placement that the target must come to rest on.
    """

    kind: str
    part: str | None = None
    joint: str | None = None
    sign: float = 1.0
    goal_fraction: float = 0.75
    support: str | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Truth:
    """What the environment knows and hands out only after the answer.

    ``part_masks`` and ``affordance_maps``: one image a view, of the asked part and of the asked
    affordance. ``depth_m``: z-depth of each view (0 where nothing is), kept where the track shows
    none: the shared lifter reads it. ``vertex_affordance`` follows ``ObjectModel.affordances``.
    ``oracle`` is an answer that the environment believes to be right (an abstention where the query
    can't be answered). ``wrong`` holds answers that must fail, by kind.
    ``asked_thing`` and ``other_things``: the shapes, world frame, of the thing that is asked about
    and of those beside it, where there are any. ``thing_px``: pixels of the thing that is asked
    about in each view; empty where nobody counted them.
    """

    interaction_label: str
    feasible: bool
    trial: TrialSpec
    oracle: Interaction
    target_part: str | None
    part_masks: Bool[np.ndarray, "v h w"]
    affordance_maps: Float32[np.ndarray, "v h w"]
    vertex_affordance: Float32[np.ndarray, " n"]
    wrong: Mapping[str, Interaction] = field(default_factory=dict)
    infeasible_reason: str | None = None
    depth_m: Float32[np.ndarray, "v h w"] | None = None
    asked_thing: Mesh | None = None
    other_things: tuple[Mesh, ...] = ()
    thing_px: tuple[int, ...] = ()


class Check(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One measured quantity against its limit; ``passed`` is the comparison's result.

    ``relation`` is how value must stand to limit: ``<=`` or ``>=``. ``gating`` checks decide the
    outcome, the others are reported.
    """

    name: str
    value: float
    limit: float
    unit: str
    passed: bool
    relation: Literal["<=", ">="] = "<="
    gating: bool = True


@dataclass(frozen=True, eq=False, slots=True)
class Keyframe:
    """Poses of all bodies at one moment of a trial, for the film strip."""

    label: str
    time_s: float
    world_from_body: Mapping[str, Pose]


@dataclass(frozen=True, eq=False, slots=True)
class TrialOutcome:
    """What one trial gave: an ordered outcome code, success, its checks, key frames."""

    code: str
    success: bool
    checks: tuple[Check, ...]
    n_steps: int = 0
    keyframes: tuple[Keyframe, ...] = ()


class Verdict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one engine says of one answer: the nominal trial, and the mean over perturbed ones.

    ``robust_prob`` is the mean success over ``n_perturbed`` perturbed trials (None if none ran).
    """

    engine: str
    engine_version: str
    status: Literal["ok", "sim_diverged", "skipped"]
    code: str
    success: bool
    checks: tuple[Check, ...] = ()
    robust_prob: float | None = None
    robust_codes: tuple[str, ...] = ()
    n_perturbed: int = 0
    n_steps: int = 0
