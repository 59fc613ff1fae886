"""A folder of labelled pictures: its arrays and its records."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64, Int16, UInt8, UInt16

from ivlm_bench.errors import AssetError

#: Version of the folder's layout.
VERSION = 1
ORDER, SCENES, QUESTIONS = "order.json", "scenes.jsonl", "questions.jsonl"
ARRAYS = ("rgb", "depth", "surface", "cameras", "maps")


@dataclass(frozen=True, eq=False, slots=True)
class Pictures:
    """Labelled pictures: s scenes of v views, m graded maps; arrays are memory-mapped.

    Attributes
    ----------
    order
        How the folder was made: seed, counts, hashes.
    rgb
        sRGB.
    depth
        z-depth in steps of 0.1 mm; 0 where nothing is.
    surface
        Index into the scene's ``surfaces``; -1 where nothing is.
    cameras
        For each view 3x4 world_from_camera [R|t] (m), then the 3x3 intrinsics (px).
    maps
        Graded truth in steps of 1/255.
    scenes, questions
        Records as in ``scenes.jsonl`` and ``questions.jsonl``. A question whose
        ``target_surfaces`` are empty asks for a thing that is not there: only its ``noun`` tells
        so, and must not be left out in training. Where a scene shows several things, the ``noun``
        (or ``colour``) tells which is meant. ``feasible`` is None where it is not known.
    """

    order: dict[str, Any]
    rgb: UInt8[np.ndarray, "s v h w 3"]
    depth: UInt16[np.ndarray, "s v h w"]
    surface: Int16[np.ndarray, "s v h w"]
    cameras: Float64[np.ndarray, "s v 3 7"]
    maps: UInt8[np.ndarray, "m v h w"]
    scenes: tuple[dict[str, Any], ...]
    questions: tuple[dict[str, Any], ...]


def open_pictures(folder: Path) -> Pictures:
    """Open a folder that ``draw_pictures`` has made.

    Raises
    ------
    AssetError
        If a file is missing or the layout is another version's.
    """
    try:
        order = json.loads((folder / ORDER).read_text())
        if order["version"] != VERSION:
            raise AssetError(
                f"{folder / ORDER} has version {order['version']}; this library reads version "
                f"{VERSION}: draw the pictures anew."
            )
        arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in ARRAYS}
        records = [read_lines(folder / name) for name in (SCENES, QUESTIONS)]
    except (OSError, ValueError, KeyError) as error:
        raise AssetError(
            f"{folder} is no complete folder of pictures to learn from ({error}). "
            "Draw them anew, or leave --pictures out and they are drawn."
        ) from None
    return Pictures(order, **arrays, scenes=records[0], questions=records[1])


def read_lines(path: Path) -> tuple[dict[str, Any], ...]:
    """Return the records of a JSON-lines file."""
    return tuple(json.loads(line) for line in path.read_text().splitlines())


def write_lines(path: Path, records: list[dict[str, Any]]) -> None:
    """Write records as a JSON-lines file."""
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
