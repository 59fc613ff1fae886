"""Images: values as they were written, damaged files named with their cause."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ivlm_bench.datasets.images import image_size_px, read_gray, read_mask, read_rgb
from ivlm_bench.errors import AssetError

GRAY = np.array([[0, 1, 127], [128, 254, 255]], dtype=np.uint8)


def test_grey_values_are_kept(tmp_path: Path) -> None:
    Image.fromarray(GRAY).save(tmp_path / "g.png")
    assert read_gray(tmp_path / "g.png").tolist() == GRAY.tolist()
    assert read_mask(tmp_path / "g.png").tolist() == (GRAY > 0).tolist()
    assert image_size_px(tmp_path / "g.png") == (2, 3)


def test_colours_become_luma(tmp_path: Path) -> None:
    """0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), for pure red, green and blue by hand."""
    rgb = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], dtype=np.uint8)
    Image.fromarray(rgb).save(tmp_path / "c.png")
    assert read_gray(tmp_path / "c.png").tolist() == [[76, 150, 29]]
    assert read_rgb(tmp_path / "c.png").tolist() == rgb.tolist()


@pytest.mark.parametrize("mode", ["1", "P", "RGBA", "LA", "CMYK"])
def test_other_modes_are_eight_bit(mode: str, tmp_path: Path) -> None:
    ending = "jpg" if mode == "CMYK" else "png"
    Image.fromarray(np.full((4, 5), 255, dtype=np.uint8)).convert(mode).save(
        tmp_path / f"m.{ending}"
    )
    assert read_gray(tmp_path / f"m.{ending}").tolist() == [[255] * 5] * 4
    assert read_rgb(tmp_path / f"m.{ending}").shape == (4, 5, 3)


def test_sixteen_bits_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 40000]], dtype=np.uint16)).save(tmp_path / "deep.png")
    with pytest.raises(AssetError, match=r"deep\.png has more than 8 bits"):
        read_gray(tmp_path / "deep.png")


def damaged(path: Path, how: str) -> Path:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    if how == "missing":
        return path
    if how == "truncated":
        Image.fromarray(noise).save(path)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    else:
        path.write_bytes({"empty": b"", "text": b"not an image"}[how])
    return path


@pytest.mark.parametrize(
    ("how", "cause"),
    [
        ("missing", "is missing"),
        ("empty", r"is empty \(0 bytes\)"),
        ("text", "is no image that can be read"),
        ("truncated", "is a damaged image"),
    ],
)
@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_a_bad_file_is_named_with_its_cause(
    how: str, cause: str, ending: str, tmp_path: Path
) -> None:
    path = damaged(tmp_path / f"x.{ending}", how)
    for read in (read_gray, read_rgb, read_mask):
        with pytest.raises(AssetError, match=f"{re.escape(str(path))} {cause}"):
            read(path)


@pytest.mark.parametrize("how", ["missing", "empty", "text"])
def test_a_size_that_is_not_there_is_an_error(how: str, tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=re.escape(str(tmp_path / "x.png"))):
        image_size_px(damaged(tmp_path / "x.png", how))
