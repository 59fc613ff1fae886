"""Triangles to samples: projection, clipping and filling, exact to the last bit.

Screen corners are snapped to 1/1024 px, so that every edge function is a product of short binary
fractions and exact in float64: neighbouring faces leave neither gap nor overlap, and no machine
rounds a sample onto the other side of an edge. Depth comes from the unsnapped plane.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ivlm_bench.render.jit import inner, kernel

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


#: Columns below which every sample of a triangle's box is asked, instead of finding spans.
NARROW = 12

#: Screen positions of three corners: x0, y0, x1, y1, x2, y2.
Corners = tuple[float, float, float, float, float, float]

#: An edge's direction and one point of it; the inner side is where dx (y - y0) >= dy (x - x0).
Edge = tuple[float, float, float, float]
Edges = tuple[Edge, Edge, Edge]

#: Slopes of the key along x and y, its value at sample (0, 0), its least and greatest value.
Plane = tuple[float, float, float, float, float]

#: First and last column, first and last row.
Box = tuple[int, int, int, int]


class Triangles(NamedTuple):
    """Prepared triangles (t, 11) and the face (t,) that each was cut from."""

    rows: np.ndarray
    face: np.ndarray


@kernel
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


@inner
def _snap(value_px: float) -> float:
    return np.floor(value_px * SUBPIXEL + 0.5) / SUBPIXEL


@inner
def _screen(vertices_m: np.ndarray, lens: Lens) -> np.ndarray:
    """Return snapped pixel positions (n, 2) of camera-frame vertices ahead of the near plane."""
    out = np.empty((len(vertices_m), 2))
    for i in range(len(vertices_m)):
        z = vertices_m[i, 2]
        if z > NEAR_M:
            out[i, 0] = _snap(lens.fx_px * vertices_m[i, 0] / z + lens.cx_px)
            out[i, 1] = _snap(lens.fy_px * vertices_m[i, 1] / z + lens.cy_px)
    return out


@inner
def _set_plane(rows: np.ndarray, t: int, v: np.ndarray, face: tuple[int, int, int]) -> bool:
    """Write 1/z over normalised coordinates; False for a face seen from behind or edge-on."""
    a, b, c = face
    ux, uy, uz = v[b, 0] - v[a, 0], v[b, 1] - v[a, 1], v[b, 2] - v[a, 2]
    wx, wy, wz = v[c, 0] - v[a, 0], v[c, 1] - v[a, 1], v[c, 2] - v[a, 2]
    nx, ny, nz = uy * wz - uz * wy, uz * wx - ux * wz, ux * wy - uy * wx
    towards = nx * v[a, 0] + ny * v[a, 1] + nz * v[a, 2]
    if not towards < 0.0:
        return False
    scale = 1.0 / towards
    rows[t, PLANE_X], rows[t, PLANE_Y], rows[t, PLANE_C] = nx * scale, ny * scale, nz * scale
    return True


@inner
def _to_pixels(rows: np.ndarray, t: int, lens: Lens) -> None:
    """Turn a plane over normalised coordinates into one over pixels."""
    rows[t, PLANE_X] /= lens.fx_px
    rows[t, PLANE_Y] /= lens.fy_px
    rows[t, PLANE_C] -= rows[t, PLANE_X] * lens.cx_px + rows[t, PLANE_Y] * lens.cy_px


@inner
def _set_corners(
    rows: np.ndarray, t: int, screen: np.ndarray, face: tuple[int, int, int], size: tuple[int, int]
) -> bool:
    """Write the corners of a face; False if its box lies off the screen of (width, height)."""
    a, b, c = face
    x0, x1, x2 = screen[a, 0], screen[b, 0], screen[c, 0]
    y0, y1, y2 = screen[a, 1], screen[b, 1], screen[c, 1]
    rows[t, X0], rows[t, X1], rows[t, X2] = x0, x1, x2
    rows[t, Y0], rows[t, Y1], rows[t, Y2] = y0, y1, y2
    return (
        max(x0, x1, x2) >= -0.5
        and min(x0, x1, x2) <= size[0] - 0.5
        and max(y0, y1, y2) >= -0.5
        and min(y0, y1, y2) <= size[1] - 0.5
    )


@inner
def _clip(v: np.ndarray, face: tuple[int, int, int], polygon: np.ndarray) -> int:
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


@inner
def _cut(
    rows: np.ndarray, count: int, v: np.ndarray, face: tuple[int, int, int], lens: Lens
) -> int:
    """Write the triangles of a face that crosses the near plane; return how many.

    ``rows[count]`` already holds the face's plane.
    """
    polygon = np.empty((4, 3))
    corners = _clip(v, face, polygon)
    plane = (rows[count, PLANE_X], rows[count, PLANE_Y], rows[count, PLANE_C])
    for t in range(count, count + corners - 2):
        rows[t, PLANE_X], rows[t, PLANE_Y], rows[t, PLANE_C] = plane
        rows[t, KEY_MIN], rows[t, KEY_MAX] = 1.0 / NEAR_M, 0.0
        for i in range(3):
            j = 0 if i == 0 else t - count + i
            z = polygon[j, 2]
            rows[t, 2 * i] = _snap(lens.fx_px * polygon[j, 0] / z + lens.cx_px)
            rows[t, 2 * i + 1] = _snap(lens.fy_px * polygon[j, 1] / z + lens.cy_px)
            rows[t, KEY_MIN] = min(rows[t, KEY_MIN], 1.0 / z)
            rows[t, KEY_MAX] = max(rows[t, KEY_MAX], 1.0 / z)
    return max(corners - 2, 0)


@kernel
def prepare(v: np.ndarray, faces: np.ndarray, lens: Lens) -> Triangles:
    """Return the triangles that face the camera; ``v`` (n, 3) are in the camera frame.

    Their key is 1 / z, which is linear on the screen and larger for what is nearer.
    """
    screen, size = _screen(v, lens), (lens.width_px, lens.height_px)
    rows = np.empty((2 * len(faces) + 1, N_COLUMNS))
    source = np.empty(2 * len(faces) + 1, np.int32)
    count = 0
    for f in range(len(faces)):
        face = (faces[f, 0], faces[f, 1], faces[f, 2])
        za, zb, zc = v[face[0], 2], v[face[1], 2], v[face[2], 2]
        far, near = max(za, zb, zc), min(za, zb, zc)
        if far <= NEAR_M or not _set_plane(rows, count, v, face):
            continue
        if near > NEAR_M and not _set_corners(rows, count, screen, face, size):
            continue
        _to_pixels(rows, count, lens)
        added = 1
        if near > NEAR_M:
            rows[count, KEY_MIN], rows[count, KEY_MAX] = 1.0 / far, 1.0 / near
        else:
            added = _cut(rows, count, v, face, lens)
        for k in range(added):
            source[count + k] = f
        count += added
    return Triangles(rows[:count], source[:count])


@kernel
def prepare_parallel(v: np.ndarray, faces: np.ndarray, size: int) -> Triangles:
    """Return the triangles that face a parallel view, up the third axis, of ``size`` samples.

    ``v`` (n, 3) are in samples; the third coordinate is the key.
    """
    rows = np.empty((len(faces) + 1, N_COLUMNS))
    count = 0
    for f in range(len(faces)):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        ux, uy, uk = v[b, 0] - v[a, 0], v[b, 1] - v[a, 1], v[b, 2] - v[a, 2]
        wx, wy, wk = v[c, 0] - v[a, 0], v[c, 1] - v[a, 1], v[c, 2] - v[a, 2]
        area = ux * wy - uy * wx
        if not area > 0.0:
            continue
        if max(v[a, 0], v[b, 0], v[c, 0]) < 0.0 or min(v[a, 0], v[b, 0], v[c, 0]) > size - 1:
            continue
        if max(v[a, 1], v[b, 1], v[c, 1]) < 0.0 or min(v[a, 1], v[b, 1], v[c, 1]) > size - 1:
            continue
        row = rows[count]
        for k in range(3):
            row[2 * k] = np.floor(v[faces[f, k], 0] * 64.0 + 0.5) / 64.0
            row[2 * k + 1] = np.floor(v[faces[f, k], 1] * 64.0 + 0.5) / 64.0
        row[PLANE_X] = (uk * wy - uy * wk) / area
        row[PLANE_Y] = (ux * wk - uk * wx) / area
        row[PLANE_C] = v[a, 2] - row[PLANE_X] * v[a, 0] - row[PLANE_Y] * v[a, 1]
        row[KEY_MIN] = min(v[a, 2], v[b, 2], v[c, 2])
        row[KEY_MAX] = max(v[a, 2], v[b, 2], v[c, 2])
        count += 1
    return Triangles(rows[:count], np.zeros(count, np.int32))


@inner
def _bounds(corners: Corners, shape: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the first and last column and row of samples in the triangle's box."""
    x0, y0, x1, y1, x2, y2 = corners
    return (
        int(np.ceil(max(min(x0, x1, x2), 0.0))),
        int(np.floor(min(max(x0, x1, x2), shape[1] - 1.0))),
        int(np.ceil(max(min(y0, y1, y2), 0.0))),
        int(np.floor(min(max(y0, y1, y2), shape[0] - 1.0))),
    )


@inner
def _span(edge: Edge, y: int, lo: int, hi: int) -> tuple[int, int]:
    """Shrink columns [lo, hi] of a row to those on the inner side of an edge, exactly."""
    dx, dy, x0, y0 = edge
    level, slope = dx * (y - y0), -dy
    value = level + slope * (lo - x0)
    if slope == 0.0:
        return (lo, hi) if level >= 0.0 else (lo, lo - 1)
    zero = x0 - level / slope
    if slope > 0.0:
        if value < 0.0:
            lo = max(lo, int(min(zero, 1e6)) - 1)
            while lo <= hi and level + slope * (lo - x0) < 0.0:
                lo += 1
    elif level + slope * (hi - x0) < 0.0:
        hi = min(hi, int(max(zero, -1e6)) + 1)
        while lo <= hi and level + slope * (hi - x0) < 0.0:
            hi -= 1
    return lo, hi


@inner
def _fill_wide(
    plane: Plane, edges: Edges, box: Box, face: int, buffers: tuple[np.ndarray, np.ndarray]
) -> None:
    """Fill a triangle row by row over spans found by division."""
    slope, slope_y, first, key_min, key_max = plane
    left, right, top, bottom = box
    key, index = buffers
    for y in range(top, bottom + 1):
        lo, hi = _span(edges[0], y, left, right)
        lo, hi = _span(edges[1], y, lo, hi)
        lo, hi = _span(edges[2], y, lo, hi)
        base, row = first + slope_y * y, np.uintp(y)
        for x in range(lo, hi + 1):
            column = np.uintp(x)
            value = np.float32(min(max(base + slope * x, key_min), key_max))
            nearer = value > key[row, column]
            key[row, column] = value if nearer else key[row, column]
            if index.size:
                index[row, column] = face if nearer else index[row, column]


@inner
def _fill_small(
    plane: Plane, edges: Edges, box: Box, face: int, buffers: tuple[np.ndarray, np.ndarray]
) -> None:
    """Fill a triangle of few columns by asking each sample of its box."""
    slope, slope_y, first, key_min, key_max = plane
    (ax, ay, x0, y0), (bx, by, x1, y1), (cx, cy, x2, y2) = edges
    left, right, top, bottom = box
    key, index = buffers
    for y in range(top, bottom + 1):
        ea, eb, ec = ax * (y - y0) + ay * x0, bx * (y - y1) + by * x1, cx * (y - y2) + cy * x2
        base, row = first + slope_y * y, np.uintp(y)
        for x in range(left, right + 1):
            if min(ea - ay * x, eb - by * x, ec - cy * x) >= 0.0:
                column = np.uintp(x)
                value = np.float32(min(max(base + slope * x, key_min), key_max))
                if value > key[row, column]:
                    key[row, column] = value
                    if index.size:
                        index[row, column] = face


@kernel
def fill(triangles: Triangles, scale: int, key: np.ndarray, index: np.ndarray) -> None:
    """Write the greatest key and its face into buffers of ``scale`` samples a pixel and axis.

    ``key`` (h, w) must start at 0 and ``index`` (h, w) at -1; an ``index`` without entries is
    left alone. Samples on an edge are inside.
    """
    rows, source, offset = triangles.rows, triangles.face, 0.5 * (scale - 1)
    for t in range(len(rows)):
        x0, y0 = rows[t, X0] * scale + offset, rows[t, Y0] * scale + offset
        x1, y1 = rows[t, X1] * scale + offset, rows[t, Y1] * scale + offset
        x2, y2 = rows[t, X2] * scale + offset, rows[t, Y2] * scale + offset
        box = _bounds((x0, y0, x1, y1, x2, y2), key.shape)
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if box[0] > box[1] or box[2] > box[3] or area == 0.0:
            continue
        if area < 0.0:
            x1, y1, x2, y2 = x2, y2, x1, y1
        edges = (
            (x1 - x0, y1 - y0, x0, y0),
            (x2 - x1, y2 - y1, x1, y1),
            (x0 - x2, y0 - y2, x2, y2),
        )
        slope, slope_y = rows[t, PLANE_X] / scale, rows[t, PLANE_Y] / scale
        first = rows[t, PLANE_C] - offset * (slope + slope_y)
        plane = (slope, slope_y, first, rows[t, KEY_MIN], rows[t, KEY_MAX])
        if box[1] - box[0] < NARROW:
            _fill_small(plane, edges, box, source[t], (key, index))
        else:
            _fill_wide(plane, edges, box, source[t], (key, index))


@kernel
def resolve(
    key: np.ndarray, index: np.ndarray, starts: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return z-depth in metres, surface and face within the surface (h, w), -1 for nothing.

    ``starts`` (s + 1,) holds the first face of each surface.
    """
    depth_m = np.empty(key.shape, np.float32)
    surface = np.empty(key.shape, np.int32)
    face = np.empty(key.shape, np.int32)
    owner = np.empty(starts[-1], np.int32)
    for s in range(len(starts) - 1):
        for f in range(starts[s], starts[s + 1]):
            owner[f] = s
    for y in range(key.shape[0]):
        for x in range(key.shape[1]):
            hit = index[y, x]
            depth_m[y, x] = 1.0 / np.float64(key[y, x]) if hit >= 0 else 0.0
            surface[y, x] = owner[hit] if hit >= 0 else -1
            face[y, x] = hit - starts[owner[hit]] if hit >= 0 else -1
    return depth_m, surface, face
