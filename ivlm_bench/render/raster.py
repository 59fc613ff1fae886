"""Triangles to samples: projection, clipping and filling, exact to the last bit.

Screen corners are snapped to 1/1024 px, so that every edge function is a product of short binary
fractions and exact in float64: neighbouring faces leave neither gap nor overlap, and no machine
rounds a sample onto the other side of an edge. Depth comes from the unsnapped plane.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

#: Subpixel grid of screen corners, steps a pixel; GPUs use 256.
SUBPIXEL = 1024.0

#: Nothing nearer than this (m) to the camera plane is drawn.
NEAR_M = 1e-3

#: Numbers of one prepared triangle: three corners (px), the plane key = A x + B y + C, key's range.
X0, Y0, X1, Y1, X2, Y2, PLANE_X, PLANE_Y, PLANE_C, KEY_MIN, KEY_MAX, N_COLUMNS = range(12)


class Lens(NamedTuple):
    """A pinhole camera as the kernels take it; ``rotation`` is world from camera."""

    eye_m: np.ndarray
    rotation: np.ndarray
    fx_px: float
    fy_px: float
    cx_px: float
    cy_px: float
    width_px: int
    height_px: int


class Triangles(NamedTuple):
    """Prepared triangles (t, 11) and the face (t,) that each was cut from."""

    rows: np.ndarray
    face: np.ndarray


@numba.njit(cache=True, error_model="numpy")
def camera_vertices(vertices_m: np.ndarray, lens: Lens) -> np.ndarray:
    """Return vertices (n, 3) in the camera frame, metres."""
    out = np.empty((len(vertices_m), 3))
    r, eye = lens.rotation, lens.eye_m
    for i in range(len(vertices_m)):
        x = vertices_m[i, 0] - eye[0]
        y = vertices_m[i, 1] - eye[1]
        z = vertices_m[i, 2] - eye[2]
        out[i, 0] = x * r[0, 0] + y * r[1, 0] + z * r[2, 0]
        out[i, 1] = x * r[0, 1] + y * r[1, 1] + z * r[2, 1]
        out[i, 2] = x * r[0, 2] + y * r[1, 2] + z * r[2, 2]
    return out


@numba.njit(cache=True, error_model="numpy")
def _snap(value_px: float) -> float:
    return np.floor(value_px * SUBPIXEL + 0.5) / SUBPIXEL


@numba.njit(cache=True, error_model="numpy")
def _screen(vertices_m: np.ndarray, lens: Lens) -> np.ndarray:
    """Return snapped pixel positions (n, 2) of camera-frame vertices ahead of the near plane."""
    out = np.empty((len(vertices_m), 2))
    for i in range(len(vertices_m)):
        z = vertices_m[i, 2]
        if z > NEAR_M:
            out[i, 0] = _snap(lens.fx_px * vertices_m[i, 0] / z + lens.cx_px)
            out[i, 1] = _snap(lens.fy_px * vertices_m[i, 1] / z + lens.cy_px)
    return out


@numba.njit(cache=True, error_model="numpy")
def _set_plane(row: np.ndarray, v: np.ndarray, face: np.ndarray, lens: Lens) -> bool:
    """Write 1/z as a function of the pixel; False for a face seen from behind or edge-on."""
    a, b, c = face[0], face[1], face[2]
    ux, uy, uz = v[b, 0] - v[a, 0], v[b, 1] - v[a, 1], v[b, 2] - v[a, 2]
    wx, wy, wz = v[c, 0] - v[a, 0], v[c, 1] - v[a, 1], v[c, 2] - v[a, 2]
    nx, ny, nz = uy * wz - uz * wy, uz * wx - ux * wz, ux * wy - uy * wx
    towards = nx * v[a, 0] + ny * v[a, 1] + nz * v[a, 2]
    if not towards < 0.0:
        return False
    row[PLANE_X] = nx / (towards * lens.fx_px)
    row[PLANE_Y] = ny / (towards * lens.fy_px)
    row[PLANE_C] = nz / towards - row[PLANE_X] * lens.cx_px - row[PLANE_Y] * lens.cy_px
    return True


@numba.njit(cache=True, error_model="numpy")
def _on_screen(row: np.ndarray, width_px: int, height_px: int) -> bool:
    return (
        max(row[X0], row[X1], row[X2]) >= -0.5
        and min(row[X0], row[X1], row[X2]) <= width_px - 0.5
        and max(row[Y0], row[Y1], row[Y2]) >= -0.5
        and min(row[Y0], row[Y1], row[Y2]) <= height_px - 0.5
    )


@numba.njit(cache=True, error_model="numpy")
def _clip(v: np.ndarray, face: np.ndarray, polygon: np.ndarray) -> int:
    """Cut a face at the near plane (Sutherland and Hodgman 1974); return the number of corners."""
    count = 0
    for k in range(3):
        a, b = face[k], face[(k + 1) % 3]
        if v[a, 2] > NEAR_M:
            polygon[count, 0], polygon[count, 1], polygon[count, 2] = v[a, 0], v[a, 1], v[a, 2]
            count += 1
        if (v[a, 2] > NEAR_M) != (v[b, 2] > NEAR_M):
            t = (NEAR_M - v[a, 2]) / (v[b, 2] - v[a, 2])
            polygon[count, 0] = v[a, 0] + t * (v[b, 0] - v[a, 0])
            polygon[count, 1] = v[a, 1] + t * (v[b, 1] - v[a, 1])
            polygon[count, 2] = NEAR_M
            count += 1
    return count


@numba.njit(cache=True, error_model="numpy")
def _set_clipped(row: np.ndarray, polygon: np.ndarray, k: int, lens: Lens) -> None:
    """Write corners 0, k + 1 and k + 2 of a clipped polygon."""
    for i in range(3):
        j = 0 if i == 0 else k + i
        z = polygon[j, 2]
        row[2 * i] = _snap(lens.fx_px * polygon[j, 0] / z + lens.cx_px)
        row[2 * i + 1] = _snap(lens.fy_px * polygon[j, 1] / z + lens.cy_px)
        row[KEY_MIN] = min(row[KEY_MIN], 1.0 / z)
        row[KEY_MAX] = max(row[KEY_MAX], 1.0 / z)


@numba.njit(cache=True, error_model="numpy")
def _set_corners(row: np.ndarray, v: np.ndarray, face: np.ndarray, screen: np.ndarray) -> None:
    """Write the corners and the key's range of a face that lies ahead of the near plane."""
    a, b, c = face[0], face[1], face[2]
    row[X0], row[Y0] = screen[a, 0], screen[a, 1]
    row[X1], row[Y1] = screen[b, 0], screen[b, 1]
    row[X2], row[Y2] = screen[c, 0], screen[c, 1]
    row[KEY_MIN] = 1.0 / max(v[a, 2], v[b, 2], v[c, 2])
    row[KEY_MAX] = 1.0 / min(v[a, 2], v[b, 2], v[c, 2])


@numba.njit(cache=True, error_model="numpy")
def _cut(rows: np.ndarray, count: int, v: np.ndarray, face: np.ndarray, lens: Lens) -> int:
    """Write the triangles of a face that crosses the near plane; return how many."""
    polygon = np.empty((4, 3))
    corners = _clip(v, face, polygon)
    for k in range(corners - 2):
        row = rows[count + k]
        _set_plane(row, v, face, lens)
        row[KEY_MIN], row[KEY_MAX] = 1.0 / NEAR_M, 0.0
        _set_clipped(row, polygon, k, lens)
    return max(corners - 2, 0)


@numba.njit(cache=True, error_model="numpy")
def prepare(v: np.ndarray, faces: np.ndarray, lens: Lens) -> Triangles:
    """Return the triangles that face the camera; ``v`` (n, 3) are in the camera frame.

    Their key is 1 / z, which is linear on the screen and larger for what is nearer.
    """
    screen = _screen(v, lens)
    rows = np.empty((2 * len(faces) + 1, N_COLUMNS))
    source = np.empty(2 * len(faces) + 1, np.int32)
    count = 0
    for f in range(len(faces)):
        face, row = faces[f], rows[count]
        za, zb, zc = v[face[0], 2], v[face[1], 2], v[face[2], 2]
        if max(za, zb, zc) <= NEAR_M:
            continue
        if min(za, zb, zc) > NEAR_M:
            _set_corners(row, v, face, screen)
            seen = _on_screen(row, lens.width_px, lens.height_px)
            added = 1 if seen and _set_plane(row, v, face, lens) else 0
        else:
            added = _cut(rows, count, v, face, lens) if _set_plane(row, v, face, lens) else 0
        source[count : count + added] = f
        count += added
    return Triangles(rows[:count], source[:count])


@numba.njit(cache=True, error_model="numpy")
def _bounds(
    row: np.ndarray, scale: float, offset: float, shape: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Return the first and last column and row of samples in the triangle's box."""
    x_min, x_max = min(row[X0], row[X1], row[X2]), max(row[X0], row[X1], row[X2])
    y_min, y_max = min(row[Y0], row[Y1], row[Y2]), max(row[Y0], row[Y1], row[Y2])
    return (
        int(np.ceil(max(x_min * scale + offset, 0.0))),
        int(np.floor(min(x_max * scale + offset, shape[1] - 1.0))),
        int(np.ceil(max(y_min * scale + offset, 0.0))),
        int(np.floor(min(y_max * scale + offset, shape[0] - 1.0))),
    )


@numba.njit(cache=True, error_model="numpy")
def _span(edge: float, slope: float, lo: int, hi: int) -> tuple[int, int]:
    """Shrink the steps [lo, hi] to where ``edge + slope * step >= 0``, and one more each side."""
    if slope > 0.0:
        if edge < 0.0:
            lo = max(lo, int(min(-edge / slope, 1e6)) - 1)
    elif edge < 0.0:
        hi = -1
    elif slope < 0.0:
        hi = min(hi, int(min(-edge / slope, 1e6)) + 1)
    return lo, hi


@numba.njit(cache=True, error_model="numpy")
def _fill_one(row: np.ndarray, face: int, scale: int, key: np.ndarray, index: np.ndarray) -> None:
    """Fill one triangle; edge functions are stepped along the row, exactly."""
    offset = 0.5 * (scale - 1)
    left, right, top, bottom = _bounds(row, scale, offset, key.shape)
    if left > right or top > bottom:
        return
    x0, y0 = row[X0] * scale + offset, row[Y0] * scale + offset
    x1, y1 = row[X1] * scale + offset, row[Y1] * scale + offset
    x2, y2 = row[X2] * scale + offset, row[Y2] * scale + offset
    area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
    if area == 0.0:
        return
    if area < 0.0:
        x1, y1, x2, y2 = x2, y2, x1, y1
    s0, s1, s2 = y0 - y1, y1 - y2, y2 - y0
    plane_x, key_min, key_max = row[PLANE_X] / scale, row[KEY_MIN], row[KEY_MAX]
    for y in range(top, bottom + 1):
        e0 = (x1 - x0) * (y - y0) + s0 * (left - x0)
        e1 = (x2 - x1) * (y - y1) + s1 * (left - x1)
        e2 = (x0 - x2) * (y - y2) + s2 * (left - x2)
        lo, hi = 0, right - left
        if hi > 3:
            lo, hi = _span(e0, s0, lo, hi)
            lo, hi = _span(e1, s1, lo, hi)
            lo, hi = _span(e2, s2, lo, hi)
        base = row[PLANE_Y] * ((y - offset) / scale) + row[PLANE_C]
        base += row[PLANE_X] * ((left - offset) / scale)
        for step in range(lo, hi + 1):
            if e0 + s0 * step >= 0.0 and e1 + s1 * step >= 0.0 and e2 + s2 * step >= 0.0:
                value = np.float32(min(max(base + plane_x * step, key_min), key_max))
                if value > key[y, left + step]:
                    key[y, left + step] = value
                    if index.size:
                        index[y, left + step] = face


@numba.njit(cache=True, error_model="numpy")
def fill(triangles: Triangles, scale: int, key: np.ndarray, index: np.ndarray) -> None:
    """Write the greatest key and its face into buffers of ``scale`` samples a pixel and axis.

    ``key`` (h, w) must start at 0 and ``index`` (h, w) at -1; an ``index`` without entries is
    left alone. Samples on an edge are inside.
    """
    for t in range(len(triangles.face)):
        _fill_one(triangles.rows[t], triangles.face[t], scale, key, index)


@numba.njit(cache=True, error_model="numpy")
def resolve(
    key: np.ndarray, index: np.ndarray, starts: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return z-depth in metres, surface and face within the surface (h, w), -1 for nothing.

    ``starts`` (s + 1,) holds the first face of each surface.
    """
    depth_m = np.zeros(key.shape, np.float32)
    surface = np.full(key.shape, -1, np.int32)
    face = np.full(key.shape, -1, np.int32)
    owner = np.empty(starts[-1], np.int32)
    for s in range(len(starts) - 1):
        owner[starts[s] : starts[s + 1]] = s
    for y in range(key.shape[0]):
        for x in range(key.shape[1]):
            hit = index[y, x]
            if hit >= 0:
                depth_m[y, x] = 1.0 / np.float64(key[y, x])
                surface[y, x] = owner[hit]
                face[y, x] = hit - starts[owner[hit]]
    return depth_m, surface, face
