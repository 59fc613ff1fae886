"""The page: self-contained, failures first, hostile texts stay texts, damage is told."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from msgspec.structs import replace

from ivlm_bench.errors import ConfigError, StoreError, UnknownNameError
from ivlm_bench.records import EpisodeResult, Manifest
from ivlm_bench.report import write_page

Variety = tuple[EpisodeResult, ...]
Seal = Callable[..., Path]

#: Texts that would run in a page that forgets to escape.
ATTACKS = (
    "<script>alert(1)</script>",
    "</pre></code></style></script><script>alert(2)</script>",
    '"><img src=x onerror=alert(3)>',
    "' onmouseover='alert(4)",
    "{{ 7 * 7 }}{% for x in y %}",
    "<svg onload=alert(5)>",
    "javascript:alert(6)",
)


class Page(HTMLParser):
    """All elements with their attributes, and the texts by enclosing element."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._inside = ""
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self._inside, []).append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.elements if name == tag]

    def values(self, attribute: str) -> list[str]:
        return [attrs[attribute] or "" for _, attrs in self.elements if attribute in attrs]

    @property
    def text(self) -> str:
        return "".join("".join(parts) for parts in self.texts.values())

    @property
    def groups(self) -> list[str]:
        return [(c["data-keys"] or "").split()[0] for c in self.all("article")]


@pytest.fixture(scope="module")
def page(seal: Seal, variety: Variety) -> Page:
    return Page(write_page(seal(variety)))


def test_self_contained(page: Page) -> None:
    assert page.values("src")
    assert all(src.startswith("data:image/jpeg;base64,") for src in page.values("src"))
    assert all(href.startswith("#") for href in page.values("href"))
    assert not {"link", "iframe", "object", "embed", "base"} & {tag for tag, _ in page.elements}
    assert "url(" not in page.source
    assert "@import" not in page.source


def test_content_policy_allows_exactly_the_own_style_and_script(page: Page) -> None:
    (policy,) = (m["content"] or "" for m in page.all("meta") if "http-equiv" in m)
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        (block,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page.source, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(block.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert not page.values("style")


def test_failures_first(page: Page) -> None:
    assert page.groups == ["error", "wrong", "wrong", "abstention", "success", "success"]


def test_everything_is_visible_without_a_script(page: Page) -> None:
    assert [c for c in page.all("article") if "hidden" in c] == []
    (form,) = page.all("form")
    assert "hidden" in form


def test_anchors_are_episode_keys(page: Page, variety: Variety) -> None:
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert {r.episode.episode_key for r in variety} <= set(ids)
    for target in (h[1:] for h in page.values("href")):
        assert target in ids


def test_words_for_those_who_cannot_see(page: Page) -> None:
    assert page.all("html")[0]["lang"] == "en"
    assert all(len(image["alt"] or "") > 10 for image in page.all("img"))
    assert all("scope" in cell for cell in page.all("th"))
    labels = {label["for"] for label in page.all("label")}
    assert labels == {select["id"] for select in page.all("select")}
    assert all((svg["aria-label"] or "").endswith(".") for svg in page.all("svg"))


def test_says_what_was_measured(page: Page) -> None:
    for text in (
        "The gripper closed without both pads touching the object.",
        "The probe touched something else before the asked button.",
        "The reasoner declined to act, but this can be done.",
        "1 of 2 perturbed trials succeeded",
        "0.25\N{NO-BREAK SPACE}N",
        "≥ 0.50\N{NO-BREAK SPACE}N",
        "All 6 episodes of the run, failures first.",
        "by the shared executor",
    ):
        assert text in page.text, text


def test_gating_checks_come_first(page: Page) -> None:
    assert page.text.index("force, left pad") < page.text.index("drift in hand")


def test_same_run_same_bytes(seal: Seal, variety: Variety, tmp_path: Path) -> None:
    folder = seal(variety)
    first = write_page(folder).read_bytes()
    assert write_page(folder, out=tmp_path / "deep" / "other.html").read_bytes() == first


def test_the_only_time_is_the_manifests(page: Page, manifest: Manifest) -> None:
    assert re.findall(r"20\d\d-\d\d-\d\d[T ][\d:]+(?:\+00:00)?", page.text) == [manifest.created_at]


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_texts_stay_texts(
    seal: Seal, variety: Variety, manifest: Manifest, attack: str
) -> None:
    from ivlm_bench.codec import encode
    from ivlm_bench.types import Interaction

    record = replace(
        variety[0].episode,
        query_text=attack,
        message=attack,
        cluster=attack,
        code=attack,
        stages={attack: attack},
        task=attack,
    )
    declining = replace(
        variety[4], prediction=encode(Interaction(abstain=True, abstain_reason=attack))
    )
    card = replace(
        manifest.reasoner, name=attack, display=attack, notes=attack, params={"a": attack}
    )
    described = replace(manifest, reasoner=card, notes=attack, suite=attack)
    folder = seal((replace(variety[0], episode=record), declining), described)
    page = Page(write_page(folder))
    assert len(page.all("script")) == 1
    assert len(page.all("svg")) == 1
    assert not [a for _, attrs in page.elements for a in attrs if a.startswith("on")]
    assert all(src.startswith("data:image/jpeg") for src in page.values("src"))
    assert all(href.startswith("#") for href in page.values("href"))
    assert page.text.count(attack) >= 8


def damaged(result: EpisodeResult, how: str) -> EpisodeResult:
    verdicts = result.verdicts
    match how:
        case "task":
            return replace(result, episode=replace(result.episode, task="gone/Task-v9"))
        case "scene":
            return replace(result, episode=replace(result.episode, scene_hash="0" * 32))
        case "prediction":
            return replace(result, prediction=b"\x00garbage")
        case "missing prediction":
            return replace(result, prediction=b"")
        case "checks":
            return replace(result, verdicts=tuple(replace(v, checks=b"{") for v in verdicts))
        case _:
            return replace(result, verdicts=tuple(replace(v, keyframes=b"{") for v in verdicts))


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("task", "No task is called 'gone/Task-v9'."),
        ("scene", "this version of the task poses another scene"),
        ("prediction", "A stored answer is damaged"),
        ("missing prediction", "No answer is stored"),
        ("checks", "The checks can't be read"),
        ("keyframes", "The stored key frames are damaged"),
    ],
)
def test_damage_is_told_in_its_card(seal: Seal, variety: Variety, how: str, sentence: str) -> None:
    page = Page(write_page(seal((damaged(variety[0], how), variety[1]))))
    assert page.groups == ["success", "success"]
    assert sentence in page.text
    assert len(page.all("img")) >= 6  # the whole episode keeps its four views and its film


def test_a_sample_says_so(seal: Seal, variety: Variety) -> None:
    page = Page(write_page(seal(variety), max_episodes=4))
    assert len(page.all("article")) == 4
    assert "A sample of 4 of the 6 episodes" in page.text
    assert "wrong answer 2 of 2" in page.text


def test_one_episode_has_a_page_of_its_own(seal: Seal, variety: Variety) -> None:
    folder = seal(variety)
    key = variety[2].episode.episode_key
    path = write_page(folder, episode=key[:10])
    assert path == folder / f"episode-{key[:8]}.html"
    assert [c["id"] for c in Page(path).all("article")] == [key]
    assert not (folder / "report.html").exists()
    assert "Summary" not in Page(path).text
    assert "Summary" in Page(write_page(folder)).text


def test_unknown_episode(seal: Seal, variety: Variety) -> None:
    with pytest.raises(UnknownNameError, match="no episode"):
        write_page(seal(variety), episode="nobody")


def test_negative_number_of_episodes(seal: Seal, variety: Variety) -> None:
    with pytest.raises(ConfigError, match="max_episodes"):
        write_page(seal(variety), max_episodes=-1)


def test_a_place_that_cannot_be_written(seal: Seal, variety: Variety, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file"):
        write_page(seal(variety), out=tmp_path / "file" / "page.html")


@pytest.mark.parametrize(
    ("change", "mark"),
    [
        ({"single_engine": True, "engines": {"mujoco": "4.0"}}, "Single-engine"),
        ({"notes": "only 1 of 4 tasks"}, "Not ranked"),
    ],
)
def test_marks(
    seal: Seal, variety: Variety, manifest: Manifest, change: dict[str, object], mark: str
) -> None:
    page = Page(write_page(seal(variety[:1], replace(manifest, **change))))
    assert mark in page.text


def test_privileged_mark(seal: Seal, variety: Variety, manifest: Manifest) -> None:
    described = replace(manifest, reasoner=replace(manifest.reasoner, privileged=True))
    assert "Privileged" in Page(write_page(seal(variety[:1], described))).text


def test_an_empty_choice(seal: Seal, variety: Variety) -> None:
    page = Page(write_page(seal(variety), max_episodes=0))
    assert page.all("article") == []
    assert "A sample of 0 of the 6 episodes" in page.text
