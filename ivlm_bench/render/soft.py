"""The default renderer: the same pixels on every machine, no GL, one thread."""

from __future__ import annotations

import numpy as np

from ivlm_bench.geometry.normals import corner_normals, face_normals
from ivlm_bench.protocols import Rendering, Surface
from ivlm_bench.render.atlas import AtlasShelf
from ivlm_bench.render.edges import Fine, centres, corners, encode, find_edges, gather
from ivlm_bench.render.lights import BACKGROUND
from ivlm_bench.render.lut import CODE_OF_LINEAR, LINEAR_OF_CODE
from ivlm_bench.render.raster import Lens, Triangles, camera_vertices, fill, prepare, resolve
from ivlm_bench.render.shade import Geometry, Stage, shade
from ivlm_bench.render.shadow import cast, no_shadow
from ivlm_bench.types import Camera

#: Background, linear light.
BACKGROUND_LINEAR = (
    float(LINEAR_OF_CODE[BACKGROUND[0]]),
    float(LINEAR_OF_CODE[BACKGROUND[1]]),
    float(LINEAR_OF_CODE[BACKGROUND[2]]),
)


class SoftRenderer:
    """A deterministic rasteriser with deferred shading.

    Only the side that a face's corners wind counter-clockwise on is drawn. Depth and ids are
    taken at pixel centres; colour is the mean of 2 x 2 samples in pixels that hold an edge.

    Parameters
    ----------
    anti_alias
        False takes the colour of every pixel at its centre.
    """

    name = "soft"

    def __init__(self, *, anti_alias: bool = True) -> None:
        self.anti_alias = anti_alias
        self._shelf = AtlasShelf()

    def render(
        self, surfaces: tuple[Surface, ...], camera: Camera, *, shadows: bool = True
    ) -> Rendering:
        """Return colour, depth and ids of one view.

        ``shadows`` False lets the key light through everything.
        """
        lens = _lens(camera)
        vertices_m, faces, starts = _join_faces(surfaces)
        seen = prepare(camera_vertices(vertices_m, lens), faces, lens)
        key, index = _samples(seen, lens, scale=1)
        geometry = Geometry(vertices_m, faces, *_looks(surfaces, starts))
        shadow = cast(vertices_m, faces, key, lens=lens) if shadows else no_shadow()
        stage = Stage(lens, geometry, self._shelf.atlas(_textures(surfaces)), shadow, shadows)
        rgb = self._picture(stage, seen, index)
        depth_m, part_ids, face_ids = resolve(key, index, starts)
        return Rendering(rgb, depth_m, part_ids, face_ids)

    def _picture(self, stage: Stage, seen: Triangles, index: np.ndarray) -> np.ndarray:
        """Return the colours (h, w, 3) uint8 of the faces ``index`` (h, w)."""
        picture = np.zeros((index.size, 4), np.float32)
        edge = np.zeros(index.shape, np.bool_)
        if self.anti_alias:
            fine = Fine(*_samples(seen, stage.lens, scale=2))
            edge = find_edges(fine, stage.geometry.normals, stage.geometry.surface)
            samples = corners(fine.face, edge)
            gather(shade(stage, samples), samples, picture)
        samples = centres(index, edge)
        gather(shade(stage, samples), samples, picture)
        return encode(picture, BACKGROUND_LINEAR, CODE_OF_LINEAR).reshape(*index.shape, 3)


def _lens(camera: Camera) -> Lens:
    k, pose = camera.intrinsics_px, camera.world_from_camera
    return Lens(
        np.array(pose.position_m),
        np.array(pose.rotation),
        float(k[0, 0]),
        float(k[1, 1]),
        float(k[0, 2]),
        float(k[1, 2]),
        camera.width_px,
        camera.height_px,
    )


def _samples(seen: Triangles, lens: Lens, *, scale: int) -> tuple[np.ndarray, np.ndarray]:
    """Return inverse depth and face of ``scale`` samples a pixel and axis."""
    shape = (lens.height_px * scale, lens.width_px * scale)
    key, index = np.zeros(shape, np.float32), np.full(shape, -1, np.int32)
    fill(seen, scale, key, index)
    return key, index


def _textures(surfaces: tuple[Surface, ...]) -> tuple[np.ndarray, ...]:
    return tuple(surface.texture for surface in surfaces)


def _join_faces(surfaces: tuple[Surface, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return all vertices, all faces, and the first face of each surface (and of the end)."""
    vertices = [np.zeros((0, 3)), *(s.vertices_m for s in surfaces)]
    faces = [np.zeros((0, 3), np.int32), *(s.faces for s in surfaces)]
    first_vertex = np.cumsum([len(v) for v in vertices], dtype=np.int32)
    starts = np.cumsum([len(f) for f in faces], dtype=np.int32)
    joined = np.concatenate(faces, dtype=np.int32)
    for i in range(len(surfaces)):
        joined[starts[i] : starts[i + 1]] += first_vertex[i]
    return np.concatenate(vertices, dtype=np.float64), joined, starts


def _looks(
    surfaces: tuple[Surface, ...], starts: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return corner normals, uv and the texture's number, of a face each."""
    normals = [np.zeros((0, 3, 3), np.float32), *(_normals(s) for s in surfaces)]
    uv = [np.zeros((0, 2), np.float32), *(s.uv for s in surfaces)]
    texture = np.repeat(np.arange(len(surfaces), dtype=np.int32), np.diff(starts))
    return (
        np.concatenate(normals, dtype=np.float32),
        np.concatenate(uv, dtype=np.float32),
        texture,
    )


def _normals(surface: Surface) -> np.ndarray:
    """Return a surface's corner normals: its own, else smooth ones, else those of its faces."""
    if surface.corner_normals is not None:
        return surface.corner_normals
    vertices_m = np.ascontiguousarray(surface.vertices_m, np.float64)
    faces = np.ascontiguousarray(surface.faces, np.int32)
    if surface.smooth:
        return corner_normals(vertices_m, faces)
    return np.repeat(face_normals(vertices_m, faces)[:, None], 3, axis=1)
