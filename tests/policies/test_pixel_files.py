"""Heat maps and points of other methods, read: every pixel at its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ivlm_bench.codec import observation_key
from ivlm_bench.errors import ConfigError, InvalidAnswerError
from ivlm_bench.testing.blank import DOWN, HIGH, WIDE, blank_observation
from ivlm_policies.from_files.reasoner import MapFilesReasoner, PointFilesReasoner

SHOWN = blank_observation()
KEY = observation_key(SHOWN)


def spot(row: int, column: int, *, high: int = HIGH, wide: int = WIDE) -> np.ndarray:
    array = np.zeros((high, wide), np.float32)
    array[row, column] = 1.0
    return array


@pytest.mark.parametrize(("full", "kind"), [(255, np.uint8), (65535, np.uint16)])
def test_a_png_is_row_by_row_and_full_scale_is_one(tmp_path: Path, full: int, kind: Any) -> None:
    image = (spot(2, 5) * full).astype(kind)
    image[3, 1] = full // 5
    Image.fromarray(image).save(tmp_path / f"{KEY}_0.png")
    maps = MapFilesReasoner(str(tmp_path)).predict(SHOWN).affordance_maps
    assert maps is not None
    assert maps.shape == (1, HIGH, WIDE)
    assert (maps[0, 2, 5], maps[0, 3, 1]) == (1.0, pytest.approx(0.2))
    assert np.count_nonzero(maps) == 2


def test_maps_of_an_npz_go_by_view_and_missing_ones_are_empty(tmp_path: Path) -> None:
    shown = blank_observation(DOWN, DOWN)
    np.savez(tmp_path / f"{observation_key(shown)}_1.npz", heat=spot(1, 2))
    maps = MapFilesReasoner(str(tmp_path)).predict(shown).affordance_maps
    assert maps is not None
    assert np.array_equal(maps, np.stack([np.zeros((HIGH, WIDE)), spot(1, 2)]))
    both = np.stack([spot(0, 0), spot(5, 7)])
    np.savez(tmp_path / f"{observation_key(shown)}_1.npz", both)
    maps = MapFilesReasoner(str(tmp_path)).predict(shown).affordance_maps
    assert np.array_equal(np.asarray(maps), both)


def test_a_map_of_another_size_covers_the_same_image(tmp_path: Path) -> None:
    small = np.zeros((HIGH // 2, WIDE // 2), np.float32)
    small[0, :] = 1.0  # the upper third, so that rows 0 of 6 and 3 of 6 are beyond the ramp
    np.savez(tmp_path / f"{KEY}.npz", small)
    maps = MapFilesReasoner(str(tmp_path)).predict(SHOWN).affordance_maps
    assert maps is not None
    assert np.all(maps[0, 0] == 1.0)
    assert np.all(maps[0, 3:] == 0.0)
    assert np.ptp(maps, axis=2).max() == 0.0


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (lambda p: np.savez(p.with_suffix(".npz"), spot(0, 0) * 255), "outside of [0, 1]"),
        (lambda p: np.savez(p.with_suffix(".npz"), np.full((2, 2), np.nan)), "outside of [0, 1]"),
        (lambda p: np.savez(p.with_suffix(".npz"), a=spot(0, 0), b=spot(0, 0)), "holds a, b"),
        (lambda p: np.savez(p.with_suffix(".npz"), np.zeros(3)), "no maps"),
        (lambda p: np.savez(p.with_suffix(".npz"), np.zeros((2, 3, 4))), "map for view 1"),
        (lambda p: p.with_suffix(".png").write_bytes(b"\x89PNG"), "can't be read as PNG"),
        (lambda p: Image.new("RGB", (8, 6)).save(p.with_suffix(".png")), "mode RGB"),
    ],
)
def test_a_bad_map_is_an_invalid_answer(
    tmp_path: Path, write: Callable[[Path], object], words: str
) -> None:
    write(tmp_path / KEY)
    with pytest.raises(InvalidAnswerError) as caught:
        MapFilesReasoner(str(tmp_path)).predict(SHOWN)
    assert words in str(caught.value)


def lines(folder: Path, *entries: Any) -> None:
    (folder / "points.jsonl").write_text("".join(json.dumps(e) + "\n" for e in entries))


@pytest.mark.parametrize(
    ("scale", "order", "point", "pixel"),
    [
        ("px", "xy", [5.0, 2.0], [5.0, 2.0]),
        ("px", "yx", [2.0, 5.0], [5.0, 2.0]),
        # The middle of an image 8 px wide lies between pixels 3 and 4.
        ("unit", "xy", [0.5, 0.5], [3.5, 2.5]),
        ("100", "xy", [25.0, 50.0], [1.5, 2.5]),
        ("1000", "yx", [500.0, 250.0], [1.5, 2.5]),
    ],
)
def test_points_in_every_scale_and_order(
    tmp_path: Path, scale: str, order: str, point: list[float], pixel: list[float]
) -> None:
    lines(tmp_path, {"key": KEY, "points": [point], "view": 0, "label": "handle"})
    answer = PointFilesReasoner(str(tmp_path), scale=scale, order=order).predict(SHOWN)
    assert np.asarray(answer.points_px).tolist() == [[0.0, *pixel]]


def test_lines_about_one_question_add_up_and_abstentions_are_kept(tmp_path: Path) -> None:
    shown = blank_observation(DOWN, DOWN)
    key = observation_key(shown)
    lines(
        tmp_path,
        {"key": key, "points": [[1, 2]], "view": 1},
        {"key": key, "points": [[3, 4]]},
        {"key": KEY, "abstain": True},
    )
    reasoner = PointFilesReasoner(str(tmp_path))
    assert np.asarray(reasoner.predict(shown).points_px).tolist() == [[1, 1, 2], [0, 3, 4]]
    assert reasoner.predict(SHOWN).abstain


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "line 1 is no JSON"),
        ('{"points": []}', "no text 'key'"),
        ('{"key": "x"}', "neither 'points' nor 'abstain'"),
    ],
)
def test_a_bad_line_is_told_before_a_run(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "points.jsonl").write_text(text)
    with pytest.raises(ConfigError, match=words):
        PointFilesReasoner(str(tmp_path))


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"key": KEY, "points": [["a", 1]]}, "no list of"),
        ({"key": KEY, "points": [[1, 2, 3]]}, "no list of"),
        ({"key": KEY, "points": [[1, 2]], "view": 4}, "names view 4"),
        ({"key": KEY, "points": [[1, 2]], "view": "left"}, "names view 'left'"),
        ({"key": "other", "points": [[1, 2]]}, "no line about this question"),
    ],
)
def test_a_bad_point_is_an_invalid_answer(tmp_path: Path, entry: Any, words: str) -> None:
    lines(tmp_path, entry)
    with pytest.raises(InvalidAnswerError) as caught:
        PointFilesReasoner(str(tmp_path)).predict(SHOWN)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("params", "words"),
    [({"scale": "999"}, "scale=999"), ({"order": "uv"}, "order=uv"), ({}, "holds no")],
)
def test_parameters_of_points_that_do_not_fit(
    tmp_path: Path, params: dict[str, str], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        PointFilesReasoner(str(tmp_path), **params)
