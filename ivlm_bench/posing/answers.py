"""From an answer to what a profile scores: a heat map, values on points, or image points.

What the answer holds itself is taken as it is; what it lacks is made of what it does hold, and the
record then says that the stage was shared. An answer with nothing to go by counts as a blank map,
zeros, or no point.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64

from ivlm_bench.codec.interaction import fine_side_px
from ivlm_bench.errors import InvalidAnswerError
from ivlm_bench.geometry.camera import project
from ivlm_bench.geometry.lifting import lift_points
from ivlm_bench.metrics import Profile
from ivlm_bench.metrics.maps import resize_bilinear
from ivlm_bench.posing.item import Posed
from ivlm_bench.posing.photograph import to_photograph
from ivlm_bench.posing.splats import RADIUS_M, CloudViews
from ivlm_bench.types import Interaction, View

#: Standard deviation of the Gaussian that a bare point becomes, as a share of a picture's longer
#: side and of a cloud's radius (own choice).
SPREAD_SHARE = 0.08


@dataclass(frozen=True, eq=False, slots=True)
class Prediction:
    """What is scored, and who made it: ``own``, ``shared``, or ``none`` for a blank one."""

    value: Any
    made_by: str

    @property
    def stages(self) -> dict[str, str]:
        """The stage as a record tells it."""
        return {"prediction": self.made_by}


def prediction_of(
    answer: Interaction | None, posed: Posed, profile: Profile, params: Mapping[str, Any]
) -> Prediction:
    """Return the prediction that an answer stands for; of None or an abstention a blank one.

    Raises
    ------
    InvalidAnswerError
        If the answer has values on another number of points than the cloud.
    """
    given = None if answer is None or answer.abstain else answer
    if profile.form == "values":
        return _values(given, posed)
    if profile.form == "points":
        return _points(given, posed)
    found = _heat_map(given, posed)
    shape = np.shape(posed.official)
    if params.get("crop_size") is None and found.value.shape != shape:
        return Prediction(resize_bilinear(found.value, *shape), found.made_by)
    return found


def _heat_map(answer: Interaction | None, posed: Posed) -> Prediction:
    view = posed.observation.views[0]
    if answer is not None and answer.affordance_maps is not None:
        return Prediction(np.asarray(answer.affordance_maps[0], np.float64), "own")
    points = marked_px(answer, view) if answer is not None else np.zeros((0, 2))
    return Prediction(_spread(points, view), "shared" if len(points) else "none")


def _spread(points_px: Float64[np.ndarray, "n 2"], view: View) -> np.ndarray:
    """Return the greatest of Gaussians about view pixels, at the size of a stored map."""
    height, width = view.rgb.shape[:2]
    rows, columns = min(height, fine_side_px(1)), min(width, fine_side_px(1))
    if not len(points_px):
        return np.zeros((rows, columns))
    y = (np.arange(rows) + 0.5) * height / rows - 0.5
    x = (np.arange(columns) + 0.5) * width / columns - 0.5
    deviation_px = SPREAD_SHARE * max(height, width)
    bells = [
        np.exp(-0.5 * ((y[:, None] - py) ** 2 + (x - px) ** 2) / deviation_px**2)
        for px, py in points_px
    ]
    return np.asarray(np.max(bells, axis=0))


def _points(answer: Interaction | None, posed: Posed) -> Prediction:
    """Return whole pixels (n, 2) of the photograph."""
    view = posed.observation.views[0]
    if answer is None:
        return Prediction(np.zeros((0, 2)), "none")
    made_by = "own" if answer.points_px is not None else "shared"
    in_view = marked_px(answer, view)
    if not len(in_view) and made_by == "shared" and answer.affordance_maps is not None:
        in_view = _peak_px(answer.affordance_maps[0], view)
    if posed.image_px is None or not len(in_view):
        return Prediction(np.zeros((0, 2)), "own" if made_by == "own" else "none")
    height_px, width_px = posed.image_px
    return Prediction(to_photograph(in_view, view, width_px=width_px, height_px=height_px), made_by)


def marked_px(answer: Interaction, view: View) -> Float64[np.ndarray, "n 2"]:
    """Return the pixels of a photograph's view that an answer marks, maps left out.

    Its own image points; else, as the guessed camera sees them, its contacts, the point that it
    moves, or the place of its first grasp.
    """
    if answer.points_px is not None:
        return answer.points_px[:, 1:].astype(np.float64)
    world = marked_m(answer)
    if not len(world):
        return np.zeros((0, 2))
    pixels, _ = project(view.camera, world)
    size = np.array([view.camera.width_px, view.camera.height_px])
    inside = np.isfinite(pixels).all(axis=1)
    inside[inside] = ((pixels[inside] >= -0.5) & (pixels[inside] < size - 0.5)).all(axis=1)
    return pixels[inside]


def marked_m(answer: Interaction) -> Float64[np.ndarray, "n 3"]:
    """Return the world points that an answer touches: contacts, a motion's point, a grasp's."""
    if len(answer.contact_points_m):
        return np.asarray(answer.contact_points_m)
    if answer.motion is not None:
        return np.asarray(answer.motion.point_m)[None]
    if answer.grasps:
        return np.asarray(answer.grasps[0].world_from_gripper.position_m)[None]
    return np.zeros((0, 3))


def _peak_px(heat: Float32[np.ndarray, "h w"], view: View) -> Float64[np.ndarray, "n 2"]:
    """Return the view pixel (1, 2) under a map's first highest cell; none of a flat map."""
    if float(heat.max(initial=0.0)) == float(heat.min(initial=1.0)) or not heat.any():
        return np.zeros((0, 2))
    row, column = np.unravel_index(int(np.argmax(heat)), heat.shape)
    height, width = view.rgb.shape[:2]
    x = (column + 0.5) * width / heat.shape[1] - 0.5
    y = (row + 0.5) * height / heat.shape[0] - 0.5
    return np.array([[x, y]], np.float64)


def _values(answer: Interaction | None, posed: Posed) -> Prediction:
    cloud = posed.cloud
    if cloud is None:
        raise TypeError("Values on points need a cloud.")
    n = len(cloud.points_m)
    if answer is None:
        return Prediction(np.zeros(n, np.float32), "none")
    if answer.vertex_prob is not None:
        if len(answer.vertex_prob) != n:
            raise InvalidAnswerError(
                f"Interaction.vertex_prob has {len(answer.vertex_prob)} values; one for each of "
                f"the {n} points of object_mesh was expected."
            )
        return Prediction(np.asarray(answer.vertex_prob, np.float32), "own")
    if answer.affordance_maps is not None:
        return Prediction(cloud.lifted(answer.affordance_maps).astype(np.float32), "shared")
    return _about(_touched_m(answer, cloud), cloud)


def _touched_m(answer: Interaction, cloud: CloudViews) -> np.ndarray:
    if answer.points_px is not None:
        return lift_points(cloud.views, answer.points_px)
    return marked_m(answer)


def _about(places_m: np.ndarray, cloud: CloudViews) -> Prediction:
    if not len(places_m):
        return Prediction(np.zeros(len(cloud.points_m), np.float32), "none")
    off = np.linalg.norm(cloud.points_m[:, None] - places_m[None], axis=2).min(axis=1)
    values = np.exp(-0.5 * (off / (SPREAD_SHARE * RADIUS_M)) ** 2)
    return Prediction(values.astype(np.float32), "shared")
