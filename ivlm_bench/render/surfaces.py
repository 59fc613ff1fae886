"""What a renderer draws: the parts of a scene and the tools of a trial, placed in the world."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from ivlm_bench.geometry.kinematics import body_poses
from ivlm_bench.geometry.normals import corner_normals, face_normals
from ivlm_bench.protocols import Surface
from ivlm_bench.types import GripperSpec, Part, Pose, Scene

#: Colours of the tools, sRGB.
PALM_COLOUR = (70, 74, 82)
PAD_COLOUR = (242, 122, 38)
PROBE_COLOUR = (242, 122, 38)

#: Segments of the probe sphere around and along.
PROBE_SEGMENTS = (32, 16)

#: Corners of a box of unit size about its centre, and its faces, counter-clockwise from outside.
_CORNERS = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)])
_QUADS = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))
_BOX_FACES = np.array(
    [[q[i] for i in pick] for q in _QUADS for pick in ((0, 1, 2), (0, 2, 3))], np.int32
)


def scene_surfaces(
    scene: Scene, world_from_body: Mapping[str, Pose] | None = None
) -> tuple[Surface, ...]:
    """Return every part of a scene, called ``placement/part``, in the order of placements.

    ``world_from_body`` gives poses by ``placement/link``; by default those at the start.
    """
    poses = body_poses(scene) if world_from_body is None else world_from_body
    return tuple(
        _placed(f"{placement.name}/{part.name}", part, poses[placement.body(link)])
        for placement in scene.placements
        for link, part in placement.model.parts
    )


def gripper_surfaces(world_from_body: Mapping[str, Pose], spec: GripperSpec) -> tuple[Surface, ...]:
    """Return palm and pads of a gripper from the poses of its bodies.

    The palm's frame is the gripper's, between the pads; a pad's origin is its centre.
    """
    palm = palm_box_pose(world_from_body["gripper/palm"], spec)
    boxes = (
        ("gripper/palm", palm, spec.palm_size_m, PALM_COLOUR),
        ("gripper/left", world_from_body["gripper/left"], spec.pad_size_m, PAD_COLOUR),
        ("gripper/right", world_from_body["gripper/right"], spec.pad_size_m, PAD_COLOUR),
    )
    return tuple(
        _plain(name, _CORNERS * np.array(size_m), _BOX_FACES, pose=pose, rgb=rgb)
        for name, pose, size_m, rgb in boxes
    )


def palm_box_pose(world_from_gripper: Pose, spec: GripperSpec) -> Pose:
    """Return the pose of the palm's box, behind the pads, for a gripper's pose."""
    behind_m = spec.palm_offset_m + spec.palm_size_m[2] / 2.0
    return world_from_gripper @ Pose.at(0.0, 0.0, -behind_m)


def probe_surface(world_from_body: Mapping[str, Pose], radius_m: float) -> Surface:
    """Return the probe's sphere from the pose of ``probe/tip``."""
    directions, faces = _unit_sphere()
    pose = world_from_body["probe/tip"]
    return _plain("probe/tip", directions * radius_m, faces, pose=pose, rgb=PROBE_COLOUR)


def gripper_poses(world_from_gripper: Pose, opening_m: float, spec: GripperSpec) -> dict[str, Pose]:
    """Return ``world_from_body`` of palm and pads, ``opening_m`` apart, for a gripper's pose."""
    reach = (opening_m + spec.pad_size_m[0]) / 2.0
    return {
        "gripper/palm": world_from_gripper,
        "gripper/left": world_from_gripper @ Pose.at(-reach, 0.0, 0.0),
        "gripper/right": world_from_gripper @ Pose.at(reach, 0.0, 0.0),
    }


def _placed(name: str, part: Part, pose: Pose) -> Surface:
    normals = _turned(_part_normals(part), pose).astype(np.float32)
    vertices_m = _turned(part.mesh.vertices_m, pose) + pose.position_m
    faces = part.mesh.faces
    return Surface(name, vertices_m, faces, part.uv, part.texture, part.smooth, normals)


def _plain(
    name: str, vertices_m: np.ndarray, faces: np.ndarray, *, pose: Pose, rgb: tuple[int, int, int]
) -> Surface:
    """Return a mesh in one colour."""
    placed = _turned(vertices_m, pose) + pose.position_m
    uv = np.zeros((len(vertices_m), 2), np.float32)
    return Surface(name, placed, faces, uv, _colour_texture(rgb))


@lru_cache(maxsize=16)
def _colour_texture(rgb: tuple[int, int, int]) -> np.ndarray:
    texture = np.array([[rgb]], np.uint8)
    texture.setflags(write=False)
    return texture


def _turned(vectors: np.ndarray, pose: Pose) -> np.ndarray:
    """Rotate vectors (..., 3); term by term, as matrix products differ from machine to machine."""
    r = pose.rotation
    x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    return np.stack([r[k, 0] * x + r[k, 1] * y + r[k, 2] * z for k in range(3)], axis=-1)


@lru_cache(maxsize=1024)
def _part_normals(part: Part) -> np.ndarray:
    """Return a part's corner normals (m, 3, 3) in its link's frame; parts are immutable."""
    vertices_m, faces = part.mesh.vertices_m, part.mesh.faces
    if part.smooth:
        return corner_normals(vertices_m, faces)
    flat = face_normals(vertices_m, faces).astype(np.float32)
    return np.repeat(flat[:, None], 3, axis=1)


@lru_cache(maxsize=1)
def _unit_sphere() -> tuple[np.ndarray, np.ndarray]:
    """Return vertices and faces of a sphere of radius one, poles along z."""
    around, along = PROBE_SEGMENTS
    turn = 2.0 * np.pi * np.arange(around) / around
    tilt = np.pi * np.arange(1, along) / along
    rings = [
        np.stack([np.sin(t) * np.cos(turn), np.sin(t) * np.sin(turn), np.full(around, np.cos(t))])
        for t in tilt
    ]
    vertices = np.concatenate([np.concatenate(rings, axis=1).T, [[0, 0, 1.0]], [[0, 0, -1.0]]])
    top, bottom = len(vertices) - 2, len(vertices) - 1
    faces: list[tuple[int, int, int]] = []
    for j in range(around):
        k, last = (j + 1) % around, (along - 2) * around
        faces += [(top, j, k), (bottom, last + k, last + j)]
        for i in range(0, last, around):
            faces += [(i + j, i + around + j, i + around + k), (i + j, i + around + k, i + k)]
    return vertices, np.array(faces, np.int32)
