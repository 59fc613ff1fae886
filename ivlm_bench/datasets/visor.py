"""VISOR-HOS: hands and the objects they touch in frames of EPIC-KITCHENS (NeurIPS 2022).

Layout: the COCO files that VISOR-HOS@85665073 data_preparation/gen_coco_format.py writes, which
drops images with an inconclusive hand; or VISOR's own sparse annotations, of which the same is made
here (``visor_sparse``; hands and objects only).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ivlm_bench.datasets.entries import faulty_item, read_json
from ivlm_bench.datasets.spec import DataItem, DataSet, add_dataset
from ivlm_bench.datasets.visor_sparse import sparse_items
from ivlm_bench.errors import AssetError

#: Folder that the owner's scripts write, by data set; the owner's evaluator has a task for each.
_FOLDERS = {
    "visor": "epick_visor_coco_hos",
    "visor_handside": "epick_visor_coco_handside",
    "visor_contact": "epick_visor_coco_contact",
    "visor_combineho": "epick_visor_coco_combineHO",
}
_TITLES = {
    "visor": "hands and the objects they touch",
    "visor_handside": "left and right hands",
    "visor_contact": "hands by whether they touch something",
    "visor_combineho": "hands joined with what they touch",
}
_RAW = (
    "instead of both: annotations/{val,train}/VIDEO.json, VISOR's sparse annotations themselves",
    "with them: rgb_frames/{val,train}/PERSON/VIDEO/*.jpg",
)
_SIZE = ("height", "width")
_NEEDED = ("category_id", "bbox", "area")


def _items(folder: Path, split: str, *, dataset: str) -> Iterator[DataItem]:
    raw = folder / "annotations" / split
    if dataset == "visor" and raw.is_dir() and any(raw.glob("*.json")):
        yield from sparse_items(folder, split)
        return
    path = _annotations(folder, split, dataset)
    found = read_json(path)
    images = found.get("images") if isinstance(found, dict) else None
    annotations = found.get("annotations") if isinstance(found, dict) else None
    if not isinstance(images, list) or not isinstance(annotations, list) or not images:
        raise AssetError(f"{path} has no images and annotations as COCO has them; make it again.")
    by_image: dict[Any, list[Mapping[str, Any]]] = {}
    for each in annotations:
        if isinstance(each, dict):
            by_image.setdefault(each.get("image_id"), []).append(each)
    seen: set[str] = set()
    for index, image in enumerate(images):
        place = f"{path} image {index + 1}"
        name = str(image.get("id", f"image {index + 1}")) if isinstance(image, dict) else place
        if name in seen or not isinstance(image, dict):
            why = "has the id of an earlier one" if name in seen else "is no object"
            yield faulty_item(f"{name} (image {index + 1})", f"{place} {why}; make the file again.")
            continue
        seen.add(name)
        yield _item(path, place, image, by_image.get(image.get("id"), []))


def _annotations(folder: Path, split: str, dataset: str) -> Path:
    """Return the file of a split; the user's folder may be the task's or lie above it."""
    for home in (folder / _FOLDERS[dataset], folder):
        path = home / "annotations" / f"{split}.json"
        if path.is_file():
            return path
    raise VISOR[dataset].missing(folder / _FOLDERS[dataset] / "annotations" / f"{split}.json")


def _item(
    path: Path, place: str, image: Mapping[str, Any], annotations: list[Mapping[str, Any]]
) -> DataItem:
    file_name = str(image.get("file_name", ""))
    return DataItem(
        id=str(image.get("id")),
        truth=partial(_truth, place, image, annotations),
        image=path.parents[1] / path.stem / file_name if file_name else None,
        cluster=file_name.split("_frame_", maxsplit=1)[0],
    )


def _truth(
    place: str, image: Mapping[str, Any], annotations: list[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return what the profile takes; ``AssetError`` if the image or an annotation is malformed."""
    if not all(isinstance(image.get(name), int) for name in _SIZE):
        raise AssetError(f"{place} has no height and width; make the file again.")
    for each in annotations:
        lacking = [name for name in _NEEDED if name not in each]
        if lacking:
            raise AssetError(
                f"{place}: annotation {each.get('id')} has no {', '.join(lacking)}; make the file "
                "again."
            )
    size = {name: image[name] for name in _SIZE}
    return {"image_id": image["id"], **size, "annotations": annotations}


def _dataset(name: str) -> DataSet:
    task = "hos" if name == "visor" else name.removeprefix("visor_")
    folder = _FOLDERS[name]
    return add_dataset(
        DataSet(
            name=name,
            title=f"VISOR-HOS: {_TITLES[name]}, boxes and masks",
            splits=("val", "train"),
            profiles=(f"visor:{task}",),
            items=partial(_items, dataset=name),
            layout=(
                f"{folder}/annotations/{{val,train}}.json: COCO, made of VISOR's sparse "
                "annotations by the owner's gen_coco_format scripts",
                f"{folder}/{{val,train}}/*.jpg",
                *(_RAW if name == "visor" else ()),
            ),
            where="epic-kitchens.github.io/VISOR and github.com/epic-kitchens/VISOR-HOS",
            licence="CC BY-NC 4.0, by its page; frames as EPIC-KITCHENS",
        )
    )


VISOR = {name: _dataset(name) for name in _FOLDERS}
