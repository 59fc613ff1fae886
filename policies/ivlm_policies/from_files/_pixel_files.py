"""Files about pixels: heat maps as npz or PNG, and points as lines of JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from PIL import Image, UnidentifiedImageError

from ivlm_bench.datasets.pickles import load_npz_objects
from ivlm_bench.errors import ConfigError, InvalidAnswerError, IvlmBenchError
from ivlm_bench.types import View

#: Full scales of coordinates by name; None for pixels of the view.
SCALES: dict[str, float | None] = {"px": None, "unit": 1.0, "100": 100.0, "1000": 1000.0}
#: Orders in which a point's coordinates may come.
ORDERS = ("xy", "yx")


def heat_maps(files: Mapping[int, Path], views: tuple[View, ...]) -> np.ndarray:
    """Return maps (v, h, w) in [0, 1]: of an npz, or of one grey PNG a view; others are zero.

    An npz holds one array (v, h, w), or (h, w) for one view, in [0, 1]. A map of another size is
    brought to its view's.

    Raises
    ------
    InvalidAnswerError
        If a file is damaged, names a view that is not there, or a value is outside of [0, 1].
    """
    given: dict[int, np.ndarray] = {}
    for number, path in files.items():
        given |= {number: _png(path)} if path.suffix == ".png" else _npz(path, number)
    maps = []
    for index, view in enumerate(views):
        size = (view.camera.width_px, view.camera.height_px)
        maps.append(_sized(given.pop(index, np.zeros(size[::-1], np.float32)), size))
    if given:
        path = next(iter(files.values()))
        raise InvalidAnswerError(
            f"{path}: there is a map for view {min(given)}; there are {len(views)} views, counted "
            "from 0."
        )
    if len({one.shape for one in maps}) > 1:
        raise InvalidAnswerError("Views of different sizes can't have maps in one array.")
    return np.stack(maps)


class PointLines:
    """All ``*.jsonl`` files of a folder: lines ``{"key", "points": [[x, y], ...], "view"}``.

    Parameters
    ----------
    folder : str
        With the files; a line may say ``"abstain": true`` instead of points.
    scale, order : str
        ``px``, ``unit``, ``100`` or ``1000``, the full width and height; ``xy`` or ``yx``.

    Raises
    ------
    ConfigError
        If there is no such file, a line is none, or the scale or order is unknown.
    """

    def __init__(self, folder: str, *, scale: str, order: str) -> None:
        if scale not in SCALES or order not in ORDERS:
            raise ConfigError(
                f"-P scale={scale} -P order={order} is unknown; scales are {', '.join(SCALES)}, "
                f"orders {', '.join(ORDERS)}."
            )
        self.folder, self._full, self._swapped = Path(folder), SCALES[scale], order == "yx"
        paths = sorted(self.folder.rglob("*.jsonl")) if self.folder.is_dir() else []
        if not paths:
            raise ConfigError(
                f"-P folder={folder} holds no *.jsonl; name the one with the results."
            )
        self._lines: dict[str, list[dict[str, Any]]] = {}
        for path in paths:
            for number, line in enumerate(_lines(path), start=1):
                self._add(path, number, line)

    def points_px(self, key: str, views: tuple[View, ...]) -> np.ndarray | None:
        """Return rows (view, x, y), or None where all lines about the question abstain.

        Raises
        ------
        InvalidAnswerError
            If there is no line about it, or one names a view that is not there.
        """
        if key not in self._lines:
            raise InvalidAnswerError(
                f"{self.folder} holds no line about this question (key {key}); the results may be "
                "of another suite, track or size."
            )
        rows = [row for line in self._lines[key] for row in self._rows(line, views)]
        return np.array(rows, np.float32) if rows else None

    def _rows(self, line: dict[str, Any], views: tuple[View, ...]) -> list[list[float]]:
        view = line.get("view", 0)
        if not isinstance(view, int) or not 0 <= view < len(views):
            raise InvalidAnswerError(
                f"{line['key']}: a line names view {view!r}; there are {len(views)} views."
            )
        camera = views[view].camera
        try:
            pairs = np.array(line.get("points", ()), np.float64).reshape(-1, 2)
        except (TypeError, ValueError):
            raise InvalidAnswerError(f"{line['key']}: points are no list of [x, y].") from None
        pairs = pairs[:, ::-1] if self._swapped else pairs
        if self._full is not None:
            # From 0 at the image's edge to the full scale at the other one; pixel 0's centre is 0.
            pairs = pairs / self._full * (camera.width_px, camera.height_px) - 0.5
        return [[float(view), float(x), float(y)] for x, y in pairs]

    def _add(self, path: Path, number: int, line: bytes) -> None:
        try:
            entry = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ConfigError(f"{path} line {number} is no JSON ({error}); mend it.") from None
        if not isinstance(entry, dict) or not isinstance(entry.get("key"), str):
            raise ConfigError(f"{path} line {number} has no text 'key'; mend it.")
        if not entry.get("abstain") and "points" not in entry:
            raise ConfigError(f"{path} line {number} has neither 'points' nor 'abstain'; mend it.")
        self._lines.setdefault(entry["key"], []).append(entry)


def _lines(path: Path) -> list[bytes]:
    try:
        return [line for line in path.read_bytes().splitlines() if line.strip()]
    except OSError as error:
        raise ConfigError(f"{path} can't be read: {error.strerror}.") from None


def _png(path: Path) -> np.ndarray:
    try:
        with Image.open(path) as image:
            if image.mode not in ("L", "1", "I;16", "I"):
                raise InvalidAnswerError(
                    f"{path} has the mode {image.mode}; a heat map is grey, of 8 or 16 bits."
                )
            full = 65535.0 if image.mode.startswith("I") else 255.0
            grey = image.convert("L") if image.mode == "1" else image
            return (np.asarray(grey).astype(np.float32) / full).clip(0.0, 1.0)
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise InvalidAnswerError(f"{path} can't be read as PNG: {error}.") from None


def _npz(path: Path, view: int) -> dict[int, np.ndarray]:
    try:
        arrays = load_npz_objects(path)
    except IvlmBenchError as error:
        raise InvalidAnswerError(str(error)) from None
    if len(arrays) != 1:
        raise InvalidAnswerError(
            f"{path} holds {', '.join(arrays) or 'nothing'}; one array of maps was expected."
        )
    maps = next(iter(arrays.values()))
    if maps.dtype.kind not in "fiub" or maps.ndim not in (2, 3) or 0 in maps.shape:
        raise InvalidAnswerError(f"{path} holds an array {maps.shape} of {maps.dtype}, no maps.")
    maps = maps.astype(np.float32)
    if not (np.isfinite(maps).all() and maps.min() >= 0.0 and maps.max() <= 1.0):
        raise InvalidAnswerError(f"{path} has values outside of [0, 1]; scale the maps first.")
    return {view: maps} if maps.ndim == 2 else dict(enumerate(maps))


def _sized(one: np.ndarray, size_px: tuple[int, int]) -> np.ndarray:
    if one.shape == size_px[::-1]:
        return one
    resized = Image.fromarray(one, mode=None).resize(size_px, Image.Resampling.BILINEAR)
    return np.asarray(resized, np.float32).clip(0.0, 1.0)
