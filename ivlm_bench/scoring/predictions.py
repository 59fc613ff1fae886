"""Predictions on disk by the id of their item: a folder of files, or one file of all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ivlm_bench.errors import ConfigError, InvalidAnswerError
from ivlm_bench.metrics.profile import Form
from ivlm_bench.scoring.decode import SUFFIXES, decode_file


@dataclass(frozen=True, slots=True)
class Prediction:
    """One prediction that nobody has read yet.

    ``where`` names its file (and the place in it); ``read`` gives it or raises
    ``InvalidAnswerError`` that names both file and cause.
    """

    where: str
    read: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Predictions:
    """All predictions of a folder or file.

    Attributes
    ----------
    path
        The folder or file.
    by_id
        Each prediction by the id of its item.
    problems
        Sentences on what could be given to no item: files of other kinds, broken lines.
    close
        Closes what was kept open for reading.
    """

    path: Path
    by_id: Mapping[str, Prediction]
    problems: tuple[str, ...] = ()
    close: Callable[[], None] = lambda: None
    _flat: dict[str, str] = field(default_factory=dict)

    def id_for(self, item: str) -> str | None:
        """Return the id under which the prediction of an item lies; None if there is none.

        ``hold/cup/x`` is also found as ``hold_cup_x``, the flat key of AGD20K's official code.
        """
        if item in self.by_id:
            return item
        if not self._flat:
            self._flat.update({name.replace("/", "_"): name for name in self.by_id})
        found = self._flat.get(item.replace("/", "_"))
        return found if found is not None and "/" not in found else None


def in_folder(folder: Path, form: Form) -> Predictions:
    """Return the predictions of a folder: one file an item, its id the path without suffix.

    Two files of one id make a prediction that can't be read, and both are named then.
    """
    files: dict[str, list[Path]] = {}
    strange: list[Path] = []
    for path in _files(folder):
        if path.suffix.lower() in SUFFIXES[form]:
            files.setdefault(path.relative_to(folder).with_suffix("").as_posix(), []).append(path)
        else:
            strange.append(path)
    if not files:
        known = ", ".join(SUFFIXES[form])
        raise ConfigError(
            f"The folder {folder} holds no prediction; one file an item was expected ({known})."
        )
    problems = [_strange(path, folder, form) for path in strange]
    return Predictions(folder, {i: _of(paths, form) for i, paths in files.items()}, tuple(problems))


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, sorted in each one; hidden ones are left out.

    Links to folders are followed, each folder once.
    """
    known: set[str] = set()
    for home, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(home)
        folders[:] = [] if real in known else sorted(n for n in folders if not n.startswith("."))
        for name in sorted(names) if real not in known else ():
            path = Path(home, name)
            # A dangling link is a file that is missing, and told so; a pipe would never end.
            if not name.startswith(".") and (path.is_file() or path.is_symlink()):
                yield path
        known.add(real)


def _of(paths: list[Path], form: Form) -> Prediction:
    if len(paths) == 1:
        return Prediction(str(paths[0]), lambda: decode_file(paths[0], form))
    names, stem = " and ".join(path.name for path in paths), str(paths[0].with_suffix(""))

    def refuse() -> Any:
        raise InvalidAnswerError(f"{stem} is predicted {len(paths)} times ({names}); keep one.")

    return Prediction(stem, refuse)


def _strange(path: Path, folder: Path, form: Form) -> str:
    kind, known = path.suffix or "no suffix", ", ".join(SUFFIXES[form])
    return f"{path.relative_to(folder)} was left out: {kind} is not one of {known}."
