"""Which file is about which question: its path holds the question's key, 16 hex digits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from ivlm_bench.errors import ConfigError, InvalidAnswerError

#: A key, and the number of a view right behind it.
_KEY = re.compile(r"(?<![0-9a-f])(?P<key>[0-9a-f]{16})(?:_(?P<view>\d{1,2}))?(?![0-9a-f])")

#: Where ``ivlm-bench export --form graspnet`` writes which scene is which question.
SCENES = "scenes.json"


class FoundFiles:
    """The files of one folder, by key and view.

    Parameters
    ----------
    folder : str
        Searched with all folders in it; names may have anything before and after the key.
    suffixes : sequence of str
        Endings of the files that count: ``("_vertices.npz",)``.
    what : str
        The form, as messages call it.

    Raises
    ------
    ConfigError
        If the folder is missing, or none of its files is named by a key.
    """

    def __init__(self, folder: str, suffixes: Sequence[str], what: str) -> None:
        self.folder, self.what = Path(folder), what
        if not self.folder.is_dir():
            raise ConfigError(f"-P folder={folder} is no folder; name the one with the results.")
        self._found: dict[str, dict[int, list[Path]]] = {}
        paths = sorted(p for p in self.folder.rglob("*") if p.name.endswith(tuple(suffixes)))
        scenes = _scenes(self.folder / SCENES)
        for path in paths:
            about = _about(path.relative_to(self.folder), scenes)
            if about is not None:
                key, view = about
                self._found.setdefault(key, {}).setdefault(view, []).append(path)
        if not self._found:
            raise ConfigError(
                f"{folder} holds no file of the form {what}: {len(paths)} files end in "
                f"{' or '.join(suffixes)}, and none of their paths holds a question's key (16 hex "
                "digits, as ivlm-bench export names them), nor is there a scenes.json."
            )

    def __len__(self) -> int:
        return len(self._found)

    def one(self, key: str) -> tuple[Path, int]:
        """Return the only file about a question, and its view.

        Raises
        ------
        InvalidAnswerError
            If there is none, or more than one.
        """
        views = self.by_view(key)
        if len(views) > 1:
            raise self.ambiguous(key, list(views.values()))
        view, path = next(iter(views.items()))
        return path, view

    def by_view(self, key: str) -> dict[int, Path]:
        """Return the files about a question by view; ``InvalidAnswerError`` as ``one``."""
        views = self._found.get(key)
        if views is None:
            raise InvalidAnswerError(
                f"{self.folder} holds no file of the form {self.what} about this question (key "
                f"{key}); the results may be of another suite, track or size."
            )
        for paths in views.values():
            if len(paths) > 1:
                raise self.ambiguous(key, paths)
        return {view: paths[0] for view, paths in sorted(views.items())}

    def ambiguous(self, key: str, paths: Sequence[Path]) -> InvalidAnswerError:
        """Return the sentence about several files where one was expected."""
        names = " and ".join(str(p.relative_to(self.folder)) for p in paths[:2])
        return InvalidAnswerError(
            f"{self.folder} holds {len(paths)} files about the question {key}, such as {names}; "
            "leave one of them."
        )


def _about(path: Path, scenes: Mapping[str, str]) -> tuple[str, int] | None:
    """Return key and view that a path tells: by a key in it, or by a scene and a number."""
    for part in reversed(path.parts):
        found = list(_KEY.finditer(part))
        if found:
            return found[-1]["key"], int(found[-1]["view"] or 0)
    for part in path.parts:
        if part in scenes and path.stem.isdigit():
            return scenes[part], int(path.stem)
    return None


def _scenes(path: Path) -> dict[str, str]:
    """Return the keys of scenes by name; none where the file is not there."""
    if not path.is_file():
        return {}
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigError(f"{path} can't be read ({error}); export the questions again.") from None
