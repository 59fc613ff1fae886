"""PhysBench: questions on physics with four choices, on images and videos (ICLR 2025).

Layout: PhysBench@a50c6676 eval/README.md and eval/eval_utils. All questions are in ``test.json``;
answers of the 200 of the split "val" are given out, all others are hidden behind EvalAI.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ivlm_bench.datasets.entries import Entry, items_of, json_entries
from ivlm_bench.datasets.spec import DataItem, DataSet, add_dataset
from ivlm_bench.errors import AssetError
from ivlm_bench.types import Query

#: What the profile takes of an answer.
_FIELDS = ("answer", "task_type", "sub_type", "ability_type")
_IMAGES = (".jpg", ".jpeg", ".png", ".webp")


def _items(folder: Path, split: str) -> Iterator[DataItem]:
    questions = folder / "test.json"
    if not questions.is_file():
        raise PHYSBENCH.missing(questions)
    answers = _answers(folder) if split == "val" else {}
    entries = (e for e in json_entries(questions) if e.fault or e.fields.get("split") == split)
    return items_of(entries, key=_key, make=partial(_item, folder, answers))


def _answers(folder: Path) -> dict[str, Entry]:
    names = (folder / "val_answer.json", folder / "val" / "val_answer.json")
    path = next((path for path in names if path.is_file()), None)
    if path is None:
        raise PHYSBENCH.missing(names[0])
    found: dict[str, Entry] = {}
    for entry in json_entries(path):
        found.setdefault(str(entry.fields.get("idx", entry.place)), entry)
    return found


def _key(entry: Entry) -> str:
    return entry.text("idx")


def _item(folder: Path, answers: Mapping[str, Entry], entry: Entry, name: str) -> DataItem:
    answer = answers.get(name)
    image = _image(folder, entry)
    category = entry if answer is None else answer
    return DataItem(
        id=name,
        truth=partial(_truth, answer, name, entry.place),
        query=Query("answer", "", None, entry.text("question")),
        image=image,
        category=str(category.fields.get("task_type", entry.fields.get("mode", ""))),
        cluster=name if image is None else image.name,
    )


def _truth(answer: Entry | None, name: str, place: str) -> dict[str, Any]:
    if answer is None:
        raise AssetError(
            f"{place}: the answer of question {name} is not given out; write the answers to a file "
            "and send it to the owner's EvalAI page, or score the split 'val'."
        )
    return {field: answer.text(field) for field in _FIELDS}


def _image(folder: Path, entry: Entry) -> Path | None:
    """Return the one image of a question; None if it has several files or a video."""
    files = entry.fields.get("file_name", [])
    names = [files] if isinstance(files, str) else list(files)
    if len(names) != 1 or not str(names[0]).lower().endswith(_IMAGES):
        return None
    places = [folder / part / str(names[0]) for part in ("image", "image/image", "")]
    return next((place for place in places if place.is_file()), places[0])


PHYSBENCH = add_dataset(
    DataSet(
        name="physbench",
        title="PhysBench: four choices on physics in images and videos",
        splits=("val", "test"),
        profiles=("physbench",),
        items=_items,
        layout=(
            "test.json: a list of {idx, question, file_name, mode, split}",
            "val_answer.json: a list of {idx, answer, task_type, sub_type, ability_type}",
            "image/ and video/: the unpacked archives",
        ),
        where="USC-GVL/PhysBench on Hugging Face",
        licence="Apache-2.0",
    )
)
