"""CHAIRS: which voxels around a sitting person the chair fills (CVPR 2023).

Layout and truth: chairs@8760d9ad dataloaders.py (``AhoiDataset``) and ahoi_utils.py. The seven
parts of a chair are turned and moved as the frame says and sampled into a cube of 64^3 voxels over
2 m around the person's pelvis; a voxel is filled where any part's value is not 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, partial
from itertools import product
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float32, Float64

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


def part_matrices(
    rotations_rad: Float64[np.ndarray, "p 3"], locations: Float64[np.ndarray, "p 3"]
) -> Float32[np.ndarray, "p 3 4"]:
    """Return the maps from a voxel of the cube to a place in each part's own cube.

    Coordinates run from -1 to 1, the last axis of the array first. Angles and places are taken
    in reverse order, places negated, Euler angles about fixed x, y and z, and the map is the
    rotation after the shift (chairs@8760d9ad ahoi_utils.py ``create_mat_batch``, ``affine``).
    """
    matrices = np.empty((len(rotations_rad), 3, 4))
    for index, (angles, place) in enumerate(
        zip(rotations_rad[:, ::-1], -locations[:, ::-1], strict=True)
    ):
        rotation = np.eye(3)
        for axis, angle in enumerate(angles):
            rotation = _about(axis, angle) @ rotation
        matrices[index, :, :3] = rotation
        matrices[index, :, 3] = rotation @ place
    return matrices.astype(np.float32)


def _about(axis: int, angle_rad: float) -> Float64[np.ndarray, "3 3"]:
    """Return the rotation about a coordinate axis."""
    first, second = (axis + 1) % 3, (axis + 2) % 3
    rotation = np.eye(3)
    rotation[first, first] = rotation[second, second] = np.cos(angle_rad)
    rotation[second, first] = np.sin(angle_rad)
    rotation[first, second] = -np.sin(angle_rad)
    return rotation


def moved(
    part: Bool[np.ndarray, "n n n"], matrix: Float32[np.ndarray, "3 4"]
) -> Bool[np.ndarray, "n n n"]:
    """Return where a part, sampled between its voxels after a motion, is not 0.

    A sample is a weighted sum of the eight voxels around it (voxels are cells, outside is empty),
    so it is not 0 where any of these with a weight above 0 is filled; in float32 as PyTorch's
    ``affine_grid`` and ``grid_sample`` with ``align_corners=False``, whose rounding fills one voxel
    more at some faces of a part that is not turned.
    """
    n = part.shape[0]
    centres = _centres(n)
    depth, row, column = np.meshgrid(centres, centres, centres, indexing="ij")
    low, weight = [], []
    for line in matrix:
        place = line[0] * column + line[1] * row + line[2] * depth + line[3]
        cell = ((place + 1.0) * n - 1.0) / np.float32(2.0)
        floor = np.floor(cell)
        low.append(floor.astype(np.int64))
        weight.append(cell - floor)
    padded = np.pad(part, 1)
    filled = np.zeros(part.shape, dtype=bool)
    for corner in product((0, 1), repeat=3):
        index = [np.clip(at + step + 1, 0, n + 1) for at, step in zip(low, corner, strict=True)]
        counts = np.ones(part.shape, dtype=bool)
        for share, step in zip(weight, corner, strict=True):
            counts &= (share > 0.0) if step else (share < 1.0)
        filled |= padded[index[2], index[1], index[0]] & counts
    return filled


def _centres(n: int) -> Float32[np.ndarray, " n"]:
    """Return the middles of n cells from -1 to 1, rounded as PyTorch rounds them.

    Points from -1 up and from 1 down by a float32 step, drawn in from ends to middles.
    """
    step, index = np.float64(np.float32(2.0 / (n - 1))), np.arange(n)
    ends = np.where(index < n // 2, step * index - 1.0, 1.0 - step * (n - 1 - index))
    return ends.astype(np.float32) * np.float32(n - 1) / np.float32(n)


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
