"""Procedural textures: small tileable sRGB images drawn from a random generator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numba
import numpy as np
from jaxtyping import Float64, UInt8

Colour = tuple[int, int, int]

#: Side of most textures (px).
TEXTURE_SIZE_PX = 96

#: Colours that hold apart under any light of the renderers (sRGB).
GLAZES: tuple[Colour, ...] = (
    (222, 216, 202),
    (64, 98, 138),
    (150, 62, 50),
    (74, 120, 92),
    (196, 148, 66),
    (58, 60, 68),
    (120, 84, 120),
    (98, 158, 164),
    (206, 128, 108),
    (160, 168, 150),
)
WOODS: tuple[Colour, ...] = (
    (186, 140, 92),
    (140, 92, 56),
    (210, 176, 130),
    (110, 76, 54),
    (168, 112, 74),
    (198, 188, 170),
)
METALS: tuple[Colour, ...] = ((176, 178, 182), (140, 144, 150), (190, 176, 140), (92, 94, 100))


def pick(rng: np.random.Generator, colours: Sequence[Colour]) -> Colour:
    """Draw one colour."""
    return colours[int(rng.integers(len(colours)))]


def jittered(rng: np.random.Generator, colour: Colour, spread: float = 10.0) -> Colour:
    """Draw a colour near ``colour`` (standard deviation in 8-bit steps)."""
    r, g, b = np.clip(np.asarray(colour) + rng.normal(0.0, spread, 3), 8, 247).astype(int)
    return int(r), int(g), int(b)


def noise(
    rng: np.random.Generator, height_px: int, width_px: int, cells: tuple[int, int]
) -> Float64[np.ndarray, "h w"]:
    """Return tileable value noise in [0, 1] with (rows, columns) random cells."""
    return _interpolated(rng.random(cells), height_px, width_px)


@numba.njit(cache=True)
def _interpolated(grid: np.ndarray, height_px: int, width_px: int) -> np.ndarray:
    """Return an image (h, w) eased bilinearly between the values of a grid that repeats."""
    n_rows, n_columns = grid.shape
    out = np.empty((height_px, width_px))
    columns = np.arange(width_px) * n_columns / width_px
    left = columns.astype(np.int64)
    right = (left + 1) % n_columns
    easing = _ease(columns - left)
    for y in range(height_px):
        row = y * n_rows / height_px
        r0 = int(row)
        r1, down = (r0 + 1) % n_rows, _ease(row - r0)
        for x in range(width_px):
            c0, c1, along = left[x], right[x], easing[x]
            top = grid[r0, c0] * (1 - along) + grid[r0, c1] * along
            low = grid[r1, c0] * (1 - along) + grid[r1, c1] * along
            out[y, x] = top * (1 - down) + low * down
    return out


@numba.njit(cache=True)
def _ease(t: Any) -> Any:
    """Return t^2 (3 - 2 t), of numbers and of arrays alike."""
    return t * t * (3 - 2 * t)


def shaded(colour: Colour, gain: Float64[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w 3"]:
    """Return ``colour`` multiplied by a gain image."""
    return _tinted(np.array(colour, np.float64), np.ascontiguousarray(gain))


@numba.njit(cache=True)
def _tinted(colour: np.ndarray, gain: np.ndarray) -> np.ndarray:
    out = np.empty((*gain.shape, 3), np.uint8)
    for y in range(gain.shape[0]):
        for x in range(gain.shape[1]):
            for k in range(3):
                value = np.rint(colour[k] * gain[y, x])
                out[y, x, k] = np.uint8(min(max(value, 0.0), 255.0))
    return out


def as_image(values: np.ndarray) -> UInt8[np.ndarray, "h w 3"]:
    """Round and clip to 8 bits."""
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def mixed(
    a: UInt8[np.ndarray, "h w 3"], b: UInt8[np.ndarray, "h w 3"], weight: np.ndarray
) -> UInt8[np.ndarray, "h w 3"]:
    """Return ``a`` where ``weight`` (h, w) is 0 and ``b`` where it is 1."""
    return _mixed(a, b, np.ascontiguousarray(weight, np.float64))


@numba.njit(cache=True)
def _mixed(a: np.ndarray, b: np.ndarray, weight: np.ndarray) -> np.ndarray:
    out = np.empty(a.shape, np.uint8)
    for y in range(a.shape[0]):
        for x in range(a.shape[1]):
            w = weight[y, x]
            for k in range(3):
                value = np.rint(a[y, x, k] * (1 - w) + b[y, x, k] * w)
                out[y, x, k] = np.uint8(min(max(value, 0.0), 255.0))
    return out


def plain(
    rng: np.random.Generator, colour: Colour, size_px: int = TEXTURE_SIZE_PX
) -> UInt8[np.ndarray, "h w 3"]:
    """Return one colour with faint clouds, as glaze or paint has."""
    return shaded(colour, 0.96 + 0.08 * noise(rng, size_px, size_px, (5, 5)))


def stripes(
    rng: np.random.Generator, colours: tuple[Colour, Colour], *, upright: bool = False
) -> UInt8[np.ndarray, "h w 3"]:
    """Return stripes of two colours around (or, ``upright``, along) the object."""
    n, share = int(rng.integers(2, 6)), float(rng.uniform(0.25, 0.6))
    phase = (np.arange(TEXTURE_SIZE_PX) * n / TEXTURE_SIZE_PX) % 1.0
    band = np.broadcast_to(phase < share, (TEXTURE_SIZE_PX, TEXTURE_SIZE_PX))
    return mixed(plain(rng, colours[0]), plain(rng, colours[1]), band if upright else band.T)


def speckles(
    rng: np.random.Generator, colours: tuple[Colour, Colour]
) -> UInt8[np.ndarray, "h w 3"]:
    """Return a glaze with dark or light grains."""
    grain = noise(rng, TEXTURE_SIZE_PX, TEXTURE_SIZE_PX, (48, 48)) > rng.uniform(0.78, 0.9)
    return mixed(plain(rng, colours[0]), plain(rng, colours[1]), grain)


def dots(rng: np.random.Generator, colours: tuple[Colour, Colour]) -> UInt8[np.ndarray, "h w 3"]:
    """Return regular polka dots."""
    n = int(rng.integers(3, 7))
    phase = (np.arange(TEXTURE_SIZE_PX) * n / TEXTURE_SIZE_PX) % 1.0 - 0.5
    disc = np.hypot(phase[:, None], phase[None, :]) < rng.uniform(0.18, 0.32)
    return mixed(plain(rng, colours[0]), plain(rng, colours[1]), disc)


def two_tone(
    rng: np.random.Generator, colours: tuple[Colour, Colour]
) -> UInt8[np.ndarray, "h w 3"]:
    """Return a dipped glaze: one colour above an uneven line, another below."""
    line = rng.uniform(0.35, 0.7) + 0.06 * noise(rng, 1, TEXTURE_SIZE_PX, (1, 8))[0]
    below = np.linspace(0.0, 1.0, TEXTURE_SIZE_PX)[:, None] > line[None, :]
    return mixed(plain(rng, colours[0]), plain(rng, colours[1]), below)


def wood(
    rng: np.random.Generator, colour: Colour, size_px: int = TEXTURE_SIZE_PX
) -> UInt8[np.ndarray, "h w 3"]:
    """Return wood with the grain along u."""
    warp = noise(rng, size_px, size_px, (4, 2)) * rng.uniform(1.0, 2.5)
    rings = (np.arange(size_px)[:, None] / size_px * int(rng.integers(5, 10)) + warp) % 1.0
    fibres = noise(rng, size_px, size_px, (size_px // 2, 3))
    return shaded(colour, 0.84 + 0.16 * np.abs(2 * rings - 1) + 0.10 * fibres)


def planks(
    rng: np.random.Generator, colour: Colour, size_px: int = 128
) -> UInt8[np.ndarray, "h w 3"]:
    """Return parallel boards of slightly different tone with dark joints, grain along u."""
    image = wood(rng, colour, size_px).astype(float)
    n = int(rng.integers(2, 5))
    board = np.arange(size_px) * n // size_px
    image *= rng.uniform(0.88, 1.08, n)[board][:, None, None]
    image[np.diff(board, prepend=-1) > 0] *= 0.55
    return as_image(image)


def stone(
    rng: np.random.Generator, colour: Colour, size_px: int = 128
) -> UInt8[np.ndarray, "h w 3"]:
    """Return mottled stone or laminate."""
    coarse, fine = noise(rng, size_px, size_px, (6, 6)), noise(rng, size_px, size_px, (50, 50))
    return shaded(colour, 0.90 + 0.06 * coarse + 0.12 * fine)


def brushed_metal(rng: np.random.Generator, colour: Colour) -> UInt8[np.ndarray, "h w 3"]:
    """Return metal brushed along u."""
    streaks = noise(rng, TEXTURE_SIZE_PX, TEXTURE_SIZE_PX, (TEXTURE_SIZE_PX, 2))
    sheen = noise(rng, TEXTURE_SIZE_PX, TEXTURE_SIZE_PX, (3, 2))
    return shaded(colour, 0.92 + 0.07 * streaks + 0.10 * sheen)


def cardboard(
    rng: np.random.Generator, colour: Colour = (182, 142, 98)
) -> UInt8[np.ndarray, "h w 3"]:
    """Return corrugated board: faint upright flutes and fibres."""
    flutes = 0.03 * np.sin(np.arange(TEXTURE_SIZE_PX) * 2 * np.pi * 24 / TEXTURE_SIZE_PX)
    clouds = noise(rng, TEXTURE_SIZE_PX, TEXTURE_SIZE_PX, (8, 8))
    fibres = noise(rng, TEXTURE_SIZE_PX, TEXTURE_SIZE_PX, (40, 40))
    return shaded(colour, 0.90 + flutes[None, :] + 0.08 * clouds + 0.06 * fibres)
