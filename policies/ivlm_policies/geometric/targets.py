"""Which of the things on the table is meant."""

from __future__ import annotations

import numpy as np

from ivlm_bench.geometry.cloud import Cloud, cluster_labels
from ivlm_bench.geometry.seen import Seen
from ivlm_policies.geometric.words import of_colour

#: Things with at least this share of the largest one's points compete for being the target.
LARGE_SHARE = 0.05


def pick_thing(seen: Seen, text: str) -> np.ndarray:
    """Return which points (n,) of ``seen.solid`` belong to the thing that is meant.

    Of the large things the one of the asked colour, else the one nearest to where the cameras
    look: whoever takes a picture aims at what matters.
    """
    labels = cluster_labels(seen.solid.points_m)
    sizes = np.bincount(labels)
    if len(sizes) == 0:
        return np.zeros(0, bool)
    large = [k for k in range(len(sizes)) if sizes[k] >= LARGE_SHARE * sizes[0]]
    coloured = of_colour([seen.solid.colours[labels == k] for k in large], text)
    if coloured is not None:
        return np.asarray(labels == large[coloured])
    aim = np.array([_off_axis(seen, seen.solid.points_m[labels == k]) for k in large])
    return np.asarray(labels == large[int(np.argmin(aim))])


def _off_axis(seen: Seen, points_m: np.ndarray) -> float:
    """Return the sine of the angle between the first view's axis and a thing's middle."""
    pose = seen.views[0].camera.world_from_camera
    middle = 0.5 * (points_m.min(axis=0) + points_m.max(axis=0))
    way = middle - pose.position_m
    return float(np.linalg.norm(np.cross(way / np.linalg.norm(way), pose.rotation[:, 2])))


def in_sight(seen: Seen, thing: np.ndarray) -> Cloud:
    """Return the seen points of a thing that is given as a mask of ``seen.solid``.

    ``seen.solid`` begins with the points of ``seen.cloud``.
    """
    return seen.cloud.select(thing[: len(seen.cloud)])
