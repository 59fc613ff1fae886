"""DAMON on archives written here by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ivlm_bench.datasets import DATASETS, DataItem
from ivlm_bench.errors import AssetError
from ivlm_bench.metrics import evaluate

N = 6890
NAMES = ["datasets/HOT/images/vcoco_1.jpg", "/abs/hake_2.jpg", "vcoco_3.jpg"]
OBJECTS = [
    {"cell phone": [0, 7], "supporting": [6889], "bench": []},
    {"cup": [3], "dining_table": [3, 4]},
    {},
]


def contact() -> np.ndarray:
    labels = np.zeros((3, N))
    labels[0, [0, 7, 6889]] = 1.0
    labels[1, [3, 4]] = 1.0
    return labels


def put(folder: Path, **changed: Any) -> Path:
    objects = np.empty(3, dtype=object)
    objects[:] = OBJECTS
    arrays: dict[str, Any] = {
        "imgname": np.array(NAMES),
        "pose": np.zeros((3, 72)),
        "contact_label": contact(),
        "contact_label_objectwise": objects,
    }
    arrays |= changed
    path = folder / "hot_dca_test.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **{name: values for name, values in arrays.items() if values is not None})
    return path


def read(folder: Path, split: str) -> dict[str, DataItem]:
    return {item.id: item for item in DATASETS.get("damon").read(folder, split)}


def test_images_have_the_contact_of_the_body(tmp_path: Path) -> None:
    put(tmp_path)
    items = read(tmp_path, "test")
    assert list(items) == ["vcoco_1", "hake_2", "vcoco_3"]
    truth = items["vcoco_1"].truth()
    assert (truth.shape, truth.dtype) == ((N,), np.float32)
    assert np.flatnonzero(truth).tolist() == [0, 7, 6889]
    assert items["vcoco_3"].truth().sum() == 0.0


def test_pairs_leave_out_support_and_empty_contact(tmp_path: Path) -> None:
    put(tmp_path)
    items = read(tmp_path, "test-semantic")
    assert list(items) == ["vcoco_1/cell phone", "hake_2/cup", "hake_2/dining_table"]
    truth = items["vcoco_1/cell phone"].truth()
    assert np.flatnonzero(truth["contact"]).tolist() == [0, 7]
    assert (truth["object"], truth["image"]) == ("cell phone", "vcoco_1")
    asked = items["hake_2/dining_table"]
    assert (asked.category, asked.cluster) == ("dining_table", "hake_2")
    assert asked.query is not None
    assert asked.query.text == "Where does the person's body touch the dining table?"


def test_records_of_the_challenge_have_body_and_objects(tmp_path: Path) -> None:
    put(tmp_path)
    record = read(tmp_path, "test-challenge")["vcoco_1"].truth()
    assert np.flatnonzero(record["gen_contact_vids"]).tolist() == [0, 7, 6889]
    objects = {name: list(ids) for name, ids in record["sem_contact_vids"].items()}
    assert objects == {"cell phone": [0, 7], "bench": []}


@pytest.mark.parametrize("home", ["", "damon", "Release_Datasets/damon"])
def test_the_archive_may_lie_as_it_was_unpacked(home: str, tmp_path: Path) -> None:
    put(tmp_path / home)
    assert len(read(tmp_path, "test")) == 3


def test_rows_of_different_make_are_read_too(tmp_path: Path) -> None:
    rows = np.empty(3, dtype=object)
    rows[:] = [contact()[0].tolist(), [], contact()[2].tolist()]
    put(tmp_path, contact_label=rows)
    items = read(tmp_path, "test")
    assert np.flatnonzero(items["vcoco_1"].truth()).tolist() == [0, 7, 6889]
    with pytest.raises(AssetError, match=r"row 1 of contact_label \(.*hake_2\.jpg\) has shape"):
        items["hake_2"].truth()


@pytest.mark.parametrize(
    ("wrong", "cause"),
    [
        ({"cup": [6890]}, "no vertex numbers below 6890 for 'cup'"),
        ({"cup": [-1]}, "no vertex numbers below 6890 for 'cup'"),
        ({"cup": [0.5]}, "no vertex numbers"),
        (["cup"], "as list where a dictionary"),
    ],
)
def test_a_bad_row_spoils_no_other(wrong: object, cause: str, tmp_path: Path) -> None:
    objects = np.empty(3, dtype=object)
    objects[:] = [OBJECTS[0], wrong, {"fork": [1]}]
    put(tmp_path, contact_label_objectwise=objects)
    items = read(tmp_path, "test-semantic")
    assert list(items) == ["vcoco_1/cell phone", "hake_2", "vcoco_3/fork"]
    with pytest.raises(AssetError, match=cause):
        items["hake_2"].truth()
    assert items["vcoco_3/fork"].truth()["contact"].sum() == 1.0


@pytest.mark.parametrize(
    ("split", "changed", "cause"),
    [
        ("test", {"contact_label": None}, "no array 'contact_label' but imgname, pose"),
        ("test-semantic", {"contact_label_objectwise": None}, "no array 'contact_label_object"),
        ("test", {"imgname": np.array(NAMES[:2])}, r"2 image names but contact_label of shape"),
        (
            "test",
            {"imgname": np.array([], dtype=str), "contact_label": np.zeros((0, N))},
            "holds no image",
        ),
    ],
)
def test_a_bad_archive_is_named(
    split: str, changed: dict[str, Any], cause: str, tmp_path: Path
) -> None:
    path = put(tmp_path, **changed)
    with pytest.raises(AssetError, match=cause) as error:
        read(tmp_path, split)
    assert str(path) in str(error.value)


def test_contact_that_is_no_number_is_named(tmp_path: Path) -> None:
    labels = contact()
    labels[1, 5] = np.nan
    put(tmp_path, contact_label=labels)
    with pytest.raises(AssetError, match="row 1 of contact_label"):
        read(tmp_path, "test")["hake_2"].truth()


def test_an_image_that_comes_twice_is_one_fault(tmp_path: Path) -> None:
    put(tmp_path, imgname=np.array(["a.jpg", "b.jpg", "x/a.jpg"]))
    items = read(tmp_path, "test")
    assert list(items) == ["a", "b", "a (2)"]
    with pytest.raises(AssetError, match="'a' 2 times"):
        items["a (2)"].truth()


@pytest.mark.parametrize(
    ("split", "profile", "quantity"),
    [
        ("test", "damon:deco", "f1"),
        ("test-semantic", "damon:interactvlm", "binary_recall"),
        ("test-challenge", "damon:challenge", "semantic_recall"),
    ],
)
def test_its_profiles_take_the_truths(
    split: str, profile: str, quantity: str, tmp_path: Path
) -> None:
    objects = np.empty(3, dtype=object)
    objects[:] = [{"cup": [0, 7, 6889]}, {"cup": [3], "fork": [4]}, {"cup": [1]}]
    labels = contact()
    labels[2, 1] = 1.0
    put(tmp_path, contact_label_objectwise=objects, contact_label=labels)
    truths = {name: item.truth() for name, item in read(tmp_path, split).items()}
    assert evaluate(profile, truths, truths)[quantity] == 1.0
