"""Depth of a model that sees one picture, made metric by the table that is seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, Protocol

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from ivlm_bench.geometry.camera import ray_directions
from ivlm_bench.types import Camera, View

#: Pairs of pixels that are tried, and pixels that each pair is judged by.
N_TRIES, N_JUDGES = 200, 2000
#: How far, as a share of it, a pixel of the table may lie off in inverse depth.
WITHIN = 0.02
#: Share of pixels that must lie on the table for the fit to be believed.
LEAST_SHARE = 0.1

Kind = Literal["inverse", "metric"]


class DepthModel(Protocol):
    """A model that sees depth in one picture."""

    @property
    def kind(self) -> Kind:
        """``inverse``: larger is nearer, up to scale and shift; ``metric``: metres, up to scale."""
        ...

    def see(self, rgb: UInt8[np.ndarray, "h w 3"], /) -> Float32[np.ndarray, "h w"]:
        """Return what it sees of each pixel."""
        ...


def with_depth(view: View, model: DepthModel) -> View:
    """Return a view with depth of a model; as it is where it has depth, or no table is found."""
    if view.depth_m is not None:
        return view
    said = model.see(view.rgb).astype(np.float64)
    depth_m = metric_depth(said, view.camera, kind=model.kind)
    return view if depth_m is None else replace(view, depth_m=depth_m)


def metric_depth(
    said: Float64[np.ndarray, "h w"], camera: Camera, *, kind: Kind
) -> Float32[np.ndarray, "h w"] | None:
    """Return depth (m) whose table lies in the plane z = 0; None where too little of it is seen.

    Inverse depth is a line of what the model says; the line is that of the most pixels that lie on
    the plane (RANSAC, Fischler 1981; the same draws each time), then a least-squares fit of those.
    """
    table = table_inverse(camera)
    given = said if kind == "inverse" else 1.0 / np.maximum(said, 1e-3)
    known = (table > 0.0) & np.isfinite(given)
    if known.sum() < N_JUDGES // 10:
        return None
    x, y = given[known], table[known]
    line = _line(x, y, shifts=kind == "inverse")
    if line is None:
        return None
    inverse = line[0] * given + line[1]
    with np.errstate(divide="ignore"):
        depth_m = np.where(inverse > 1e-2, 1.0 / inverse, 0.0)
    return np.where(np.isfinite(depth_m), depth_m, 0.0).astype(np.float32)


def table_inverse(camera: Camera) -> Float64[np.ndarray, "h w"]:
    """Return 1 / depth (1/m) of the plane z = 0 in each pixel; 0 where a ray misses it."""
    height, width = camera.height_px, camera.width_px
    rows, columns = np.indices((height, width))
    rays = ray_directions(camera, np.stack([columns.ravel(), rows.ravel()], axis=1))
    pose = camera.world_from_camera
    cosine = rays @ pose.rotation[:, 2] / np.linalg.norm(rays, axis=1)
    slope = -rays[:, 2] / np.linalg.norm(rays, axis=1)
    # A ray of unit length meets the plane after z / slope; depth is that times the cosine.
    inverse = slope / (float(pose.position_m[2]) * np.maximum(cosine, 1e-6))
    return np.maximum(inverse, 0.0).reshape(height, width)


def _line(x: np.ndarray, y: np.ndarray, *, shifts: bool) -> tuple[float, float] | None:
    """Return slope and shift of the line that most points lie on."""
    rng = np.random.default_rng(0)
    some = rng.integers(0, len(x), N_JUDGES)
    sx, sy = x[some], y[some]
    best, most = None, LEAST_SHARE * N_JUDGES
    for _ in range(N_TRIES):
        i, j = rng.integers(0, N_JUDGES, 2)
        if shifts and abs(sx[i] - sx[j]) < 1e-9:
            continue
        slope = (sy[i] - sy[j]) / (sx[i] - sx[j]) if shifts else sy[i] / max(sx[i], 1e-9)
        shift = sy[i] - slope * sx[i] if shifts else 0.0
        count = (np.abs(slope * sx + shift - sy) < WITHIN * sy).sum()
        if slope > 0.0 and count > most:
            best, most = (slope, shift), count
    if best is None:
        return None
    near = np.abs(best[0] * x + best[1] - y) < WITHIN * y
    ones = np.ones(int(near.sum())) if shifts else np.zeros(int(near.sum()))
    slope, shift = np.linalg.lstsq(np.stack([x[near], ones], axis=1), y[near], rcond=None)[0]
    return float(slope), float(shift)
