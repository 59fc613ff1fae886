"""From samples to light: textures, smooth normals, lights and shadow.

Samples are worked on in blocks, one step after the other. What is the same all over a face is
worked out once for each run of samples on it and spread over the run; what is left are loops over
one flat array, rows at constant distances, which compilers turn into vector instructions.
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
BLOCK = 64

#: Rows of a block's scratch that are the same all over a face: edges from corner 0 to 1 and 2,
#: eye to corner 0, face normal, normal . (eye to corner 0), lift off the face for the shadow,
#: slopes of the face in the map, shading normals of the corners, texture coordinates of corner 0
#: and along both edges, texels that the face's parallelogram covers.
UX, UY, UZ, WX, WY, WZ, QX, QY, QZ, NX, NY, NZ, AHEAD, LX, LY, LZ, SLOPE_U, SLOPE_V = range(18)
NORMAL, N_NORMAL = 18, 9
U0, V0, U1, V1, U2, V2, AREA, N_FACTS = range(27, 35)

#: Rows that differ from sample to sample: ray in the camera's frame at depth 1, weights of
#: corners 1 and 2, z-depth (m), -normal . ray fx fy (a pixel covers DEPTH^2 |normal| / that of
#: the face), world ray, key light and other light that arrive, texture coordinates, texels that
#: a pixel covers along a side, place in the shadow map.
X, Y, B1, B2, DEPTH, GRAZING, RX, RY, RZ, DIRECT, OTHER, U, V, FOOT, MU, MV, MK, N_SCRATCH = range(
    N_FACTS, N_FACTS + 18
)

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
def _wrapped(index: float, size: int) -> int:
    """Return ``index`` modulo ``size``; both are whole numbers."""
    if index < 0.0 or index >= size:
        index -= np.floor(index / size) * size
    return int(index)


@inner
def _bilinear(
    texels: np.ndarray, place: np.ndarray, u: float, v: float
) -> tuple[float, float, float]:
    """Return the wrapped bilinear sample of one level, linear light."""
    first, w, h = place[0], place[1], place[2]
    x, y = u * w - 0.5, v * h - 0.5
    fx, fy = np.floor(x), np.floor(y)
    x0, y0 = _wrapped(fx, w), _wrapped(fy, h)
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
def _set_plane(f: int, geometry: Geometry, lens: Lens, facts: np.ndarray) -> None:
    """Write a face's edges, its normal, and where it lies from the eye."""
    v, faces, eye = geometry.vertices_m, geometry.faces, lens.eye_m
    a, b, c = np.uintp(faces[f, 0]), np.uintp(faces[f, 1]), np.uintp(faces[f, 2])
    qx, qy, qz = v[a, 0] - eye[0], v[a, 1] - eye[1], v[a, 2] - eye[2]
    ux, uy, uz = v[b, 0] - v[a, 0], v[b, 1] - v[a, 1], v[b, 2] - v[a, 2]
    wx, wy, wz = v[c, 0] - v[a, 0], v[c, 1] - v[a, 1], v[c, 2] - v[a, 2]
    nx, ny, nz = uy * wz - uz * wy, uz * wx - ux * wz, ux * wy - uy * wx
    facts[QX], facts[QY], facts[QZ] = qx, qy, qz
    facts[UX], facts[UY], facts[UZ] = ux, uy, uz
    facts[WX], facts[WY], facts[WZ] = wx, wy, wz
    facts[NX], facts[NY], facts[NZ] = nx, ny, nz
    facts[AHEAD] = nx * qx + ny * qy + nz * qz


@inner
def _set_bias(shadow: ShadowMap, facts: np.ndarray) -> None:
    """Write how far a face's points are lifted, and its slopes, for the look into the map."""
    axes = shadow.axes
    nx, ny, nz = facts[NX], facts[NY], facts[NZ]
    unit = 1.0 / np.sqrt(max(nx * nx + ny * ny + nz * nz, 1e-30))
    nx, ny, nz = nx * unit, ny * unit, nz * unit
    nu = axes[0, 0] * nx + axes[0, 1] * ny + axes[0, 2] * nz
    nv = axes[1, 0] * nx + axes[1, 1] * ny + axes[1, 2] * nz
    nk = axes[2, 0] * nx + axes[2, 1] * ny + axes[2, 2] * nz
    lift = BIAS_NORMAL * shadow.texel_m * np.sqrt(max(1.0 - nk * nk, 0.0))
    tilt = -1.0 / max(nk, 0.05)
    facts[LX], facts[LY], facts[LZ] = nx * lift, ny * lift, nz * lift
    facts[SLOPE_U] = min(max(nu * tilt, -MAX_SLOPE), MAX_SLOPE)
    facts[SLOPE_V] = min(max(nv * tilt, -MAX_SLOPE), MAX_SLOPE)


@inner
def _set_looks(f: int, geometry: Geometry, atlas: Atlas, facts: np.ndarray) -> None:
    """Write a face's shading normals and texture coordinates."""
    for corner in range(3):
        for k in range(3):
            facts[NORMAL + 3 * corner + k] = geometry.normals[f, corner, k]
    faces, uv, texture = geometry.faces, geometry.uv, geometry.surface[f]
    a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
    u1, v1 = uv[b, 0] - uv[a, 0], uv[b, 1] - uv[a, 1]
    u2, v2 = uv[c, 0] - uv[a, 0], uv[c, 1] - uv[a, 1]
    facts[U0], facts[V0], facts[U1], facts[V1] = uv[a, 0], uv[a, 1], u1, v1
    facts[U2], facts[V2] = u2, v2
    size = atlas.levels[texture, 0]
    facts[AREA] = abs(u1 * v2 - u2 * v1) * size[1] * size[2]


@inner
def _spread(face: np.ndarray, stage: Stage, facts: np.ndarray, block: np.ndarray) -> None:
    """Write what is the same all over a face to all of its samples, run by run."""
    start = 0
    while start < len(face):
        f, end = face[start], start + 1
        while end < len(face) and face[end] == f:
            end += 1
        _set_plane(f, stage.geometry, stage.lens, facts)
        _set_bias(stage.shadow, facts)
        _set_looks(f, stage.geometry, stage.atlas, facts)
        for k in range(N_FACTS):
            fact = facts[k]
            for i in range(k * BLOCK + start, k * BLOCK + end):
                block[i] = fact
        start = end


@inner
def _aim(x_px: np.ndarray, y_px: np.ndarray, lens: Lens, block: np.ndarray) -> None:
    """Write the rays of samples."""
    r, kx, ky = lens.rotation, 1.0 / lens.fx_px, 1.0 / lens.fy_px
    cx, cy = lens.cx_px, lens.cy_px
    r00, r01, r02 = r[0, 0], r[0, 1], r[0, 2]
    r10, r11, r12 = r[1, 0], r[1, 1], r[1, 2]
    r20, r21, r22 = r[2, 0], r[2, 1], r[2, 2]
    for i in range(len(x_px)):
        block[X * BLOCK + i] = (x_px[i] - cx) * kx
        block[Y * BLOCK + i] = (y_px[i] - cy) * ky
    for i in range(len(x_px)):
        x, y = block[X * BLOCK + i], block[Y * BLOCK + i]
        block[RX * BLOCK + i] = r00 * x + r01 * y + r02
        block[RY * BLOCK + i] = r10 * x + r11 * y + r12
        block[RZ * BLOCK + i] = r20 * x + r21 * y + r22


@inner
def _meet(n: int, focal2: float, block: np.ndarray) -> None:
    """Meet the rays of ``n`` samples with their faces' planes by Cramer's rule."""
    for i in range(n):
        dx, dy, dz = block[RX * BLOCK + i], block[RY * BLOCK + i], block[RZ * BLOCK + i]
        qx, qy, qz = block[QX * BLOCK + i], block[QY * BLOCK + i], block[QZ * BLOCK + i]
        cx, cy, cz = qy * dz - qz * dy, qz * dx - qx * dz, qx * dy - qy * dx
        along = block[NX * BLOCK + i] * dx + block[NY * BLOCK + i] * dy + block[NZ * BLOCK + i] * dz
        inverse = 1.0 / along
        inverse = inverse if along < 0.0 else 0.0
        wx, wy, wz = block[WX * BLOCK + i], block[WY * BLOCK + i], block[WZ * BLOCK + i]
        ux, uy, uz = block[UX * BLOCK + i], block[UY * BLOCK + i], block[UZ * BLOCK + i]
        b1 = min(max((cx * wx + cy * wy + cz * wz) * inverse, 0.0), 1.0)
        block[B1 * BLOCK + i] = b1
        block[B2 * BLOCK + i] = min(max(-(cx * ux + cy * uy + cz * uz) * inverse, 0.0), 1.0 - b1)
        block[DEPTH * BLOCK + i] = block[AHEAD * BLOCK + i] * inverse
        block[GRAZING * BLOCK + i] = max(-along * focal2, 1e-12)


@inner
def _lay(n: int, block: np.ndarray) -> None:
    """Write where samples lie in their textures, and how many texels their pixels cover."""
    for i in range(n):
        b1, b2 = block[B1 * BLOCK + i], block[B2 * BLOCK + i]
        size = np.sqrt(block[AREA * BLOCK + i] / block[GRAZING * BLOCK + i])
        block[FOOT * BLOCK + i] = size * block[DEPTH * BLOCK + i]
        block[U * BLOCK + i] = (
            block[U0 * BLOCK + i] + b1 * block[U1 * BLOCK + i] + b2 * block[U2 * BLOCK + i]
        )
        block[V * BLOCK + i] = (
            block[V0 * BLOCK + i] + b1 * block[V1 * BLOCK + i] + b2 * block[V2 * BLOCK + i]
        )


@inner
def _paint(
    face: np.ndarray, surface: np.ndarray, atlas: Atlas, block: np.ndarray, out: np.ndarray
) -> None:
    """Write the albedo (k, 3) of each sample, filtered to its pixel's footprint on the face."""
    texels, levels, n_levels = atlas.texels, atlas.levels, atlas.n_levels
    for i in range(len(face)):
        texture = surface[face[i]]
        if n_levels[texture] == 1:
            t = levels[texture, 0, 0]
            out[i, 0], out[i, 1], out[i, 2] = texels[t, 0], texels[t, 1], texels[t, 2]
            continue
        u, v = block[U * BLOCK + i], block[V * BLOCK + i]
        level, blend = _level(block[FOOT * BLOCK + i], n_levels[texture] - 1)
        r, g, b = _bilinear(texels, levels[texture, level], u, v)
        if blend > 0.0:
            r2, g2, b2 = _bilinear(texels, levels[texture, level + 1], u, v)
            r, g, b = r + blend * (r2 - r), g + blend * (g2 - g), b + blend * (b2 - b)
        out[i, 0], out[i, 1], out[i, 2] = r, g, b


@inner
def _blended(block: np.ndarray, axis: int, i: int, b1: float, b2: float) -> float:
    """Return one coordinate of the shading normal, not yet of unit length."""
    first = (NORMAL + axis) * BLOCK + i
    b0 = 1.0 - b1 - b2
    return b0 * block[first] + b1 * block[first + 3 * BLOCK] + b2 * block[first + 6 * BLOCK]


@inner
def _shine(n: int, axes: np.ndarray, block: np.ndarray) -> None:
    """Write the key light that would arrive unshadowed, and the light from everywhere else."""
    lx, ly, lz = axes[2, 0], axes[2, 1], axes[2, 2]
    for i in range(n):
        b1, b2 = block[B1 * BLOCK + i], block[B2 * BLOCK + i]
        x = _blended(block, 0, i, b1, b2)
        y = _blended(block, 1, i, b1, b2)
        z = _blended(block, 2, i, b1, b2)
        unit = 1.0 / np.sqrt(max(x * x + y * y + z * z, 1e-12))
        x, y, z = x * unit, y * unit, z * unit
        rx, ry, rz = block[RX * BLOCK + i], block[RY * BLOCK + i], block[RZ * BLOCK + i]
        facing = -(x * rx + y * ry + z * rz) / np.sqrt(rx * rx + ry * ry + rz * rz)
        up = 0.5 + 0.5 * z
        block[DIRECT * BLOCK + i] = KEY * max(x * lx + y * ly + z * lz, 0.0)
        block[OTHER * BLOCK + i] = SKY * up + GROUND * (1.0 - up) + HEADLIGHT * max(facing, 0.0)


@inner
def _project(n: int, shadow: ShadowMap, eye: np.ndarray, block: np.ndarray) -> None:
    """Write where samples, lifted off their faces, lie in the shadow map."""
    scale = 1.0 / shadow.texel_m
    (a0, a1, a2), (b0, b1, b2), (c0, c1, c2) = _rows(shadow.axes)
    ex, ey, ez = eye[0], eye[1], eye[2]
    s0, s1, s2 = shadow.shift[0], shadow.shift[1], shadow.shift[2]
    for i in range(n):
        z = block[DEPTH * BLOCK + i]
        x = ex + block[RX * BLOCK + i] * z + block[LX * BLOCK + i]
        y = ey + block[RY * BLOCK + i] * z + block[LY * BLOCK + i]
        z = ez + block[RZ * BLOCK + i] * z + block[LZ * BLOCK + i]
        block[MU * BLOCK + i] = (a0 * x + a1 * y + a2 * z) * scale + s0
        block[MV * BLOCK + i] = (b0 * x + b1 * y + b2 * z) * scale + s1
        block[MK * BLOCK + i] = (c0 * x + c1 * y + c2 * z) * scale + s2


@inner
def _rows(m: np.ndarray) -> tuple[tuple[float, float, float], ...]:
    return (
        (m[0, 0], m[0, 1], m[0, 2]),
        (m[1, 0], m[1, 1], m[1, 2]),
        (m[2, 0], m[2, 1], m[2, 2]),
    )


@inner
def _darken(n: int, key: np.ndarray, block: np.ndarray) -> None:
    """Take the shadowed share off the key light of the first ``n`` samples."""
    for i in range(n):
        if block[DIRECT * BLOCK + i] > 0.0:
            at = (block[MU * BLOCK + i], block[MV * BLOCK + i], block[MK * BLOCK + i] + BIAS_KEY)
            slopes = block[SLOPE_U * BLOCK + i], block[SLOPE_V * BLOCK + i]
            block[DIRECT * BLOCK + i] *= _lit(key, at, slopes[0], slopes[1])


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
    k, lens, shadow = len(samples.face), stage.lens, stage.shadow
    out = np.empty((k, 3), np.float32)
    facts, block = np.empty(N_FACTS), np.empty(N_SCRATCH * BLOCK)
    for start in range(0, k, BLOCK):
        end = min(start + BLOCK, k)
        n, face, light = end - start, samples.face[start:end], out[start:end]
        _spread(face, stage, facts, block)
        _aim(samples.x_px[start:end], samples.y_px[start:end], lens, block)
        _meet(n, lens.fx_px * lens.fy_px, block)
        _lay(n, block)
        _paint(face, stage.geometry.surface, stage.atlas, block, light)
        _shine(n, shadow.axes, block)
        if stage.shadows:
            _project(n, shadow, lens.eye_m, block)
            _darken(n, shadow.key, block)
        for i in range(n):
            arrives = block[DIRECT * BLOCK + i] + block[OTHER * BLOCK + i]
            for c in range(3):
                light[i, c] *= arrives
    return out
