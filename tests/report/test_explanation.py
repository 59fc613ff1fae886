"""``explain``: pictures and a page, from a reasoner that explains itself or one that does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace
from PIL import Image

from ivlm_bench.cli.main import main
from ivlm_bench.errors import ConfigError
from ivlm_bench.records import EpisodeResult, Manifest
from ivlm_bench.report.choose import short_name
from ivlm_bench.report.explanation import write_explanation
from ivlm_bench.store import load_run

#: Three reasoners: one explains itself, one shows evidence with its answer, one fails.
MINDS = """
import numpy as np

from ivlm_bench.types import Evidence, Interaction

RED = np.zeros((4, 6, 3), np.uint8) + np.array([255, 0, 0], np.uint8)


class Telling:
    def predict(self, observation):
        return Interaction(abstain=True)

    def explain(self, observation):
        return (Evidence("I saw <b>red</b>.", RED), Evidence("And that was all."))


class Showing:
    def predict(self, observation):
        return Interaction(abstain=True, evidence=(Evidence("Look here.", RED),))


class Failing(Telling):
    def explain(self, observation):
        raise ValueError("no words")
"""


@pytest.fixture
def minds(tmp_path: Path) -> Path:
    path = tmp_path / "minds.py"
    path.write_text(MINDS, encoding="utf-8")
    return path


def run_of(seal, variety, manifest, name: str) -> tuple[Path, str]:  # type: ignore[no-untyped-def]
    """Seal a run of a reasoner, and return its folder and an episode's name."""
    card = replace(manifest.reasoner, name=name, params={})
    return seal(variety[:1], replace(manifest, reasoner=card)), short_name(variety[0].episode)


def test_a_reasoner_that_explains_itself(  # type: ignore[no-untyped-def]
    seal, variety: tuple[EpisodeResult, ...], manifest: Manifest, minds: Path, tmp_path: Path
) -> None:
    folder, episode = run_of(seal, variety, manifest, f"{minds}:Telling")
    made = write_explanation(load_run(folder), episode, out=tmp_path / "told")
    assert made.n_pictures == 1
    (picture,) = made.folder.glob("*.png")
    assert picture.name == "01-i-saw-b-red-b.png"
    with Image.open(picture) as image:
        assert image.size == (6, 4)
        assert image.getpixel((0, 0)) == (255, 0, 0)
    page = (made.folder / "index.html").read_text(encoding="utf-8")
    assert "I saw &lt;b&gt;red&lt;/b&gt;." in page
    assert "And that was all." in page
    assert 'src="data:image/' in page
    assert "http" not in page.replace("http-equiv", "")
    assert any("not that of the run" in note for note in made.notes)  # the card was made up


def test_evidence_of_one_that_does_not(  # type: ignore[no-untyped-def]
    seal,
    variety: tuple[EpisodeResult, ...],
    manifest: Manifest,
    minds: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder, episode = run_of(seal, variety, manifest, f"{minds}:Showing")
    assert main(["explain", str(folder), episode]) == 0
    said = capsys.readouterr().out.splitlines()
    assert any("has no method 'explain', and the evidence of its answer" in line for line in said)
    out = Path(said[-1])
    assert out.parent == folder
    assert [path.name for path in out.glob("*.png")] == ["01-look-here.png"]


def test_one_that_has_neither(  # type: ignore[no-untyped-def]
    seal, variety: tuple[EpisodeResult, ...], manifest: Manifest, tmp_path: Path
) -> None:
    folder, episode = run_of(seal, variety, manifest, "oracle")
    card = replace(manifest.reasoner, name="oracle", params={}, privileged=True)
    folder = seal(variety[:1], replace(manifest, reasoner=card))
    made = write_explanation(load_run(folder), episode, out=tmp_path / "told")
    assert made.n_pictures == 0
    assert "its answer holds no evidence" in made.notes[-1]
    assert "The reasoner tells nothing of it." in (made.folder / "index.html").read_text()


def test_one_that_fails_is_told_in_a_sentence(  # type: ignore[no-untyped-def]
    seal, variety: tuple[EpisodeResult, ...], manifest: Manifest, minds: Path, tmp_path: Path
) -> None:
    folder, episode = run_of(seal, variety, manifest, f"{minds}:Failing")
    with pytest.raises(ConfigError, match=r"failed to explain its answer: .*no words"):
        write_explanation(load_run(folder), episode, out=tmp_path / "told")
    assert not (tmp_path / "told").exists()
