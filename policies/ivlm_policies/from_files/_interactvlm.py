"""What InteractVLM's demo (``run_demo.py``, contact type ``oafford``) leaves behind.

A folder a sample, with ``object_mesh.obj``, which it was given, and ``*_oafford_vertices.npz``,
which holds ``pred_contact_3d``: one probability for each vertex of that mesh. The mesh is in the
world frame where ``ivlm-bench export --form interactvlm`` wrote it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from ivlm_bench.datasets.pickles import load_npz_objects
from ivlm_bench.errors import InvalidAnswerError, IvlmBenchError
from ivlm_bench.geometry.camera import depth_points
from ivlm_bench.types import View

#: Ending of the result, name of the array in it, and of the mesh beside it.
RESULT, ARRAY, MESH = "_oafford_vertices.npz", "pred_contact_3d", "object_mesh.obj"
#: A pixel shows the nearest vertex if that is no farther (m); the views' pixels are 3 mm wide.
NEAR_M = 0.015


def read_vertices(result: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the vertices (n, 3), world frame, metres, and the probability (n,) of each.

    Raises
    ------
    InvalidAnswerError
        If a file is missing or damaged, or the two do not belong together.
    """
    try:
        arrays = load_npz_objects(result, (ARRAY,))
    except IvlmBenchError as error:
        raise InvalidAnswerError(str(error)) from None
    prob = arrays[ARRAY]
    if prob.dtype.kind != "f" or prob.ndim not in (1, 2) or (prob.ndim == 2 and len(prob) != 1):
        raise InvalidAnswerError(f"{result}: {ARRAY} has shape {prob.shape}; (1, n) was expected.")
    prob = prob.reshape(-1).astype(np.float64)
    if not np.all((prob >= 0.0) & (prob <= 1.0)):
        raise InvalidAnswerError(f"{result}: {ARRAY} has values outside of [0, 1].")
    vertices_m = _obj_vertices(result.parent / MESH)
    if len(vertices_m) != len(prob):
        raise InvalidAnswerError(
            f"{result} tells of {len(prob)} vertices, {MESH} beside it has {len(vertices_m)}; they "
            "do not belong together."
        )
    return vertices_m, prob


def seen_maps(
    views: tuple[View, ...], vertices_m: np.ndarray, prob: np.ndarray
) -> np.ndarray | None:
    """Return maps (v, h, w): a pixel has the value of the vertex it shows; None without depth."""
    if any(view.depth_m is None for view in views) or len(vertices_m) == 0:
        return None
    tree, maps = cKDTree(vertices_m), []
    for view in views:
        assert view.depth_m is not None
        points_m = depth_points(view.camera, view.depth_m)
        there = np.isfinite(points_m).all(axis=2) & (view.depth_m > 0.0)
        shown = np.zeros(there.shape, np.float32)
        _, nearest = tree.query(points_m[there], distance_upper_bound=NEAR_M)
        shown[there] = np.append(prob, 0.0)[nearest]  # one past the last where none is near
        maps.append(shown)
    return np.stack(maps)


def _obj_vertices(path: Path) -> np.ndarray:
    """Return the ``v`` lines of a Wavefront file, in their order."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        rows = [line.split()[1:4] for line in lines if line.startswith("v ")]
        vertices_m = np.array(rows, np.float64).reshape(-1, 3)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "a vertex is no three numbers"
        raise InvalidAnswerError(
            f"{path} can't be read ({why}); leave the mesh that was given beside the result."
        ) from None
    if not np.isfinite(vertices_m).all():
        raise InvalidAnswerError(f"{path} has a vertex that is not finite.")
    return vertices_m
