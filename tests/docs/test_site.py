"""The site: a page for every registered thing, links that lead somewhere, examples that run."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ivlm_bench.datasets import DATASETS
from ivlm_bench.env import TASKS
from ivlm_bench.metrics import METRICS
from ivlm_bench.metrics.profile import PROFILES
from ivlm_bench.objects import OBJECTS
from ivlm_bench.reasoners import REASONERS
from ivlm_envs.held_out import held_out_categories

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
#: Pages with examples, in the order in which a reader meets them: later ones use earlier files.
EXAMPLES = (
    "quick-start",
    "write-a-reasoner",
    "write-an-object",
    "write-a-task",
    "write-an-engine",
    "read-a-result",
    "compare-and-power",
    "explain-and-attribute",
    "ablate-and-latency",
    "run-machinery",
    "nightly",
    "lerobot",
    "remote",
    "score_files",
    "reference_rows",
)
#: A marked block of code: ``<!-- file: NAME -->``, ``<!-- run -->`` or ``<!-- python -->``.
BLOCK = re.compile(
    r"<!-- (file: (?P<file>\S+)|run|python) -->\n```(\w+)\n(?P<text>.*?)\n```", re.DOTALL
)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
#: What would tell on which machine the pages were written.
PLACES = re.compile(r"(?<![\w.])/(home|root|work|tmp|Users|mnt|opt)/|site-packages|localhost")
#: Largest size of all that the site is made from, bytes.
MOST_BYTES = 8_000_000
#: Seconds that one command of an example may take on a busy machine.
LIMIT_S = 280.0


@dataclass(frozen=True)
class Block:
    """One marked block: what is to be done with it, and its text."""

    kind: str
    file: str
    text: str


def blocks_of(page: str) -> list[Block]:
    """Return the marked blocks of a page in order."""
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    found = BLOCK.finditer(text)
    return [Block(m[1].split(":")[0], m["file"] or "", m["text"]) for m in found]


@pytest.mark.parametrize(
    ("folder", "names"),
    [
        ("tasks", lambda: [name.rsplit("/", 1)[-1] for name in TASKS.names()]),
        ("objects", OBJECTS.names),
        ("reasoners", REASONERS.names),
        ("metrics", METRICS.names),
        ("profiles", lambda: [name.replace(":", "-") for name in PROFILES.names()]),
        ("datasets", DATASETS.names),
    ],
    ids=["tasks", "objects", "reasoners", "metrics", "profiles", "datasets"],
)
def test_every_registered_thing_has_a_page_and_no_other_page_is_there(
    folder: str, names: Callable[[], list[str]]
) -> None:
    pages = {path.stem for path in (DOCS / folder).glob("*.md")} - {"index"}
    assert pages == set(names())
    listed = (DOCS / folder / "index.md").read_text(encoding="utf-8")
    assert all(f"({name}.md)" in listed for name in pages)


@pytest.mark.parametrize("page", sorted((DOCS / "tasks").glob("*-v*.md")), ids=lambda p: p.stem)
def test_a_task_page_says_what_is_asked_randomised_and_a_success(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for head in ("Asked", "Randomised", "Success", "Source"):
        assert f"**{head}.** " in text
    assert "## Constants of the trial" in text


@pytest.mark.parametrize("name", OBJECTS.names())
def test_an_object_page_marks_the_held_out_categories(name: str) -> None:
    text = (DOCS / "objects" / f"{name}.md").read_text(encoding="utf-8")
    assert ("Held-out category: yes" in text) == (name in held_out_categories())


def test_a_reasoner_page_says_whether_it_is_shown_the_truth() -> None:
    for name, entry in REASONERS:
        text = (DOCS / "reasoners" / f"{name}.md").read_text(encoding="utf-8")
        assert ("Privileged: yes" in text) == entry.privileged


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(DOCS)))
def test_every_link_of_a_page_leads_to_a_file_of_the_site(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        assert not target.startswith(("http:", "/")), target
        if not target.startswith("https:"):
            found = (page.parent / target.partition("#")[0]).resolve()
            assert found.is_file(), target
            assert found.is_relative_to(DOCS), target


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(DOCS)))
def test_no_page_names_a_place_on_a_machine(page: Path) -> None:
    assert not PLACES.search(page.read_text(encoding="utf-8"))


def test_the_navigation_lists_every_page_once() -> None:
    config = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    listed = re.findall(r": (\S+\.md)$", config, re.MULTILINE)
    assert sorted(listed) == sorted(str(p.relative_to(DOCS)) for p in PAGES)


def test_the_site_is_small() -> None:
    assert sum(path.stat().st_size for path in DOCS.rglob("*") if path.is_file()) < MOST_BYTES


@pytest.mark.parametrize("page", EXAMPLES)
def test_every_page_with_examples_has_some_that_run(page: str) -> None:
    assert any(block.kind in ("run", "python") for block in blocks_of(page))


@pytest.fixture
def generator(monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the modules of the generator importable, and return its path."""
    monkeypatch.syspath_prepend(str(DOCS))
    return DOCS / "generate.py"


def test_a_task_page_shows_measured_rates_and_certificates_where_they_are_given(
    generator: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards = importlib.import_module("cards")
    name = "ivlm/PressButton-v0"
    task = TASKS.get(name)
    episodes = [task(track="rgb", size_px=16).episode(0)]
    monkeypatch.setattr(cards, "DATA", tmp_path)
    bare = cards.task_page(name, task, episodes)
    assert "agree on" not in bare
    assert "Measured by" not in bare
    rates = {"n": 50, "agree": 0.5, "fragile": True, "success": {"mujoco": 0.75, "pybullet": 0.25}}
    measured = {"command": "measure it", "tasks": {name: rates}}
    (tmp_path / "engine_rates.json").write_text(json.dumps(measured), encoding="utf-8")
    row = {
        "task": name,
        "engine": "mujoco",
        "kind": "null",
        "n": 20,
        "n_success": 1,
        "limit": "<= 5 %",
    }
    certified = {"command": "certify it", "rows": [row, row | {"task": "another"}]}
    (tmp_path / "certificates.json").write_text(json.dumps(certified), encoding="utf-8")
    page = cards.task_page(name, task, episodes)
    assert "agree on 50 % of 50 answers (success: mujoco 75 %, pybullet 25 %)" in page
    assert "**Engine-fragile**" in page
    assert "Measured by `measure it`." in page
    assert page.count("| mujoco | null | 1 of 20 | <= 5 % |") == 1
    # Another suite's certificates lie in a file of their own.
    (tmp_path / "certificates.json").rename(tmp_path / "certificates-mine-v0.json")
    certified = {"command": "certify another", "rows": [row | {"task": "another"}]}
    (tmp_path / "certificates.json").write_text(json.dumps(certified), encoding="utf-8")
    assert cards.task_page(name, task, episodes) == page


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_pages_and_pictures_are_those_that_the_code_gives(generator: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(generator), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all files of the pages, the package in it announced as if installed."""
    folder = tmp_path_factory.mktemp("workshop")
    (folder / "results").symlink_to(ROOT / "results")
    for block in (block for page in EXAMPLES for block in blocks_of(page)):
        if block.kind == "file":
            path = folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text + "\n", encoding="utf-8")
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    announced = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    announced.mkdir()
    about = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (announced / "METADATA").write_text(about, encoding="utf-8")
    lines = [
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in points.items())
        for group, points in project["entry-points"].items()
    ]
    (announced / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("page", EXAMPLES)
def test_the_examples_of_a_page_run(page: str, workshop: Path) -> None:
    scripts = Path(sys.executable).parent
    environment = os.environ | {
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(workshop),
    }
    for block in blocks_of(page):
        if block.kind == "file":
            continue
        python = [sys.executable, "-W", "error", "-c", block.text]
        command = python if block.kind == "python" else ["bash", "-euc", block.text]
        done = subprocess.run(
            command, cwd=workshop, env=environment, capture_output=True, text=True,
            timeout=LIMIT_S * max(1, block.text.count("\n")), check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{block.text}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
