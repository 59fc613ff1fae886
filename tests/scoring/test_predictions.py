"""Predictions by the id of their item: folders, and one file of all."""

from __future__ import annotations

import json
import pickle
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ivlm_bench.errors import ConfigError, InvalidAnswerError
from ivlm_bench.metrics.profile import Form
from ivlm_bench.scoring.one_file import open_predictions


def read_all(path: Path, form: Form) -> dict[str, Any]:
    with closing(open_predictions(path, form)) as found:
        return {name: prediction.read() for name, prediction in found.by_id.items()}


def test_a_file_has_the_id_of_its_path(tmp_path: Path) -> None:
    (tmp_path / "hold" / "cup").mkdir(parents=True)
    (tmp_path / "hold" / "cup" / "cup.v1.txt").write_text("here")
    (tmp_path / "top.txt").write_text("there")
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "x.txt").write_text("hidden")
    assert read_all(tmp_path, "points") == {"hold/cup/cup.v1": "here", "top": "there"}


def test_links_are_followed_once_and_dangling_ones_are_named(tmp_path: Path) -> None:
    home, elsewhere = tmp_path / "p", tmp_path / "elsewhere"
    home.mkdir()
    elsewhere.mkdir()
    (elsewhere / "a.txt").write_text("far")
    (home / "linked").symlink_to(elsewhere)
    (home / "again").symlink_to(home)
    (home / "gone.txt").symlink_to(tmp_path / "nowhere.txt")
    found = open_predictions(home, "points")
    assert set(found.by_id) == {"linked/a", "gone"}
    assert found.by_id["linked/a"].read() == "far"
    with pytest.raises(InvalidAnswerError, match=r"gone\.txt can't be read"):
        found.by_id["gone"].read()


def test_files_of_other_kinds_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "b.pdf").write_text("x")
    found = open_predictions(tmp_path, "points")
    assert found.problems == ("b.pdf was left out: .pdf is not one of .txt, .json, .npy.",)


def test_two_files_of_one_id_are_refused_when_read(tmp_path: Path) -> None:
    np.save(tmp_path / "cup.npy", np.ones(3))
    (tmp_path / "cup.json").write_text("[1, 1, 1]")
    np.save(tmp_path / "pan.npy", np.ones(3))
    found = open_predictions(tmp_path, "values")
    assert found.by_id["pan"].read().tolist() == [1, 1, 1]
    with pytest.raises(InvalidAnswerError, match=r"cup is predicted 2 times .*json and cup\.npy"):
        found.by_id["cup"].read()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("all.json", {"a": "[(1, 2)]", "b.jpg": "[(3, 4)]"}),
        ("all.json", [{"id": "a", "text": "[(1, 2)]"}, {"question_id": "b", "text": "[(3, 4)]"}]),
        ("all.jsonl", [{"id": "a", "text": "[(1, 2)]"}, {"idx": "b", "answer": "[(3, 4)]"}]),
        ("all.pkl", {"a": "[(1, 2)]", "b": "[(3, 4)]"}),
    ],
)
def test_one_file_of_all_gives_each_item_its_own(tmp_path: Path, name: str, content: Any) -> None:
    path = tmp_path / name
    if name.endswith("jsonl"):
        path.write_text("\n\n".join(json.dumps(record) for record in content))
    elif name.endswith("pkl"):
        path.write_bytes(pickle.dumps(content))
    else:
        path.write_text(json.dumps(content))
    assert read_all(path, "points") == {"a": "[(1, 2)]", "b": "[(3, 4)]"}


def test_an_archive_of_all_gives_each_item_its_array(tmp_path: Path) -> None:
    arrays: dict[str, Any] = {"hold/cup": np.ones(2), "open/jar": np.zeros(3)}
    np.savez(tmp_path / "all.npz", **arrays)
    found = read_all(tmp_path / "all.npz", "values")
    assert {name: array.tolist() for name, array in found.items()} == {
        "hold/cup": [1, 1],
        "open/jar": [0, 0, 0],
    }


def test_a_submission_to_epic_is_read_by_video(tmp_path: Path) -> None:
    segments = {"P01_01": [{"verb": 1, "score": 0.5}], "P01_02": []}
    submission = {"version": "0.2", "challenge": "action_detection", "results": segments}
    (tmp_path / "test.json").write_text(json.dumps(submission))
    assert read_all(tmp_path / "test.json", "detections") == segments


def test_results_of_coco_are_gathered_by_image(tmp_path: Path) -> None:
    boxes = [
        {"image_id": i, "category_id": 1, "bbox": [0, 0, 1, 1], "score": 0.1} for i in (7, 8, 7)
    ]
    (tmp_path / "coco.json").write_text(json.dumps(boxes))
    found = read_all(tmp_path / "coco.json", "detections")
    assert {name: len(records) for name, records in found.items()} == {"7": 2, "8": 1}


def test_a_broken_line_is_named_and_the_others_are_kept(tmp_path: Path) -> None:
    lines = ['{"id": "a", "text": "x"}', '{"id": "b", "text": ', '{"text": "no id"}']
    (tmp_path / "all.jsonl").write_text("\n".join([*lines, '{"id": "a", "text": "again"}']))
    found = open_predictions(tmp_path / "all.jsonl", "points")
    assert set(found.by_id) == {"a"}
    assert [p.split(": ")[0].split(", ")[1][:6] for p in found.problems] == ["line 2", "line 3"]
    with pytest.raises(InvalidAnswerError, match=r"a is predicted twice .*line 1; .*line 4"):
        found.by_id["a"].read()


def test_a_pickle_that_is_no_data_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "all.pkl").write_bytes(b"cos\nsystem\n(S'touch /tmp/never'\ntR.")
    with pytest.raises(InvalidAnswerError, match=r"all\.pkl"):
        open_predictions(tmp_path / "all.pkl", "values")


def test_the_flat_key_of_an_item_is_found(tmp_path: Path) -> None:
    (tmp_path / "hold_cup_cup_1.txt").write_text("x")
    found = open_predictions(tmp_path, "points")
    assert found.id_for("hold/cup/cup_1") == "hold_cup_cup_1"
    assert found.id_for("hold/cup/cup_2") is None


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: p.mkdir(), "holds no prediction"),
        (lambda p: None, "There is no file or folder"),
        (lambda p: p.write_text("x"), "neither a folder nor a file"),
    ],
)
def test_no_predictions_at_all_are_one_sentence(tmp_path: Path, make: Any, words: str) -> None:
    make(tmp_path / "here")
    with pytest.raises(ConfigError, match=words):
        open_predictions(tmp_path / "here", "heatmap")


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.json", "3"), ("a.json", "{}"), ("a.json", "[]"), ("a.jsonl", ""), ("a.npz", "no zip")],
)
def test_an_unusable_file_of_all_is_named(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises((ConfigError, InvalidAnswerError), match=name):
        open_predictions(tmp_path / name, "heatmap")
