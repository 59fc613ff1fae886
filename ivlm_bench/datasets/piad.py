"""PIAD: where on a point cloud the interaction of a photograph would be (ICCV 2023).

Layout, pairing and affordances: IAGNet@5b9a898a data_utils/dataset_PIAD.py and config/*.yaml. The
n-th image of the test list goes with the n-th cloud and the n-th box; the affordance asked is the
last word but one of the image's name, the cloud's columns are ``AFFORDANCES``.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
from jaxtyping import Float64

from ivlm_bench.datasets.clouds import cloud_parts, read_text_cloud
from ivlm_bench.datasets.questions import question
from ivlm_bench.datasets.spec import DataItem, DataSet, add_dataset
from ivlm_bench.datasets.streams import (
    distinct,
    each_row,
    found,
    locate,
    read_lines,
    same_length,
    stem_of,
    told_apart,
)
from ivlm_bench.errors import AssetError

#: Order of a cloud's columns after x, y and z.
AFFORDANCES = (
    *("grasp", "contain", "lift", "open", "lay", "sit", "support", "wrapgrasp", "pour"),
    *("move", "display", "push", "listen", "wear", "press", "cut", "stab"),
)
#: Words before the coordinates in a line of a cloud: an id and the object's name.
_N_WORDS = 2
_FOLDERS = {"seen": "Seen", "unseen": "Unseen"}


def _items(folder: Path, split: str) -> Iterator[DataItem]:
    lists = [_list(folder, split, kind) for kind in ("Img", "Point")]
    images, clouds = [read_lines(path) for path in lists]
    paired = dict(zip(lists, (images, clouds), strict=True))
    boxes = _list(folder, split, "Box")
    if boxes.is_file():
        paired[boxes] = read_lines(boxes)
    same_length(paired)
    make = partial(_pair, folder, lists[0], set())
    return distinct(each_row(zip(images, clouds, strict=True), make), lists[0])


def _list(folder: Path, split: str, kind: str) -> Path:
    """Return the list of a kind of file; the user's folder may be ``Data`` or lie above it."""
    name = PurePosixPath(_FOLDERS[split]) / f"{kind}_Test.txt"
    path = next((p for p in (folder / name, folder / "Data" / name) if p.is_file()), folder / name)
    if kind != "Box" and not path.is_file():
        raise PIAD.missing(path)
    return path


def _pair(
    folder: Path, source: Path, known: set[str], number: int, row: tuple[str, str]
) -> DataItem:
    image, cloud = row
    thing, affordance = _names(source, number, image)
    return DataItem(
        id=told_apart(stem_of(image), stem_of(cloud), known=known),
        query=question(affordance, thing),
        image=locate(folder, image),
        category=affordance,
        cluster=stem_of(cloud),
        **cloud_parts(partial(_cloud, folder, cloud), AFFORDANCES.index(affordance)),
    )


def _names(source: Path, number: int, image: str) -> tuple[str, str]:
    """Return (object, affordance) of an image's path, split at "_" as officially."""
    words = image.split("_")
    if len(words) < 3 or words[-2] not in AFFORDANCES:
        raise AssetError(
            f"{source} line {number}: {image!r} names no affordance of PIAD before its last '_' "
            "(as Img_Test_Bag_lift_1.jpg does); take the owner's list."
        )
    return words[-3], words[-2]


def _cloud(folder: Path, entry: str) -> Float64[np.ndarray, "2048 20"]:
    return read_text_cloud(found(folder, entry), n_columns=3 + len(AFFORDANCES), n_skipped=_N_WORDS)


PIAD = add_dataset(
    DataSet(
        name="piad",
        title="PIAD: affordance of a photograph on a point cloud (23 objects, 17 affordances)",
        splits=tuple(_FOLDERS),
        profiles=("piad:iagnet", "piad:interactvlm"),
        items=_items,
        layout=(
            "{Seen,Unseen}/{Img,Point,Box}_Test.txt (lists of paths, paired line by line)",
            "the images and clouds that the lists name, below the same folder",
            "each cloud 2048 lines of 'ID OBJECT x y z' and 17 affordances",
        ),
        where="Google Drive, linked from github.com/yyvhang/IAGNet",
        licence="for research only",
    )
)
