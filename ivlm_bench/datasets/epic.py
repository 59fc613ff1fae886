"""EPIC-KITCHENS-100 action detection: when which verb and noun happen in a video (C2).

Layout: the public annotations, as a table of CSV or a pickled DataFrame indexed by narration_id;
C2-Action-Detection@48357214 EvaluationCode/evaluate_detection_json_ek100.py reads the pickle.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ivlm_bench.datasets.pickles import PANDAS_TABLE, load_pickle
from ivlm_bench.datasets.spec import DataItem, DataSet, add_dataset
from ivlm_bench.errors import AssetError

#: Columns that the protocol uses, and the row's own name.
COLUMNS = ("video_id", "start_timestamp", "stop_timestamp", "verb_class", "noun_class")
_NAME = "narration_id"
_ENDINGS = (".pkl", ".csv")
_TIME_PARTS = 3


def _items(folder: Path, split: str) -> Iterator[DataItem]:
    path = _table(folder, f"EPIC_100_{split}")
    videos: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
    first: dict[str, str] = {}
    faults: dict[str, str] = {}
    for place, row in _rows(path):
        video, name = str(row["video_id"]), str(row[_NAME])
        videos.setdefault(video, []).append((place, row))
        if name in first:
            faults[video] = f"{place} has the narration_id of {first[name]}; delete one of them."
        first.setdefault(name, place)
    if not videos:
        raise AssetError(f"{path} has no row; copy it again from its owner's archive.")
    for video, rows in videos.items():
        yield DataItem(
            id=video,
            truth=partial(_annotations, rows, faults.get(video)),
            category=video.split("_", maxsplit=1)[0],
            cluster=video,
        )


def _table(folder: Path, stem: str) -> Path:
    for ending in _ENDINGS:
        if (folder / f"{stem}{ending}").is_file():
            return folder / f"{stem}{ending}"
    raise EPIC.missing(folder / f"{stem}.csv")


def _rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield (place, row) of a table; ``AssetError`` if it is damaged or lacks a column."""
    if path.suffix == ".pkl":
        yield from _pickled(path)
        return
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            _require(path, reader.fieldnames or ())
            for row in reader:
                yield f"{path} line {reader.line_num}", row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise AssetError(f"{path} can't be read ({error}); copy it again.") from None


def _pickled(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    frame = load_pickle(path, extra=PANDAS_TABLE)
    if not hasattr(frame, "to_dict") or not hasattr(frame, "reset_index"):
        raise AssetError(f"{path} holds no table; take EPIC_100_validation.pkl of the owner.")
    if _NAME not in frame.columns:
        frame = frame.reset_index(names=_NAME)
    _require(path, [str(column) for column in frame.columns])
    for index, row in enumerate(frame.to_dict("records"), start=1):
        yield f"{path} row {index}", row


def _require(path: Path, columns: Any) -> None:
    lacking = [name for name in (*COLUMNS, _NAME) if name not in columns]
    if lacking:
        raise AssetError(f"{path} has no column {', '.join(lacking)}; take the owner's file.")


def _annotations(
    rows: list[tuple[str, Mapping[str, Any]]], fault: str | None
) -> list[dict[str, Any]]:
    """Return the rows of a video; ``AssetError`` that names the row that can't be read."""
    if fault is not None:
        raise AssetError(fault)
    return [_annotation(place, row) for place, row in rows]


def _annotation(place: str, row: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {name: row[name] for name in (*COLUMNS, _NAME)}
    try:
        for name in ("start_timestamp", "stop_timestamp"):
            if len([float(part) for part in found[name].split(":")]) != _TIME_PARTS:
                raise ValueError(f"{name} {found[name]!r}")
        for name in ("verb_class", "noun_class"):
            found[name] = int(found[name])
    except (AttributeError, TypeError, ValueError) as error:
        raise AssetError(f"{place} is malformed ({error}); take the owner's file.") from None
    return found


EPIC = add_dataset(
    DataSet(
        name="epic",
        title="EPIC-KITCHENS-100 action detection: verbs and nouns in time",
        splits=("validation", "train"),
        profiles=("epic:c2",),
        items=_items,
        layout=(
            "EPIC_100_validation.csv (or .pkl, a DataFrame indexed by narration_id) with the "
            f"columns {', '.join(COLUMNS)}",
        ),
        where="github.com/epic-kitchens/epic-kitchens-100-annotations",
        licence="annotations CC BY-NC 4.0 by their repository; videos need registration",
    )
)
