"""``doctor --reasoner`` on models behind HTTP, and what their runs say of it."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ivlm_bench.calibration.kept import calibration_of
from ivlm_bench.cli.main import main
from ivlm_bench.leaderboard.summary import summarise
from ivlm_bench.reasoners import resolve_reasoner
from ivlm_bench.store.load import load_run
from ivlm_bench.testing.chat_server import Reply, said, talking

pytest.importorskip("openai")

#: How much redder than green and blue a pixel of what is asked about is, of 255.
MIN_REDNESS = 90

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("IVLM_BENCH_CALIBRATION", str(tmp_path / "calibration"))
    monkeypatch.setenv("IVLM_BENCH_VLM_CACHE", str(tmp_path / "answers"))

    def call(*argv: str) -> tuple[int, str, str]:
        code = main(argv)
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


def red_middle(body: dict[str, Any]) -> tuple[np.ndarray, int] | None:
    """Return the middle (x, y) of what is red in the picture that was sent, and its side."""
    packed = re.search(r"data:image/png;base64,([A-Za-z0-9+/=]+)", json.dumps(body))
    assert packed is not None
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(packed[1]))).convert("RGB"))
    away = picture.astype(int)
    rows, columns = np.nonzero(away[..., 0] - away[..., 1:].max(axis=2) > MIN_REDNESS)
    return (np.array([columns.mean(), rows.mean()]), len(picture)) if len(rows) else None


def sees(form: Callable[[float, float, int], str]) -> Callable[[dict[str, Any]], Reply]:
    """Return a model that finds what is red and writes it by ``form`` (shares, side in px)."""

    def talk(body: dict[str, Any]) -> Reply:
        found = red_middle(body)
        if found is None:
            return said("[]")
        middle, side = found
        x, y = (middle + 0.5) / side
        return said(form(x, y, side))

    return talk


def gemini(x: float, y: float, _: int) -> str:
    return json.dumps([{"point": [round(1000 * y), round(1000 * x)], "label": "it"}])


def qwen3(x: float, y: float, _: int) -> str:
    return json.dumps([{"point_2d": [round(1000 * x), round(1000 * y)], "label": "it"}])


def asked(url: str, dialect: str) -> tuple[str, ...]:
    params = (f"base_url={url}", "model=tried", f"dialect={dialect}", "max_views=1")
    return ("--reasoner", "vlm", *(word for each in params for word in ("-P", each)))


def test_the_right_dialect_is_calibrated(run: Run) -> None:
    with talking(sees(gemini)) as server:
        code, out, err = run("doctor", *asked(server.url, "gemini"))
    assert code == 0, err
    assert re.search(r"^right +points +in pixels, x first", out, re.MULTILINE)
    assert out.endswith("calibrated vlm\n")
    assert len(server.asked) == 16 + 2 + 2


def test_thousandths_read_as_pixels_are_named(run: Run) -> None:
    with talking(sees(qwen3)) as server:
        code, out, err = run("doctor", *asked(server.url, "qwen25_vl"))
    assert code == 1
    assert re.search(r"^DEVIATION +points +answers look like 0-1000[;,]", out, re.MULTILINE), out
    assert "run doctor again" in err


def test_swapped_axes_are_named(run: Run) -> None:
    def y_first(x: float, y: float, side: int) -> str:
        return qwen3(y, x, side)

    with talking(sees(y_first)) as server:
        code, out, _ = run("doctor", *asked(server.url, "qwen3_vl"))
    assert code == 1
    assert re.search(r"^DEVIATION +points +answers look right in scale, y first;", out, re.M), out


def test_a_run_says_whether_doctor_was_asked_and_is_ranked_only_then(
    run: Run, tmp_path: Path
) -> None:
    small: tuple[str, ...] = (
        "--limit",
        "1",
        "--n-perturbed",
        "0",
        "--engine",
        "mujoco",
    )
    small += ("--workers", "1", "--track", "rgb", "--size", "96", "--no-page")
    with talking(sees(gemini)) as server:
        model = asked(server.url, "gemini")
        assert run("run", *model, *small, "--out", str(tmp_path / "before"))[0] == 0
        assert run("doctor", *model)[0] == 0
        assert run("run", *model, *small, "--out", str(tmp_path / "after"))[0] == 0
    before, after = (summarise(load_run(tmp_path / name)) for name in ("before", "after"))
    assert not before.ranked
    assert any(mark.startswith("not ranked: uncalibrated: its conv") for mark in before.marks)
    assert after.ranked
    assert any(mark.startswith("conventions examined: right: points") for mark in after.marks)


def test_other_parameters_are_another_configuration(run: Run) -> None:
    with talking(sees(gemini)) as server:
        assert run("doctor", *asked(server.url, "gemini"))[0] == 0
        params = {"base_url": server.url, "model": "tried", "max_views": "1"}
        same = calibration_of(resolve_reasoner("vlm", {**params, "dialect": "gemini"})[1])
        other = calibration_of(resolve_reasoner("vlm", {**params, "dialect": "qwen3_vl"})[1])
    assert same is not None
    assert same.state == "calibrated"
    assert other is not None
    assert other.state == "unknown"
    assert calibration_of(resolve_reasoner("centre")[1]) is None


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (("--reasoner", "oracle"), 2, "hands 'oracle' the truth"),
        (("--reasoner", "centr"), 2, "Did you mean 'centre'"),
        (("-P", "a=b"), 2, "name one with --reasoner"),
        (("--reasoner", "centre", "--full"), 2, "--full is about engines"),
        (("--reasoner", "random"), 3, "no finding about random"),
    ],
)
def test_what_tells_nothing_says_so(run: Run, argv: tuple[str, ...], code: int, words: str) -> None:
    got, _, err = run("doctor", *argv)
    assert got == code
    assert words in err
