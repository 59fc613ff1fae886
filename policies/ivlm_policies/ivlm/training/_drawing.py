"""Pictures of a training: curves, and what the net says beside the truth, drawn with Pillow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from ivlm_policies.ivlm.stages import Crop

#: Size (px) of the curves, and of the frame about them.
WIDE_PX, HIGH_PX, FRAME_PX = 720, 320, 40
#: Steps that a curve is averaged over.
SMOOTH = 25
#: Side (px) of a picture in the sheet, room for its words, columns of pairs.
TILE_PX, WORDS_PX, N_COLUMNS = 200, 30, 3
INK = ("#1f6fb2", "#c8501e", "#2a8c4a", "#8d3fa8", "#7a6a00")


def draw_curves(curve: Sequence[Mapping[str, float]], path: Path) -> None:
    """Draw the losses over the steps, each smoothed, logarithmic upwards."""
    image = Image.new("RGB", (WIDE_PX, HIGH_PX), "white")
    pen = ImageDraw.Draw(image)
    names = list(curve[0])
    lines = {name: _smooth(np.array([step[name] for step in curve])) for name in names}
    logs = {name: np.log10(np.maximum(line, 1e-3)) for name, line in lines.items()}
    low, high = (f([f(line) for line in logs.values()]) for f in (min, max))
    span = max(float(high - low), 1e-6)
    for ink, name in zip(INK, names, strict=False):
        x = np.linspace(FRAME_PX, WIDE_PX - FRAME_PX, len(logs[name]))
        y = HIGH_PX - FRAME_PX - (logs[name] - low) / span * (HIGH_PX - 2 * FRAME_PX)
        pen.line([(float(a), float(b)) for a, b in zip(x, y, strict=True)], fill=ink, width=2)
        last = f"{name} {lines[name][-1]:.3f}"
        pen.text((WIDE_PX - 190, 8 + 12 * names.index(name)), last, fill=ink)
    pen.text((8, 8), f"{10**high:.2g}", fill="black")
    pen.text((8, HIGH_PX - FRAME_PX), f"{10**low:.2g}", fill="black")
    pen.text((FRAME_PX, HIGH_PX - 20), f"loss over {len(curve)} steps", fill="black")
    image.save(path)


def _smooth(values: np.ndarray) -> np.ndarray:
    width = min(SMOOTH, len(values))
    return np.convolve(values, np.ones(width) / width, mode="valid")


def draw_sheet(
    tiles: Sequence[tuple[str, np.ndarray, np.ndarray, np.ndarray, Crop]], path: Path
) -> None:
    """Draw questions in pairs: the truth beside what the net says, both over the picture.

    Each entry: words, picture (p, p, 3), truth and probability (p, p), the window looked at.
    """
    rows = -(-len(tiles) // N_COLUMNS)
    sheet = Image.new("RGB", (N_COLUMNS * 2 * TILE_PX, rows * (TILE_PX + WORDS_PX)), "white")
    pen = ImageDraw.Draw(sheet)
    for i, (words, rgb, truth, prob, crop) in enumerate(tiles):
        left, top = (i % N_COLUMNS) * 2 * TILE_PX, (i // N_COLUMNS) * (TILE_PX + WORDS_PX)
        for k, values in enumerate((truth, prob)):
            sheet.paste(_over(rgb, values), (left + k * TILE_PX, top + WORDS_PX))
        scale = TILE_PX / rgb.shape[0]
        low = np.array([crop.left_px, crop.top_px])
        frame = np.clip(np.array([low, low + crop.side_px]) * scale, 1.0, TILE_PX - 2.0)
        frame += np.array([left + TILE_PX, top + WORDS_PX])
        pen.rectangle([float(v) for v in frame.ravel()], outline="#ffd000")
        pen.text((left + 2, top + 2), words, fill="black")
    sheet.save(path)


def _over(rgb: np.ndarray, values: np.ndarray) -> Image.Image:
    """Return a picture in grey with a map over it in red."""
    grey = np.repeat(rgb.mean(axis=2, keepdims=True), 3, axis=2)
    share = 0.75 * np.clip(values, 0.0, 1.0)[..., None]
    mixed = (1.0 - share) * (0.6 * rgb + 0.4 * grey) + share * np.array([255.0, 20.0, 20.0])
    return Image.fromarray(mixed.astype(np.uint8)).resize((TILE_PX, TILE_PX))
