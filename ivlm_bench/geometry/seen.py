"""What the views show: their depth where they have it, else a guess from outlines."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ivlm_bench.geometry.cloud import Cloud, object_cloud
from ivlm_bench.geometry.foreground import foreground_masks
from ivlm_bench.geometry.guessed_depth import splatted_depth
from ivlm_bench.geometry.hidden import hidden_cloud
from ivlm_bench.geometry.lifting import VISIBLE_M, visible_pixels
from ivlm_bench.geometry.upright import upright_depth
from ivlm_bench.geometry.visual_hull import hull_cloud
from ivlm_bench.types import View

Source = Literal["depth", "triangulated", "plane"]
#: How well (m) depths guessed from outlines agree between views.
GUESSED_M = 0.020
#: Size (m) that a point of the hull covers in a depth image: twice its usual cells.
SPLAT_M = 0.008


@dataclass(frozen=True, eq=False, slots=True)
class Seen:
    """Views with depth, own or guessed, and what stands on the table.

    ``cloud`` holds the surface that is seen; ``solid`` has, where only one view is there, the
    guessed far side of things, too. ``source`` tells what it was made of: ``depth``;
    ``triangulated``, the outlines of several views; ``plane``, one image and the support plane.
    ``uncertainty_m`` is how well the depths of two views agree.
    """

    views: tuple[View, ...]
    cloud: Cloud
    solid: Cloud
    source: Source
    uncertainty_m: float = VISIBLE_M


def see(views: tuple[View, ...]) -> Seen:
    """Return what the views show; never raises for what is in them, clouds may be empty."""
    if any(view.depth_m is not None for view in views):
        return _from_depth(views, "depth")
    masks = foreground_masks(views)
    if len(views) > 1:
        hull = hull_cloud(views, masks)
        if hull is not None:
            return _from_hull(views, masks, hull)
    guessed = tuple(
        replace(view, depth_m=upright_depth(view, mask))
        for view, mask in zip(views, masks, strict=True)
    )
    return _from_depth(guessed, "plane")


def _from_depth(views: tuple[View, ...], source: Source) -> Seen:
    cloud = object_cloud(views)
    if len(views) > 1:
        return Seen(views, cloud, cloud, source)
    return Seen(views, cloud, _joined(cloud, hidden_cloud(views[0], 0)), source)


def _joined(one: Cloud, other: Cloud) -> Cloud:
    return Cloud(
        np.concatenate([one.points_m, other.points_m]),
        np.concatenate([one.normals, other.normals]),
        np.concatenate([one.colours, other.colours]),
        np.concatenate([one.pixels, other.pixels]),
    )


def _from_hull(views: tuple[View, ...], masks: tuple[np.ndarray, ...], hull: Cloud) -> Seen:
    shown = tuple(
        replace(view, depth_m=splatted_depth(view, mask, hull.points_m, size_m=SPLAT_M))
        for view, mask in zip(views, masks, strict=True)
    )
    cloud = _coloured(shown, hull)
    return Seen(shown, cloud, cloud, "triangulated", uncertainty_m=GUESSED_M)


def _coloured(views: tuple[View, ...], hull: Cloud) -> Cloud:
    """Return the hull with colours and pixels of the view that sees each point most frontally."""
    best = np.full(len(hull), -np.inf)
    colours, pixels = np.array(hull.colours), np.array(hull.pixels)
    for index, view in enumerate(views):
        at, seen = visible_pixels(view, hull.points_m, visible_m=GUESSED_M)
        ray = view.camera.world_from_camera.position_m - hull.points_m
        cosine = (hull.normals * ray).sum(axis=1) / np.linalg.norm(ray, axis=1)
        better = seen & (cosine > best)
        column, row = np.rint(at[better]).astype(int).T
        best[better] = cosine[better]
        colours[better] = view.rgb[row, column] / 255.0
        pixels[better] = np.stack([np.full(len(row), index), column, row], axis=1)
    return Cloud(hull.points_m, hull.normals, colours, pixels)
