"""AGD20K on files written here by hand."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ivlm_bench.datasets import DATASETS, DataItem
from ivlm_bench.datasets.agd20k import images_without_truth
from ivlm_bench.errors import AssetError
from ivlm_bench.metrics import evaluate

HEAT = np.array([[0, 10, 99], [100, 101, 200]], dtype=np.uint8)


def put(folder: Path, name: str, heat: np.ndarray | None, *, test: str = "Seen/testset") -> Path:
    """Write an image and its heat map; return where the heat map lies."""
    picture = folder / test / "egocentric" / name
    picture.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (3, 2)).save(picture)
    where = folder / test / "GT" / f"{name[:-3]}png"
    where.parent.mkdir(parents=True, exist_ok=True)
    if heat is not None:
        Image.fromarray(heat).save(where)
    return where


def read(folder: Path, split: str = "seen") -> list[DataItem]:
    return list(DATASETS.get("agd20k").read(folder, split))


def test_an_item_is_what_lies_there(tmp_path: Path) -> None:
    put(tmp_path, "cut_with/knife/knife_000042.jpg", HEAT)
    (item,) = read(tmp_path)
    assert item.id == "cut_with/knife/knife_000042"
    truth = item.truth()
    assert truth.dtype == np.uint8
    assert truth.tolist() == HEAT.tolist()
    assert item.mask is not None
    assert item.mask().tolist() == [[False, False, False], [True, True, True]]
    assert item.image == tmp_path / "Seen/testset/egocentric/cut_with/knife/knife_000042.jpg"
    assert item.query is not None
    assert (item.query.interaction, item.query.object_name) == ("cut_with", "knife")
    assert item.query.text == "Which part of the knife would you cut with?"
    assert (item.category, item.cluster) == ("cut_with", "knife/knife_000042")


def test_an_empty_heat_map_has_an_empty_region(tmp_path: Path) -> None:
    put(tmp_path, "hold/cup/a.jpg", np.zeros((2, 3), dtype=np.uint8))
    (item,) = read(tmp_path)
    assert item.mask is not None
    assert not item.mask().any()


def test_items_come_by_affordance_object_and_name(tmp_path: Path) -> None:
    names = ["hold/cup/b.jpg", "hold/cup/a.jpg", "carry/skis/z.jpg", "hold/axe/c.jpg"]
    for name in names:
        put(tmp_path, name, HEAT)
    wanted = ["carry/skis/z", "hold/axe/c", "hold/cup/a", "hold/cup/b"]
    assert [item.id for item in read(tmp_path)] == wanted


def test_images_without_a_heat_map_are_left_out_and_can_be_counted(tmp_path: Path) -> None:
    put(tmp_path, "hold/cup/a.jpg", HEAT)
    put(tmp_path, "hold/cup/b.jpg", None)
    put(tmp_path, "hold/cup/c.jpeg", None)
    Image.fromarray(HEAT).save(tmp_path / "Seen/testset/GT/hold/cup/c.png")
    (tmp_path / "Seen/testset/egocentric/hold/cup/a.json").write_text("{}")
    put(tmp_path, "hold/cup/._a.jpg", HEAT)  # what macOS lays beside a file
    assert [item.id for item in read(tmp_path)] == ["hold/cup/a"]
    left_out = [path.name for path in images_without_truth(tmp_path, "seen")]
    assert left_out == ["b.jpg", "c.jpeg"], "the official rule cuts three letters, so no .jpeg"


def test_a_heat_map_whose_image_is_gone_is_an_item_that_names_it(tmp_path: Path) -> None:
    for name in ("hold/cup/a.jpg", "hold/cup/b.jpg", "hold/axe/c.jpg"):
        put(tmp_path, name, HEAT)
    pictures = tmp_path / "Seen/testset/egocentric/hold"
    (pictures / "cup/a.jpg").unlink()
    (pictures / "axe/c.jpg").unlink()
    (pictures / "axe").rmdir()
    first, second, third = read(tmp_path)
    assert [first.id, second.id, third.id] == ["hold/axe/c", "hold/cup/a", "hold/cup/b"]
    for item, image in ((first, "axe/c.jpg"), (second, "cup/a.jpg")):
        with pytest.raises(AssetError, match=rf"egocentric/hold/{image} is missing.*archive"):
            item.truth()
    assert third.truth().shape == HEAT.shape
    assert images_without_truth(tmp_path, "seen") == []


def test_images_without_a_heat_map_are_remarked_upon(tmp_path: Path) -> None:
    put(tmp_path, "hold/cup/a.jpg", HEAT)
    dataset = DATASETS.get("agd20k")
    assert dataset.remarks(tmp_path, "seen") == ()
    put(tmp_path, "hold/cup/b.jpg", None)
    assert "1 image has no heat map" in dataset.remarks(tmp_path, "seen")[0]
    put(tmp_path, "hold/cup/c.jpg", None)
    assert "2 images have no heat map" in dataset.remarks(tmp_path, "seen")[0]


@pytest.mark.parametrize(
    ("split", "test"),
    [
        ("seen", "Seen/testset"),
        ("unseen", "Unseen/testset"),
        ("seen-v2", "Seen/testsetv2"),
        ("unseen-v2", "Unseen/testsetv2"),
    ],
)
def test_splits_lie_in_their_folders(split: str, test: str, tmp_path: Path) -> None:
    put(tmp_path, "hold/cup/a.jpg", HEAT, test=test)
    assert len(read(tmp_path, split)) == 1


def test_a_damaged_heat_map_spoils_no_other(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    where = put(tmp_path, "hold/cup/a.jpg", noise)
    put(tmp_path, "hold/cup/b.jpg", HEAT)
    where.write_bytes(where.read_bytes()[:2000])
    bad, good = read(tmp_path)
    assert good.truth().shape == (2, 3)
    with pytest.raises(AssetError, match=r"GT/hold/cup/a\.png is a damaged image"):
        bad.truth()


def test_two_images_of_one_name_are_one_fault(tmp_path: Path) -> None:
    put(tmp_path, "hold/cup/a.jpg", HEAT)
    put(tmp_path, "hold/cup/a.png", HEAT)
    first, second = read(tmp_path)
    assert first.truth().shape == (2, 3)
    with pytest.raises(AssetError, match="'hold/cup/a' 2 times"):
        second.truth()


def test_nothing_to_score_is_an_error(tmp_path: Path) -> None:
    put(tmp_path, "hold/cup/b.jpg", None)
    with pytest.raises(AssetError, match="Seen/testset has no item that can be scored"):
        read(tmp_path)


def test_one_map_is_in_memory_at_a_time(tmp_path: Path) -> None:
    n, side = 12, 600
    for index in range(n):
        put(tmp_path, f"hold/cup/{index:02d}.jpg", np.full((side, side), index, dtype=np.uint8))
    next(DATASETS.get("agd20k").read(tmp_path, "seen")).truth()  # imports of the first time
    tracemalloc.start()
    for item in DATASETS.get("agd20k").read(tmp_path, "seen"):
        assert item.truth().max() == int(item.id[-2:])
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 4 * side * side, "a third of all maps together"


def test_truth_as_prediction_scores_as_perfect(tmp_path: Path) -> None:
    put(tmp_path, "hold/cup/a.jpg", HEAT)
    (item,) = read(tmp_path)
    found = evaluate("agd20k:locate", [item.truth().astype(float)], [item.truth()])
    assert found["sim"] == pytest.approx(1.0, abs=1e-9)
    assert found["kld"] == pytest.approx(0.0, abs=1e-6)
