"""DAMON: which vertices of the body touch something in a photograph (DECO, ICCV 2023).

Layout: DECO@d1061cef README.md, data/base_dataset.py and challenges/common/constants.py; the
semantic pairs leave out "supporting" and empty contacts, as the challenge and
InteractVLM@79b4bf26 datasets/hcontact_3d.py do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from ivlm_bench.datasets.entries import faulty_item
from ivlm_bench.datasets.pickles import as_mapping, npz_member
from ivlm_bench.datasets.spec import DataItem, DataSet, add_dataset
from ivlm_bench.datasets.streams import distinct, locate, stem_of
from ivlm_bench.errors import AssetError
from ivlm_bench.types import Query

#: Vertices of the SMPL body.
N_VERTICES = 6890
#: What the body rests on; it is no object of the semantic task.
_SUPPORT = "supporting"
#: Where the owner's archives put the files, below the user's folder.
_HOMES = (".", "damon", "Release_Datasets/damon", "datasets/Release_Datasets/damon")
#: File of each split, and whether a question is an image ("all"), an image and an object
#: ("pair"), or an image with all its objects ("challenge").
_SPLITS = {
    "test": ("hot_dca_test.npz", "all"),
    "test-semantic": ("hot_dca_test.npz", "pair"),
    "test-challenge": ("hot_dca_test.npz", "challenge"),
    "trainval": ("hot_dca_trainval.npz", "all"),
    "trainval-semantic": ("hot_dca_trainval.npz", "pair"),
}


class _Archive:
    """One ``.npz`` of DAMON; each array is read when it is asked for the first time."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def names(self) -> list[str]:
        """Paths of the images, as on the owner's machine."""
        return [str(name) for name in npz_member(self.path, "imgname").reshape(-1)]

    @cached_property
    def contact(self) -> Any:
        """Contact of all images (n, 6890), in float32 where all have the same length."""
        rows = self._rows("contact_label")
        return rows if rows.dtype.hasobject else rows.astype(np.float32)

    @cached_property
    def by_object(self) -> Any:
        """One mapping from object to vertices an image."""
        return self._rows("contact_label_objectwise")

    def _rows(self, name: str) -> np.ndarray:
        rows = npz_member(self.path, name)
        if rows.ndim == 0 or len(rows) != len(self.names):
            raise AssetError(
                f"{self.path} has {len(self.names)} image names but {name} of shape {rows.shape}; "
                "take the owner's file."
            )
        return rows

    def contact_of(self, row: int) -> Float32[np.ndarray, "6890"]:
        """Return the contact of one image; ``AssetError`` if it has none or a wrong one."""
        values = np.asarray(self.contact[row], dtype=np.float32)
        if values.shape != (N_VERTICES,) or not np.isfinite(values).all():
            raise AssetError(
                f"{self.path} row {row} of contact_label ({self.names[row]}) has shape "
                f"{values.shape} or no finite numbers where {N_VERTICES} are expected; take the "
                "owner's file."
            )
        return values

    def objects_of(self, row: int) -> Mapping[str, np.ndarray]:
        """Return the touched vertices of each object of one image, "supporting" left out."""
        what = f"row {row} of contact_label_objectwise"
        given = as_mapping(self.path, self.by_object[row], what=what)
        touched = {str(name): np.asarray(vertices) for name, vertices in given.items()}
        for name, vertices in touched.items():
            is_right = vertices.size == 0 or vertices.dtype.kind in "iu"
            if not is_right or (vertices < 0).any() or (vertices >= N_VERTICES).any():
                raise AssetError(
                    f"{self.path} {what} ({self.names[row]}) has no vertex numbers below "
                    f"{N_VERTICES} for {name!r}; take the owner's file."
                )
        return {
            name: vertices.astype(np.int64)
            for name, vertices in touched.items()
            if _SUPPORT not in name.lower()
        }

    def pair_of(self, row: int, thing: str) -> Mapping[str, Any]:
        """Return the contact of one image with one object, and the names of both."""
        contact = np.zeros(N_VERTICES, dtype=np.float32)
        contact[self.objects_of(row)[thing]] = 1.0
        return {"contact": contact, "object": thing, "image": stem_of(self.names[row])}

    def record_of(self, row: int) -> Mapping[str, Any]:
        """Return an image's record as the challenge writes it: the body, and each object."""
        return {
            "gen_contact_vids": self.contact_of(row),
            "sem_contact_vids": self.objects_of(row),
        }


def _items(folder: Path, split: str) -> Iterator[DataItem]:
    name, kind = _SPLITS[split]
    path = next((p for p in (folder / home / name for home in _HOMES) if p.is_file()), None)
    if path is None:
        raise DAMON.missing(folder / name)
    archive = _Archive(path)
    needed = archive.contact if kind == "all" else archive.by_object
    if not len(needed):
        raise AssetError(f"{path} holds no image; copy it again from its owner's archive.")
    one = {"all": _all_of, "pair": _pairs_of, "challenge": _challenge_of}[kind]
    rows = range(len(archive.names))
    return distinct((item for row in rows for item in one(folder, archive, row)), path)


def _query(thing: str | None) -> Query:
    what = "anything" if thing is None else f"the {thing.replace('_', ' ')}"
    name = "" if thing is None else thing.replace("_", " ")
    return Query("contact", name, None, f"Where does the person's body touch {what}?")


def _all_of(folder: Path, archive: _Archive, row: int) -> Iterator[DataItem]:
    name = archive.names[row]
    yield DataItem(
        id=stem_of(name),
        truth=partial(archive.contact_of, row),
        query=_query(None),
        image=locate(folder, name),
        cluster=stem_of(name),
    )


def _challenge_of(folder: Path, archive: _Archive, row: int) -> Iterator[DataItem]:
    name = archive.names[row]
    yield DataItem(
        id=stem_of(name),
        truth=partial(archive.record_of, row),
        image=locate(folder, name),
        cluster=stem_of(name),
    )


def _pairs_of(folder: Path, archive: _Archive, row: int) -> Iterator[DataItem]:
    name = archive.names[row]
    try:
        touched = archive.objects_of(row)
    except AssetError as error:  # of this row: the array itself was read before
        yield faulty_item(stem_of(name), str(error))
        return
    for thing, vertices in touched.items():
        if vertices.size:
            yield DataItem(
                id=f"{stem_of(name)}/{thing}",
                truth=partial(archive.pair_of, row, thing),
                query=_query(thing),
                image=locate(folder, name),
                category=thing,
                cluster=stem_of(name),
            )


DAMON = add_dataset(
    DataSet(
        name="damon",
        title="DAMON: contact of the body's vertices in photographs, overall and by object",
        splits=tuple(_SPLITS),
        profiles=("damon:deco", "damon:challenge", "damon:interactvlm"),
        items=_items,
        layout=(
            "hot_dca_{test,trainval}.npz with imgname, contact_label (n, 6890) and "
            "contact_label_objectwise (object to vertices)",
            "the images below the same folder, where they are to be seen",
        ),
        where="deco.is.tue.mpg.de after registration; images from hot.is.tue.mpg.de",
        licence="MPI: non-commercial research, no redistribution",
        unanswered="contact of a body's vertices",
    )
)
