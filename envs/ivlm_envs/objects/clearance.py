"""Which constructed grasps a gripper can reach: swept boxes against convex pieces and table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float64

from ivlm_bench.geometry import se3
from ivlm_bench.geometry.directions import edge_directions, normal_directions
from ivlm_bench.types import GripperSpec, Link, Mesh, PartGrasp, Pose
from ivlm_envs.objects.sweep import Pieces

#: Length of the straight approach that must be free (m): IVLM-Phys v1, section 6.1, step 2.
APPROACH_M = 0.10
#: Free space kept around pads and palm (m): less than the 2.5 mm sigma of perturbed trials would
#: ask for, but narrow handles leave no more.
MARGIN_M = 0.002
#: Free space on all sides, between pads and object too, that a grasp keeps under perturbation
#: (m): 2.4 times its 2.5 mm sigma.
SAFE_MARGIN_M = 0.006
#: Free space kept above the table (m).
TABLE_MARGIN_M = 0.003
#: Free space above the table that a perturbed grasp still has (m): three times the 2.5 mm sigma
#: of its translation, and 2.5 degrees at the 55 mm half width of the palm.
SAFE_TABLE_M = 0.010
#: What a grasp nearer to the table is put back by in the order, for each metre that it lacks.
_TABLE_WEIGHT = 8.0

#: Corners of a box: which of its low and high corner each takes along x, y and z.
_CORNERS = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1]), axis=-1).reshape(-1, 3)
_AXES = np.arange(3)


def gripper_frame(centre_m: np.ndarray, approach: np.ndarray, closing: np.ndarray) -> Pose:
    """Return the pose of the gripper frame: z along ``approach``, x along ``closing``."""
    return Pose.from_rotation(se3.frame_from_axes(z=approach, x=closing), np.asarray(centre_m))


def swept_boxes(
    opening_m: np.ndarray, spec: GripperSpec, margin_m: float = 0.0, *, inward_m: float = 0.0
) -> Float64[np.ndarray, "g 3 2 3"]:
    """Return the boxes (low, high corner) that both pads and the palm sweep on the approach.

    One set for each opening (g,). Gripper frame, metres; the boxes reach ``APPROACH_M`` back
    along -z and are grown by ``margin_m``, the pads' inner faces by ``inward_m``.
    """
    thick, breadth, depth = spec.pad_size_m
    inner, half = opening_m / 2, breadth / 2 + margin_m
    back, tip = -depth / 2 - APPROACH_M - margin_m, depth / 2 + margin_m
    near, far = inner - inward_m, inner + thick + margin_m
    wide, across, long = spec.palm_size_m
    x, y, front = wide / 2 + margin_m, across / 2 + margin_m, margin_m - spec.palm_offset_m
    behind = -spec.palm_offset_m - long - APPROACH_M
    boxes = np.empty((len(opening_m), 3, 2, 3))
    boxes[:, 0, 0, 0], boxes[:, 0, 1, 0] = near, far
    boxes[:, 1, 0, 0], boxes[:, 1, 1, 0] = -far, -near
    boxes[:, :2, 0, 1:], boxes[:, :2, 1, 1:] = (-half, back), (half, tip)
    boxes[:, 2] = [[-x, -y, behind], [x, y, front]]
    return boxes


def closing_boxes(
    opening_m: np.ndarray, spec: GripperSpec, margin_m: float
) -> Float64[np.ndarray, "g 2 3"]:
    """Return the boxes between pads (low, high corner) of each opening, gripper frame, metres."""
    _, breadth, depth = spec.pad_size_m
    high = np.empty((len(opening_m), 3))
    high[:, 0] = opening_m / 2
    high[:, 1:] = breadth / 2 + margin_m, depth / 2 + margin_m
    return np.stack([-high, high], axis=1)


def widths_m(grasps: Sequence[PartGrasp]) -> Float64[np.ndarray, " g"]:
    """Return the opening (m) of each grasp."""
    return np.array([grasp.width_m for grasp in grasps], np.float64)


def clear_grasps(
    grasps: Sequence[PartGrasp],
    hulls: Mapping[str, Sequence[Mesh]],
    *,
    spec: GripperSpec | None = None,
) -> tuple[PartGrasp, ...]:
    """Keep the grasps that come in freely and close on their part alone, roomy ones first.

    Parameters
    ----------
    hulls
        Convex pieces by part, in the root frame. On its approach the open gripper must touch
        none of them, nor the table z = 0; between the pads there must be no other part.
    """
    gripper = GripperSpec() if spec is None else spec
    names = [part for part, group in hulls.items() for _ in group]
    each = [hull for group in hulls.values() for hull in group]
    pieces = Pieces.packed(
        [hull.vertices_m for hull in each],
        [normal_directions(hull) for hull in each],
        [edge_directions(hull) for hull in each],
    )
    height_m = table_clearances_m(grasps, gripper)
    high = [g for g, free in zip(grasps, height_m >= TABLE_MARGIN_M, strict=True) if free]
    is_roomy = _are_clear(high, pieces, names, gripper, roomy=True)
    roomy = [g for g, clear in zip(high, is_roomy, strict=True) if clear]
    rest = [g for g, clear in zip(high, is_roomy, strict=True) if not clear]
    is_tight = _are_clear(rest, pieces, names, gripper, roomy=False)
    return (*roomy, *(g for g, clear in zip(rest, is_tight, strict=True) if clear))


def best_first(
    grasps: Iterable[PartGrasp], centre_of_mass_m: np.ndarray, spec: GripperSpec | None = None
) -> list[PartGrasp]:
    """Return grasps by the lever arm of gravity, those that pass close by the table later.

    In perturbed trials, grasps from construction fail by touching the table before they slip.
    """
    gripper = GripperSpec() if spec is None else spec
    tried = list(grasps)
    arms_m = [np.linalg.norm(g.object_from_gripper.position_m - centre_of_mass_m) for g in tried]
    lacks_m = np.maximum(0.0, SAFE_TABLE_M - table_clearances_m(tried, gripper))
    order = np.argsort(np.array(arms_m) + _TABLE_WEIGHT * lacks_m, kind="stable")
    return [tried[i] for i in order]


def rest_hulls(links: Sequence[Link]) -> dict[str, list[Mesh]]:
    """Return the convex pieces of each part in the root frame, all joints at 0."""
    poses: dict[str, Pose] = {}
    for link in links:
        above = Pose.identity() if link.parent is None else poses[link.parent]
        poses[link.name] = above @ link.parent_from_link
    return {
        part.name: [Mesh(poses[link.name].apply(h.vertices_m), h.faces) for h in part.hulls]
        for link in links
        for part in link.parts
    }


def table_clearances_m(grasps: Sequence[PartGrasp], spec: GripperSpec) -> Float64[np.ndarray, " g"]:
    """Return the heights (m) of the gripper's lowest point above z = 0 on the whole approach."""
    if not grasps:
        return np.zeros(0)
    corners = swept_boxes(widths_m(grasps), spec)[:, :, _CORNERS, _AXES]
    points = np.ascontiguousarray(corners).reshape(len(grasps), -1, 3)
    rotations = np.stack([g.object_from_gripper.rotation for g in grasps])
    heights_m = np.array([g.object_from_gripper.position_m[2] for g in grasps])
    swept = points @ rotations.transpose(0, 2, 1)
    return np.asarray((swept[:, :, 2] + heights_m[:, None]).min(axis=1))


def _are_clear(
    grasps: Sequence[PartGrasp],
    pieces: Pieces,
    names: Sequence[str],
    spec: GripperSpec,
    *,
    roomy: bool,
) -> Bool[np.ndarray, " g"]:
    wide = widths_m(grasps)
    fits = (wide > 0.0) & (wide <= spec.max_opening_m)
    margin_m, inward_m = (SAFE_MARGIN_M, SAFE_MARGIN_M) if roomy else (MARGIN_M, 0.0)
    swept = swept_boxes(wide, spec, margin_m, inward_m=inward_m)
    boxes = np.concatenate([swept, closing_boxes(wide, spec, margin_m)[:, None]], axis=1)
    ignored = np.zeros((*boxes.shape[:2], len(names)), bool)
    own = {part: np.array([name == part for name in names]) for part in {g.part for g in grasps}}
    for mask, grasp in zip(ignored, grasps, strict=True):
        mask[-1] = own[grasp.part]  # the asked part belongs between the pads
    meets = pieces.meet([g.object_from_gripper for g in grasps], boxes, ignored)
    return np.asarray(fits & ~meets, bool)
