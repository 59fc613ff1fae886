"""From samples to light: textures, smooth normals, lights and shadow.

Samples are worked on face by face, in blocks, one step after the other. What is the same all over
a face is worked out once; what is left are loops over one flat array, rows at constant distances,
which compilers turn into vector instructions.
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

#: Facts that are the same all over a face: edges from corner 0 to 1 and 2, eye to corner 0, face
#: normal, normal . (eye to corner 0), lift off the face for the shadow, slopes of the face in the
#: map, shading normals of the corners, texture coordinates of corner 0 and along both edges,
#: texels that the face's parallelogram covers.
UX, UY, UZ, WX, WY, WZ, QX, QY, QZ, NX, NY, NZ, AHEAD, LX, LY, LZ, SLOPE_U, SLOPE_V = range(18)
NORMAL, N_NORMAL = 18, 9
U0, V0, U1, V1, U2, V2, AREA, N_FACTS = range(27, 35)

#: Rows of a block's scratch, which differ from sample to sample: ray in the camera's frame at
#: depth 1, weights of corners 1 and 2, z-depth (m), -normal . ray fx fy (a pixel covers DEPTH^2
#: |normal| / that of the face), world ray, key light and other light that arrive, texture
#: coordinates, texels that a pixel covers along a side, place in the shadow map.
X, Y, B1, B2, DEPTH, GRAZING, RX, RY, RZ, DIRECT, OTHER, U, V, FOOT, MU, MV, MK, N_ROWS = range(18)

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
    # unsigned, as an index that may be negative costs a test at each of the twelve reads
    a, b = np.uintp(first + y0 * w + x0), np.uintp(first + y0 * w + x1)
    c, d = np.uintp(first + y1 * w + x0), np.uintp(first + y1 * w + x1)
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
def _by_face(face: np.ndarray, n_faces: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the samples' numbers (k,) face by face, and where each face's begin (n_faces + 1,)."""
    begins, order = np.zeros(n_faces + 1, np.int64), np.empty(len(face), np.uintp)
    for f in face:
        begins[f + 1] += 1
    for f in range(n_faces):
        begins[f + 1] += begins[f]
    free = begins.copy()
    for i in range(len(face)):
        f = face[i]
        order[free[f]] = i
        free[f] += 1
    return order, begins


@inner
def _aim(which: np.ndarray, samples: Samples, lens: Lens, block: np.ndarray) -> None:
    """Write the rays of the samples ``which``."""
    r, kx, ky = lens.rotation, 1.0 / lens.fx_px, 1.0 / lens.fy_px
    cx, cy = lens.cx_px, lens.cy_px
    r00, r01, r02 = r[0, 0], r[0, 1], r[0, 2]
    r10, r11, r12 = r[1, 0], r[1, 1], r[1, 2]
    r20, r21, r22 = r[2, 0], r[2, 1], r[2, 2]
    for i in range(len(which)):
        block[X * BLOCK + i] = (samples.x_px[which[i]] - cx) * kx
        block[Y * BLOCK + i] = (samples.y_px[which[i]] - cy) * ky
    for i in range(len(which)):
        x, y = block[X * BLOCK + i], block[Y * BLOCK + i]
        block[RX * BLOCK + i] = r00 * x + r01 * y + r02
        block[RY * BLOCK + i] = r10 * x + r11 * y + r12
        block[RZ * BLOCK + i] = r20 * x + r21 * y + r22


@inner
def _meet(n: int, facts: np.ndarray, focal2: float, block: np.ndarray) -> None:
    """Meet the rays of ``n`` samples with their face's plane by Cramer's rule."""
    ux, uy, uz, wx, wy, wz = facts[UX], facts[UY], facts[UZ], facts[WX], facts[WY], facts[WZ]
    qx, qy, qz, nx, ny, nz = facts[QX], facts[QY], facts[QZ], facts[NX], facts[NY], facts[NZ]
    ahead = facts[AHEAD]
    for i in range(n):
        dx, dy, dz = block[RX * BLOCK + i], block[RY * BLOCK + i], block[RZ * BLOCK + i]
        cx, cy, cz = qy * dz - qz * dy, qz * dx - qx * dz, qx * dy - qy * dx
        along = nx * dx + ny * dy + nz * dz
        inverse = 1.0 / along
        inverse = inverse if along < 0.0 else 0.0
        b1 = min(max((cx * wx + cy * wy + cz * wz) * inverse, 0.0), 1.0)
        block[B1 * BLOCK + i] = b1
        block[B2 * BLOCK + i] = min(max(-(cx * ux + cy * uy + cz * uz) * inverse, 0.0), 1.0 - b1)
        block[DEPTH * BLOCK + i] = ahead * inverse
        block[GRAZING * BLOCK + i] = max(-along * focal2, 1e-12)


@inner
def _lay(n: int, facts: np.ndarray, block: np.ndarray) -> None:
    """Write where samples lie in the texture, and how many texels their pixels cover."""
    u0, u1, u2, v0, v1, v2 = facts[U0], facts[U1], facts[U2], facts[V0], facts[V1], facts[V2]
    area = facts[AREA]
    for i in range(n):
        b1, b2 = block[B1 * BLOCK + i], block[B2 * BLOCK + i]
        size = np.sqrt(area / block[GRAZING * BLOCK + i])
        block[FOOT * BLOCK + i] = size * block[DEPTH * BLOCK + i]
        block[U * BLOCK + i] = u0 + b1 * u1 + b2 * u2
        block[V * BLOCK + i] = v0 + b1 * v1 + b2 * v2


@inner
def _paint(
    which: np.ndarray, texture: int, atlas: Atlas, block: np.ndarray, out: np.ndarray
) -> None:
    """Write the albedo (k, 3) of each sample, filtered to its pixel's footprint on the face."""
    texels, levels, last = atlas.texels, atlas.levels[texture], atlas.n_levels[texture] - 1
    for i in range(len(which)):
        at = which[i]
        if last == 0:
            t = levels[0, 0]
            out[at, 0], out[at, 1], out[at, 2] = texels[t, 0], texels[t, 1], texels[t, 2]
            continue
        u, v = block[U * BLOCK + i], block[V * BLOCK + i]
        level, blend = _level(block[FOOT * BLOCK + i], last)
        r, g, b = _bilinear(texels, levels[level], u, v)
        if blend > 0.0:
            r2, g2, b2 = _bilinear(texels, levels[level + 1], u, v)
            r, g, b = r + blend * (r2 - r), g + blend * (g2 - g), b + blend * (b2 - b)
        out[at, 0], out[at, 1], out[at, 2] = r, g, b


@inner
def _shine(n: int, facts: np.ndarray, axes: np.ndarray, block: np.ndarray) -> None:
    """Write the key light that would arrive unshadowed, and the light from everywhere else."""
    (ax, ay, az), (bx, by, bz), (cx, cy, cz) = _rows(facts[NORMAL : NORMAL + N_NORMAL])
    lx, ly, lz = axes[2, 0], axes[2, 1], axes[2, 2]
    for i in range(n):
        b1, b2 = block[B1 * BLOCK + i], block[B2 * BLOCK + i]
        b0 = 1.0 - b1 - b2
        x = b0 * ax + b1 * bx + b2 * cx
        y = b0 * ay + b1 * by + b2 * cy
        z = b0 * az + b1 * bz + b2 * cz
        unit = 1.0 / np.sqrt(max(x * x + y * y + z * z, 1e-12))
        x, y, z = x * unit, y * unit, z * unit
        rx, ry, rz = block[RX * BLOCK + i], block[RY * BLOCK + i], block[RZ * BLOCK + i]
        facing = -(x * rx + y * ry + z * rz) / np.sqrt(rx * rx + ry * ry + rz * rz)
        up = 0.5 + 0.5 * z
        block[DIRECT * BLOCK + i] = KEY * max(x * lx + y * ly + z * lz, 0.0)
        block[OTHER * BLOCK + i] = SKY * up + GROUND * (1.0 - up) + HEADLIGHT * max(facing, 0.0)


@inner
def _project(
    n: int, facts: np.ndarray, shadow: ShadowMap, eye: np.ndarray, block: np.ndarray
) -> None:
    """Write where samples, lifted off their face, lie in the shadow map."""
    lx, ly, lz = facts[LX], facts[LY], facts[LZ]
    scale = 1.0 / shadow.texel_m
    (a0, a1, a2), (b0, b1, b2), (c0, c1, c2) = _rows(shadow.axes.ravel())
    ex, ey, ez = eye[0], eye[1], eye[2]
    s0, s1, s2 = shadow.shift[0], shadow.shift[1], shadow.shift[2]
    for i in range(n):
        z = block[DEPTH * BLOCK + i]
        x = ex + block[RX * BLOCK + i] * z + lx
        y = ey + block[RY * BLOCK + i] * z + ly
        z = ez + block[RZ * BLOCK + i] * z + lz
        block[MU * BLOCK + i] = (a0 * x + a1 * y + a2 * z) * scale + s0
        block[MV * BLOCK + i] = (b0 * x + b1 * y + b2 * z) * scale + s1
        block[MK * BLOCK + i] = (c0 * x + c1 * y + c2 * z) * scale + s2


@inner
def _rows(m: np.ndarray) -> tuple[tuple[float, float, float], ...]:
    """Return nine numbers in rows of three."""
    return (m[0], m[1], m[2]), (m[3], m[4], m[5]), (m[6], m[7], m[8])


@inner
def _darken(n: int, facts: np.ndarray, key: np.ndarray, block: np.ndarray) -> None:
    """Take the shadowed share off the key light of the first ``n`` samples."""
    slope_u, slope_v = facts[SLOPE_U], facts[SLOPE_V]
    for i in range(n):
        if block[DIRECT * BLOCK + i] > 0.0:
            at = (block[MU * BLOCK + i], block[MV * BLOCK + i], block[MK * BLOCK + i] + BIAS_KEY)
            block[DIRECT * BLOCK + i] *= _lit(key, at, slope_u, slope_v)


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


@inner
def _light(which: np.ndarray, block: np.ndarray, out: np.ndarray) -> None:
    """Multiply the albedo of samples by the light that arrives."""
    for i in range(len(which)):
        at, arrives = which[i], block[DIRECT * BLOCK + i] + block[OTHER * BLOCK + i]
        for c in range(3):
            out[at, c] *= arrives


@kernel
def shade(stage: Stage, samples: Samples) -> np.ndarray:
    """Return the linear light (k, 3) float32 of samples."""
    lens, geometry, shadow = stage.lens, stage.geometry, stage.shadow
    out = np.empty((len(samples.face), 3), np.float32)
    facts, block = np.empty(N_FACTS), np.empty(N_ROWS * BLOCK)
    order, begins = _by_face(samples.face, len(geometry.faces))
    for f in range(len(geometry.faces)):
        if begins[f] == begins[f + 1]:
            continue
        _set_plane(f, geometry, lens, facts)
        _set_bias(shadow, facts)
        _set_looks(f, geometry, stage.atlas, facts)
        for start in range(begins[f], begins[f + 1], BLOCK):
            which = order[start : min(start + BLOCK, begins[f + 1])]
            n = len(which)
            _aim(which, samples, lens, block)
            _meet(n, facts, lens.fx_px * lens.fy_px, block)
            _lay(n, facts, block)
            _paint(which, geometry.surface[f], stage.atlas, block, out)
            _shine(n, facts, shadow.axes, block)
            if stage.shadows:
                _project(n, facts, shadow, lens.eye_m, block)
                _darken(n, facts, shadow.key, block)
            _light(which, block, out)
    return out
