"""CHAIRS: which voxels around a sitting person the chair fills (CVPR 2023).

Layout and truth: chairs@8760d9ad dataloaders.py (``AhoiDataset``) and ahoi_utils.py. The seven
parts of a chair are turned and moved as the frame says and sampled into a cube of 64^3 voxels over
2 m around the person's pelvis; a voxel is filled where any part's value is not 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, partial
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Float64

from ivlm_bench.datasets.part_voxels import moved, part_matrices
from ivlm_bench.datasets.pickles import load_npy
from ivlm_bench.datasets.spec import DataItem, DataSet, add_dataset
from ivlm_bench.datasets.streams import distinct
from ivlm_bench.errors import AssetError

#: Parts of a chair, in the order of the owner's arrays.
PARTS = ("head", "back", "arm_left", "arm_right", "seat", "base", "footrest")
#: Voxels along a side of the cube of 2 m.
N_GRID = 64


class _Frames:
    """The frames of the set: one array a quantity, read when it is asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "DATA_FOLDER"

    def _array(self, name: str) -> np.ndarray:
        path = self.home / f"{name}.npy"
        if not path.is_file():
            raise CHAIRS.missing(path)
        return load_npy(path)

    @cached_property
    def objects(self) -> list[str]:
        """Number of the chair in each frame."""
        return [str(number) for number in self._array("object_id").reshape(-1)]

    @cached_property
    def images(self) -> list[str]:
        """File of each frame's image below ``IMG_FOLDER``."""
        return [str(name) for name in self._array("img_name").reshape(-1)]

    @cached_property
    def rotations(self) -> np.ndarray:
        """Angles of each part in each frame, radians."""
        return self._array("object_rotation")

    @cached_property
    def locations(self) -> np.ndarray:
        """Place of each part in each frame, half cubes (that is metres)."""
        return self._array("object_location")

    def occupancy(self, row: int) -> Float32[np.ndarray, "64 64 64"]:
        """Return which voxels the chair of a frame fills, 0 or 1."""
        turn = self._parts(self.rotations, row, "object_rotation")
        place = self._parts(self.locations, row, "object_location")
        path = self.folder / "AHOI_ROOT" / "object_part_voxel_64" / f"{self.objects[row]}.npy"
        if not path.is_file():
            raise CHAIRS.missing(path)
        voxels = load_npy(path)
        if voxels.shape != (len(PARTS), N_GRID, N_GRID, N_GRID):
            raise AssetError(
                f"{path} has shape {voxels.shape} where {(len(PARTS), N_GRID, N_GRID, N_GRID)} is "
                "expected; take the owner's file."
            )
        filled = np.zeros((N_GRID, N_GRID, N_GRID), dtype=bool)
        for part, matrix in zip(voxels, part_matrices(turn, place), strict=True):
            if part.any():
                filled |= moved(part != 0, matrix)
        return filled.astype(np.float32)

    def _parts(self, values: np.ndarray, row: int, name: str) -> Float64[np.ndarray, "7 3"]:
        """Return the numbers of all parts in a frame; NaN (a part that is not there) becomes 0."""
        if len(values) != len(self.objects):
            raise AssetError(
                f"{self.home / f'{name}.npy'} has {len(values)} frames but object_id.npy has "
                f"{len(self.objects)}; take both from one archive."
            )
        found = np.asarray(values[row], dtype=np.float64)
        if found.shape != (len(PARTS), 3):
            raise AssetError(
                f"{self.home / f'{name}.npy'} row {row} has shape {found.shape} where "
                f"{(len(PARTS), 3)} is expected; take the owner's file."
            )
        return np.nan_to_num(found, nan=0.0)


def _items(folder: Path, split: str) -> Iterator[DataItem]:
    frames = _Frames(folder)
    if len(frames.images) != len(frames.objects):
        raise AssetError(
            f"{frames.home} has {len(frames.images)} image names but {len(frames.objects)} "
            "objects; take all arrays from one archive."
        )
    return distinct(_rows(frames), frames.home)


def _rows(frames: _Frames) -> Iterator[DataItem]:
    for row, (name, thing) in enumerate(zip(frames.images, frames.objects, strict=True)):
        yield DataItem(
            id=name.replace("\\", "/").strip("/").rpartition(".")[0] or name,
            truth=partial(frames.occupancy, row),
            image=frames.folder / "IMG_FOLDER" / name,
            category=thing,
            cluster=thing,
        )


CHAIRS = add_dataset(
    DataSet(
        name="chairs",
        title="CHAIRS: voxels that a chair fills around a sitting person (64^3 over 2 m)",
        splits=("all",),
        profiles=("chairs:voxel",),
        items=_items,
        layout=(
            "DATA_FOLDER/{object_id,object_rotation,object_location,img_name}.npy",
            "AHOI_ROOT/object_part_voxel_64/ID.npy (7, 64, 64, 64)",
            "IMG_FOLDER/SEQUENCE/VIEW/NNNN.png, where images are to be seen",
        ),
        where="the form linked from github.com/jnnan/chairs",
        licence="on request from the owner",
    )
)
