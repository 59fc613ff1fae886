"""Pictures to draw on: windows of views at one size, side by side, with titles and a legend."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32, Float64, UInt8
from PIL import Image, ImageDraw, ImageFont

from ivlm_bench.geometry.camera import project
from ivlm_bench.types import View
from ivlm_policies.ivlm.stages import Crop

Colour = tuple[int, int, int]

#: Side of a tile, and heights of its title and of a legend, px.
TILE_PX, TITLE_PX, LEGEND_PX = 288, 22, 26
#: Gap between tiles, radius of a point, size of letters, px.
GAP_PX, DOT_PX, FONT_PX = 6, 2.2, 13
#: Points nearer to the camera plane than this (m) are not drawn.
NEAR_M = 0.02
BEYOND: Colour = (226, 228, 232)
PAPER: Colour = (255, 255, 255)
INK: Colour = (30, 32, 38)
CASING: Colour = (16, 16, 20)


class Tile:
    """A square window of a view, enlarged to one size, to be drawn on."""

    def __init__(self, view: View, window: Crop, title: str) -> None:
        self.view, self.window, self.title = view, window, title
        self.image = self._cut(Image.fromarray(view.rgb), BEYOND)

    def _cut(self, whole: Image.Image, fill: Colour | int = 0) -> Image.Image:
        """Return the window of a picture; what lies beyond its border is filled."""
        w = self.window
        box = (w.left_px, w.top_px, w.left_px + w.side_px, w.top_px + w.side_px)
        return whole.transform(
            (TILE_PX, TILE_PX),
            Image.Transform.EXTENT,
            box,
            Image.Resampling.BILINEAR,
            fillcolor=fill,
        )

    def heat(self, values: Float32[np.ndarray, "h w"], paint: UInt8[np.ndarray, "h w 3"]) -> None:
        """Lay colours over the picture, as opaque as the values in [0, 1] say."""
        veil = Image.fromarray(np.round(200.0 * values).astype(np.uint8))
        self.image.paste(self._cut(Image.fromarray(paint)), (0, 0), self._cut(veil))

    def fade(self, share: float) -> None:
        """Mix the picture with white, so that what is drawn next stands out."""
        self.image = Image.blend(self.image, Image.new("RGB", self.image.size, PAPER), share)

    def frame(self, window: Crop) -> None:
        """Draw the outline of another window of the same view."""
        low = self._on_tile(np.array([[window.left_px, window.top_px]]) - 0.5)[0]
        high = low + window.side_px * TILE_PX / self.window.side_px
        pen = ImageDraw.Draw(self.image)
        pen.rectangle((*low, *high), outline=CASING, width=3)
        pen.rectangle((low[0] + 1, low[1] + 1, high[0] - 1, high[1] - 1), outline=PAPER)

    def points(self, points_m: Float64[np.ndarray, "n 3"], colours: np.ndarray) -> None:
        """Draw world points, the far ones first, each in its colour (n, 3)."""
        pen = ImageDraw.Draw(self.image)
        at, ahead_m = project(self.view.camera, points_m)
        shown = np.nonzero((ahead_m > NEAR_M) & np.isfinite(at).all(axis=1))[0]
        for index in shown[np.argsort(-ahead_m[shown], kind="stable")]:
            x, y = self._on_tile(at[index : index + 1])[0]
            box = (x - DOT_PX, y - DOT_PX, x + DOT_PX, y + DOT_PX)
            pen.ellipse(box, fill=tuple(int(c) for c in colours[index]))

    def lines(self, segments_m: Float64[np.ndarray, "s 2 3"], colour: Colour, width: int) -> None:
        """Draw world lines with a dark casing; those that reach behind the camera are left out."""
        pen = ImageDraw.Draw(self.image)
        at, ahead_m = project(self.view.camera, segments_m.reshape(-1, 3))
        ends = self._on_tile(at).reshape(-1, 2, 2)
        kept = ends[(ahead_m.reshape(-1, 2) > NEAR_M).all(axis=1)]
        for paint, room in ((CASING, 2), (colour, 0)):
            for a, b in kept.tolist():
                pen.line([tuple(a), tuple(b)], fill=paint, width=width + room)

    def _on_tile(self, pixels: np.ndarray) -> np.ndarray:
        corner = np.array([self.window.left_px, self.window.top_px])
        return (pixels + 0.5 - corner) * TILE_PX / self.window.side_px


def sheet(
    tiles: Sequence[Tile], legend: Sequence[tuple[str, Colour]] = ()
) -> UInt8[np.ndarray, "h w 3"]:
    """Return tiles side by side under their titles, over a legend of colours."""
    width = len(tiles) * (TILE_PX + GAP_PX) - GAP_PX
    rows = _legend_rows(legend, width)
    height = TITLE_PX + TILE_PX + LEGEND_PX * len(rows)
    out = Image.new("RGB", (width, height), PAPER)
    pen, font = ImageDraw.Draw(out), ImageFont.load_default(FONT_PX)
    for index, tile in enumerate(tiles):
        left = index * (TILE_PX + GAP_PX)
        pen.text((left + 2, 3), tile.title, fill=INK, font=font)
        out.paste(tile.image, (left, TITLE_PX))
    for row, entries in enumerate(rows):
        top = TITLE_PX + TILE_PX + LEGEND_PX * row + 6
        for left, text, colour in entries:
            pen.rectangle((left, top + 1, left + 13, top + 14), fill=colour, outline=INK)
            pen.text((left + 19, top), text, fill=INK, font=font)
    return np.asarray(out)


def _legend_rows(
    legend: Sequence[tuple[str, Colour]], width: int
) -> list[list[tuple[int, str, Colour]]]:
    """Return the entries of a legend with their left edges, as many rows as they need."""
    font = ImageFont.load_default(FONT_PX)
    rows: list[list[tuple[int, str, Colour]]] = []
    left = width
    for text, colour in legend:
        needed = 19 + int(font.getlength(text)) + 18
        if not rows or left + needed > width:
            rows.append([])
            left = 2
        rows[-1].append((left, text, colour))
        left += needed
    return rows
