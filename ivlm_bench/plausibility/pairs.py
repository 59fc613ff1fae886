"""Finding pairs of a body (or hand) and an object: two files, a folder, two folders, or a list."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ivlm_bench.errors import AssetError, ConfigError
from ivlm_bench.plausibility.read import SUFFIXES

#: What a file is, by the word before its suffix.
BODY_WORDS = ("body", "hand")
OBJECT_WORDS = ("object", "obj", "scene")


@dataclass(frozen=True, slots=True)
class Pair:
    """One pair of files by name; a missing partner or label file is None, and said in ``error``."""

    name: str
    body: Path | None
    obj: Path | None
    labels: Path | None = None
    error: str | None = None


def find_pairs(paths: Sequence[str], *, labels: str | None = None) -> tuple[Pair, ...]:
    """Return the pairs that a command line names, by name.

    Parameters
    ----------
    paths
        ``BODY OBJECT``: two files. ``FOLDER``: one folder of ``NAME.hand.obj`` (or ``.body.``) and
        ``NAME.object.obj`` (or ``.obj.``, ``.scene.``), any of the four formats. ``BODIES
        OBJECTS``: two folders of files with equal stems. ``LIST.csv`` or ``LIST.json``: rows of
        ``body``, ``object`` and, if given, ``name`` and ``labels``, relative to the list.
    labels
        A label file for a single pair, else a folder of ``NAME.npy``, ``.json`` or ``.txt``.

    Raises
    ------
    ConfigError
        If the paths are none of these, or hold no pair at all.
    """
    found = [Path(path) for path in paths]
    for path in found:
        if not path.exists() and len(found) == 1:
            raise ConfigError(f"{path} does not exist; give two files, a folder, or a list.")
    if len(found) == 2 and not any(path.is_dir() for path in found):
        pairs = [Pair(found[0].name.split(".")[0], found[0], found[1])]
    elif len(found) == 2 and all(path.is_dir() for path in found):
        pairs = _matched(_by_stem(found[0]), _by_stem(found[1]))
    elif len(found) == 1 and found[0].is_dir():
        pairs = _of_folder(found[0])
    elif len(found) == 1 and found[0].suffix in (".csv", ".json"):
        pairs = _of_list(found[0])
    else:
        raise ConfigError("Give two mesh files, one folder, two folders, or a .csv or .json list.")
    if not pairs:
        raise ConfigError(
            f"{found[0]} holds no meshes; name them NAME.hand.obj (or NAME.body.obj) and "
            f"NAME.object.obj ({', '.join(SUFFIXES)})."
        )
    return tuple(_labelled(pair, labels, single=len(pairs) == 1) for pair in pairs)


def _of_folder(folder: Path) -> list[Pair]:
    bodies: dict[str, list[Path]] = {}
    objects: dict[str, list[Path]] = {}
    strays = []
    for path in _meshes(folder):
        name, _, word = path.stem.rpartition(".")
        if name and word.lower() in BODY_WORDS:
            bodies.setdefault(name, []).append(path)
        elif name and word.lower() in OBJECT_WORDS:
            objects.setdefault(name, []).append(path)
        else:
            error = f"{path} is neither NAME.hand nor NAME.body nor NAME.object; rename it."
            strays.append(Pair(path.name, None, None, error=error))
    return _matched(bodies, objects) + strays


def _by_stem(folder: Path) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in _meshes(folder):
        found.setdefault(path.stem, []).append(path)
    return found


def _meshes(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())


def _matched(bodies: dict[str, list[Path]], objects: dict[str, list[Path]]) -> list[Pair]:
    pairs = []
    for name in sorted(bodies.keys() | objects.keys()):
        mine, its = bodies.get(name, []), objects.get(name, [])
        body, obj = next(iter(mine), None), next(iter(its), None)
        error = None
        if body is None:
            error = f"{its[0]} has no body or hand of the same name beside it."
        elif obj is None:
            error = f"{mine[0]} has no object of the same name beside it."
        elif len(mine) > 1 or len(its) > 1:
            twice = mine if len(mine) > 1 else its
            error = f"{twice[0]} and {twice[1].name} claim the same name; keep one of them."
        pairs.append(Pair(name, body, obj, error=error))
    return pairs


def _of_list(path: Path) -> list[Pair]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        rows = json.loads(text) if path.suffix == ".json" else _csv_rows(text)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read as a list of pairs: {error}.") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ConfigError(f"{path} must hold a list of rows with 'body' and 'object'.")
    return _distinct([_of_row(path, number, row) for number, row in enumerate(rows, start=1)])


def _csv_rows(text: str) -> list[dict[str, str]]:
    return [dict(row) for row in csv.DictReader(io.StringIO(text), restval="")]


def _of_row(path: Path, number: int, row: dict[str, object]) -> Pair:
    body, obj = row.get("body") or row.get("hand"), row.get("object")
    name, labels = row.get("name"), row.get("labels")
    shown = str(name) if name else str(body).rsplit("/", maxsplit=1)[-1].split(".")[0]
    if not isinstance(body, str) or not isinstance(obj, str) or not obj:
        error = f"{path}: row {number} needs 'body' (or 'hand') and 'object', both file names."
        return Pair(str(name or f"row {number}"), None, None, error=error)
    chosen = path.parent / labels if isinstance(labels, str) and labels else None
    return Pair(shown, path.parent / body, path.parent / obj, chosen)


def _distinct(pairs: list[Pair]) -> list[Pair]:
    """Number names that rows share."""
    seen: dict[str, int] = {}
    out = []
    for pair in pairs:
        count = seen[pair.name] = seen.get(pair.name, 0) + 1
        name = pair.name if count == 1 else f"{pair.name} ({count})"
        out.append(Pair(name, pair.body, pair.obj, pair.labels, pair.error))
    return out


def _labelled(pair: Pair, labels: str | None, *, single: bool) -> Pair:
    if labels is None or pair.error is not None or pair.labels is not None:
        return pair
    given = Path(labels)
    if not given.exists():
        raise ConfigError(f"--labels {given} does not exist.")
    if not given.is_dir():
        if not single:
            raise ConfigError(f"--labels {given} is one file; for many pairs give a folder.")
        return Pair(pair.name, pair.body, pair.obj, given)
    for suffix in (".npy", ".json", ".txt"):
        if (given / f"{pair.name}{suffix}").exists():
            return Pair(pair.name, pair.body, pair.obj, given / f"{pair.name}{suffix}")
    return pair


def files_of(pair: Pair) -> tuple[Path, Path]:
    """Return body and object; ``AssetError`` with the reason if one is missing."""
    if pair.error is not None or pair.body is None or pair.obj is None:
        raise AssetError(pair.error or f"{pair.name} lacks a file.")
    return pair.body, pair.obj
