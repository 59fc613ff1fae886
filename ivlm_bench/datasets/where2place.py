"""Where2Place: point at free space in a photograph of a cluttered scene (RoboPoint, 2024).

Layout: RoboPoint@adbee8db robopoint/eval/summarize_vqa.py. The n-th question goes with the mask
``masks/NN.jpg`` and the n-th answer; an item's id is n, from 0, as answers have it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Bool

from ivlm_bench.datasets.entries import Entry, asked_text, items_of, json_lines
from ivlm_bench.datasets.images import read_gray
from ivlm_bench.datasets.spec import DataItem, DataSet, add_dataset
from ivlm_bench.types import Query

_QUESTIONS = {"point": "point_questions.jsonl", "bbox": "bbox_questions.jsonl"}


def _items(folder: Path, split: str) -> Iterator[DataItem]:
    questions = folder / _QUESTIONS[split]
    if not questions.is_file():
        raise WHERE2PLACE.missing(questions)
    return items_of(json_lines(questions), key=_key, make=partial(_item, folder))


def _key(entry: Entry) -> str:
    return str(entry.index)


def _item(folder: Path, entry: Entry, name: str) -> DataItem:
    text = asked_text(entry.text("text"))
    file_name = f"{entry.index:02d}.jpg"
    image = _image(folder, entry.text("image") if "image" in entry.fields else file_name)
    mask = folder / "masks" / file_name
    return DataItem(
        id=name,
        truth=partial(read_gray, mask),
        query=Query("place", "free space", None, text),
        image=image,
        mask=partial(_inside, mask),
        category=str(entry.fields.get("category", "")),
        cluster=image.name,
    )


def _image(folder: Path, name: str) -> Path:
    """Return an image's file; questions name it with or without its folder."""
    return folder / name if (folder / name).is_file() else folder / "images" / Path(name).name


def _inside(mask: Path) -> Bool[np.ndarray, "h w"]:
    return read_gray(mask) > 127


WHERE2PLACE = add_dataset(
    DataSet(
        name="where2place",
        title="Where2Place: point at free space in 100 photographs",
        splits=tuple(_QUESTIONS),
        profiles=("where2place",),
        items=_items,
        layout=(
            "point_questions.jsonl (and bbox_questions.jsonl): one {image, text} a line",
            "images/NN.jpg",
            "masks/NN.jpg, grey, for the n-th question from 00",
        ),
        where="wentao-yuan/where2place on Hugging Face",
        licence="not stated with the data; RoboPoint's code is Apache-2.0",
    )
)
