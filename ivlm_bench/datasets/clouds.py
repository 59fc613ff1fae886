"""Point clouds with affordance columns, as text or arrays; faults are named with their line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64

from ivlm_bench.datasets.pickles import load_npy
from ivlm_bench.datasets.streams import read_lines
from ivlm_bench.errors import AssetError

#: Points of a cloud in PIAD, PIADv2, LASO, 3D AffordanceNet and 3DIR.
N_POINTS = 2048
#: Probability from which on the official codes count a point as positive.
POSITIVE = 0.5


def centred(points: Float[np.ndarray, "n 3"]) -> Float64[np.ndarray, "n 3"]:
    """Return a cloud moved to its mean and divided by its largest radius.

    As all official loaders do (IAGNet@5b9a898a data_utils/dataset_PIAD.py ``pc_normalize``); a
    cloud of one place only stays unscaled.
    """
    moved = points.astype(np.float64) - points.mean(axis=0, dtype=np.float64)
    radius = float(np.sqrt((moved**2).sum(axis=1)).max())
    return moved / radius if radius > 0.0 else moved


def positive(values: Float[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
    """Return which points a right answer marks."""
    return values >= POSITIVE


def read_text_cloud(
    path: Path, *, n_columns: int, n_skipped: int = 0
) -> Float64[np.ndarray, "2048 c"]:
    """Return the numbers of a text cloud: one point a line, columns parted by blanks.

    Parameters
    ----------
    path
        The file.
    n_columns
        How many numbers a line must have after the skipped words.
    n_skipped
        Words at the start of a line that are no numbers (an id, the object's name).

    Raises
    ------
    AssetError
        If the file is missing, or a line has another number of columns or no finite numbers, or
        there are not 2048 lines.
    """
    lines = read_lines(path)
    if len(lines) != N_POINTS:
        raise AssetError(
            f"{path} has {len(lines)} points where {N_POINTS} are expected, so it is cut off or of "
            "another set; copy it again from its owner's archive."
        )
    rows = [_numbers(path, number, line, n_skipped) for number, line in enumerate(lines, start=1)]
    for number, row in enumerate(rows, start=1):
        if len(row) != n_columns:
            raise AssetError(
                f"{path} line {number} has {len(row) + n_skipped} columns where "
                f"{n_columns + n_skipped} are expected; copy it again from its owner's archive."
            )
    return finite(path, np.array(rows, dtype=np.float64), what="line")


def _numbers(path: Path, number: int, line: str, n_skipped: int) -> list[float]:
    try:
        return [float(word) for word in line.split()[n_skipped:]]
    except ValueError:
        raise AssetError(
            f"{path} line {number} holds something that is no number ({line[:60]!r}); copy the "
            "file again from its owner's archive."
        ) from None


def read_array_cloud(path: Path, *, n_columns: int) -> Float64[np.ndarray, "2048 c"]:
    """Return the numbers of a ``.npy`` cloud of shape (2048, ``n_columns``).

    Raises
    ------
    AssetError
        If the file is missing or damaged, or its array has another shape or is not finite.
    """
    values = load_npy(path)
    return cloud_array(path, values, (N_POINTS, n_columns), what="the cloud")


def cloud_array(path: Path, values: Any, shape: tuple[int, ...], *, what: str) -> np.ndarray:
    """Return ``values`` in float64 if they have the shape and are finite.

    Raises
    ------
    AssetError
        Otherwise; the message names the file, ``what`` it is and the cause.
    """
    array = np.asarray(values)
    if array.size == np.prod(shape) and array.dtype.kind in "fiub":
        return finite(path, array.reshape(shape).astype(np.float64), what=f"{what}: row")
    raise AssetError(
        f"{path} holds {what} with shape {array.shape} and type {array.dtype} where numbers of "
        f"shape {shape} are expected; take the owner's file."
    )


def finite(path: Path, values: Float64[np.ndarray, "n c"], *, what: str) -> np.ndarray:
    """Return ``values``; ``AssetError`` that names the first row with NaN or infinity."""
    bad = ~np.isfinite(values.reshape(len(values), -1)).all(axis=1)
    if not bad.any():
        return values
    raise AssetError(
        f"{path} {what} {int(bad.argmax()) + 1} holds NaN or infinity ({int(bad.sum())} such in "
        "all); copy the file again from its owner's archive."
    )


#: Reads a whole cloud: coordinates and then affordances.
ReadCloud = Callable[[], np.ndarray]


def cloud_parts(read: ReadCloud, column: int) -> Mapping[str, Any]:
    """Return readers of truth, points and mask for a ``DataItem``.

    Parameters
    ----------
    read
        Reads the array (n, 3 + affordances).
    column
        Which affordance is asked, counted from 0 after x, y and z.
    """
    return {
        "truth": partial(_truth, read, column),
        "points_m": partial(_points, read),
        "mask": partial(_mask, read, column),
    }


def _truth(read: ReadCloud, column: int) -> Float32[np.ndarray, " n"]:
    return read()[:, 3 + column].astype(np.float32)


def _points(read: ReadCloud) -> Float64[np.ndarray, "n 3"]:
    return centred(read()[:, :3])


def _mask(read: ReadCloud, column: int) -> Bool[np.ndarray, " n"]:
    return positive(_truth(read, column))
