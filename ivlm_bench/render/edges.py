"""Which samples get a colour: one a pixel, or four where the pixel holds an edge."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ivlm_bench.render.jit import inner, kernel

#: Cosine (18 degrees) of a bend of the surface within one pixel that counts as an edge.
EDGE_COSINE = 0.95

#: Relative step of inverse depth within one pixel, off a common plane, that counts as an edge.
EDGE_STEP = 0.004

#: Relative step of inverse depth within one pixel that always counts as an edge.
EDGE_RANGE = 0.03


class Samples(NamedTuple):
    """Points of the screen to be coloured: face, position (px), number of the pixel (k,) each.

    ``share`` is the part of its pixel that each sample stands for.
    """

    face: np.ndarray
    x_px: np.ndarray
    y_px: np.ndarray
    pixel: np.ndarray
    share: float


class Fine(NamedTuple):
    """Inverse depth and face (2h, 2w) of two samples a pixel and axis, 1/4 px off its centre."""

    key: np.ndarray
    face: np.ndarray


@inner
def _breaks(k0: float, k1: float, k2: float, k3: float) -> bool:
    """Tell whether four inverse depths (row by row) leave a common plane or differ by far."""
    off_plane = abs(k0 + k3 - k1 - k2)
    spread = max(k0, k1, k2, k3) - min(k0, k1, k2, k3)
    return off_plane > EDGE_STEP * k0 or spread > EDGE_RANGE * k0


@inner
def _bends(normals: np.ndarray, a: int, b: int) -> bool:
    """Tell whether two faces' shading normals differ by more than an edge's angle."""
    x, y, z = normals[a, 0, 0], normals[a, 0, 1], normals[a, 0, 2]
    return x * normals[b, 0, 0] + y * normals[b, 0, 1] + z * normals[b, 0, 2] < EDGE_COSINE


@kernel
def find_edges(fine: Fine, normals: np.ndarray, surface: np.ndarray) -> np.ndarray:
    """Return (h, w) bool: pixels whose four samples see more than one smooth patch.

    ``normals`` (m, 3, 3) and ``surface`` (m,) are those of the faces.
    """
    key, index = fine.key, fine.face
    out = np.empty((index.shape[0] // 2, index.shape[1] // 2), np.bool_)
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            a, b = index[2 * y, 2 * x], index[2 * y, 2 * x + 1]
            c, d = index[2 * y + 1, 2 * x], index[2 * y + 1, 2 * x + 1]
            if a == b and a == c and a == d:
                out[y, x] = False
                continue
            if min(a, b, c, d) < 0:
                out[y, x] = True
                continue
            s = surface[a]
            out[y, x] = (
                surface[b] != s
                or surface[c] != s
                or surface[d] != s
                or _bends(normals, a, b)
                or _bends(normals, a, c)
                or _bends(normals, a, d)
                or _breaks(
                    key[2 * y, 2 * x],
                    key[2 * y, 2 * x + 1],
                    key[2 * y + 1, 2 * x],
                    key[2 * y + 1, 2 * x + 1],
                )
            )
    return out


@kernel
def centres(index: np.ndarray, edge: np.ndarray) -> Samples:
    """Return the samples at the centres of those pixels that hold no edge."""
    size = index.size
    face, pixel = np.empty(size, np.int32), np.empty(size, np.int32)
    x_px, y_px = np.empty(size, np.float32), np.empty(size, np.float32)
    n = 0
    for y in range(index.shape[0]):
        for x in range(index.shape[1]):
            if index[y, x] >= 0 and not edge[y, x]:
                face[n], x_px[n], y_px[n] = index[y, x], x, y
                pixel[n] = y * index.shape[1] + x
                n += 1
    return Samples(face[:n], x_px[:n], y_px[:n], pixel[:n], 1.0)


@kernel
def corners(index: np.ndarray, edge: np.ndarray) -> Samples:
    """Return the four samples of each edge pixel, as far as they hit something.

    ``index`` (2h, 2w) is that of ``Fine``.
    """
    size = 0
    for y in range(edge.shape[0]):
        for x in range(edge.shape[1]):
            size += 4 if edge[y, x] else 0
    face, pixel = np.empty(size, np.int32), np.empty(size, np.int32)
    x_px, y_px = np.empty(size, np.float32), np.empty(size, np.float32)
    n = 0
    for y in range(edge.shape[0]):
        for x in range(edge.shape[1]):
            if not edge[y, x]:
                continue
            for k in range(4):
                i, j = 2 * y + k // 2, 2 * x + k % 2
                if index[i, j] >= 0:
                    face[n], pixel[n] = index[i, j], y * edge.shape[1] + x
                    x_px[n], y_px[n] = 0.5 * j - 0.25, 0.5 * i - 0.25
                    n += 1
    return Samples(face[:n], x_px[:n], y_px[:n], pixel[:n], 0.25)


@kernel
def gather(light: np.ndarray, samples: Samples, picture: np.ndarray) -> None:
    """Add the light (k, 3) of samples to ``picture`` (pixels, 4); the fourth counts coverage."""
    pixel, share = samples.pixel, np.float32(samples.share)
    for i in range(len(pixel)):
        p = pixel[i]
        for k in range(3):
            picture[p, k] += share * light[i, k]
        picture[p, 3] += share


@kernel
def encode(
    picture: np.ndarray, background: tuple[float, float, float], codes: np.ndarray
) -> np.ndarray:
    """Return sRGB (pixels, 3) uint8 over the background; ``codes`` is the encoding table."""
    out = np.empty((len(picture), 3), np.uint8)
    steps = np.float32(len(codes) - 1)
    half, zero, one = np.float32(0.5), np.float32(0.0), np.float32(1.0)
    for p in range(len(picture)):
        rest = one - picture[p, 3]
        for k in range(3):
            value = picture[p, k] + rest * np.float32(background[k])
            out[p, k] = codes[int(min(max(value, zero), one) * steps + half)]
    return out
