"""3D AffordanceNet: 18 affordances on whole, partial and turned shapes (CVPR 2021).

Layout and order: AffordanceNet@d959a52c dataset/AffordanceNet.py, config/dgcnn/*.py. The owner
gives one pickle a split, so a whole split is in memory while its items are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32, Float64

from ivlm_bench.datasets.clouds import N_POINTS, centred, cloud_array
from ivlm_bench.datasets.entries import faulty_item
from ivlm_bench.datasets.pickles import load_pickle
from ivlm_bench.datasets.spec import DataItem, DataSet, add_dataset
from ivlm_bench.datasets.streams import distinct
from ivlm_bench.errors import AssetError

#: Affordances in the order of the files, with the owner's spelling.
AFFORDANCES = (
    *("grasp", "contain", "lift", "openable", "layable", "sittable", "support", "wrap_grasp"),
    *("pourable", "move", "displaY", "pushable", "pull", "listen", "wear", "press", "cut", "stab"),
)


class _Shape(NamedTuple):
    """One cloud of a split: where it comes from, its arrays, and how it is turned."""

    path: Path
    name: str
    cloud: Mapping[str, Any]
    affordances: tuple[str, ...]
    turn: Any = None

    def points(self) -> Float64[np.ndarray, "2048 3"]:
        """Return the points, turned and then normalised."""
        points = self._array(self.cloud.get("coordinate"), (N_POINTS, 3), "coordinate")
        if self.turn is not None:
            points = points @ self._array(self.turn, (3, 3), "rotation").T
        return centred(points)

    def truth(self) -> Float32[np.ndarray, "2048 18"]:
        """Return the probability of each affordance at each point."""
        labels = self.cloud.get("label")
        if not isinstance(labels, Mapping):
            raise AssetError(
                f"{self.path} has no labels for {self.name}; take the file with labels, or the "
                "split 'full-val'."
            )
        columns = [
            self._array(labels.get(name), (N_POINTS,), f"label {name!r}")
            for name in self.affordances
        ]
        return np.stack(columns, axis=1).astype(np.float32)

    def _array(self, values: Any, shape: tuple[int, ...], what: str) -> np.ndarray:
        return cloud_array(self.path, values, shape, what=f"{what} of {self.name}")


def _items(folder: Path, split: str) -> Iterator[DataItem]:
    kind, part = split.rsplit("-", 1)
    file = f"{'partial' if kind == 'partial' else 'full_shape'}_{part}_data.pkl"
    entries = _entries(folder, file)
    turns = _entries(folder, f"rotate_{part}_data.pkl") if kind.startswith("rotate") else []
    if turns and len(turns) != len(entries):
        raise AssetError(
            f"{folder / file} has {len(entries)} shapes but the rotations are for {len(turns)}; "
            "take both files from one archive."
        )
    path = folder / file
    return distinct(_shapes(path, kind, entries, turns), path)


def _entries(folder: Path, name: str) -> list[Mapping[str, Any]]:
    path = folder / name
    if not path.is_file():
        raise AFFORDANCENET.missing(path)
    entries = load_pickle(path)
    if not isinstance(entries, list) or not all(isinstance(e, Mapping) for e in entries):
        raise AssetError(f"{path} holds no list of shapes; take the owner's file.")
    return entries


def _shapes(
    path: Path,
    kind: str,
    entries: list[Mapping[str, Any]],
    turns: list[Mapping[str, Any]],
) -> Iterator[DataItem]:
    asked = tuple(entries[0].get("affordance", AFFORDANCES)) if entries else AFFORDANCES
    for index, entry in enumerate(entries):
        thing = str(entry.get("semantic class", ""))
        shape_id = str(entry.get("shape_id", index))
        name = f"{thing}/{shape_id}"
        for suffix, cloud, turn in _clouds(kind, entry, turns[index] if turns else {}):
            if not isinstance(cloud, Mapping):
                fault = f"{path} entry {index + 1} ({name}) has no cloud; take the owner's file."
                yield faulty_item(name + suffix, fault)
                continue
            shape = _Shape(path, name + suffix, cloud, asked, turn)
            yield DataItem(
                id=name + suffix,
                truth=shape.truth,
                points_m=shape.points,
                category=thing,
                cluster=shape_id,
            )


def _clouds(
    kind: str, entry: Mapping[str, Any], turns: Mapping[str, Any]
) -> Iterator[tuple[str, Any, Any]]:
    """Yield (ending of the id, cloud, rotation or None) of each sample of a shape."""
    if kind == "full":
        yield "", entry.get("full_shape"), None
    elif kind == "partial":
        for view, cloud in dict(entry.get("partial", {})).items():
            yield f"/{view}", cloud, None
    else:
        about = kind.removeprefix("rotate-")
        for key, turn in dict(dict(turns.get("rotate", {})).get(about, {})).items():
            yield f"/{about}/{key}", entry.get("full_shape"), turn


AFFORDANCENET = add_dataset(
    DataSet(
        name="affordancenet",
        title="3D AffordanceNet: 18 affordances on whole, partial and turned shapes (23 objects)",
        splits=tuple(
            f"{kind}-{part}"
            for part in ("test", "val")
            for kind in ("full", "partial", "rotate-z", "rotate-so3")
        ),
        profiles=("affordancenet",),
        items=_items,
        layout=(
            "full_shape_{test,val}_data.pkl (whole shapes, also for the turned ones)",
            "partial_{test,val}_data.pkl",
            "rotate_{test,val}_data.pkl",
        ),
        where="Google Drive, linked from github.com/Gorilla-Lab-SCUT/AffordanceNet",
        licence="code MIT; the data's own is not stated",
        unanswered="values of 18 affordances at once",
    )
)
