"""An item of a public data set posed: what may be seen of it, and the truth."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool

from ivlm_bench.datasets import DataItem
from ivlm_bench.datasets.images import read_rgb
from ivlm_bench.errors import AssetError
from ivlm_bench.metrics import Profile
from ivlm_bench.metrics.maps import resize
from ivlm_bench.posing.photograph import to_view, view_of
from ivlm_bench.posing.splats import CloudViews, cloud_views
from ivlm_bench.tracks import Sensors, get_track
from ivlm_bench.types import (
    GripperSpec,
    Interaction,
    Mesh,
    Observation,
    Query,
    TrialSpec,
    Truth,
    View,
)

#: Gravity of the guessed world, m/s2.
GRAVITY_M_S2 = np.array([0.0, 0.0, -9.81])
#: No trial judges an answer to a data set.
NO_TRIAL = TrialSpec(kind="none")
#: Share of its highest value from which on a true map counts as a region.
REGION_LEVEL = 0.5
#: White of an 8-bit map.
WHITE = 255.0


@dataclass(frozen=True, eq=False, slots=True)
class Posed:
    """One item as it is asked.

    Attributes
    ----------
    observation
        What a reasoner sees.
    official
        What the profile takes as truth.
    truth
        The same in our nouns, for a reasoner that is handed it; its mask is all that is not zero.
    image_px
        (height, width) of the photograph; None for a cloud.
    cloud
        The cloud as it is shown; None for a photograph.
    """

    observation: Observation
    official: Any
    truth: Truth
    image_px: tuple[int, int] | None = None
    cloud: CloudViews | None = None

    @property
    def region(self) -> Bool[np.ndarray, "v h w"]:
        """Where the truth is at least half of its highest value: what the page outlines."""
        maps = self.truth.affordance_maps
        return np.asarray((maps >= REGION_LEVEL * maps.max()) & (maps > 0.0))


def pose_item(item: DataItem, profile: Profile, sensors: Sensors) -> Posed:
    """Read an item's files and return it as it is asked.

    A photograph is one view whose longer side is at most ``sensors.size_px``; a cloud is drawn
    from as many sides as the track has views, and its points are the vertices of
    ``Observation.object_mesh``, in the owner's order.

    Raises
    ------
    AssetError
        If a file is missing or damaged, or the item has nothing to look at or to ask.
    """
    official = item.truth()
    if item.query is None:
        raise AssetError(f"The item {item.id!r} asks nothing, so no reasoner can answer it.")
    if profile.form == "values":
        return _pose_cloud(item, item.query, official, sensors)
    return _pose_photograph(item, item.query, official, profile, sensors)


def _pose_photograph(
    item: DataItem, query: Query, official: Any, profile: Profile, sensors: Sensors
) -> Posed:
    if item.image is None:
        raise AssetError(f"The item {item.id!r} has no image.")
    rgb = read_rgb(item.image)
    image_px = rgb.shape[0], rgb.shape[1]
    view = view_of(rgb, longest_px=sensors.size_px)
    shown = _fitted(_true_map(item, official), view)
    points = None
    if profile.form == "points" and "oracle" in profile.controls and shown.any():
        # A random pick where the truth is highest, the same one each time.
        rng = np.random.default_rng(list(hashlib.blake2b(item.id.encode(), digest_size=8).digest()))
        right = np.asarray(profile.controls["oracle"](official, rng), np.float64)
        in_view = to_view(right, view, width_px=image_px[1], height_px=image_px[0])
        points = np.column_stack([np.zeros(len(in_view)), in_view]).astype(np.float32)
    oracle = Interaction(
        label_prob={query.interaction: 1.0}, affordance_maps=shown[None], points_px=points
    )
    observation = Observation((view,), query, GripperSpec(), GRAVITY_M_S2)
    truth = _truth(query, oracle, np.zeros(0, np.float32))
    return Posed(observation, official, truth, image_px=image_px)


def _pose_cloud(item: DataItem, query: Query, official: Any, sensors: Sensors) -> Posed:
    if item.points_m is None:
        raise AssetError(f"The item {item.id!r} has no point cloud.")
    points = np.asarray(item.points_m(), np.float64)
    if isinstance(official, Mapping):
        raise AssetError(f"The truth of the item {item.id!r} is no row of values on its points.")
    values = np.clip(np.asarray(official, np.float32).ravel(), 0.0, 1.0)
    if points.ndim != 2 or points.shape[1] != 3 or len(points) != len(values) or not len(points):
        raise AssetError(
            f"The item {item.id!r} has points of shape {points.shape} and {len(values)} values; "
            "one value for each of n points was expected."
        )
    track = get_track(sensors.track)
    cloud = cloud_views(points, n_views=track.n_views, size_px=sensors.size_px)
    oracle = Interaction(
        label_prob={query.interaction: 1.0},
        affordance_maps=cloud.drawn(values),
        vertex_prob=values,
    )
    seen = cloud.views if track.has_depth else tuple(View(v.camera, v.rgb) for v in cloud.views)
    shape = Mesh(cloud.points_m, np.zeros((0, 3), np.int32))
    observation = Observation(seen, query, GripperSpec(), GRAVITY_M_S2, object_mesh=shape)
    return Posed(observation, official, _truth(query, oracle, values), cloud=cloud)


def _truth(query: Query, oracle: Interaction, values: np.ndarray) -> Truth:
    maps = oracle.affordance_maps
    if maps is None:
        raise TypeError("A posed item's truth needs maps.")
    return Truth(
        interaction_label=query.interaction,
        feasible=True,
        trial=NO_TRIAL,
        oracle=oracle,
        target_part=None,
        part_masks=maps > 0.0,
        affordance_maps=maps,
        vertex_affordance=values,
    )


def _true_map(item: DataItem, official: Any) -> np.ndarray:
    """Return the truth as a map (h, w) of values in [0, 1], from the region if it is no map."""
    values = official["mask"] if isinstance(official, Mapping) else official
    array = np.asarray(values)
    if array.ndim != 2 and item.mask is not None:
        array = np.asarray(item.mask())
    if array.ndim != 2:
        raise AssetError(
            f"The truth of the item {item.id!r} is no map: its shape is {array.shape}."
        )
    scale = WHITE if array.dtype == np.uint8 else 1.0
    return np.clip(array.astype(np.float64) / scale, 0.0, 1.0)


def _fitted(values: np.ndarray, view: View) -> np.ndarray:
    fitted = resize(values, view.camera.height_px, view.camera.width_px)
    return np.clip(fitted, 0.0, 1.0).astype(np.float32)
