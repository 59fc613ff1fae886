"""LASO, 3D AffordanceNet and CHAIRS on files written here by hand."""

from __future__ import annotations

import pickle
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ivlm_bench.datasets import DATASETS, DataItem
from ivlm_bench.datasets.affordancenet import AFFORDANCES
from ivlm_bench.datasets.part_voxels import moved, part_matrices
from ivlm_bench.errors import AssetError

N = 2048
LINE = np.stack([np.arange(N) - 1023.5, np.zeros(N), np.zeros(N)], axis=1)
QUESTIONS = "Object,Affordance,Question0,Question1\nmug,grasp,Where to hold it?,Other\n"


def read(name: str, folder: Path, split: str | None = None) -> list[DataItem]:
    return list(DATASETS.get(name).read(folder, split))


def entry(**changed: Any) -> dict[str, Any]:
    mask = np.zeros(N, dtype=np.float32)
    mask[[4, 9]] = 0.5, 0.25
    return {"shape_id": "ab12", "class": "mug", "affordance": "grasp", "mask": mask} | changed


def put_laso(folder: Path, notes: Any, objects: Any = None) -> None:
    objects = {"ab12": LINE + 5.0} if objects is None else objects
    (folder / "anno_test.pkl").write_bytes(pickle.dumps(notes))
    (folder / "objects_test.pkl").write_bytes(pickle.dumps(objects))
    (folder / "Affordance-Question.csv").write_text(QUESTIONS)


def test_laso_asks_question_0_of_a_shape(tmp_path: Path) -> None:
    put_laso(tmp_path, [entry(), entry(affordance="pour")])
    item, other = read("laso", tmp_path)
    assert (item.id, item.category, item.cluster) == ("mug/grasp/ab12", "grasp", "ab12")
    assert item.query is not None
    assert item.query.text == "Where to hold it?"
    assert other.query is not None
    assert other.query.text == "Where would you pour from the mug?"
    truth = item.truth()
    assert (truth.shape, truth.dtype) == ((N,), np.float32)
    assert {int(i): float(truth[i]) for i in np.flatnonzero(truth)} == {4: 0.5, 9: 0.25}
    assert item.mask is not None
    assert np.flatnonzero(item.mask()).tolist() == [4]
    assert item.points_m is not None
    assert item.points_m() == pytest.approx(LINE / 1023.5, abs=1e-12)


def test_bad_annotations_spoil_no_other(tmp_path: Path) -> None:
    notes = [entry(), {"class": "mug"}, entry(), entry(shape_id="gone"), entry(mask=np.ones(5))]
    notes[4] |= {"affordance": "pour"}
    put_laso(tmp_path, notes)
    good, bad, twice, gone, short = read("laso", tmp_path)
    assert good.truth().shape == (N,)
    with pytest.raises(AssetError, match=r"anno_test\.pkl entry 2 is no dictionary with shape_id"):
        bad.truth()
    with pytest.raises(AssetError, match="'mug/grasp/ab12' 2 times"):
        twice.truth()
    assert gone.points_m is not None
    with pytest.raises(AssetError, match=r"objects_test\.pkl has no shape 'gone'"):
        gone.points_m()
    with pytest.raises(AssetError, match=r"the mask of entry 5 with shape \(5,\)"):
        short.truth()


@pytest.mark.parametrize(
    ("notes", "cause"), [({}, "holds no list"), ([], "has no item that can be scored")]
)
def test_annotations_of_another_kind_are_refused(notes: object, cause: str, tmp_path: Path) -> None:
    put_laso(tmp_path, notes)
    with pytest.raises(AssetError, match=cause):
        read("laso", tmp_path)


def test_a_table_without_its_columns_is_refused(tmp_path: Path) -> None:
    put_laso(tmp_path, [entry()])
    (tmp_path / "Affordance-Question.csv").write_text("a,b\n1,2\n")
    with pytest.raises(AssetError, match=r"Affordance-Question\.csv lacks a column of Object"):
        read("laso", tmp_path)


def labelled(**changed: Any) -> dict[str, Any]:
    labels = {name: np.full((N, 1), k / 100, np.float32) for k, name in enumerate(AFFORDANCES)}
    return {"coordinate": LINE.astype(np.float32), "label": labels} | changed


def put_affordancenet(folder: Path, **parts: Any) -> None:
    about = {"shape_id": "s1", "semantic class": "Mug", "affordance": list(AFFORDANCES)}
    for name, content in parts.items():
        file, key = {
            "whole": ("full_shape_val_data.pkl", "full_shape"),
            "partial": ("partial_val_data.pkl", "partial"),
            "rotate": ("rotate_val_data.pkl", "rotate"),
        }[name]
        (folder / file).write_bytes(pickle.dumps([about | {key: content}]))


def test_affordancenet_has_18_columns_in_the_order_of_the_file(tmp_path: Path) -> None:
    put_affordancenet(tmp_path, whole=labelled())
    (item,) = read("affordancenet", tmp_path, "full-val")
    assert (item.id, item.category) == ("Mug/s1", "Mug")
    truth = item.truth()
    assert (truth.shape, truth.dtype) == ((N, 18), np.float32)
    assert truth[0].tolist() == pytest.approx([k / 100 for k in range(18)])
    assert item.points_m is not None
    assert item.points_m() == pytest.approx(LINE / 1023.5, abs=1e-6)


def test_affordancenet_partial_shapes_are_one_item_a_view(tmp_path: Path) -> None:
    put_affordancenet(tmp_path, partial={"v0": labelled(), "v1": None})
    seen, missing = read("affordancenet", tmp_path, "partial-val")
    assert (seen.id, missing.id) == ("Mug/s1/v0", "Mug/s1/v1")
    assert seen.truth().shape == (N, 18)
    with pytest.raises(AssetError, match="has no cloud"):
        missing.truth()


def test_affordancenet_turns_whole_shapes(tmp_path: Path) -> None:
    quarter = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    turns = {"z": {"0": quarter}, "so3": {"0": np.eye(3), "1": quarter.T}}
    put_affordancenet(tmp_path, whole=labelled(), rotate=turns)
    (item,) = read("affordancenet", tmp_path, "rotate-z-val")
    assert item.points_m is not None
    assert item.points_m() == pytest.approx(LINE[:, [1, 0, 2]] / 1023.5, abs=1e-6)
    so3 = read("affordancenet", tmp_path, "rotate-so3-val")
    assert [each.id for each in so3] == ["Mug/s1/so3/0", "Mug/s1/so3/1"]


@pytest.mark.parametrize(
    ("whole", "cause"),
    [
        ({"coordinate": LINE}, "has no labels for Mug/s1"),
        (labelled(label={"grasp": np.ones(N)}), "label 'contain' of Mug/s1 with shape"),
    ],
)
def test_affordancenet_without_labels_says_so(whole: Any, cause: str, tmp_path: Path) -> None:
    put_affordancenet(tmp_path, whole=whole)
    (item,) = read("affordancenet", tmp_path, "full-val")
    with pytest.raises(AssetError, match=cause):
        item.truth()


def put_chairs(folder: Path, voxels: np.ndarray, **changed: np.ndarray) -> None:
    arrays = {
        "object_id": np.array([17]),
        "img_name": np.array(["0007/1/0000.png"]),
        "object_rotation": np.zeros((1, 7, 3)),
        "object_location": np.zeros((1, 7, 3)),
    }
    (folder / "DATA_FOLDER").mkdir(parents=True)
    for name, values in (arrays | changed).items():
        np.save(folder / "DATA_FOLDER" / f"{name}.npy", values)
    (folder / "AHOI_ROOT/object_part_voxel_64").mkdir(parents=True)
    np.save(folder / "AHOI_ROOT/object_part_voxel_64/17.npy", voxels)


def test_chairs_parts_are_moved_by_whole_voxels(tmp_path: Path) -> None:
    """A voxel is 2/64 m: a part 0.25 m along x moves by 8 of them; NaN is a part not there."""
    voxels = np.zeros((7, 64, 64, 64), dtype=bool)
    voxels[4, 20:24, 30:34, 40:44] = True
    location = np.zeros((1, 7, 3))
    location[0, :, 0] = 0.25 + 1e-4
    location[0, 6] = np.nan
    put_chairs(tmp_path, voxels, object_location=location)
    (item,) = read("chairs", tmp_path)
    assert (item.id, item.category) == ("0007/1/0000", "17")
    truth = item.truth()
    assert (truth.shape, truth.dtype) == ((64, 64, 64), np.float32)
    inside = np.zeros((64, 64, 64), dtype=bool)
    inside[28:32, 30:34, 40:44] = True
    assert truth[inside].all(), "x is the first axis"
    assert set(np.unique(truth)) == {0.0, 1.0}
    corners = np.argwhere(truth)
    assert corners.min(axis=0) == pytest.approx([28, 30, 40], abs=1)
    assert corners.max(axis=0) == pytest.approx([32, 33, 43], abs=1)


def test_chairs_matrices_are_the_euler_angles_of_scipy() -> None:
    rng = np.random.default_rng(2)
    turns, places = rng.normal(0.0, 1.0, (7, 3)), rng.normal(0.0, 0.3, (7, 3))
    found = part_matrices(turns, places)
    for matrix, turn, place in zip(found, turns, places, strict=True):
        rotation = Rotation.from_euler("xyz", turn[::-1]).as_matrix()
        assert matrix[:, :3] == pytest.approx(rotation, abs=1e-6)
        assert matrix[:, 3] == pytest.approx(-rotation @ place[::-1], abs=1e-6)


def test_chairs_sampling_is_a_sum_over_eight_voxels() -> None:
    """Against a plain loop over voxels in double precision, for a turned and moved part."""
    n = 8
    part = np.zeros((n, n, n), dtype=bool)
    part[2:5, 3:6, 1:7] = True
    turn, place = np.array([[0.3, -0.5, 0.8]]), np.array([[0.11, -0.07, 0.05]])
    (matrix,) = part_matrices(turn, place)
    wanted = np.zeros_like(part)
    for depth, row, column in product(range(n), repeat=3):
        at = np.array([(2 * i + 1) / n - 1 for i in (column, row, depth)] + [1.0])
        x, y, z = ((matrix.astype(float) @ at + 1) * n - 1) / 2
        total = 0.0
        for i, j, k in product(range(n), repeat=3):
            share = max(0, 1 - abs(z - i)) * max(0, 1 - abs(y - j)) * max(0, 1 - abs(x - k))
            total += share * part[i, j, k]
        wanted[depth, row, column] = total > 0
    assert moved(part, matrix).tolist() == wanted.tolist()
    assert wanted.any()


@pytest.mark.parametrize(
    ("voxels", "changed", "cause"),
    [
        (np.zeros((6, 4, 4, 4)), {}, r"17\.npy has shape \(6, 4, 4, 4\)"),
        (None, {"object_rotation": np.zeros((1, 7))}, r"object_rotation\.npy row 0 has shape"),
        (None, {"object_location": np.zeros((3, 7, 3))}, "has 3 frames but object_id"),
        (None, {"object_id": np.array([18])}, r"18\.npy is missing"),
    ],
)
def test_bad_chairs_are_named(
    voxels: np.ndarray | None, changed: dict[str, np.ndarray], cause: str, tmp_path: Path
) -> None:
    put_chairs(tmp_path, np.zeros((7, 64, 64, 64)) if voxels is None else voxels, **changed)
    (item,) = read("chairs", tmp_path)
    with pytest.raises(AssetError, match=cause):
        item.truth()
