"""Folders like InteractVLM's demo's: ``KEY/OBJECT__KEY.png`` and ``KEY/object_mesh.obj``.

Its demo (``run_demo.py``, folder mode, contact type ``oafford``) takes the object's word from the
picture's name before ``__``, and a mesh of the object beside it. The mesh here is what the views
show, in the world frame: the shape at hand where that is given, else the surface that the depth
images of all views make above the table, distractors included. Without depth there is no mesh, and
the demo's own retrieval has to find one.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from ivlm_bench.exports.observed.images import write_obj, write_rgb
from ivlm_bench.geometry.camera import depth_points
from ivlm_bench.geometry.cloud import JUMP_M, SUPPORT_M
from ivlm_bench.geometry.mesh import concatenated
from ivlm_bench.types import Mesh, Observation, View


def write(out: Path, key: str, number: int, seen: Observation) -> None:
    """Write one question below ``out``."""
    home = out / key
    home.mkdir()
    word = re.sub(r"[^a-z0-9]+", "_", seen.query.object_name.lower()).strip("_") or "object"
    write_rgb(home / f"{word}__{key}.png", seen.views[0].rgb)
    mesh = seen.object_mesh or seen_surface(seen.views)
    if mesh is not None:
        write_obj(home / "object_mesh.obj", mesh)


def seen_surface(views: tuple[View, ...]) -> Mesh | None:
    """Return the surface above the table that the depth images show, world frame; None if none.

    Pixels that lie side by side on one surface make two triangles; each view adds its own.
    """
    parts = [_sheet(view) for view in views if view.depth_m is not None]
    shown = [part for part in parts if len(part.faces)]
    return concatenated(shown) if shown else None


def _sheet(view: View) -> Mesh:
    assert view.depth_m is not None
    points_m = depth_points(view.camera, view.depth_m)
    there = np.nan_to_num(points_m[..., 2], nan=-1.0) > SUPPORT_M
    number = np.arange(there.size, dtype=np.int64).reshape(there.shape)
    a, b, c, d = number[:-1, :-1], number[:-1, 1:], number[1:, :-1], number[1:, 1:]
    corners = np.concatenate([np.stack(t, axis=-1).reshape(-1, 3) for t in ((a, c, b), (b, c, d))])
    flat_m, ok = points_m.reshape(-1, 3), there.ravel()
    corners = corners[ok[corners].all(axis=1)]
    edges_m = flat_m[corners] - flat_m[np.roll(corners, 1, axis=1)]
    corners = corners[(np.linalg.norm(edges_m, axis=2) <= JUMP_M).all(axis=1)]
    used, faces = np.unique(corners, return_inverse=True)
    return Mesh(flat_m[used], faces.reshape(-1, 3).astype(np.int32))
