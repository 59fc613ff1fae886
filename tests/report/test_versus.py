"""The page of a comparison: losses first, both answers side by side, nothing from outside."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from ivlm_bench.comparison import compare
from ivlm_bench.errors import StoreError
from ivlm_bench.records import EpisodeResult, Manifest
from ivlm_bench.report.versus import write_versus
from ivlm_bench.store import load_run

Variety = tuple[EpisodeResult, ...]
Seal = Callable[..., Path]

ATTACK = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'


def spoilt(result: EpisodeResult, code: str = "NO_CONTACT") -> EpisodeResult:
    return replace(result, episode=replace(result.episode, success=False, code=code))


def page_of(
    seal: Seal, old: Variety, new: Variety, manifests: tuple[Manifest, Manifest], path: Path
) -> str:
    runs = [load_run(seal(r, m)) for r, m in zip((old, new), manifests, strict=True)]
    return write_versus(compare(*runs), path, most=10).read_text(encoding="utf-8")


@pytest.fixture
def manifests(manifest: Manifest) -> tuple[Manifest, Manifest]:
    card = replace(manifest.reasoner, display="Worse", name="worse")
    return manifest, replace(manifest, reasoner=card, run_id="run-2")


def test_losses_first_and_both_answers(
    seal: Seal, variety: Variety, manifests: tuple[Manifest, Manifest], tmp_path: Path
) -> None:
    grasped, pressed, missed = variety[:3]
    old = (grasped, pressed, missed)
    won = replace(missed, episode=replace(missed.episode, success=True, code="SUCCESS"))
    new = (spoilt(grasped, "SLIP_LIFT"), pressed, won)
    source = page_of(seal, old, new, manifests, tmp_path / "deep" / "page.html")
    cards = re.findall(r'<article class="card (\w+)" id="(\w+)"', source)
    assert cards == [
        ("lost", grasped.episode.scenario_key),
        ("gained", missed.episode.scenario_key),
    ]
    assert source.count('<section class="side"') == 4
    assert source.count("SUCCESS</code> → <code>SLIP_LIFT") == 1
    assert "Worse" in source
    assert "against Geometric on smoke-v0" in source.replace("</span>", "")
    # Each of the four sides shows four views and a film of two frames.
    assert len(re.findall(r'<img src="data:image/jpeg;base64,', source)) == 4 * 6
    assert "All 2 scenarios that came out otherwise" in source


def test_at_most_so_many(
    seal: Seal, variety: Variety, manifests: tuple[Manifest, Manifest], tmp_path: Path
) -> None:
    old, new = variety[:2], tuple(spoilt(result) for result in variety[:2])
    found = compare(*(load_run(seal(r, m)) for r, m in zip((old, new), manifests, strict=True)))
    source = write_versus(found, tmp_path / "a.html", most=1).read_text(encoding="utf-8")
    assert source.count("<article") == 1
    assert "1 of the 2 scenarios" in source
    none = write_versus(found, tmp_path / "b.html", most=0).read_text(encoding="utf-8")
    assert none.count("<article") == 0
    assert "0 of the 2 scenarios" in none


def test_nothing_differs(
    seal: Seal, variety: Variety, manifests: tuple[Manifest, Manifest], tmp_path: Path
) -> None:
    source = page_of(seal, variety[:2], variety[:2], manifests, tmp_path / "page.html")
    assert "Every shared scenario came out the same." in source
    assert "<article" not in source


def test_the_repeat_that_differs_is_shown(
    seal: Seal, variety: Variety, manifests: tuple[Manifest, Manifest], tmp_path: Path
) -> None:
    def repeats(*right: bool) -> Variety:
        return tuple(
            replace(
                variety[0],
                episode=replace(
                    variety[0].episode,
                    episode_key=f"{n}",
                    repeat=n,
                    success=success,
                    code="SUCCESS" if success else "SLIP_LIFT",
                ),
                verdicts=(),
            )
            for n, success in enumerate(right)
        )

    source = page_of(
        seal, repeats(True, True, True), repeats(True, False, True), manifests, tmp_path / "p.html"
    )
    assert "3 of 3 repeats right; shown is repeat 1" in source
    assert "2 of 3 repeats right; shown is repeat 1" in source


def test_hostile_texts_stay_texts_and_nothing_comes_from_outside(
    seal: Seal, variety: Variety, manifests: tuple[Manifest, Manifest], tmp_path: Path
) -> None:
    old, new = manifests
    hostile = replace(new, reasoner=replace(new.reasoner, display=ATTACK, params={ATTACK: ATTACK}))
    broken = replace(variety[3], episode=replace(variety[3].episode, message=ATTACK))
    right = replace(broken, episode=replace(broken.episode, success=True, status="ok", message=""))
    source = page_of(seal, (right,), (broken,), (old, hostile), tmp_path / "page.html")
    assert "<script" not in source
    assert "<img src=x" not in source
    assert source.count("&lt;script&gt;alert(1)") >= 3
    sources = re.findall(r'\bsrc="([^"]*)"', source)
    assert all(found.startswith("data:image/jpeg;base64,") for found in sources)
    assert all(found.startswith("#") for found in re.findall(r'\bhref="([^"]*)"', source))
    assert "url(" not in source


def test_a_place_that_cannot_be_written(
    seal: Seal, variety: Variety, manifests: tuple[Manifest, Manifest], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file"):
        page_of(seal, variety[:1], variety[:1], manifests, tmp_path / "file" / "page.html")
