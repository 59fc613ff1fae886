"""What the views show: their depth where they have it, else a guess from outlines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ivlm_bench.geometry.cloud import Cloud, object_cloud
from ivlm_bench.geometry.lifting import VISIBLE_M
from ivlm_bench.types import View

Source = Literal["depth", "triangulated", "plane"]


@dataclass(frozen=True, eq=False, slots=True)
class Seen:
    """Views with depth, own or guessed, and what stands on the table.

    ``cloud`` holds the surface that is seen; ``solid`` has, where only one view is there, the
    guessed far side of things, too. ``uncertainty_m`` is how well the depths of two views agree.
    """

    views: tuple[View, ...]
    cloud: Cloud
    solid: Cloud
    source: Source
    uncertainty_m: float = VISIBLE_M


def see(views: tuple[View, ...]) -> Seen:
    """Return what the views show."""
    cloud = object_cloud(views)
    source: Source = "depth" if any(view.depth_m is not None for view in views) else "plane"
    return Seen(views, cloud, cloud, source)
