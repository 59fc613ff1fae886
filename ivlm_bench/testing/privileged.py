"""Reasoners that know the truth: ceilings, floors and the kin that must fail.

``oracle`` answers the truth. ``oracle-region`` only points at the true region and leaves the rest
to the shared executor; ``random-region`` points anywhere on the object and has the same executor:
together they tell how much of a success the executor alone explains. The others give the wrong
answers that every environment must refuse.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ivlm_bench.errors import ConfigError
from ivlm_bench.geometry.cloud import Cloud, cluster_labels, fuse, local_normal
from ivlm_bench.geometry.seen import see
from ivlm_bench.observe import with_depth
from ivlm_bench.reasoners import REASONERS, PrivilegedReasoner, ReasonerEntry
from ivlm_bench.types import Interaction, Motion, Observation, Truth, View

__all__ = [
    "OracleReasoner",
    "OracleRegionReasoner",
    "PrivilegedReasoner",
    "RandomRegionReasoner",
    "WrongReasoner",
]

#: Kinds of wrong answers that an environment gives in ``Truth.wrong``.
WRONG_KINDS = ("null", "wrong-part", "near-miss", "penetrating", "rotated")

#: Share of the strongest affordance that a pixel of the oracle's region needs.
STRONG_SHARE = 0.5
#: Most points that the oracle's region gives in one view.
POINTS_PER_VIEW = 60
#: A surface is a side of what turns if the sine between its normal and the axis is at least this.
SIDE_SINE = 0.8
#: Cell (m) of the cloud on which those sides are found: one pixel or less.
FINE_M = 0.001
#: A place is no edge if its normal is within 25 degrees of what the surface within 6 mm shares.
FLAT_RADIUS_M, FLAT_COSINE = 0.006, 0.9
#: Least lever arm (m) of a push that turns something.
LEAST_ARM_M = 0.005


class OracleReasoner:
    """Answers what the environment believes to be right."""

    def predict_with_truth(self, observation: Observation, truth: Truth, /) -> Interaction:
        """Return the environment's own answer."""
        return truth.oracle


class OracleRegionReasoner:
    """Marks the true region in the images, and no more."""

    def predict_with_truth(self, observation: Observation, truth: Truth, /) -> Interaction:
        """Return the true maps and points all over their stronger half.

        The maps are the affordance's within the asked part; where those are empty, the part's
        mask. To ``turn``, the side that has to be pushed: which one decides the sense. Abstains
        where the truth says that it can't be done.
        """
        if not truth.feasible:
            return truth.oracle
        maps = truth.affordance_maps * truth.part_masks
        if not maps.any():
            maps = truth.part_masks.astype(np.float32)
        if truth.interaction_label == "turn" and truth.oracle.motion is not None:
            sensed = with_depth(observation, truth.depth_m)
            maps = _pushed_side(sensed.views, maps, truth.oracle.motion)
        maps = np.clip(maps, 0.0, 1.0).astype(np.float32)
        return Interaction(
            label_prob={truth.interaction_label: 1.0},
            affordance_maps=maps,
            points_px=_strong_pixels(maps),
        )


def _pushed_side(views: tuple[View, ...], maps: np.ndarray, motion: Motion) -> np.ndarray:
    """Return maps of those places where a push inward turns as the right motion does.

    As strong as the square of the lever arm about the joint's axis that a push along the inward
    normal has, in the right motion's sense, as at the other end of a knob. All of the maps if none
    has any.
    """
    cloud = fuse(views, voxel_m=FINE_M)
    index, column, row = cloud.pixels.T
    cloud = cloud.select(maps[index, row, column] > 0)
    if len(cloud) == 0 or motion.axis_point_m is None:
        return maps
    axis = np.cross(motion.point_m - motion.axis_point_m, motion.direction)
    axis = axis / np.linalg.norm(axis)
    cloud = cloud.select(np.linalg.norm(np.cross(cloud.normals, axis), axis=1) >= SIDE_SINE)
    arms_m = cloud.points_m - motion.axis_point_m
    lever_m = np.cross(arms_m, -_shared_normals(cloud)) @ axis
    if len(cloud) == 0 or lever_m.max() < LEAST_ARM_M:
        return maps
    side = np.zeros_like(maps)
    side[tuple(cloud.pixels.T[[0, 2, 1]])] = np.clip(lever_m / lever_m.max(), 0.0, 1.0) ** 2
    return side


def _shared_normals(cloud: Cloud) -> np.ndarray:
    """Return the normals (n, 3) that the surface about each point shares; zero at edges."""
    shared = np.zeros_like(cloud.normals)
    for index, point in enumerate(cloud.points_m):
        normal = local_normal(cloud, point, radius_m=FLAT_RADIUS_M)
        if normal is not None and normal @ cloud.normals[index] >= FLAT_COSINE:
            shared[index] = normal
    return shared


def _strong_pixels(maps: np.ndarray) -> np.ndarray | None:
    """Return rows (view index, x, y) of strong pixels, evenly thinned; None if all are zero."""
    if not maps.any():
        return None
    parts = []
    for index, values in enumerate(maps):
        y, x = np.nonzero(values >= STRONG_SHARE * maps.max())
        kept = np.arange(0, len(y), len(y) // POINTS_PER_VIEW + 1)
        parts.append(np.stack([np.full(len(kept), index), x[kept], y[kept]], axis=1))
    return np.concatenate(parts).astype(np.float32)


class RandomRegionReasoner:
    """Points at a random place on the surface of what stands on the table."""

    def __init__(self, seed: int = 0) -> None:
        self._base_seed = seed
        self.reset(0)

    def reset(self, seed: int) -> None:
        """Start the random stream of an episode."""
        self._rng = np.random.default_rng([self._base_seed, seed])

    def predict_with_truth(self, observation: Observation, truth: Truth, /) -> Interaction:
        """Return one contact point, uniform over the visible surface above the table."""
        label = {truth.interaction_label: 1.0}
        cloud = see(with_depth(observation, truth.depth_m).views).cloud
        own = cloud.select(cluster_labels(cloud.points_m) == 0)
        if len(own) == 0:
            return Interaction(label_prob=label)
        point = own.points_m[int(self._rng.integers(len(own)))]
        return Interaction(label_prob=label, contact_points_m=point[None])


class WrongReasoner:
    """Gives the environment's wrong answer of one kind."""

    def __init__(self, kind: str) -> None:
        if kind not in WRONG_KINDS:
            raise ConfigError(f"{kind!r} is no kind of wrong answer: {', '.join(WRONG_KINDS)}.")
        self.kind = kind

    def predict_with_truth(self, observation: Observation, truth: Truth, /) -> Interaction:
        """Return the wrong answer; an empty one where the environment has none of this kind."""
        return truth.wrong.get(self.kind, Interaction())


def _wrong(kind: str) -> Callable[[], WrongReasoner]:
    """Return a factory without parameters."""

    def build() -> WrongReasoner:
        return WrongReasoner(kind)

    return build


REASONERS.register(
    "oracle",
    ReasonerEntry(
        OracleReasoner, "Oracle", privileged=True, notes="knows the answer", role="bound"
    ),
)
REASONERS.register(
    "oracle-region",
    ReasonerEntry(
        OracleRegionReasoner,
        "Oracle region + executor",
        privileged=True,
        notes="the true region, completed by the shared executor",
        role="bound",
    ),
)
REASONERS.register(
    "random-region",
    ReasonerEntry(
        RandomRegionReasoner,
        "Random region + executor",
        privileged=True,
        notes="a random point on the object, completed by the shared executor",
        role="bound",
    ),
)
for _kind in WRONG_KINDS:
    REASONERS.register(
        _kind,
        ReasonerEntry(
            _wrong(_kind),
            f"Wrong answer: {_kind}",
            privileged=True,
            notes="must fail",
            role="control",
        ),
    )
