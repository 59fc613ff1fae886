"""3DIR: contact of the body, affordance and place of the object in a photograph (LEMON, CVPR 2024).

Layout and names: lemon_3d@ea81f22f Data/DATA.md, config/eval.yaml, dataset_utils/dataset_3DIR.py.
An image's path says all: the object and the affordance are the first two words of its name, and
its contact and centre lie under the same names in other folders.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64

from ivlm_bench.datasets.clouds import centred, cloud_array, positive, read_text_cloud
from ivlm_bench.datasets.pickles import load_pickle
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

#: Order of a cloud's columns after x, y and z. The owner's code called the 11th "wear" before its
#: last update and "listen" since.
AFFORDANCES = (
    *("grasp", "lift", "open", "lay", "sit", "support", "wrapgrasp", "pour", "move", "pull"),
    *("listen", "press", "cut", "stab", "ride", "play", "carry"),
)
_OLD_NAMES = {"wear": "listen"}
#: Vertices of the SMPL-H body.
N_VERTICES = 6890
#: Lists of each split, below ``txt_scripts``.
_LISTS = {"val": ("val.txt", "Point_val.txt")}


def _items(folder: Path, split: str) -> Iterator[DataItem]:
    paths = [_list(folder, name) for name in _LISTS[split]]
    images, clouds = [read_lines(path) for path in paths]
    same_length(dict(zip(paths, (images, clouds), strict=True)))
    make = partial(_pair, folder, paths[0], set())
    return distinct(each_row(zip(images, clouds, strict=True), make), paths[0])


def _list(folder: Path, name: str) -> Path:
    homes = (folder / "txt_scripts", folder / "Data" / "txt_scripts")
    path = next((home / name for home in homes if (home / name).is_file()), None)
    if path is None:
        raise THREEDIR.missing(homes[0] / name)
    return path


def _pair(
    folder: Path, source: Path, known: set[str], number: int, row: tuple[str, str]
) -> DataItem:
    image, cloud = row
    thing, affordance, column = _names(source, number, image)
    return DataItem(
        id=told_apart(stem_of(image), stem_of(cloud), known=known),
        truth=partial(_truth, folder, image, cloud, column),
        query=question(affordance, thing),
        image=locate(folder, image),
        points_m=partial(_points, folder, cloud),
        mask=partial(_mask, folder, cloud, column),
        category=affordance,
        cluster=stem_of(image),
    )


def _names(source: Path, number: int, image: str) -> tuple[str, str, int]:
    """Return (object, affordance, column of the affordance) of an image's name."""
    words = stem_of(image).split("_")
    affordance = words[1] if len(words) > 1 else ""
    known = _OLD_NAMES.get(affordance, affordance)
    if known not in AFFORDANCES:
        raise AssetError(
            f"{source} line {number}: {image!r} names no affordance of 3DIR after its first '_' "
            "(as Backpack_carry_1090.jpg does); take the owner's list."
        )
    return words[0], affordance, AFFORDANCES.index(known)


def _truth(folder: Path, image: str, cloud: str, column: int) -> Mapping[str, Any]:
    contact, centre = _beside(image)
    about = found(folder, contact)
    touched = cloud_array(about, load_pickle(about), (N_VERTICES,), what="the contact")
    place = found(folder, centre)
    return {
        "contact": (touched > 0.0).astype(np.float32),
        "affordance": _cloud(folder, cloud)[:, 3 + column].astype(np.float32),
        "centre_m": cloud_array(place, load_pickle(place), (3,), what="the centre"),
    }


def _beside(image: str) -> tuple[str, str]:
    """Return where contact and centre of an image lie, as the owner's lists would name them."""
    path = PurePosixPath(image.replace("\\", "/"))
    parts = list(path.parts)
    at = len(parts) - 1 - parts[::-1].index("Images") if "Images" in parts else len(parts)
    if at + 2 >= len(parts):
        raise AssetError(f"The image {image!r} of the list lies in no folder Images/OBJECT.")
    if "Behave" in parts[:at]:  # .../Behave/Images/SEQUENCE/NAME_k.jpg
        home, sequence, key = parts[:at], parts[at + 1], path.stem.rpartition("_")[0]
        contact = PurePosixPath(*home, "Contact", sequence, f"{key}_contact.pkl")
        return str(contact), str(PurePosixPath(*home, "obj_center", sequence, f"{key}.pkl"))
    home, thing = parts[:at], parts[at + 1]
    contact = PurePosixPath(*home, "smplh_contact_pkl", *parts[at + 1 : -1], f"{path.stem}.pkl")
    return str(contact), str(PurePosixPath(*home, "obj_center", thing, f"{path.stem}.pkl"))


def _cloud(folder: Path, entry: str) -> Float64[np.ndarray, "2048 20"]:
    return read_text_cloud(found(folder, entry), n_columns=3 + len(AFFORDANCES))


def _points(folder: Path, entry: str) -> Float64[np.ndarray, "2048 3"]:
    return centred(_cloud(folder, entry)[:, :3])


def _mask(folder: Path, entry: str, column: int) -> Bool[np.ndarray, " 2048"]:
    return positive(_cloud(folder, entry)[:, 3 + column])


THREEDIR = add_dataset(
    DataSet(
        name="3dir",
        title="3DIR: body contact, object affordance and object place in photographs",
        splits=tuple(_LISTS),
        profiles=("3dir:lemon",),
        items=_items,
        layout=(
            "txt_scripts/{val,Point_val}.txt (lists paired line by line)",
            "Images/OBJECT/AFFORDANCE/NAME.jpg and Objects/OBJECT/NAME.txt (2048 lines of x y z "
            "and 17 affordances)",
            "smplh_contact_pkl/OBJECT/AFFORDANCE/NAME.pkl (6890) and obj_center/OBJECT/NAME.pkl "
            "(3)",
        ),
        where="Google Drive or Baidu, linked from github.com/yyvhang/lemon_3d",
        licence="for research only; the part from BEHAVE is not given out",
        unanswered="contact of a body's vertices beside an object's values",
    )
)
