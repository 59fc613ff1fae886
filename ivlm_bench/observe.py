"""From a scene to what a reasoner sees, and to the truth images that it does not see."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ivlm_bench.geometry.kinematics import link_poses
from ivlm_bench.protocols import Renderer, Rendering, Surface
from ivlm_bench.render.surfaces import scene_surfaces
from ivlm_bench.tracks import Track
from ivlm_bench.types import (
    GripperSpec,
    Mesh,
    ObjectModel,
    Observation,
    Placement,
    Query,
    Scene,
    View,
)


@dataclass(frozen=True, eq=False, slots=True)
class Snapshot:
    """A scene as drawn at its start: the surfaces, and one rendering for each camera."""

    surfaces: tuple[Surface, ...]
    renderings: tuple[Rendering, ...]


def draw(scene: Scene, renderer: Renderer, track: Track) -> Snapshot:
    """Render the scene's first ``track.n_views`` cameras."""
    surfaces = scene_surfaces(scene)
    cameras = scene.cameras[: track.n_views]
    return Snapshot(surfaces, tuple(renderer.render(surfaces, c) for c in cameras))


def observation_of(
    scene: Scene, query: Query, *, snapshot: Snapshot, track: Track, gripper: GripperSpec
) -> Observation:
    """Return what the track lets a reasoner see of the drawn scene."""
    views = tuple(
        View(camera, drawn.rgb, drawn.depth_m if track.has_depth else None)
        for camera, drawn in zip(scene.cameras, snapshot.renderings, strict=False)
    )
    return Observation(views, query, gripper, scene.gravity_m_s2)


def with_depth(observation: Observation, depth_m: np.ndarray | None) -> Observation:
    """Return the observation with ``depth_m`` (v, h, w) in its views; as it is if that is None."""
    if depth_m is None:
        return observation
    pairs = zip(observation.views, depth_m, strict=True)
    return replace(observation, views=tuple(replace(view, depth_m=depth) for view, depth in pairs))


def world_mesh(placement: Placement) -> Mesh:
    """Return the visible surface of a placed object as one mesh, world frame."""
    poses = link_poses(placement)
    vertices, faces, n = [], [], 0
    for link, part in placement.model.parts:
        vertices.append(poses[link.name].apply(part.mesh.vertices_m))
        faces.append(part.mesh.faces + n)
        n += len(part.mesh.vertices_m)
    return Mesh(np.concatenate(vertices), np.concatenate(faces).astype(np.int32))


def part_masks(snapshot: Snapshot, surface_names: set[str]) -> np.ndarray:
    """Return (v, h, w) bool: pixels whose nearest surface is one of ``surface_names``."""
    ids = [i for i, surface in enumerate(snapshot.surfaces) if surface.name in surface_names]
    return np.stack([np.isin(drawn.part_ids, ids) for drawn in snapshot.renderings])


def affordance_maps(snapshot: Snapshot, values: dict[str, np.ndarray]) -> np.ndarray:
    """Return (v, h, w) float32: the affordance at each pixel, the mean over its face's corners.

    ``values`` holds one value a vertex for each surface name; other surfaces give 0.
    """
    by_face = {
        index: values[surface.name][surface.faces].mean(axis=1)
        for index, surface in enumerate(snapshot.surfaces)
        if surface.name in values
    }
    maps = []
    for drawn in snapshot.renderings:
        out = np.zeros(drawn.part_ids.shape, np.float32)
        for index, shown in by_face.items():
            hit = drawn.part_ids == index
            out[hit] = shown[drawn.face_ids[hit]]
        maps.append(out)
    return np.stack(maps)


def vertex_affordance(model: ObjectModel, label: str, part: str | None) -> np.ndarray:
    """Return one value a vertex for ``label``, zero outside ``part`` where one is named."""
    n_vertices = sum(len(p.mesh.vertices_m) for _, p in model.parts)
    values = np.array(model.affordances.get(label, np.zeros(n_vertices)), np.float32)
    start = 0
    for _, candidate in model.parts:
        stop = start + len(candidate.mesh.vertices_m)
        if part is not None and candidate.name != part:
            values[start:stop] = 0.0
        start = stop
    return values


def split_by_part(model: ObjectModel, values: np.ndarray) -> dict[str, np.ndarray]:
    """Cut a per-vertex array into one piece a part, by part name."""
    pieces: dict[str, np.ndarray] = {}
    start = 0
    for _, part in model.parts:
        stop = start + len(part.mesh.vertices_m)
        pieces[part.name] = values[start:stop]
        start = stop
    return pieces
