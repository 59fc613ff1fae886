"""From samples to light: textures, smooth normals, lights and shadow.

Samples are worked on in blocks, one step after the other, so that the kernels run over plain
arrays: a tuple of arrays handed on sample by sample costs reference counting and 3 times the time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ivlm_bench.render.atlas import Atlas
from ivlm_bench.render.edges import Samples
from ivlm_bench.render.jit import inner, kernel
from ivlm_bench.render.raster import Lens
from ivlm_bench.render.shadow import ShadowMap

#: Samples a block; its scratch fits into a core's first-level caches.
BLOCK = 512

#: Columns of a block's scratch: weights of corners 1 and 2, z-depth (m), face normal,
#: -normal . ray fx fy (a pixel covers DEPTH^2 |normal| / that of the face), world ray, key light
#: and other light that arrive.
B1, B2, DEPTH, NX, NY, NZ, GRAZING, RX, RY, RZ, DIRECT, OTHER, N_SCRATCH = range(13)

#: Shadow bias: texels towards the light, and texels along the normal for slanting light.
BIAS_KEY = 0.6
BIAS_NORMAL = 1.2

#: Steepest slope of a receiving plane that the lookup follows, key per texel.
MAX_SLOPE = 6.0

#: Radiance of each light, times albedo, in linear light; chosen by eye: a white face square to
#: the key light just reaches 1, a face in shadow keeps about a third of it.
KEY = 0.72
SKY = 0.27
GROUND = 0.13
HEADLIGHT = 0.08


class Geometry(NamedTuple):
    """All surfaces joined: world vertices, faces, their corner normals, uv, surface of a face."""

    vertices_m: np.ndarray
    faces: np.ndarray
    normals: np.ndarray
    uv: np.ndarray
    surface: np.ndarray


class Stage(NamedTuple):
    """Everything that a sample's light depends on; ``shadows`` False leaves the map unread."""

    lens: Lens
    geometry: Geometry
    atlas: Atlas
    shadow: ShadowMap
    shadows: bool


@inner
def _bilinear(
    texels: np.ndarray, place: np.ndarray, u: float, v: float
) -> tuple[float, float, float]:
    """Return the wrapped bilinear sample of one level, linear light."""
    first, w, h = place[0], place[1], place[2]
    x, y = u * w - 0.5, v * h - 0.5
    fx, fy = np.floor(x), np.floor(y)
    x0, y0 = int(fx) % w, int(fy) % h
    x1, y1 = x0 + 1 if x0 + 1 < w else 0, y0 + 1 if y0 + 1 < h else 0
    p, q = x - fx, y - fy
    a, b = first + y0 * w + x0, first + y0 * w + x1
    c, d = first + y1 * w + x0, first + y1 * w + x1
    wa, wb, wc, wd = (1 - p) * (1 - q), p * (1 - q), (1 - p) * q, p * q
    return (
        wa * texels[a, 0] + wb * texels[b, 0] + wc * texels[c, 0] + wd * texels[d, 0],
        wa * texels[a, 1] + wb * texels[b, 1] + wc * texels[c, 1] + wd * texels[d, 1],
        wa * texels[a, 2] + wb * texels[b, 2] + wc * texels[c, 2] + wd * texels[d, 2],
    )


@inner
def _level(footprint: float, last: int) -> tuple[int, float]:
    """Return the finer of two levels and the share of the coarser, for texels along a side."""
    level = 0
    while footprint >= 2.0 and level < last:
        footprint *= 0.5
        level += 1
    return level, max(footprint - 1.0, 0.0) if level < last else 0.0


@inner
def _meet(
    samples: Samples,
    stretch: tuple[int, int],
    geometry: Geometry,
    lens: Lens,
    block: np.ndarray,
) -> None:
    """Meet the rays of samples [start, end) with their faces' planes by Cramer's rule."""
    v, faces, eye, r = geometry.vertices_m, geometry.faces, lens.eye_m, lens.rotation
    start, end = stretch
    face, x_px, y_px = samples.face, samples.x_px, samples.y_px
    kx, ky, focal2 = 1.0 / lens.fx_px, 1.0 / lens.fy_px, lens.fx_px * lens.fy_px
    for i in range(end - start):
        x = (x_px[start + i] - lens.cx_px) * kx
        y = (y_px[start + i] - lens.cy_px) * ky
        dx = r[0, 0] * x + r[0, 1] * y + r[0, 2]
        dy = r[1, 0] * x + r[1, 1] * y + r[1, 2]
        dz = r[2, 0] * x + r[2, 1] * y + r[2, 2]
        f = np.uintp(face[start + i])
        a, b, c = np.uintp(faces[f, 0]), np.uintp(faces[f, 1]), np.uintp(faces[f, 2])
        qx, qy, qz = v[a, 0] - eye[0], v[a, 1] - eye[1], v[a, 2] - eye[2]
        ux, uy, uz = v[b, 0] - v[a, 0], v[b, 1] - v[a, 1], v[b, 2] - v[a, 2]
        wx, wy, wz = v[c, 0] - v[a, 0], v[c, 1] - v[a, 1], v[c, 2] - v[a, 2]
        nx, ny, nz = uy * wz - uz * wy, uz * wx - ux * wz, ux * wy - uy * wx
        cx, cy, cz = qy * dz - qz * dy, qz * dx - qx * dz, qx * dy - qy * dx
        along = nx * dx + ny * dy + nz * dz
        inverse = 1.0 / along if along < 0.0 else 0.0
        b1 = min(max((cx * wx + cy * wy + cz * wz) * inverse, 0.0), 1.0)
        block[B1, i] = b1
        block[B2, i] = min(max(-(cx * ux + cy * uy + cz * uz) * inverse, 0.0), 1.0 - b1)
        block[DEPTH, i] = (nx * qx + ny * qy + nz * qz) * inverse
        block[NX, i], block[NY, i], block[NZ, i] = nx, ny, nz
        block[GRAZING, i] = max(-along * focal2, 1e-12)
        block[RX, i], block[RY, i], block[RZ, i] = dx, dy, dz


@inner
def _paint(
    face: np.ndarray, geometry: Geometry, atlas: Atlas, block: np.ndarray, out: np.ndarray
) -> None:
    """Write the albedo (k, 3) of each sample, filtered to its pixel's footprint on the face."""
    faces, uv, surface = geometry.faces, geometry.uv, geometry.surface
    texels, levels, n_levels = atlas.texels, atlas.levels, atlas.n_levels
    for i in range(len(face)):
        f, texture = face[i], surface[face[i]]
        if n_levels[texture] == 1:
            t = levels[texture, 0, 0]
            out[i, 0], out[i, 1], out[i, 2] = texels[t, 0], texels[t, 1], texels[t, 2]
            continue
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        u1, v1 = uv[b, 0] - uv[a, 0], uv[b, 1] - uv[a, 1]
        u2, v2 = uv[c, 0] - uv[a, 0], uv[c, 1] - uv[a, 1]
        area = abs(u1 * v2 - u2 * v1) * levels[texture, 0, 1] * levels[texture, 0, 2]
        footprint = np.sqrt(area / block[GRAZING, i]) * block[DEPTH, i]
        u = uv[a, 0] + block[B1, i] * u1 + block[B2, i] * u2
        v = uv[a, 1] + block[B1, i] * v1 + block[B2, i] * v2
        level, blend = _level(footprint, n_levels[texture] - 1)
        r, g, b_ = _bilinear(texels, levels[texture, level], u, v)
        if blend > 0.0:
            r2, g2, b2 = _bilinear(texels, levels[texture, level + 1], u, v)
            r, g, b_ = r + blend * (r2 - r), g + blend * (g2 - g), b_ + blend * (b2 - b_)
        out[i, 0], out[i, 1], out[i, 2] = r, g, b_


@inner
def _shine(face: np.ndarray, normals: np.ndarray, axes: np.ndarray, block: np.ndarray) -> None:
    """Write the key light that would arrive unshadowed, and the light from everywhere else."""
    for i in range(len(face)):
        f, b1, b2 = np.uintp(face[i]), block[B1, i], block[B2, i]
        b0 = 1.0 - b1 - b2
        x = b0 * normals[f, 0, 0] + b1 * normals[f, 1, 0] + b2 * normals[f, 2, 0]
        y = b0 * normals[f, 0, 1] + b1 * normals[f, 1, 1] + b2 * normals[f, 2, 1]
        z = b0 * normals[f, 0, 2] + b1 * normals[f, 1, 2] + b2 * normals[f, 2, 2]
        unit = 1.0 / np.sqrt(max(x * x + y * y + z * z, 1e-12))
        x, y, z = x * unit, y * unit, z * unit
        rx, ry, rz = block[RX, i], block[RY, i], block[RZ, i]
        facing = -(x * rx + y * ry + z * rz) / np.sqrt(rx * rx + ry * ry + rz * rz)
        up = 0.5 + 0.5 * z
        block[DIRECT, i] = KEY * max(x * axes[2, 0] + y * axes[2, 1] + z * axes[2, 2], 0.0)
        block[OTHER, i] = SKY * up + GROUND * (1.0 - up) + HEADLIGHT * max(facing, 0.0)


@inner
def _darken(n: int, shadow: ShadowMap, eye: np.ndarray, block: np.ndarray) -> None:
    """Take the shadowed share off the key light of the first ``n`` samples."""
    key, axes, shift, texel_m = shadow.key, shadow.axes, shadow.shift, shadow.texel_m
    scale = 1.0 / texel_m
    for i in range(n):
        if block[DIRECT, i] <= 0.0:
            continue
        nx, ny, nz, z = block[NX, i], block[NY, i], block[NZ, i], block[DEPTH, i]
        unit = 1.0 / np.sqrt(max(nx * nx + ny * ny + nz * nz, 1e-30))
        nx, ny, nz = nx * unit, ny * unit, nz * unit
        nu = axes[0, 0] * nx + axes[0, 1] * ny + axes[0, 2] * nz
        nv = axes[1, 0] * nx + axes[1, 1] * ny + axes[1, 2] * nz
        nk = axes[2, 0] * nx + axes[2, 1] * ny + axes[2, 2] * nz
        lift = BIAS_NORMAL * texel_m * np.sqrt(max(1.0 - nk * nk, 0.0))
        x = eye[0] + block[RX, i] * z + nx * lift
        y = eye[1] + block[RY, i] * z + ny * lift
        z = eye[2] + block[RZ, i] * z + nz * lift
        u = (axes[0, 0] * x + axes[0, 1] * y + axes[0, 2] * z) * scale + shift[0]
        v = (axes[1, 0] * x + axes[1, 1] * y + axes[1, 2] * z) * scale + shift[1]
        k = (axes[2, 0] * x + axes[2, 1] * y + axes[2, 2] * z) * scale + shift[2]
        tilt = -1.0 / max(nk, 0.05)
        slope_u = min(max(nu * tilt, -MAX_SLOPE), MAX_SLOPE)
        slope_v = min(max(nv * tilt, -MAX_SLOPE), MAX_SLOPE)
        block[DIRECT, i] *= _lit(key, (u, v, k + BIAS_KEY), slope_u, slope_v)


@inner
def _lit(key: np.ndarray, at: tuple[float, float, float], slope_u: float, slope_v: float) -> float:
    """Return the share of key light at a point of the map (texels, key).

    Nine bilinear comparisons in a square, each against the receiver's own plane.
    """
    u0, v0 = int(np.floor(at[0])), int(np.floor(at[1]))
    fu, fv = at[0] - u0, at[1] - v0
    if u0 < 1 or v0 < 1 or u0 + 2 >= key.shape[1] or v0 + 2 >= key.shape[0]:
        return 1.0
    total, row = 0.0, np.uintp(v0 - 1)
    c0 = np.uintp(u0 - 1)
    c1, c2, c3 = c0 + np.uintp(1), c0 + np.uintp(2), c0 + np.uintp(3)
    base = at[2] - slope_v * (1.0 + fv) - slope_u * (1.0 + fu)
    for j in range(4):
        weight = 1.0 - fv if j == 0 else (fv if j == 3 else 1.0)
        line = 1.0 - fu if key[row, c0] <= base else 0.0
        line += 1.0 if key[row, c1] <= base + slope_u else 0.0
        line += 1.0 if key[row, c2] <= base + 2.0 * slope_u else 0.0
        line += fu if key[row, c3] <= base + 3.0 * slope_u else 0.0
        total += weight * line
        base += slope_v
        row += np.uintp(1)
    return total / 9.0


@kernel
def shade(stage: Stage, samples: Samples) -> np.ndarray:
    """Return the linear light (k, 3) float32 of samples."""
    k = len(samples.face)
    out = np.empty((k, 3), np.float32)
    block = np.empty((N_SCRATCH, BLOCK))
    for start in range(0, k, BLOCK):
        end = min(start + BLOCK, k)
        face, light = samples.face[start:end], out[start:end]
        _meet(samples, (start, end), stage.geometry, stage.lens, block)
        _paint(face, stage.geometry, stage.atlas, block, light)
        _shine(face, stage.geometry.normals, stage.shadow.axes, block)
        if stage.shadows:
            _darken(end - start, stage.shadow, stage.lens.eye_m, block)
        for i in range(end - start):
            arrives = block[DIRECT, i] + block[OTHER, i]
            for c in range(3):
                light[i, c] *= arrives
    return out
