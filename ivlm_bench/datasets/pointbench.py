"""Point-Bench: point at what is asked, in five kinds of questions (PointArena, 2025).

Layout: pointarena@dcd82f29 molmo_evaluator.py. Entries of ``data.json`` without a mask are no
questions, as officially.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool

from ivlm_bench.datasets.entries import Entry, items_of, json_entries
from ivlm_bench.datasets.images import read_rgb
from ivlm_bench.datasets.spec import DataItem, DataSet, add_dataset
from ivlm_bench.errors import AssetError
from ivlm_bench.types import Query

#: A channel above this is inside (``load_mask``).
_THRESHOLD = 127


def _items(folder: Path, split: str) -> Iterator[DataItem]:
    source = folder / "data.json"
    if not source.is_file():
        raise POINTBENCH.missing(source)
    entries = (e for e in json_entries(source) if e.fault or "mask_filename" in e.fields)
    return items_of(entries, key=_key, make=partial(_item, folder))


def _key(entry: Entry) -> str:
    """Return ``<category>/<stem of the mask>``: one image may have several questions."""
    return f"{entry.fields.get('category', '')}/{Path(entry.text('mask_filename')).stem}"


def _item(folder: Path, entry: Entry, name: str) -> DataItem:
    category = str(entry.fields.get("category", ""))
    count = entry.fields.get("count", 1)
    if not isinstance(count, int):
        raise AssetError(f"{entry.place} has the count {count!r}; take the owner's file.")
    mask = folder / "masks" / entry.text("mask_filename")
    image = folder / "images" / category / entry.text("image_filename")
    return DataItem(
        id=name,
        truth=partial(_truth, mask, category=category, count=count),
        query=Query("point", "", None, entry.text("user_input")),
        image=image,
        mask=partial(_inside, mask),
        category=category,
        cluster=image.name,
    )


def _truth(mask: Path, *, category: str, count: int) -> dict[str, Any]:
    return {"mask": _inside(mask), "category": category, "count": count}


def _inside(mask: Path) -> Bool[np.ndarray, "h w"]:
    return read_rgb(mask).max(axis=2) > _THRESHOLD


POINTBENCH = add_dataset(
    DataSet(
        name="pointbench",
        title="Point-Bench: point at what is asked, five kinds of questions",
        splits=("test",),
        profiles=("pointbench",),
        items=_items,
        layout=(
            "data.json: a list of {image_filename, mask_filename, user_input, category, count}",
            "images/CATEGORY/IMAGE_FILENAME",
            "masks/MASK_FILENAME",
        ),
        where="PointArena/pointarena-data on Hugging Face",
        licence="not stated in the repository",
    )
)
