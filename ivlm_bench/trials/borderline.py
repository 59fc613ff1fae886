"""Borderline grasps: drawn near antipodal ones and disturbed until about half of them are held.

Easy grasps and hopeless ones tell nothing about how far two engines agree, so grasps are turned far
from antipodal, and those whose pads would close on air are left out. The sampler is frozen: its
constants and the seed fix the grasps of an object.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from ivlm_bench.errors import AssetError
from ivlm_bench.geometry import se3
from ivlm_bench.geometry.kinematics import link_poses
from ivlm_bench.trials.precheck import scene_approach
from ivlm_bench.trials.protocol import PROTOCOL
from ivlm_bench.types import Grasp, GripperSpec, Placement, Pose, Scene

#: Disturbance of an antipodal grasp, gripper frame: standard deviations in m and rad.
SHIFT_SIGMA_M = 0.025
TURN_SIGMA_RAD = np.deg2rad(45.0)
#: Room between object and pads before closing, both sides together, metres.
ROOM_M = (0.010, 0.040)
#: Largest upward component of the approach direction: grasps come from above or the side.
MOST_UPWARD = 0.2
#: A second surface nearer than this along the ray is the first one again, metres.
THINNEST_M = 1e-3
#: Points on the object that say whether something stands between the pads.
N_SURFACE_POINTS = 4000
#: Draws allowed for each grasp that is wanted.
DRAWS_PER_GRASP = 2000


@dataclass(frozen=True, eq=False, slots=True)
class Surface:
    """Triangles (m, 3, 3) of an object in the world, with outward unit normals (m, 3)."""

    corners_m: Float64[np.ndarray, "m 3 3"]
    normals: Float64[np.ndarray, "m 3"]
    areas_m2: Float64[np.ndarray, " m"]


def borderline_grasps(
    scene: Scene, n: int, rng: np.random.Generator, *, gripper: GripperSpec | None = None
) -> tuple[Grasp, ...]:
    """Draw ``n`` disturbed antipodal grasps of the target that are collision-free at the start.

    Raises
    ------
    AssetError
        If the target has too few graspable places for ``n``.
    """
    spec = gripper or PROTOCOL.gripper
    surface = target_surface(scene.target)
    points_m, _ = surface_points(surface, N_SURFACE_POINTS, rng)
    grasps: list[Grasp] = []
    for _ in range(DRAWS_PER_GRASP * n):
        grasp = _draw(surface, spec, rng)
        if grasp is None or not _between_pads(grasp, points_m, spec):
            continue
        if _is_free(scene, grasp, spec):
            grasps.append(grasp)
            if len(grasps) == n:
                return tuple(grasps)
    raise AssetError(
        f"{scene.target.model.name!r} gave {len(grasps)} of {n} borderline grasps; "
        "choose an object that the gripper can span."
    )


def target_surface(placement: Placement) -> Surface:
    """Return the triangles of all parts of a placed object."""
    poses = link_poses(placement)
    corners_m = np.concatenate(
        [
            poses[link.name].apply(part.mesh.vertices_m)[part.mesh.faces]
            for link, part in placement.model.parts
        ]
    )
    crossed = np.cross(corners_m[:, 1] - corners_m[:, 0], corners_m[:, 2] - corners_m[:, 0])
    doubled = np.linalg.norm(crossed, axis=1)
    kept = doubled > 0
    return Surface(corners_m[kept], crossed[kept] / doubled[kept, None], doubled[kept] / 2.0)


def ray_hits_m(surface: Surface, origin_m: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Return the distances (k,) at which a ray meets the triangles, unsorted.

    References
    ----------
    Moeller and Trumbore, "Fast, minimum storage ray/triangle intersection", JGT 2(1), 1997.
    """
    first = surface.corners_m[:, 0]
    edge_1, edge_2 = surface.corners_m[:, 1] - first, surface.corners_m[:, 2] - first
    across = np.cross(direction, edge_2)
    determinant = np.einsum("ij,ij->i", edge_1, across)
    facing = np.abs(determinant) > 1e-15
    inverse = 1.0 / np.where(facing, determinant, 1.0)
    to_origin = origin_m - first
    u = np.einsum("ij,ij->i", to_origin, across) * inverse
    beside = np.cross(to_origin, edge_1)
    v = (beside @ direction) * inverse
    distance_m = np.einsum("ij,ij->i", edge_2, beside) * inverse
    return distance_m[facing & (u >= 0) & (v >= 0) & (u + v <= 1)]


def surface_points(
    surface: Surface, n: int, rng: np.random.Generator
) -> tuple[Float64[np.ndarray, "n 3"], Float64[np.ndarray, "n 3"]]:
    """Draw ``n`` points uniformly over the area; return them and their outward normals."""
    faces = rng.choice(len(surface.areas_m2), size=n, p=surface.areas_m2 / surface.areas_m2.sum())
    weights = rng.dirichlet(np.ones(3), size=n)
    return np.einsum("ni,nij->nj", weights, surface.corners_m[faces]), surface.normals[faces]


def _between_pads(grasp: Grasp, points_m: np.ndarray, spec: GripperSpec) -> bool:
    local_m = grasp.world_from_gripper.inverse().apply(points_m)
    half_m = 0.5 * np.array([grasp.width_m, *spec.pad_size_m[1:]])
    return bool((np.abs(local_m) < half_m).all(axis=1).any())


def _draw(surface: Surface, spec: GripperSpec, rng: np.random.Generator) -> Grasp | None:
    """Draw one grasp across the thickness of the object; None where it does not fit."""
    points_m, normals = surface_points(surface, 1, rng)
    point_m, normal = points_m[0], normals[0]
    hits_m = ray_hits_m(surface, point_m, -normal)
    hits_m = hits_m[hits_m > THINNEST_M]
    approach = rng.normal(size=3)
    approach -= normal * float(approach @ normal)
    shift_m = rng.normal(0.0, SHIFT_SIGMA_M, 3)
    turn_rad = rng.normal(0.0, TURN_SIGMA_RAD, 3)
    room_m = rng.uniform(*ROOM_M)
    length = float(np.linalg.norm(approach))
    if not hits_m.size or hits_m.min() > spec.max_opening_m - ROOM_M[0]:
        return None
    if length < 1e-6 or approach[2] / length > MOST_UPWARD:
        return None
    rotation = se3.frame_from_axes(z=approach, x=normal)
    antipodal = Pose.from_rotation(rotation, point_m - normal * hits_m.min() / 2.0)
    disturbed = antipodal @ Pose(shift_m, se3.quat_from_rotvec(turn_rad))
    return Grasp(disturbed, float(min(hits_m.min() + room_m, spec.max_opening_m)))


def _is_free(scene: Scene, grasp: Grasp, spec: GripperSpec) -> bool:
    found = scene_approach(scene).penetrations(grasp.world_from_gripper, grasp.width_m, spec)
    return found.worst_m <= PROTOCOL.grasp.penetration_m
