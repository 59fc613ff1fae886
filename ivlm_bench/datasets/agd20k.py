"""AGD20K: where in a photograph of an object an affordance is, as grey heat maps (CVPR 2022).

Layout and rule of pairing: Cross-View-AG@6bd56385 code/cvpr, code/extension/test.py and
LOCATE@8db3d015 data/datatest.py. An image counts if a GT image of the same name with its last
three letters replaced by "png" is there; others are dropped, as officially
(``images_without_truth`` lists them). A heat map whose image is missing is an item that says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NoReturn

import numpy as np
from jaxtyping import Bool

from ivlm_bench.datasets.images import read_gray
from ivlm_bench.datasets.questions import question
from ivlm_bench.datasets.spec import DataItem, DataSet, add_dataset
from ivlm_bench.datasets.streams import distinct
from ivlm_bench.errors import AssetError

#: Where each split's images and heat maps lie. "v2": test set of the paper's extension.
_FOLDERS = {
    "seen": "Seen/testset",
    "unseen": "Unseen/testset",
    "seen-v2": "Seen/testsetv2",
    "unseen-v2": "Unseen/testsetv2",
}
#: Endings of images; owners' folders hold other files too (labelme json, Thumbs.db).
_IMAGE_ENDINGS = (".jpg", ".jpeg", ".png", ".bmp")
#: Share of the highest value from which on a heat map counts as its region (own choice).
REGION_LEVEL = 0.5


def _items(folder: Path, split: str) -> Iterator[DataItem]:
    home = folder / _FOLDERS[split]
    return distinct(_pairs(home), home)


def _pairs(home: Path) -> Iterator[DataItem]:
    pictured = list(_images(home))
    alone = list(_maps_alone(home, pictured))
    lost = {image for image, _ in alone}
    for image, heat in sorted([*pictured, *alone]):
        if heat.is_file():
            item = _item(image, heat)
            yield replace(item, truth=partial(_no_image, image, heat)) if image in lost else item


def _maps_alone(home: Path, pictured: list[tuple[Path, Path]]) -> Iterator[tuple[Path, Path]]:
    """Yield (where its image would lie, heat map) of each heat map that has no image."""
    known = {(*image.parts[-3:-1], image.stem) for image, _ in pictured}
    for affordance in _subfolders(home / "GT"):
        for thing in _subfolders(affordance):
            for heat in thing.glob("*.png"):
                if (affordance.name, thing.name, heat.stem) not in known and heat.name[0] != ".":
                    folder = home / "egocentric" / affordance.name / thing.name
                    yield folder / f"{heat.stem}.jpg", heat


def _no_image(image: Path, heat: Path) -> NoReturn:
    raise AssetError(
        f"{image} is missing, and {heat} is its heat map; copy the image from its owner's archive."
    )


def images_without_truth(folder: Path | str, split: str) -> list[Path]:
    """Return the images of a split that have no heat map and so are in no official number."""
    home = Path(folder) / _FOLDERS[split]
    return [image for image, heat in _images(home) if not heat.is_file()]


def _remarks(folder: Path, split: str) -> tuple[str, ...]:
    n = len(images_without_truth(folder, split))
    if not n:
        return ()
    what = "1 image has" if n == 1 else f"{n} images have"
    return (f"{what} no heat map and so no part in any number, as officially.",)


def _images(home: Path) -> Iterator[tuple[Path, Path]]:
    """Yield (image, where its heat map would lie), affordance by affordance, sorted by name."""
    pictures, maps = home / "egocentric", home / "GT"
    for needed in (pictures, maps):
        if not needed.is_dir():
            raise AGD20K.missing(needed)
    for affordance in _subfolders(pictures):
        for thing in _subfolders(affordance):
            for image in sorted(thing.iterdir()):
                if image.suffix.lower() in _IMAGE_ENDINGS and image.name[0] != ".":
                    yield image, maps / affordance.name / thing.name / f"{image.name[:-3]}png"


def _subfolders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and path.name[0] != ".")


def _item(image: Path, heat: Path) -> DataItem:
    affordance, thing = image.parts[-3:-1]
    name = f"{affordance}/{thing}/{image.stem}"
    return DataItem(
        id=name,
        truth=partial(read_gray, heat),
        query=question(affordance, thing),
        image=image,
        mask=partial(_region, heat),
        category=affordance,
        cluster=f"{thing}/{image.stem}",
    )


def _region(heat: Path) -> Bool[np.ndarray, "h w"]:
    values = read_gray(heat)
    return (values >= REGION_LEVEL * values.max()) & (values > 0)


AGD20K = add_dataset(
    DataSet(
        name="agd20k",
        title="AGD20K: affordance heat maps on photographs of objects (36 affordances, 50 objects)",
        splits=tuple(_FOLDERS),
        profiles=("agd20k:locate", "agd20k:ooal", "agd20k:cvag", "agd20k:cvag_ext"),
        items=_items,
        layout=(
            "{Seen,Unseen}/testset/egocentric/AFFORDANCE/OBJECT/NAME.jpg",
            "{Seen,Unseen}/testset/GT/AFFORDANCE/OBJECT/NAME.png (8-bit grey)",
            "{Seen,Unseen}/testsetv2/... for the splits of the extension",
        ),
        where="Google Drive or Baidu, linked from github.com/lhc1224/Cross-View-AG",
        licence="code MIT; for research, commercial use on request; the images' own is not stated",
        remarks=_remarks,
    )
)
