"""Which constructed grasps a gripper can reach: swept boxes against the object and the table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from ivlm_bench.geometry import se3
from ivlm_bench.geometry.mesh import sample_surface
from ivlm_bench.types import GripperSpec, Mesh, PartGrasp, Pose

#: Length of the straight approach that must be free (m): IVLM-Phys v1, section 6.1, step 2.
APPROACH_M = 0.10
#: Free space kept around pads and palm (m): twice the translation sigma of perturbed trials
#: would be 5 mm; narrow handles leave room for 2 mm only.
MARGIN_M = 0.002
#: Free space kept above the table (m).
TABLE_MARGIN_M = 0.003
#: Surface samples that an object is tested with: about one for each 10 mm2 of a mug, whose
#: smallest obstacle, a pad's face, has 200 mm2.
_N_SAMPLES = 3000


def gripper_frame(centre_m: np.ndarray, approach: np.ndarray, closing: np.ndarray) -> Pose:
    """Return the pose of the gripper frame: z along ``approach``, x along ``closing``."""
    return Pose.from_rotation(se3.frame_from_axes(z=approach, x=closing), np.asarray(centre_m))


def swept_boxes(
    width_m: float, spec: GripperSpec, margin_m: float = 0.0
) -> Float64[np.ndarray, "3 2 3"]:
    """Return the boxes (low, high corner) that both pads and the palm sweep on the approach.

    Gripper frame, metres; the boxes reach ``APPROACH_M`` back along -z and are grown by
    ``margin_m``, except on the pads' inner faces, whose clearance is ``width_m`` itself.
    """
    thick, breadth, depth = spec.pad_size_m
    inner, half = width_m / 2, np.array([0.0, breadth / 2 + margin_m])
    back, tip = -depth / 2 - APPROACH_M - margin_m, depth / 2 + margin_m
    right = np.array([[inner, -half[1], back], [inner + thick + margin_m, half[1], tip]])
    left = np.array([[-right[1, 0], -half[1], back], [-inner, half[1], tip]])
    wide, across, long = spec.palm_size_m
    reach = np.array([wide / 2 + margin_m, across / 2 + margin_m, 0.0])
    palm = np.stack([-reach, reach])
    palm[:, 2] = [-spec.palm_offset_m - long - APPROACH_M, -spec.palm_offset_m + margin_m]
    return np.stack([right, left, palm])


def clear_grasps(
    grasps: Sequence[PartGrasp],
    meshes: Sequence[Mesh],
    rng: np.random.Generator,
    *,
    spec: GripperSpec | None = None,
    on_table: bool = True,
) -> tuple[PartGrasp, ...]:
    """Keep the grasps whose open gripper comes in without touching the object or the table.

    Parameters
    ----------
    meshes
        The object's surface in the root frame; it is tested by points sampled on it.
    on_table
        Whether the plane z = 0 is an obstacle.
    """
    gripper = GripperSpec() if spec is None else spec
    total = sum(len(m.faces) for m in meshes)
    counts = [max(200, _N_SAMPLES * len(m.faces) // total) for m in meshes]
    samples = [sample_surface(m, n, rng)[0] for m, n in zip(meshes, counts, strict=True)]
    points = np.concatenate([*samples, *(m.vertices_m for m in meshes)])
    return tuple(g for g in grasps if _is_clear(g, points, gripper, on_table=on_table))


def _is_clear(grasp: PartGrasp, points: np.ndarray, spec: GripperSpec, *, on_table: bool) -> bool:
    if not 0.0 < grasp.width_m <= spec.max_opening_m:
        return False
    boxes = swept_boxes(grasp.width_m, spec, MARGIN_M)
    corners = boxes[:, [[0, 0, 0], [0, 0, 1], [0, 1, 0], [0, 1, 1]] * 2, [0, 1, 2]].copy()
    corners[:, 4:, 0] = boxes[:, 1, :1]
    lowest = grasp.object_from_gripper.apply(corners)[..., 2].min()
    if on_table and lowest < TABLE_MARGIN_M - MARGIN_M:
        return False
    local = grasp.object_from_gripper.inverse().apply(points)
    inside = (local > boxes[:, None, 0]) & (local < boxes[:, None, 1])
    return not bool(inside.all(axis=-1).any())
