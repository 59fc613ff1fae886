"""From our depth to Contact-GraspNet's cloud, and from its grasps to ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from ivlm_bench.geometry.camera import depth_points, project
from ivlm_bench.geometry.cloud import SUPPORT_M, object_cloud
from ivlm_bench.types import Grasp, GripperSpec, Pose, View

#: Points that the network was trained on (inference.py), and the seed of their draw.
N_POINTS, DRAW_SEED = 20_000, 1
#: Least side (m) of the square of table that is shown, and what it reaches beyond the things: the
#: port's own local regions are 0.2 m to 0.6 m wide.
LEAST_SIDE_M, MARGIN_M = 0.30, 0.05
#: The tips of Franka's fingers lie this far (m) beyond its base, and grasps are predicted so that
#: the contacts lie 0.1034 m beyond it (franka_description, hand.xacro; build_6d_grasps).
TIP_M, CONTACT_M = 0.1124, 0.1034
#: Free way (m) of each pad before it touches. With the 5 mm in all that the authors' demo adds half
#: the grasps ran into the thing: predicted widths are that much off (docs/published-methods.md).
CLEARANCE_M = 0.010
#: How far (m) a gripper that is asked to clear the table stays above it.
TABLE_MARGIN_M = 0.002
#: Grasps that are returned; only the first is executed.
MOST_GRASPS = 32


@dataclass(frozen=True, eq=False, slots=True)
class Said:
    """What the network says at k points, world frame.

    ``contacts_m`` (k, 3): where one finger touches; ``closing``, ``approach`` (k, 3): unit;
    ``width_m`` (k,): way from there along ``closing`` to where the other finger touches, negative
    where that lies the other way; ``score`` (k,) in [0, 1].
    """

    contacts_m: Float64[np.ndarray, "k 3"]
    closing: Float64[np.ndarray, "k 3"]
    approach: Float64[np.ndarray, "k 3"]
    width_m: Float64[np.ndarray, " k"]
    score: Float64[np.ndarray, " k"]

    def only(self, which: np.ndarray) -> Said:
        """Return what it says at some of the points, best first."""
        rows = np.nonzero(which)[0]
        rows = rows[np.argsort(-self.score[rows], kind="stable")]
        return Said(
            self.contacts_m[rows],
            self.closing[rows],
            self.approach[rows],
            self.width_m[rows],
            self.score[rows],
        )


def shown_cloud(views: tuple[View, ...]) -> Float64[np.ndarray, "n 3"]:
    """Return the points of the things and of the table about them; none where nothing stands there.

    At most ``N_POINTS``, in an order drawn once: the network counts on random order.
    """
    things = object_cloud(views).points_m
    parts = [depth_points(v.camera, v.depth_m) for v in views if v.depth_m is not None]
    if len(things) == 0 or not parts:
        return np.zeros((0, 3))
    points = np.concatenate([part.reshape(-1, 3) for part in parts])
    low, high = things[:, :2].min(axis=0), things[:, :2].max(axis=0)
    half = max(LEAST_SIDE_M / 2, float((high - low).max()) / 2 + MARGIN_M)
    with np.errstate(invalid="ignore"):  # pixels without return
        inside = (np.abs(points[:, :2] - (low + high) / 2) < half).all(axis=1)
    points = points[inside]
    order = np.random.default_rng(DRAW_SEED).permutation(len(points))
    return np.asarray(points[order[:N_POINTS]])


def on_things(contacts_m: np.ndarray) -> Bool[np.ndarray, " k"]:
    """Return which contacts are not on the table."""
    return np.asarray(contacts_m[:, 2] > SUPPORT_M)


def on_map(
    contacts_m: np.ndarray, views: Sequence[View], maps: np.ndarray, *, least: float
) -> Bool[np.ndarray, " k"]:
    """Return which contacts lie where the map of any view says at least ``least``."""
    found = np.zeros(len(contacts_m), bool)
    for view, values in zip(views, maps, strict=True):
        pixels, _ = project(view.camera, contacts_m)
        scale = np.array(values.shape[::-1]) / [view.camera.width_px, view.camera.height_px]
        cells = np.nan_to_num((pixels + 0.5) * scale - 0.5, nan=-9.0).round().astype(int)
        inside = ((cells >= 0) & (cells < values.shape[::-1])).all(axis=1)
        found[inside] |= values[cells[inside, 1], cells[inside, 0]] >= least
    return found


def clears_table(said: Said, gripper: GripperSpec) -> Bool[np.ndarray, " k"]:
    """Return which grasps keep our gripper above the table, opened, where it grasps."""
    pad_x, pad_y, pad_z = gripper.pad_size_m
    palm_x, palm_y, _ = gripper.palm_size_m
    side = np.cross(said.approach, said.closing)
    reach = opening_m(said, gripper) / 2 + pad_x
    # A box reaches down by what its half sizes have of the vertical: the pads, the palm's front.
    tips = _centre_m(said, gripper)[:, 2] - np.abs(said.approach[:, 2]) * pad_z / 2
    tips -= np.abs(said.closing[:, 2]) * reach + np.abs(side[:, 2]) * pad_y / 2
    palm = _centre_m(said, gripper)[:, 2] - said.approach[:, 2] * gripper.palm_offset_m
    palm -= np.abs(said.closing[:, 2]) * palm_x / 2 + np.abs(side[:, 2]) * palm_y / 2
    return np.asarray(np.minimum(tips, palm) >= TABLE_MARGIN_M)


def opening_m(said: Said, gripper: GripperSpec) -> Float64[np.ndarray, " k"]:
    """Return how far (m) our pads are apart before they close."""
    return np.minimum(np.abs(said.width_m) + 2 * CLEARANCE_M, gripper.max_opening_m)


def _centre_m(said: Said, gripper: GripperSpec) -> np.ndarray:
    """Return the pads' middles (k, 3): our tips go where Franka's would."""
    deeper_m = TIP_M - CONTACT_M - gripper.pad_size_m[2] / 2
    middle = said.contacts_m + said.closing * said.width_m[:, None] / 2
    return np.asarray(middle + said.approach * deeper_m)


def ours(said: Said, gripper: GripperSpec) -> tuple[Grasp, ...]:
    """Return grasps of our gripper, best first.

    Its tips go where Franka's would, so that its pads, longer than Franka's, reach no deeper.
    """
    centre, opening = _centre_m(said, gripper), opening_m(said, gripper)
    side = np.cross(said.approach, said.closing)
    turns = np.stack([said.closing, side, said.approach], axis=2)
    best = np.argsort(-said.score, kind="stable")[:MOST_GRASPS]
    return tuple(
        Grasp(Pose.from_rotation(turns[k], centre[k]), float(opening[k]), float(said.score[k]))
        for k in best
    )
