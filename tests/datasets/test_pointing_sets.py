"""Where2Place, RefSpatial-Bench and Point-Bench are read from miniatures, damaged ones too."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ivlm_bench.datasets import DATASETS
from ivlm_bench.errors import AssetError
from ivlm_bench.metrics import PROFILES, evaluate
from ivlm_bench.testing.miniatures import make_miniature

SETS = ["where2place", "refspatial", "pointbench"]


@pytest.fixture
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return make_miniature(request.param, tmp_path / "set")


def everywhere(names: list[str] = SETS) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("name", "home"), [(n, n) for n in names], indirect=["home"])


@everywhere()
def test_items_have_all_that_a_reasoner_needs(name: str, home: Path) -> None:
    dataset = DATASETS.get(name)
    for split in dataset.splits:
        items = list(dataset.read(home, split))
        assert len({item.id for item in items}) == len(items) > 1
        for item in items:
            assert item.query is not None
            assert item.query.text
            assert "formatted" not in item.query.text
            assert item.image is not None
            assert item.image.is_file()
            assert item.mask is not None
            mask = item.mask()
            with Image.open(item.image) as image:
                assert mask.shape == (image.height, image.width)
            assert 0 < mask.sum() < mask.size


@everywhere()
def test_the_truth_scores_one(name: str, home: Path) -> None:
    dataset = DATASETS.get(name)
    rng = np.random.default_rng(3)
    for split in dataset.splits:
        truths = {item.id: item.truth() for item in dataset.read(home, split)}
        for profile in dataset.profiles:
            oracle = PROFILES.get(profile).controls["oracle"]
            answers = {key: oracle(truth, rng) for key, truth in truths.items()}
            assert evaluate(profile, answers, truths)["accuracy"] == pytest.approx(1.0, abs=0.02)


@everywhere()
def test_same_seed_same_files(name: str, home: Path, tmp_path: Path) -> None:
    again = make_miniature(name, tmp_path / "again")
    files = sorted(path.relative_to(home) for path in home.rglob("*") if path.is_file())
    assert files == sorted(p.relative_to(again) for p in again.rglob("*") if p.is_file())
    assert all((home / path).read_bytes() == (again / path).read_bytes() for path in files)


@everywhere()
@pytest.mark.parametrize("damage", ["cut", "missing", "empty"])
def test_a_damaged_mask_is_named_and_spoils_no_other(name: str, home: Path, damage: str) -> None:
    masks = sorted(path for path in home.rglob("*") if "mask" in path.parent.name)
    first = masks[0]
    content = first.read_bytes()
    if damage == "missing":
        first.unlink()
    else:
        first.write_bytes(content[: len(content) // 2] if damage == "cut" else b"")
    items = list(DATASETS.get(name).read(home))
    with pytest.raises(AssetError, match=first.name):
        items[0].truth()
    assert items[1].truth() is not None


@everywhere()
def test_missing_questions_say_where_to_get_them(name: str, home: Path) -> None:
    for path in [*home.rglob("*.json"), *home.rglob("*.jsonl")]:
        path.unlink()
    with pytest.raises(AssetError, match=f"is missing; get {name} from its owner"):
        list(DATASETS.get(name).read(home))


@pytest.mark.parametrize("home", ["where2place"], indirect=True)
def test_a_broken_line_is_named_and_keeps_the_masks_in_step(home: Path) -> None:
    path = home / "point_questions.jsonl"
    lines = path.read_text().splitlines()
    lines[1] = lines[1][:30]
    path.write_text("\n".join(lines))
    items = list(DATASETS.get("where2place").read(home))
    assert [item.id for item in items] == ["0", "1", "2"]
    with pytest.raises(AssetError, match=r"point_questions\.jsonl line 2 is no JSON"):
        items[1].truth()
    with Image.open(home / "masks" / "02.jpg") as mask:
        assert np.array_equal(items[2].truth(), np.array(mask))


@pytest.mark.parametrize("home", ["refspatial"], indirect=True)
def test_entries_that_repeat_an_id_or_lack_a_field_are_named(home: Path) -> None:
    path = home / "Location" / "question.json"
    entries = json.loads(path.read_text())
    path.write_text(json.dumps([*entries, entries[0], {"id": 9}, 5]))
    items = list(DATASETS.get("refspatial").read(home))
    assert [item.id for item in items[:2]] == ["0", "1"]
    for item, why in zip(items[2:], ["entry 3 has the id of", "mask_path", "int"], strict=True):
        with pytest.raises(AssetError, match=why):
            item.truth()
    assert len({item.id for item in items}) == 5


@pytest.mark.parametrize("home", ["pointbench"], indirect=True)
def test_entries_without_a_mask_are_no_questions(home: Path) -> None:
    items = list(DATASETS.get("pointbench").read(home))
    assert sorted(item.category for item in items) == sorted(
        ["affordable", "counting", "reasoning", "spatial", "steerable"]
    )
    counting = next(item for item in items if item.category == "counting")
    assert counting.truth()["count"] == 3


@pytest.mark.parametrize("home", ["pointbench"], indirect=True)
@pytest.mark.parametrize("content", ["", "[", "[]", "{}x"])
def test_a_broken_list_is_named(home: Path, content: str) -> None:
    (home / "data.json").write_text(content)
    with pytest.raises(AssetError, match=r"data\.json"):
        [item.truth() for item in DATASETS.get("pointbench").read(home)]
