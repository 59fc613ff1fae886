"""Marks that are drawn on pictures: the outline of the true region, the arrow of a force."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

#: Colour of the true region's outline, sRGB, and of the casing that sets marks off any ground.
TRUTH_COLOUR = (255, 255, 255)
FORCE_COLOUR = (242, 122, 38)
CASING = (20, 22, 26)
#: Widths of an arrow and of its casing, px.
LINE_PX, CASING_PX = 3, 5
#: Length of an arrow's head, px, and half its width as a share of that.
HEAD_PX, HEAD_SHARE = 11.0, 0.5


def outline(rgb: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return an image (h, w, 3) with a line drawn just around a region (h, w) bool."""
    out = rgb.copy()
    line = _grown(mask)
    out[_grown(line) & ~line] = CASING
    out[line & ~mask] = TRUTH_COLOUR
    return out


def arrow(rgb: np.ndarray, start_px: np.ndarray, end_px: np.ndarray) -> np.ndarray:
    """Return an image with an arrow between two pixels (x, y); both may lie outside of it."""
    image = Image.fromarray(rgb)
    draw = ImageDraw.Draw(image)
    along = np.asarray(end_px, float) - start_px
    length = float(np.linalg.norm(along))
    if length < 1.0:  # straight at the camera: a dot says so
        _dot(draw, np.asarray(end_px, float))
        return np.asarray(image)
    along /= length
    across = np.array([-along[1], along[0]]) * HEAD_PX * HEAD_SHARE
    neck = end_px - along * min(HEAD_PX, length)
    for colour, width, room in ((CASING, CASING_PX, 1.5), (FORCE_COLOUR, LINE_PX, 0.0)):
        draw.line([tuple(start_px), tuple(neck)], fill=colour, width=width)
        grown = across * (1.0 + room / HEAD_PX * 2.0)
        tip, base = end_px + along * room, neck - along * room
        draw.polygon([tuple(tip), tuple(base + grown), tuple(base - grown)], fill=colour)
    return np.asarray(image)


def _dot(draw: ImageDraw.ImageDraw, centre_px: np.ndarray) -> None:
    x, y = centre_px
    for colour, radius in ((CASING, CASING_PX), (FORCE_COLOUR, LINE_PX)):
        draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=colour)


def _grown(mask: np.ndarray) -> np.ndarray:
    """Return a region grown by one pixel in each of the eight directions."""
    padded = np.pad(mask, 1)
    rows = padded[:-2] | padded[1:-1] | padded[2:]
    return rows[:, :-2] | rows[:, 1:-1] | rows[:, 2:]
