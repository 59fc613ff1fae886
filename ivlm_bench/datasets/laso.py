"""LASO: which part of a point cloud a question in words asks for (CVPR 2024).

Layout and question: LASO@c412ec37 data_utils/shapenetpart.py. Question 0 is asked at test, the
others are for training. "seen" and "unseen" are scored on the same file: they differ in which pairs
of object and affordance a method was trained on (as in GEAL's public loader).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32, Float64

from ivlm_bench.datasets.clouds import N_POINTS, centred, cloud_array, positive
from ivlm_bench.datasets.pickles import as_mapping, load_pickle
from ivlm_bench.datasets.questions import question
from ivlm_bench.datasets.spec import DataItem, DataSet, add_dataset
from ivlm_bench.datasets.streams import distinct, each_row
from ivlm_bench.errors import AssetError

#: Ending of the files of each split.
_PARTS = {"seen": "test", "unseen": "test", "val": "val"}
_QUESTIONS = "Affordance-Question.csv"
#: Column of the question that is asked at test.
_ASKED = "Question0"
_KEYS = ("shape_id", "class", "affordance", "mask")


class _Clouds:
    """The objects of a split; the file is read when the first cloud is asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def all(self) -> Mapping[Any, Any]:
        """Points (2048, 3) by shape."""
        return as_mapping(self.path, load_pickle(self.path), what="its objects")

    def points(self, shape_id: str) -> Float64[np.ndarray, "2048 3"]:
        """Return the normalised points of a shape; ``AssetError`` if there are none."""
        if shape_id not in self.all:
            raise AssetError(
                f"{self.path} has no shape {shape_id!r}, which the annotations ask for; take both "
                "files from one archive."
            )
        what = f"shape {shape_id!r}"
        return centred(cloud_array(self.path, self.all[shape_id], (N_POINTS, 3), what=what))


def _items(folder: Path, split: str) -> Iterator[DataItem]:
    part = _PARTS[split]
    notes, objects = folder / f"anno_{part}.pkl", folder / f"objects_{part}.pkl"
    for needed in (notes, objects, folder / _QUESTIONS):
        if not needed.is_file():
            raise LASO.missing(needed)
    entries = load_pickle(notes)
    if not isinstance(entries, list):
        raise AssetError(f"{notes} holds no list of annotations; take the owner's file.")
    make = partial(_item, notes, _Clouds(objects), _questions(folder / _QUESTIONS))
    return distinct(each_row(entries, make), notes)


def _item(
    notes: Path, clouds: _Clouds, asked: Mapping[tuple[str, str], str], number: int, entry: Any
) -> DataItem:
    if not isinstance(entry, Mapping) or any(key not in entry for key in _KEYS):
        raise AssetError(
            f"{notes} entry {number} is no dictionary with {', '.join(_KEYS)}; take the owner's "
            "file."
        )
    thing, affordance, shape_id = (str(entry[k]) for k in ("class", "affordance", "shape_id"))
    what = f"the mask of entry {number}"
    return DataItem(
        id=f"{thing}/{affordance}/{shape_id}",
        truth=partial(_truth, notes, entry["mask"], what),
        query=question(affordance, thing, text=asked.get((thing, affordance))),
        points_m=partial(clouds.points, shape_id),
        mask=partial(_mask, notes, entry["mask"], what),
        category=affordance,
        cluster=shape_id,
    )


def _truth(path: Path, mask: Any, what: str) -> Float32[np.ndarray, " n"]:
    return cloud_array(path, mask, (N_POINTS,), what=what).astype(np.float32)


def _mask(path: Path, mask: Any, what: str) -> Bool[np.ndarray, " n"]:
    return positive(_truth(path, mask, what))


def _questions(path: Path) -> dict[tuple[str, str], str]:
    """Return the test question by (object, affordance); ours stand in where the file has none."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise AssetError(f"{path} can't be read as a table ({error}); copy it again.") from None
    wanted = ("Object", "Affordance", _ASKED)
    if not rows or any(rows[0].get(column) is None for column in wanted):
        raise AssetError(f"{path} lacks a column of {', '.join(wanted)}; take the owner's file.")
    return {(row["Object"], row["Affordance"]): row[_ASKED] for row in rows}


LASO = add_dataset(
    DataSet(
        name="laso",
        title="LASO: part of a point cloud that a question asks for (23 objects, 18 affordances)",
        splits=tuple(_PARTS),
        profiles=("laso",),
        items=_items,
        layout=(
            "anno_{test,val}.pkl, objects_{test,val}.pkl (shape to points)",
            f"{_QUESTIONS} (Object, Affordance, Question0 to Question14)",
        ),
        where="Google Drive, linked from github.com/yl3800/LASO",
        licence="none stated",
    )
)
