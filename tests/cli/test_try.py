"""``ivlm-bench try``: any photograph, any reasoner, one picture or one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ivlm_bench.cli.main import main
from ivlm_bench.cli.try_photo import command
from ivlm_bench.errors import AssetError, ConfigError
from ivlm_bench.geometry.lifting import lift_pixel
from ivlm_bench.posing.photograph import (
    guessed_camera,
    read_own_photograph,
    to_photograph,
    to_view,
    view_of,
)
from ivlm_bench.posing.sentence import query_of

SENTENCE = "hold the mug by its handle"
#: A reasoner that marks the brightest pixel, one that finds nothing, and two that fail.
REASONERS = """
import numpy as np
from ivlm_bench.types import Interaction

class Brightest:
    def predict(self, observation):
        grey = observation.views[0].rgb.sum(axis=2)
        row, column = np.unravel_index(np.argmax(grey), grey.shape)
        return Interaction(points_px=np.array([[0, column, row]], np.float32), feasible_prob=0.25)

class Empty:
    def predict(self, observation):
        shape = observation.views[0].rgb.shape[:2]
        return Interaction(affordance_maps=np.zeros((1, *shape), np.float32))

class Raises:
    def predict(self, observation):
        raise RuntimeError("no weights")

class Wrong:
    def predict(self, observation):
        return 7
"""


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Return a wide grey photograph of 400 x 300 px with a white square about (310, 60)."""
    image = np.full((300, 400, 3), 90, np.uint8)
    image[50:71, 300:321] = 255
    path = tmp_path / "photo.png"
    Image.fromarray(image).save(path)
    (tmp_path / "mine.py").write_text(REASONERS)
    return path


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (SENTENCE, ("grasp", "mug", "handle")),
        ("Open the top drawer", ("open", "top drawer", None)),
        ("press the red button on the panel", ("press", "red button", "panel")),
        ("pick up a screwdriver", ("grasp", "screwdriver", None)),
        ("put the cup on the table", ("place", "cup", "table")),
        ("the kettle", ("grasp", "kettle", None)),
        ("!!!", ("grasp", "", None)),
    ],
)
def test_a_sentence_is_read_as_verb_object_and_part(
    sentence: str, expected: tuple[str, str, str | None]
) -> None:
    query = query_of(sentence)
    assert (query.interaction, query.object_name, query.part_name) == expected
    assert query.text == sentence


@pytest.mark.parametrize("sentence", ["", "  ", "x" * 501])
def test_no_question_and_an_endless_one_are_refused(sentence: str) -> None:
    with pytest.raises(ConfigError, match="question"):
        query_of(sentence)


@pytest.mark.parametrize("size", [(40, 30), (31, 47), (4000, 7), (1, 1)])
@pytest.mark.parametrize("longest_px", [16, 448])
def test_pixels_come_back_from_a_view_exactly(size: tuple[int, int], longest_px: int) -> None:
    width, height = size
    view = view_of(np.zeros((height, width, 3), np.uint8), longest_px=longest_px)
    assert max(view.rgb.shape[:2]) == min(longest_px, max(size))
    x = np.arange(width)
    pixels = np.stack([x, x % height], axis=1).astype(np.float64)
    there = to_view(pixels, view, width_px=width, height_px=height)
    assert np.array_equal(to_photograph(there, view, width_px=width, height_px=height), pixels)


def test_a_view_pixel_is_the_middle_of_those_it_was_averaged_from() -> None:
    view = view_of(np.zeros((200, 400, 3), np.uint8), longest_px=100)
    # View pixel 10 averages photograph pixels 40 to 43, whose middle, 41.5, lies in pixel 42.
    assert to_photograph(np.array([[10.0, 0.0]]), view, width_px=400, height_px=200).tolist() == [
        [42.0, 2.0]
    ]


def test_the_guessed_camera_sees_the_origin_in_the_middle_and_60_degrees() -> None:
    camera = guessed_camera(401, 301)
    view = view_of(np.zeros((301, 401, 3), np.uint8), longest_px=448)
    middle = lift_pixel(view, np.array([200.0, 150.0]))
    assert middle == pytest.approx(np.zeros(3), abs=1e-9)
    half = np.rad2deg(np.arctan(401 / 2 / camera.intrinsics_px[0, 0]))
    assert 2 * half == pytest.approx(60.0)


def test_exif_turns_a_photograph_and_nothing_else_does(tmp_path: Path) -> None:
    pixels = np.zeros((30, 40, 3), np.uint8)
    pixels[:10, :10] = 255  # upper left corner of the upright picture
    upright = Image.fromarray(pixels)
    tag = Image.Exif()
    tag[0x0112] = 6  # to be turned by 90 degrees clockwise when shown
    path = tmp_path / "turned.png"
    upright.transpose(Image.Transpose.ROTATE_90).save(path, exif=tag)
    assert np.array_equal(read_own_photograph(path), pixels)


@pytest.mark.parametrize("mode", ["L", "RGBA", "LA", "P", "1", "CMYK"])
def test_every_kind_of_colours_is_read(mode: str, tmp_path: Path) -> None:
    path = tmp_path / ("x.tif" if mode == "CMYK" else "x.png")
    Image.new("RGB", (20, 10), (255, 255, 255)).convert(mode).save(path)
    assert read_own_photograph(path).shape == (10, 20, 3)
    assert read_own_photograph(path).min() == 255


def test_what_is_transparent_becomes_white(tmp_path: Path) -> None:
    Image.new("RGBA", (4, 4), (0, 0, 0, 0)).save(tmp_path / "x.png")
    assert read_own_photograph(tmp_path / "x.png").min() == 255


def damaged(kind: str, folder: Path) -> Path:
    path = folder / "bad.png"
    noise = np.random.default_rng(0).integers(0, 255, (60, 60, 3)).astype(np.uint8)
    Image.fromarray(noise).save(path)
    if kind == "truncated":
        path.write_bytes(path.read_bytes()[:2000])
    elif kind == "text":
        path.write_text("hello")
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "missing":
        path.unlink()
    elif kind == "deep":
        Image.fromarray(noise[..., 0].astype(np.uint16) * 200).save(path)
    return path


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        ("truncated", "is a damaged image"),
        ("text", "is no image that can be read"),
        ("empty", "is no image that can be read"),
        ("missing", "There is no photograph"),
        ("deep", "more than 8 bits"),
    ],
)
def test_a_bad_file_is_named_with_its_cause(kind: str, cause: str, tmp_path: Path) -> None:
    path = damaged(kind, tmp_path)
    with pytest.raises(AssetError, match=cause) as told:
        command([str(path), SENTENCE])
    assert str(path) in str(told.value)


def test_a_twelve_megapixel_photograph_is_answered_in_its_own_pixels(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    big = tmp_path / "big.jpg"
    with Image.open(photo) as image:
        image.resize((4000, 3000), Image.Resampling.NEAREST).save(big, quality=95)
    out = tmp_path / "big.png"
    mine = f"{tmp_path / 'mine.py'}:Brightest"
    assert command([str(big), SENTENCE, "--reasoner", mine, "--out", str(out)]) == 0
    said = capsys.readouterr().out
    line = next(row for row in said.splitlines() if "own 4000 x 3000 px" in row)
    x, y = (float(word.strip("(),")) for word in line.split(": ")[1].split(", "))
    assert 2990 <= x <= 3220
    assert 490 <= y <= 720


@pytest.mark.parametrize("name", ["answer.png", "answer.html"])
def test_the_answer_is_drawn_and_told(
    name: str, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / name
    mine = f"{tmp_path / 'mine.py'}:Brightest"
    assert command([str(photo), SENTENCE, "--reasoner", mine, "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "read as: grasp mug, part 'handle'" in said
    assert "feasible 0.25" in said
    assert str(out) in said
    if name.endswith("html"):
        page = out.read_text(encoding="utf-8")
        assert "data:image/jpeg;base64," in page
        assert "http" not in page.replace("http-equiv", "")
        return
    with Image.open(out) as image:
        assert image.width == 900
        pixels = np.asarray(image.convert("RGB")).astype(int)
    # The first white pixel, (300, 50) of 400 x 300, carries the magenta mark of an image point.
    x, y = 300 * 900 // 400, 50 * 900 // 400
    region = pixels[y - 4 : y + 5, x - 4 : x + 5].reshape(-1, 3)
    assert (np.abs(region - np.array([255, 0, 200])).sum(axis=1) < 60).any()


def test_an_abstention_is_shown_with_its_reason(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.png"
    assert command([str(photo), SENTENCE, "--reasoner", "abstain", "--out", str(out)]) == 0
    assert "declines to act: this baseline never tries" in capsys.readouterr().out
    with Image.open(out) as image:  # the banner across the top
        assert image.convert("RGB").getpixel((880, 8)) == (176, 16, 32)


@pytest.mark.parametrize(
    ("sentence", "sought"),
    [(SENTENCE, "the handle"), ("the kettle", "the kettle"), ("!!!", "what")],
)
def test_an_empty_map_is_told_as_nothing_found(
    sentence: str,
    sought: str,
    photo: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    mine = f"{photo.parent / 'mine.py'}:Empty"
    words = [str(photo), sentence, "--reasoner", mine, "--out", str(photo.parent / "x.png")]
    assert command(words) == 0
    told = capsys.readouterr().out
    assert f"the map is empty: the reasoner did not find {sought}" in told
    assert "affordance maps" not in told


@pytest.mark.parametrize(
    ("words", "code", "cause"),
    [
        (["--reasoner", "oracle"], 2, "a photograph has none"),
        (["--reasoner", "centr"], 2, "Did you mean"),
        (["--reasoner", "mine.py:Raises"], 5, "no weights"),
        (["--reasoner", "mine.py:Wrong"], 5, "predict returned an int"),
        (["--out", "x.gif"], 2, "ends in .png or .html"),
        (["--size", "8"], 2, "16 to 2048 px"),
        (["--seed", "-1"], 2, "at least 0"),
        (["--reasoners", "centre"], 2, "Did you mean"),
    ],
)
def test_what_can_not_be_is_one_sentence(
    words: list[str],
    code: int,
    cause: str,
    photo: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(photo.parent)
    assert main(["try", str(photo), SENTENCE, *words]) == code
    said = capsys.readouterr().err
    assert cause in said
    assert said.count("\n") == 1
