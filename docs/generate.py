"""Write the generated pages and pictures of the site: python docs/generate.py.

``--check`` writes nothing and fails if a committed page is not what the code says, or a picture
looks different; pages and pictures of what is not there any more are named, too.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cards
import numpy as np
import protocols
import sheets
from PIL import Image

from ivlm_bench.datasets import DATASETS
from ivlm_bench.env import TASKS, Episode
from ivlm_bench.metrics import METRICS
from ivlm_bench.metrics.profile import PROFILES
from ivlm_bench.objects import OBJECTS
from ivlm_bench.reasoners import REASONERS
from ivlm_bench.render.soft import SoftRenderer
from ivlm_policies.ivlm import weights

DOCS = Path(__file__).resolve().parent
CONFIG = DOCS.parent / "mkdocs.yml"
#: Folders that hold generated files only, and the two sheets beside them.
FOLDERS = ("tasks", "objects", "reasoners", "metrics", "profiles", "datasets", "pictures")
SHEETS = ("objects.png", "tasks.png")
#: Names of folders in the navigation, where not their own.
TITLES = {"profiles": "Metric profiles", "datasets": "Data sets"}
#: Questions of each task that its page is made from, and how many its picture shows.
N_QUESTIONS, N_SHOWN, N_SHOWN_WITHOUT = 24, 8, 2
JPEG_QUALITY = 80
#: Largest mean difference (of 255) of two pictures of one thing, as encoders and compilers differ.
SAME_LOOK = 3.0
#: Tables that README.md shows and a check compares with what the command prints.
README = DOCS.parent / "README.md"
OUTPUT = re.compile(r"(<!-- output: (.+?) -->\n```text\n)(.*?)(```\n)", re.DOTALL)
#: Places in written pages that show the model card of weights.
CARD = re.compile(r"(<!-- card: (\S+) -->\n).*?(<!-- end of card -->\n)", re.DOTALL)
WEIGHTS = Path(weights.__file__).parent
NAVIGATION = re.compile(r"(?<=# generated: begin\n).*(?=# generated: end)", re.DOTALL)

Files = dict[str, bytes]


def main(arguments: list[str]) -> int:
    """Write everything, or compare with ``--check``."""
    files = dict(_files())
    config = _config(files)
    stale = [p for p in _present() if p not in files]
    if "--check" not in arguments:
        for name in stale:
            (DOCS / name).unlink()
        for name, content in files.items():
            path = DOCS / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        CONFIG.write_text(config, encoding="utf-8")
        print(f"docs/: {len(files)} files written, {len(stale)} removed")
        return 0
    wrong = [n for n, content in files.items() if not _same(DOCS / n, content)] + stale
    wrong += ["mkdocs.yml"] * (CONFIG.read_text(encoding="utf-8") != config)
    if wrong:
        print(f"python docs/generate.py gives others: {', '.join(sorted(wrong))}", file=sys.stderr)
        return 1
    print(f"docs/: all {len(files)} generated files are what the code says")
    return 0


def _files() -> Iterator[tuple[str, bytes]]:
    renderer = SoftRenderer()
    yield from _tasks()
    yield from _objects(renderer)
    yield from _listed(
        "reasoners",
        "Reasoners",
        "Who answers. `ivlm-bench list reasoners` prints the same names.",
        {name: cards.reasoner_page(name, entry) for name, entry in REASONERS},
    )
    yield from _listed(
        "metrics",
        "Metrics",
        "What is computed of every episode. [Read a result](../read-a-result.md) tells which of "
        "them the table shows.",
        {name: cards.metric_page(name, metric) for name, metric in METRICS},
    )
    yield from _profiles()
    yield from _datasets()
    yield from _with_outputs()


def _with_outputs() -> Iterator[tuple[str, bytes]]:
    """Return the written pages that show a command's output, as README.md has it, or a card."""
    shown = {m[2]: m[3] for m in OUTPUT.finditer(README.read_text(encoding="utf-8"))}
    for path in sorted(DOCS.glob("*.md")):
        old = path.read_text(encoding="utf-8")
        new = OUTPUT.sub(lambda m: m[1] + shown[m[2]] + m[4], old)
        new = CARD.sub(lambda m: m[1] + card_of(m[2]) + m[3], new)
        if OUTPUT.search(old) or CARD.search(old):
            yield path.name, new.encode()


def card_of(name: str) -> str:
    """Return the model card of shipped weights without its title, between blank lines."""
    text = (WEIGHTS / name / "card.md").read_text(encoding="utf-8")
    return f"\n{text.partition(chr(10))[2].strip()}\n\n"


def _tasks() -> Iterator[tuple[str, bytes]]:
    pages, firsts = {}, []
    for name, cls in TASKS:
        env, short = cls(track="rgb"), name.split("/")[-1]
        episodes = [env.episode(seed) for seed in range(N_QUESTIONS)]
        pages[short] = cards.task_page(name, cls, episodes)
        tiles = [sheets.episode_tile(e) for e in chosen(episodes)]
        yield f"pictures/tasks/{short}.jpg", _jpeg(sheets.grid(tiles, N_SHOWN // 2))
        firsts.append(next(e for e in episodes if e.truth.feasible))
    yield "tasks.png", _png(sheets.tasks_sheet(firsts))
    about = "What is asked. The trial of each is told in [the protocol](../protocol.md)."
    picture = "![One question of every task](../tasks.png)"
    yield from _listed("tasks", "Tasks", about, pages, picture=picture)


def chosen(episodes: list[Episode]) -> list[Episode]:
    """Return the questions of a picture: the first ones, those without an answer at the end."""
    without = [e for e in episodes if not e.truth.feasible][:N_SHOWN_WITHOUT]
    return [e for e in episodes if e.truth.feasible][: N_SHOWN - len(without)] + without


def _objects(renderer: SoftRenderer) -> Iterator[tuple[str, bytes]]:
    pages = {}
    for name, family in OBJECTS:
        models = [family.build(number, split) for number, split in sheets.instances(family)]
        pages[name] = cards.family_page(family, models)
        yield f"pictures/objects/{name}.jpg", _jpeg(sheets.family_strip(family, renderer))
    yield "objects.png", _png(sheets.families_sheet(renderer))
    about = (
        "Families of parametric objects, each with a pool of seen and one of unseen instances; "
        "held-out categories have unseen ones only."
    )
    picture = "![Two instances of every family](../objects.png)"
    yield from _listed("objects", "Objects", about, pages, picture=picture)


def _profiles() -> Iterator[tuple[str, bytes]]:
    """Return the pages of metric profiles; a file has "-" for the colon of a name."""
    about = (
        "Official protocols, each from one sample to the printed number. `ivlm-bench list "
        "profiles` prints the same names; `ivlm-bench score-files` scores files by them, "
        "`ivlm_bench.metrics.evaluate` arrays."
    )
    pages = {protocols.page_name(name): protocols.profile_page(p) for name, p in PROFILES}
    for path, content in _listed("profiles", "Metric profiles", about, pages):
        if path == "profiles/index.md":
            yield path, protocols.named(content.decode()).encode()
        else:
            yield path, content


def _datasets() -> Iterator[tuple[str, bytes]]:
    about = (
        "Public data sets that are read from their owners' files on your disk. Nothing of theirs "
        "is in this package; `python -m ivlm_bench.testing.miniatures NAME FOLDER` makes a small "
        "synthetic one in the same layout."
    )
    pages = {name: protocols.dataset_page(dataset) for name, dataset in DATASETS}
    yield from _listed("datasets", "Data sets", about, pages)


def _listed(
    folder: str, title: str, about: str, pages: dict[str, str], *, picture: str = ""
) -> Iterator[tuple[str, bytes]]:
    for name, page in pages.items():
        yield f"{folder}/{name}.md", page.encode()
    rows = [(name, cards.first_sentence(page)) for name, page in pages.items()]
    yield f"{folder}/index.md", cards.index_page(title, about, rows, picture=picture).encode()


def _config(files: Files) -> str:
    """Return mkdocs.yml with the generated pages in its navigation."""
    lines = []
    for folder in FOLDERS[:-1]:
        names = sorted(n for n in files if n.startswith(f"{folder}/") and n != f"{folder}/index.md")
        title = TITLES.get(folder, folder.capitalize())
        lines += [f"      - {title}:", f"          - All: {folder}/index.md"]
        lines += [f'          - "{Path(name).stem}": {name}' for name in names]
    old = CONFIG.read_text(encoding="utf-8")
    return NAVIGATION.sub(lambda _: "\n".join(lines) + "\n", old)


def _present() -> list[str]:
    inside = (p for folder in FOLDERS for p in (DOCS / folder).rglob("*") if p.is_file())
    return sorted(str(p.relative_to(DOCS)) for p in inside)


def _same(path: Path, content: bytes) -> bool:
    if not path.is_file():
        return False
    if path.suffix == ".md":
        return path.read_bytes() == content
    old, new = (
        np.asarray(Image.open(f).convert("RGB"), np.int16) for f in (path, io.BytesIO(content))
    )
    return old.shape == new.shape and float(np.abs(old - new).mean()) <= SAME_LOOK


def _jpeg(image: Image.Image) -> bytes:
    return _encoded(lambda stream: image.save(stream, "JPEG", quality=JPEG_QUALITY, optimize=True))


def _png(image: Image.Image) -> bytes:
    return _encoded(lambda stream: image.save(stream, "PNG", optimize=True))


def _encoded(save: Callable[[io.BytesIO], object]) -> bytes:
    stream = io.BytesIO()
    save(stream)
    return stream.getvalue()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
