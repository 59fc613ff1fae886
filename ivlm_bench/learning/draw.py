"""Draws labelled pictures into a folder, on several processes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from numpy.lib.format import open_memmap

from ivlm_bench.errors import ConfigError
from ivlm_bench.learning import files
from ivlm_bench.learning.scene import N_VIEWS, draw_scene, picture
from ivlm_bench.learning.sources import SOURCES
from ivlm_bench.learning.stamp import content_sha256, generator_sha256
from ivlm_bench.objects import OBJECTS
from ivlm_bench.protocols import Renderer
from ivlm_bench.render import get_renderer

#: Side of a picture, px.
SIZE_PX = 224
#: Mixed into every seed, so that no benchmark's scene is drawn by chance.
PICTURE_SEED = crc32(b"pictures to learn from")
#: Scenes that a process is handed at a time.
CHUNK = 8

#: Arrays written in place: file name, type, shape of one scene.
_IN_PLACE: dict[str, tuple[type[np.generic], tuple[int, ...]]] = {
    "rgb": (np.uint8, (N_VIEWS, SIZE_PX, SIZE_PX, 3)),
    "depth": (np.uint16, (N_VIEWS, SIZE_PX, SIZE_PX)),
    "surface": (np.int16, (N_VIEWS, SIZE_PX, SIZE_PX)),
    "cameras": (np.float64, (N_VIEWS, 3, 7)),
}


@dataclass(frozen=True, slots=True)
class _Order:
    """One scene to draw: where it goes, and what it is drawn from."""

    folder: str
    index: int
    seed: int
    source: str
    number: int


_Reply = tuple[dict[str, Any], list[dict[str, Any]], np.ndarray | None]


def draw_pictures(folder: Path, *, n_scenes: int, seed: int, workers: int = 1) -> Path:
    """Draw labelled pictures of training scenes into a new or empty folder; return the folder.

    The same seed gives the same files whatever the number of worker processes. Held-out
    categories and unseen shapes are never drawn. ``order.json`` is written last: a folder without
    it is incomplete.

    Raises
    ------
    ConfigError
        If ``n_scenes`` or ``workers`` is less than 1, or the folder holds files.
    AssetError
        If a source gives no scene.
    """
    if n_scenes < 1 or workers < 1:
        raise ConfigError(
            f"n_scenes is {n_scenes} and workers is {workers}; both must be 1 or more."
        )
    if folder.is_dir() and any(folder.iterdir()):
        raise ConfigError(f"{folder} holds files already; name a new or empty folder.")
    folder.mkdir(parents=True, exist_ok=True)
    for name, (dtype, shape) in _IN_PLACE.items():
        open_memmap(folder / f"{name}.npy", "w+", dtype=dtype, shape=(n_scenes, *shape))
    orders = [
        _Order(str(folder), index, seed, source, number)
        for index, (source, number) in enumerate(_shared(n_scenes))
    ]
    scenes, questions = _gather(folder, _replies(orders, workers))
    files.write_lines(folder / files.SCENES, scenes)
    files.write_lines(folder / files.QUESTIONS, questions)
    _write_order(folder, seed, scenes)
    return folder


def _shared(n_scenes: int) -> Iterator[tuple[str, int]]:
    """Yield source and number of each scene: sources take turns by their shares."""
    turns = [name for name, source in SOURCES for _ in range(source.share)]
    # Strides that have no factor in common with the turns mix the sources evenly.
    stride = next(k for k in range(len(turns) // 2 + 1, 0, -1) if np.gcd(k, len(turns)) == 1)
    counts: Counter[str] = Counter()
    for index in range(n_scenes):
        name = turns[index * stride % len(turns)]
        yield name, counts[name]
        counts[name] += 1


def _replies(orders: list[_Order], workers: int) -> Iterator[_Reply]:
    if workers == 1:
        yield from map(_drawn, orders)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_drawn, orders, chunksize=CHUNK)


@lru_cache(maxsize=1)
def _renderer() -> Renderer:
    return get_renderer("soft")


def _drawn(order: _Order) -> _Reply:
    """Draw a scene, write its pictures in place, and return its records and its map."""
    entropy = [PICTURE_SEED, order.seed, order.index]
    rng = np.random.default_rng(np.random.SeedSequence(entropy))
    source = SOURCES.get(order.source)
    drawn = draw_scene(source, rng, number=order.number, size_px=SIZE_PX)
    pictured = picture(drawn, rng, source=order.source, renderer=_renderer())
    for name in _IN_PLACE:
        array = open_memmap(Path(order.folder) / f"{name}.npy", "r+")
        array[order.index] = getattr(pictured, name)
    return pictured.scene, pictured.questions, pictured.map


def _gather(
    folder: Path, replies: Iterator[_Reply]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Write the maps one after the other and return all records in order."""
    scenes: list[dict[str, Any]] = []
    questions: list[dict[str, Any]] = []
    n_maps, raw = 0, folder / "maps.part"
    with raw.open("wb") as part:
        for scene, asked, graded in replies:
            index = None if graded is None else n_maps
            if graded is not None:
                part.write(graded.tobytes())
                n_maps += 1
            for question in asked:
                own = index if question["kind"] == "task" else None
                questions.append({"scene": len(scenes), **question, "map": own})
            scenes.append(scene)
    shape = (n_maps, N_VIEWS, SIZE_PX, SIZE_PX)
    _with_header(folder / "maps.npy", raw, shape)
    return scenes, questions


def _with_header(path: Path, raw: Path, shape: tuple[int, ...]) -> None:
    """Make a .npy file of bytes that lie in ``raw``, which goes."""
    with ExitStack() as stack:
        target = stack.enter_context(path.open("wb"))
        source = stack.enter_context(raw.open("rb"))
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(target, header)
        while chunk := source.read(1 << 22):
            target.write(chunk)
    raw.unlink()


def _write_order(folder: Path, seed: int, scenes: list[dict[str, Any]]) -> None:
    paths = [folder / f"{name}.npy" for name in files.ARRAYS]
    families = {s["category"] for scene in scenes for s in scene["surfaces"]}
    order = {
        "version": files.VERSION,
        "seed": seed,
        "n_scenes": len(scenes),
        "size_px": SIZE_PX,
        "n_views": N_VIEWS,
        "sources": dict(sorted(Counter(scene["source"] for scene in scenes).items())),
        "families": sorted(families),
        "held_out": [name for name, family in OBJECTS if family.n_seen == 0],
        "generator_sha256": generator_sha256(),
        "content_sha256": content_sha256([*paths, folder / files.SCENES, folder / files.QUESTIONS]),
    }
    (folder / files.ORDER).write_text(json.dumps(order, indent=1) + "\n")
