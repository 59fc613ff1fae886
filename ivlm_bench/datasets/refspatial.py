"""RefSpatial-Bench: point at an object or a place that takes several steps to find (2025).

Layout: RoboRefer@d97a995a Evaluation/test_benchmark.py and summarize_acc.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Bool, UInt8

from ivlm_bench.datasets.entries import Entry, asked_text, items_of, json_entries
from ivlm_bench.datasets.images import read_rgb
from ivlm_bench.datasets.spec import DataItem, DataSet, add_dataset
from ivlm_bench.types import Query

_FOLDERS = {"location": "Location", "placement": "Placement", "unseen": "Unseen"}


def _items(folder: Path, split: str) -> Iterator[DataItem]:
    home = folder / _FOLDERS[split]
    questions = home / "question.json"
    if not questions.is_file():
        raise REFSPATIAL.missing(questions)
    return items_of(json_entries(questions), key=_key, make=partial(_item, home))


def _key(entry: Entry) -> str:
    return entry.text("id")


def _item(home: Path, entry: Entry, name: str) -> DataItem:
    mask = home / entry.text("mask_path")
    category = str(entry.fields.get("category", ""))
    is_placement = category.lower().startswith("plac") or home.name == "Placement"
    text = asked_text(entry.text("prompt"))
    return DataItem(
        id=name,
        truth=partial(_first_channel, mask),
        query=Query("place" if is_placement else "point", entry.text("object"), None, text),
        image=home / entry.text("rgb_path"),
        mask=partial(_inside, mask),
        category=f"{entry.fields['step']} steps" if "step" in entry.fields else category,
        cluster=entry.text("rgb_path"),
    )


def _first_channel(mask: Path) -> UInt8[np.ndarray, "h w"]:
    return read_rgb(mask)[:, :, 0]


def _inside(mask: Path) -> Bool[np.ndarray, "h w"]:
    return _first_channel(mask) > 0


REFSPATIAL = add_dataset(
    DataSet(
        name="refspatial",
        title="RefSpatial-Bench: point at what a sentence of several steps describes",
        splits=tuple(_FOLDERS),
        profiles=("refspatial",),
        items=_items,
        layout=(
            "{Location,Placement,Unseen}/question.json: a list of {id, object, prompt, rgb_path, "
            "mask_path, category, step}",
            "the images and masks that it names, below the same folder",
        ),
        where="BAAI/RefSpatial-Bench on Hugging Face, its raw folders",
        licence="Apache-2.0, by its card",
    )
)
