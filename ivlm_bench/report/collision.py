"""Pictures of a body and an object that may run into each other, what they share marked."""

from __future__ import annotations

from functools import cache

import numpy as np

from ivlm_bench.geometry.camera import look_at
from ivlm_bench.plausibility.measures import contacts, intersection
from ivlm_bench.plausibility.solid import Solid, make_solid, mesh_of
from ivlm_bench.protocols import Renderer, Surface
from ivlm_bench.render import get_renderer
from ivlm_bench.report.images import data_uri
from ivlm_bench.report.pictures import Picture
from ivlm_bench.types import Camera, Mesh

#: Colours, sRGB; the mark is the one of errors in the pages, dark enough on any ground.
BODY_COLOUR = (222, 178, 146)
OBJECT_COLOUR = (86, 132, 196)
MARK_COLOUR = np.array([208, 12, 60], np.float64)
#: Opacity of the body where one looks through it, and of the mark.
VEIL, MARK = 0.28, 0.85
#: Width and height of a picture, and of those that only choose where to look from, px.
SIZE_PX, CHOICE_PX = 360, 64
#: Azimuths that are tried.
N_AZIMUTHS = 12
ELEVATION_RAD = float(np.deg2rad(22.0))
FOV_RAD = float(np.deg2rad(30.0))
#: An object that reaches so many radii of the body is a scene: the body is shown, with some room.
SCENE_RADII, ROOM = 2.3, 1.3
#: Room around what is shown.
MARGIN = 1.05
#: A close-up shows this many radii of what is shared, and no less than this share of everything.
CLOSE_RADII, LEAST_CLOSE = 2.5, 0.25


def collision_pictures(
    body: Solid, obj: Solid, *, down: np.ndarray, contact_m: float
) -> tuple[Picture, ...]:
    """Return four pictures: as it is and looked through, from one side and across, the last near.

    Parameters
    ----------
    body, obj
        The pair, in one frame, m.
    down
        Unit direction (3,) of gravity in that frame: pictures have it at their bottom.
    contact_m
        Vertices nearer than this are marked where the two share no volume.
    """
    turn = _upright(down)
    surfaces = _surfaces(body, obj, turn)
    mark = _mark(body, obj, contact_m)
    marks = _surface("mark", mark, turn, MARK_COLOUR) if len(mark.faces) else None
    through = "Looked through" + (", what both share marked" if marks is not None else "")
    centre, radius = _frame(surfaces, body.mesh.vertices_m @ turn.T)
    first = _best_azimuth(surfaces, centre, radius)
    shown = []
    for azimuth, name in ((first, "From one side"), (first + np.pi / 2.0, "From across")):
        camera = _camera(centre, radius, azimuth, SIZE_PX)
        shown.append(_picture(_plain(surfaces, camera), name))
        shown.append(_picture(_through(surfaces, marks, camera), through))
    if marks is not None:
        near, reach = _bounds(_largest(mark).vertices_m @ turn.T)
        reach = max(CLOSE_RADII * reach, LEAST_CLOSE * radius)
        camera = _camera(near, min(reach, radius), first, SIZE_PX)
        shown[3] = _picture(_through(surfaces, marks, camera), "Near what is marked")
    return tuple(shown)


def _picture(rgb: np.ndarray, caption: str) -> Picture:
    alt = f"Body (skin-coloured) and object (blue). {caption}."
    return Picture(data_uri(rgb), SIZE_PX, SIZE_PX, alt, caption)


def _upright(down: np.ndarray) -> np.ndarray:
    """Return the rotation (3, 3) that turns ``down`` to -z."""
    up = -np.asarray(down, np.float64)
    side = np.eye(3)[int(np.argmin(np.abs(up)))]
    first = side - up * (side @ up)
    first /= np.linalg.norm(first)
    return np.stack([first, np.cross(up, first), up])


def _mark(body: Solid, obj: Solid, contact_m: float) -> Mesh:
    """Return what is to be marked: the shared volume, else the body's faces inside the object."""
    shared = intersection(body, obj)
    if shared is not None:
        return shared[1]
    inside = contacts(body, obj, distance_m=contact_m).signed_m < 0.0
    return Mesh(body.mesh.vertices_m, body.mesh.faces[inside[body.mesh.faces].any(axis=1)])


def _largest(mark: Mesh) -> Mesh:
    """Return the piece of what is shared that has most volume; all of it where it is no solid."""
    body = make_solid(mark).body
    return mark if body is None else mesh_of(max(body.decompose(), key=lambda b: b.volume()))


def _surfaces(body: Solid, obj: Solid, turn: np.ndarray) -> tuple[Surface, Surface]:
    return (
        _surface("body", _two_sided(body), turn, np.array(BODY_COLOUR)),
        _surface("object", _two_sided(obj), turn, np.array(OBJECT_COLOUR)),
    )


def _two_sided(solid: Solid) -> Mesh:
    """Return the surface, with its back where it is open: the renderer draws fronts only."""
    if solid.body is not None:
        return solid.surface
    faces = solid.surface.faces
    return Mesh(solid.surface.vertices_m, np.concatenate([faces, faces[:, ::-1]]))


def _surface(name: str, mesh: Mesh, turn: np.ndarray, rgb: np.ndarray) -> Surface:
    uv = np.zeros((len(mesh.vertices_m), 2), np.float32)
    return Surface(name, mesh.vertices_m @ turn.T, mesh.faces, uv, rgb.astype(np.uint8)[None, None])


def _frame(
    surfaces: tuple[Surface, Surface], body_vertices: np.ndarray
) -> tuple[np.ndarray, float]:
    """Return centre and radius of both, or of the body if the object is a whole scene."""
    mine, reach = _bounds(body_vertices)
    centre, radius = _bounds(np.concatenate([s.vertices_m for s in surfaces]))
    return (centre, radius) if radius < SCENE_RADII * reach else (mine, ROOM * reach)


def _bounds(points: np.ndarray) -> tuple[np.ndarray, float]:
    centre = (points.min(axis=0) + points.max(axis=0)) / 2.0
    return centre, float(np.linalg.norm(points - centre, axis=1).max())


def _camera(centre: np.ndarray, radius: float, azimuth: float, size_px: int) -> Camera:
    flat = np.cos(ELEVATION_RAD)
    away = np.array([flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(ELEVATION_RAD)])
    distance = radius * MARGIN / np.sin(FOV_RAD / 2.0)
    return look_at(centre + distance * away, centre, fov_rad=FOV_RAD, size_px=size_px)


def _best_azimuth(surfaces: tuple[Surface, Surface], centre: np.ndarray, radius: float) -> float:
    """Return the azimuth (rad) from which the one that is seen least is seen best."""
    azimuths = np.arange(N_AZIMUTHS) * 2.0 * np.pi / N_AZIMUTHS
    seen = []
    for azimuth in azimuths:
        camera = _camera(centre, radius, float(azimuth), CHOICE_PX)
        ids = _renderer().render(surfaces, camera, shadows=False).part_ids
        seen.append(min(int((ids == 0).sum()), int((ids == 1).sum())))
    return float(azimuths[int(np.argmax(seen))])


def _plain(surfaces: tuple[Surface, ...], camera: Camera) -> np.ndarray:
    return _renderer().render(surfaces, camera, shadows=False).rgb


def _through(
    surfaces: tuple[Surface, Surface], marks: Surface | None, camera: Camera
) -> np.ndarray:
    """Return the object seen through the body, and on it what is marked."""
    both, behind = _plain(surfaces, camera), _plain(surfaces[1:], camera)
    rgb = VEIL * both.astype(np.float64) + (1.0 - VEIL) * behind
    if marks is not None:
        drawn = _renderer().render((marks,), camera, shadows=False)
        hit = drawn.part_ids >= 0
        rgb[hit] = MARK * drawn.rgb[hit] + (1.0 - MARK) * rgb[hit]
    return np.rint(rgb).astype(np.uint8)


@cache
def _renderer() -> Renderer:
    return get_renderer("soft")
