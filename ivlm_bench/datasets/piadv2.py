"""PIADv2: as PIAD, with 43 objects and 24 affordances, and paths that say what is asked.

Layout, pairing and affordances: GREAT_code@8ab28ec4 data_utils/dataset_PIAD_GREAT.py and
config/*.yaml. Each cloud holds the one affordance that is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
from jaxtyping import Float64

from ivlm_bench.datasets.clouds import cloud_parts, read_array_cloud
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

#: Affordances in the order of the official labels.
AFFORDANCES = (
    *("grasp", "contain", "lift", "open", "lay", "sit", "support", "wrapgrasp", "pour"),
    *("move", "display", "push", "listen", "wear", "press", "cut", "stab", "carry", "ride"),
    *("clean", "play", "beat", "speak", "pull"),
)
#: Folder and ending of the lists of each split.
_LISTS = {
    "seen": ("Seen", "test"),
    "unseen-object": ("Unseen_obj", "test"),
    "unseen-affordance": ("Unseen_aff", "test"),
    "seen-val": ("Seen", "val"),
}


def _items(folder: Path, split: str) -> Iterator[DataItem]:
    paths = [_list(folder, split, kind) for kind in ("Img", "Point")]
    images, clouds = [read_lines(path) for path in paths]
    same_length(dict(zip(paths, (images, clouds), strict=True)))
    make = partial(_pair, folder, paths[0], set())
    return distinct(each_row(zip(images, clouds, strict=True), make), paths[0])


def _list(folder: Path, split: str, kind: str) -> Path:
    setting, ending = _LISTS[split]
    name = f"{setting}/{kind}_{ending}.txt"
    path = next((p for p in (folder / name, folder / "Data" / name) if p.is_file()), None)
    if path is None:
        raise PIADV2.missing(folder / name)
    return path


def _pair(
    folder: Path, source: Path, known: set[str], number: int, row: tuple[str, str]
) -> DataItem:
    image, cloud = row
    thing, affordance = _names(source, number, image)
    name = f"{thing}/{affordance}/{stem_of(image)}"
    return DataItem(
        id=told_apart(name, stem_of(cloud), known=known),
        query=question(affordance, thing),
        image=locate(folder, image),
        category=affordance,
        cluster=f"{thing}/{stem_of(cloud)}",
        **cloud_parts(partial(_cloud, folder, cloud), 0),
    )


def _names(source: Path, number: int, image: str) -> tuple[str, str]:
    """Return (object, affordance) of an image's path: its folders 4th and 2nd from the end."""
    parts = PurePosixPath(image.replace("\\", "/")).parts
    if len(parts) < 4 or parts[-2] not in AFFORDANCES:
        raise AssetError(
            f"{source} line {number}: {image!r} is no path like OBJECT/SPLIT/AFFORDANCE/NAME with "
            "an affordance of PIADv2; take the owner's list."
        )
    return parts[-4], parts[-2]


def _cloud(folder: Path, entry: str) -> Float64[np.ndarray, "2048 4"]:
    return read_array_cloud(found(folder, entry), n_columns=4)


PIADV2 = add_dataset(
    DataSet(
        name="piadv2",
        title="PIADv2: affordance of a photograph on a point cloud (43 objects, 24 affordances)",
        splits=tuple(_LISTS),
        profiles=("piadv2:great",),
        items=_items,
        layout=(
            "{Seen,Unseen_obj,Unseen_aff}/{Img,Point}_test.txt (lists paired line by line)",
            "images OBJECT/SPLIT/AFFORDANCE/NAME and clouds .npy (2048, 4) below the same folder",
        ),
        where="Google Drive or Baidu, linked from github.com/yawen-shao/GREAT_code",
        licence="none stated",
    )
)
