"""Predictions of all items in one file: JSON, JSON lines, an archive, EPIC's or COCO's results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from ivlm_bench.datasets.pickles import load_pickle
from ivlm_bench.errors import AssetError, ConfigError, InvalidAnswerError
from ivlm_bench.metrics.profile import Form
from ivlm_bench.scoring.arrays import open_npz, read_member
from ivlm_bench.scoring.decode import decode_value, parse_json, read_json
from ivlm_bench.scoring.predictions import Prediction, Predictions, in_folder

#: Keys of a record that name its item, the first that is there (``question_id``: RoboPoint's
#: answers, ``idx``: PhysBench's, ``image_id``: COCO's results).
ID_KEYS = ("id", "question_id", "idx", "image_id", "image_filename")

#: Endings that an id in a JSON file may have and an item has not.
_ENDINGS = (".npy", ".npz", ".png", ".jpg", ".jpeg", ".json", ".txt")

#: Keys that tell an EPIC-KITCHENS detection submission.
_EPIC_KEYS = {"results", "challenge"}


def open_predictions(path: Path, form: Form) -> Predictions:
    """Return the predictions of a folder, or of a ``.json``, ``.jsonl`` or ``.npz`` file of all.

    Raises
    ------
    ConfigError
        If there is nothing at ``path``, no prediction in it, or it is a file of another kind.
    InvalidAnswerError
        If the one file of all can't be read.
    """
    if path.is_dir():
        return in_folder(path, form)
    if not path.exists():
        raise ConfigError(f"There is no file or folder {path}; name one that is there.")
    kinds: dict[str, Callable[[Path, Form], Predictions]] = {
        ".json": _json,
        ".jsonl": _jsonl,
        ".npz": _npz,
        ".pkl": _pickle,
    }
    read = kinds.get(path.suffix.lower())
    if read is None:
        raise ConfigError(
            f"{path} is neither a folder nor a file of all predictions ({', '.join(kinds)}); name "
            "one of these."
        )
    found = read(path, form)
    if not found.by_id:
        why = f": {found.problems[0]}" if found.problems else "."
        raise ConfigError(f"{path} holds no prediction{why}")
    return found


def _npz(path: Path, form: Form) -> Predictions:
    """Return an archive of one array an item; each is read from disk when it is asked for."""
    if form == "views":
        raise ConfigError(f"{path} is one archive; give a folder with one archive an item.")
    held = ExitStack()
    archive = held.enter_context(open_npz(path))
    by_id = {
        name: Prediction(f"{path}:{name}", partial(read_member, archive, path, name))
        for name in archive.files
    }
    return Predictions(path, by_id, close=held.close)


def _json(path: Path, form: Form) -> Predictions:
    found = read_json(path)
    if isinstance(found, Mapping) and set(found) >= _EPIC_KEYS:
        found = found["results"]
    if isinstance(found, Mapping):
        pairs = ((name, value, f"{path}:{name}") for name, value in found.items())
        return _collected(path, form, pairs)
    if not isinstance(found, list):
        raise InvalidAnswerError(
            f"{path} holds neither an object of predictions by id nor a list of records; see the "
            "page on score-files."
        )
    return _records(path, form, ((f"{path}, record {k}", r) for k, r in enumerate(found, 1)))


def _jsonl(path: Path, form: Form) -> Predictions:
    """Return one record a line; only the places of the lines are kept."""
    by_id: dict[str, Prediction] = {}
    problems: list[str] = []
    with path.open("rb") as stream:
        start = 0
        for number, line in enumerate(stream, 1):
            where, end = f"{path}, line {number}", start + len(line)
            try:
                name = _id_of(_line(line, where), where) if line.strip() else None
            except InvalidAnswerError as error:
                problems.append(str(error))
                name = None
            if name is not None:
                again = by_id.get(name)
                by_id[name] = (
                    Prediction(where, _lazy(path, (start, end), where, form))
                    if again is None
                    else _twice(name, again.where, where)
                )
            start = end
    return Predictions(path, by_id, tuple(problems))


def _lazy(path: Path, span: tuple[int, int], where: str, form: Form) -> Callable[[], Any]:
    def read() -> Any:
        with path.open("rb") as stream:
            stream.seek(span[0])
            return decode_value(_line(stream.read(span[1] - span[0]), where), form, where)

    return read


def _line(line: bytes, where: str) -> Any:
    try:
        return parse_json(line.decode("utf-8-sig"), where)
    except UnicodeDecodeError:
        raise InvalidAnswerError(f"{where} is no UTF-8 text; save it as UTF-8.") from None


def _pickle(path: Path, form: Form) -> Predictions:
    """Return a pickled dictionary by id, as DAMON's challenge takes it; only data is read."""
    try:
        found = load_pickle(path)
    except AssetError as error:
        raise InvalidAnswerError(str(error)) from None
    if not isinstance(found, Mapping):
        raise InvalidAnswerError(f"{path} holds no dictionary of predictions by id.")
    return _collected(path, form, ((str(k), v, f"{path}:{k}") for k, v in found.items()))


def _records(path: Path, form: Form, records: Iterable[tuple[str, Any]]) -> Predictions:
    """Return a list of records by the item that each names; of detections one item has many."""
    by_item: dict[str, list[tuple[str, Any]]] = {}
    problems: list[str] = []
    for where, record in records:
        try:
            by_item.setdefault(_id_of(record, where), []).append((where, record))
        except InvalidAnswerError as error:
            problems.append(str(error))
    by_id = {}
    for name, found in by_item.items():
        if form == "detections" and "prediction" not in found[0][1]:
            by_id[name] = Prediction(found[0][0], _constant([record for _, record in found]))
        elif len(found) > 1:
            by_id[name] = _twice(name, found[0][0], found[1][0])
        else:
            by_id[name] = _valued(found[0][1], form, found[0][0])
    return Predictions(path, by_id, tuple(problems))


def _collected(path: Path, form: Form, pairs: Iterable[tuple[str, Any, str]]) -> Predictions:
    by_id: dict[str, Prediction] = {}
    for name, value, where in pairs:
        plain = _plain_id(name)
        again = by_id.get(plain)
        by_id[plain] = (
            _valued(value, form, where) if again is None else _twice(plain, again.where, where)
        )
    return Predictions(path, by_id)


def _valued(value: Any, form: Form, where: str) -> Prediction:
    return Prediction(where, lambda: decode_value(value, form, where))


def _constant(value: Any) -> Callable[[], Any]:
    return lambda: value


def _twice(name: str, first: str, second: str) -> Prediction:
    def refuse() -> Any:
        raise InvalidAnswerError(f"{name} is predicted twice ({first}; {second}); keep one.")

    return Prediction(first, refuse)


def _id_of(record: Any, where: str) -> str:
    key = next((k for k in ID_KEYS if k in record), None) if isinstance(record, Mapping) else None
    if key is None or not isinstance(record[key], str | int):
        raise InvalidAnswerError(
            f"{where} names no item; give each record an {ID_KEYS[0]!r} (or "
            f"{', '.join(repr(k) for k in ID_KEYS[1:])})."
        )
    return _plain_id(str(record[key]))


def _plain_id(name: str) -> str:
    for ending in _ENDINGS:
        if name.lower().endswith(ending):
            return name[: -len(ending)]
    return name
