"""VISOR-HOS and PhysBench are read from miniatures, damaged ones too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ivlm_bench.datasets import DATASETS
from ivlm_bench.errors import AssetError
from ivlm_bench.metrics import PROFILES, evaluate
from ivlm_bench.metrics.run_length import decode
from ivlm_bench.testing.miniatures import make_miniature

VISOR_SETS = ["visor", "visor_handside", "visor_contact", "visor_combineho"]


@pytest.mark.parametrize("name", [*VISOR_SETS, "physbench"])
def test_the_truth_scores_best(name: str, tmp_path: Path) -> None:
    dataset = DATASETS.get(name)
    home = make_miniature(name, tmp_path / "set")
    truths = {item.id: item.truth() for item in dataset.read(home)}
    assert len(truths) == 4
    for profile in dataset.profiles:
        oracle = PROFILES.get(profile).controls["oracle"]
        answers = {key: oracle(each, np.random.default_rng(0)) for key, each in truths.items()}
        result = evaluate(profile, answers, truths)
        best = {"bbox_ap": 1.0, "segm_ap": 1.0, "accuracy": 100.0}
        for number in best.keys() & result.keys():
            assert result[number] == pytest.approx(best[number])


@pytest.mark.parametrize("name", VISOR_SETS)
def test_frames_have_the_annotated_size(name: str, tmp_path: Path) -> None:
    home = make_miniature(name, tmp_path / "set")
    for item in DATASETS.get(name).read(home, "train"):
        truth = item.truth()
        assert item.image is not None
        with Image.open(item.image) as image:
            assert (image.height, image.width) == (truth["height"], truth["width"])
        for each in truth["annotations"]:
            size = {"height_px": truth["height"], "width_px": truth["width"]}
            assert decode(each["segmentation"], **size).sum() == each["area"]


def edited_visor(home: Path, change: dict[str, Any]) -> list[Any]:
    path = home / "epick_visor_coco_hos" / "annotations" / "val.json"
    coco = json.loads(path.read_text())
    coco["images"][0] |= change.get("image", {})
    for name in change.get("drop", []):
        del coco["annotations"][0][name]
    path.write_text(json.dumps(coco))
    return list(DATASETS.get("visor").read(home))


@pytest.mark.parametrize(
    ("change", "index", "why"),
    [
        ({"image": {"id": 1}}, 1, r"val\.json image 2 has the id of an earlier one"),
        ({"image": {"height": None}}, 0, r"val\.json image 1 has no height"),
        ({"drop": ["area"]}, 0, "annotation 1 has no area"),
    ],
    ids=str,
)
def test_a_bad_entry_is_named_and_spoils_no_other(
    tmp_path: Path, change: dict[str, Any], index: int, why: str
) -> None:
    items = edited_visor(make_miniature("visor", tmp_path / "set"), change)
    with pytest.raises(AssetError, match=why):
        items[index].truth()
    assert len(items) == len({item.id for item in items}) == 4
    assert items[3].truth()["annotations"]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"images": [], "annotations": []}', "{"])
def test_a_broken_annotation_file_is_named(tmp_path: Path, content: str) -> None:
    home = make_miniature("visor", tmp_path / "set")
    (home / "epick_visor_coco_hos" / "annotations" / "val.json").write_text(content)
    with pytest.raises(AssetError, match=r"val\.json"):
        list(DATASETS.get("visor").read(home))


@pytest.mark.parametrize("name", [*VISOR_SETS, "physbench"])
def test_a_missing_file_says_where_to_get_it(name: str, tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=f"is missing; get {name} from its owner"):
        list(DATASETS.get(name).read(tmp_path))


def test_hidden_answers_are_said_to_be_hidden(tmp_path: Path) -> None:
    home = make_miniature("physbench", tmp_path / "set")
    items = list(DATASETS.get("physbench").read(home, "test"))
    assert [item.id for item in items] == ["4", "5"]
    with pytest.raises(AssetError, match="EvalAI"):
        items[0].truth()


def test_questions_with_several_files_or_a_video_have_no_single_image(tmp_path: Path) -> None:
    home = make_miniature("physbench", tmp_path / "set")
    path = home / "test.json"
    questions = json.loads(path.read_text())
    questions[0]["file_name"] = ["0.png", "1.png"]
    path.write_text(json.dumps(questions))
    images = [item.image for item in DATASETS.get("physbench").read(home)]
    assert [image is None for image in images] == [True, False, False, True]


def test_an_answer_without_its_letter_is_named(tmp_path: Path) -> None:
    home = make_miniature("physbench", tmp_path / "set")
    path = home / "val_answer.json"
    answers = json.loads(path.read_text())
    del answers[1]["answer"]
    path.write_text(json.dumps(answers))
    items = list(DATASETS.get("physbench").read(home))
    with pytest.raises(AssetError, match=r"val_answer\.json entry 2 has no text 'answer'"):
        items[1].truth()
    assert items[0].truth()["answer"] in "ABCD"
