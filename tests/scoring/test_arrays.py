"""Files of one prediction: what they give, and the one sentence on each that is unusable."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ivlm_bench.errors import InvalidAnswerError
from ivlm_bench.metrics.profile import Form
from ivlm_bench.scoring.decode import SUFFIXES, decode_file

RAMP = np.array([[0, 51, 255], [102, 204, 153]], dtype=np.uint8)


@pytest.mark.parametrize(
    "picture",
    [
        Image.fromarray(RAMP),
        Image.fromarray(RAMP.astype(np.uint16) * 257),
        Image.fromarray(np.stack([RAMP] * 3, axis=2)),
        Image.fromarray(RAMP).convert("P"),
        Image.fromarray(RAMP).convert("LA"),
        Image.fromarray(RAMP).convert("RGBA"),
    ],
    ids=["8 bit", "16 bit", "gray RGB", "palette", "gray with alpha", "RGBA"],
)
def test_gray_pictures_are_shares_of_full_scale(tmp_path: Path, picture: Image.Image) -> None:
    path = tmp_path / "map.png"
    picture.save(path)
    expected = [[0.0, 0.2, 1.0], [0.4, 0.8, 0.6]]
    np.testing.assert_allclose(decode_file(path, "heatmap"), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("form", ["heatmap", "values", "masks", "voxels"])
def test_one_array_is_read_from_each_file_that_may_hold_it(tmp_path: Path, form: Form) -> None:
    array = np.array([0.25, 0.5, 1.0])
    np.save(tmp_path / "a.npy", array)
    np.savez(tmp_path / "a.npz", anything=array)
    np.savez(tmp_path / "b.npz", prediction=array, other=np.zeros(2))
    (tmp_path / "a.json").write_text("[0.25, 0.5, 1]")
    (tmp_path / "b.json").write_text('{"prediction": [0.25, 0.5, 1]}')
    (tmp_path / "a.txt").write_text("0.25\n0.5\n1\n")
    for path in sorted(tmp_path.iterdir()):
        if path.suffix in SUFFIXES[form]:
            np.testing.assert_array_equal(decode_file(path, form), array, err_msg=path.name)


def _truncated_png(path: Path) -> None:
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 40), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:300])


def _truncated_npy(path: Path) -> None:
    np.save(path, np.zeros((30, 30)))
    path.write_bytes(path.read_bytes()[:500])


def _boundless_npy(path: Path) -> None:
    head = b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (10**15,), }"
    path.write_bytes(head.replace(b"10**15", b"1000000000000000").ljust(127) + b"\n")


def _truncated_npz(path: Path) -> None:
    np.savez(path, a=np.zeros((30, 30)))
    path.write_bytes(path.read_bytes()[:500])


BAD: list[tuple[str, Form, Callable[[Path], object], str]] = [
    ("a.png", "heatmap", _truncated_png, "is no readable picture"),
    ("a.png", "heatmap", lambda p: p.write_bytes(b"no picture"), "is no readable picture"),
    (
        "a.png",
        "heatmap",
        lambda p: Image.fromarray(np.arange(48, dtype=np.uint8).reshape(4, 4, 3)).save(p),
        "in colours",
    ),
    ("a.npy", "heatmap", lambda p: p.write_bytes(b"no array"), "does not begin as one does; save"),
    ("a.npz", "heatmap", lambda p: p.write_bytes(b"no array"), "does not begin as one does; save"),
    ("a.npy", "heatmap", _truncated_npy, "is no readable NumPy array"),
    ("a.npy", "heatmap", _boundless_npy, "is no readable NumPy array"),
    ("a.npz", "heatmap", _truncated_npz, "is no readable NumPy archive"),
    ("a.npy", "values", lambda p: np.save(p, [1.0, np.nan, np.inf]), "2 of 3 numbers that are NaN"),
    ("a.npy", "values", lambda p: np.save(p, np.array([{}], dtype=object)), "objects"),
    ("a.npy", "values", lambda p: np.save(p, np.array(["x"])), "no numbers"),
    ("a.npy", "values", lambda p: np.save(p, np.zeros((0, 4))), "is empty"),
    ("a.npz", "heatmap", lambda p: np.savez(p, a=[1], b=[2]), "holds 2 arrays (a, b)"),
    ("a.json", "values", lambda p: p.write_text("[1, 2"), "line 1, column"),
    ("a.json", "values", lambda p: p.write_text("[[1, 2], [3]]"), "no regular list"),
    ("a.json", "values", lambda p: p.write_text("[1, NaN]"), "NaN or infinite"),
    ("a.json", "values", lambda p: p.write_text("[" * 100_000), "nested too deeply"),
    ("a.json", "answer", lambda p: p.write_text('{"a": 1, "a": 2}'), "'a' twice"),
    ("a.json", "points", lambda p: p.write_text('{"text": 5}'), "gives 5 as prediction; the reply"),
    ("a.json", "points", lambda p: p.write_text('{"text": null}'), "gives null as prediction"),
    ("a.json", "values", lambda p: p.write_text("3"), "gives 3 as prediction; a list of numbers"),
    ("a.json", "detections", lambda p: p.write_text("true"), "gives true as prediction; a list"),
    ("a.txt", "values", lambda p: p.write_text("0.5\nhalf\n"), "'half'"),
    ("a.txt", "answer", lambda p: p.write_bytes(b"\xff\xfe\xff"), "no UTF-8"),
]


@pytest.mark.parametrize(("name", "form", "write", "words"), BAD)
def test_an_unusable_file_is_named_with_its_cause(
    tmp_path: Path, name: str, form: Form, write: Callable[[Path], object], words: str
) -> None:
    write(tmp_path / name)
    with pytest.raises(InvalidAnswerError) as caught:
        decode_file(tmp_path / name, form)
    said = str(caught.value)
    assert str(tmp_path / name) in said
    assert words in said
    assert "\n" not in said


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidAnswerError, match=r"gone\.txt can't be read"):
        decode_file(tmp_path / "gone.txt", "answer")
