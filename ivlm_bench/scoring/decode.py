"""From a file or a JSON value to what a profile takes as a prediction, by the profile's form."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ivlm_bench.errors import InvalidAnswerError
from ivlm_bench.metrics.profile import Form
from ivlm_bench.scoring.arrays import (
    PREDICTION_KEY,
    numbers,
    only_array,
    read_gray,
    read_npy,
    read_npz,
)

#: Files that may hold the prediction of one item, by form.
SUFFIXES: Mapping[Form, tuple[str, ...]] = {
    "heatmap": (".npy", ".npz", ".png", ".json"),
    "values": (".npy", ".npz", ".json", ".txt"),
    "masks": (".npy", ".npz"),
    "voxels": (".npy", ".npz"),
    "points": (".txt", ".json", ".npy"),
    "detections": (".json",),
    "answer": (".txt", ".json"),
    "views": (".npz",),
}

#: Forms whose prediction is one array of numbers.
ARRAY_FORMS: frozenset[Form] = frozenset({"heatmap", "values", "masks", "voxels"})

#: Keys of a JSON record under which its prediction is looked for, the first that is there.
VALUE_KEYS = ("prediction", "points", "text", "answer", "response", "detections", "values")


#: What a JSON value must be, by the forms that a lone number or null is never a prediction of.
_WANTED: Mapping[Form, str] = {
    "heatmap": "nested lists of numbers",
    "values": "a list of numbers",
    "masks": "nested lists of numbers",
    "voxels": "nested lists of numbers",
    "points": "the reply as text or a list of points [[x, y], ...]",
    "detections": "a list of detections",
    "views": "an object of arrays",
}


class RepeatedKeyError(ValueError):
    """A JSON object says one key twice."""


def decode_file(path: Path, form: Form) -> Any:
    """Return the prediction that a file of one item holds.

    Raises
    ------
    InvalidAnswerError
        If the file is damaged or of another kind; the message names it and the cause.
    """
    match path.suffix.lower():
        case ".npy":
            return read_npy(path)
        case ".npz":
            return _of_archive(read_npz(path), form, path)
        case ".png":
            return read_gray(path)
        case ".json":
            return decode_value(read_json(path), form, str(path))
        case _:
            text = read_text(path)
            return _column(text, path) if form in ARRAY_FORMS else text.rstrip("\r\n")


def decode_value(found: Any, form: Form, where: str) -> Any:
    """Return the prediction that a JSON value stands for: an array, a text or the value itself.

    Of a record the value under the first of ``VALUE_KEYS`` counts; an object without any of them
    is the prediction itself, as contact by object is (``{"chair": [17, 18]}``).

    Raises
    ------
    InvalidAnswerError
        If a lone number or null stands where the form takes none, or a list is no array.
    """
    if isinstance(found, Mapping) and form != "views":
        key = next((key for key in VALUE_KEYS if key in found), None)
        found = found if key is None else found[key]
    if form in _WANTED and (found is None or isinstance(found, int | float)):
        raise InvalidAnswerError(
            f"{where} gives {json.dumps(found)} as prediction; {_WANTED[form]} was expected."
        )
    if isinstance(found, Mapping):
        named = form == "views"
        return {k: numbers(v, f"{where}:{k}") for k, v in found.items()} if named else found
    return numbers(found, where) if form in (*ARRAY_FORMS, "views") else found


def read_json(path: Path) -> Any:
    """Return what a JSON file holds; ``InvalidAnswerError`` if it is none, or repeats a key."""
    return parse_json(read_text(path), str(path))


def parse_json(text: str, where: str) -> Any:
    """Return what a JSON text holds; errors as ``read_json``."""
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except RepeatedKeyError as error:
        raise InvalidAnswerError(f"{where} gives {error} twice; keep one of them.") from None
    except json.JSONDecodeError as error:
        raise InvalidAnswerError(
            f"{where} is no JSON: {error.msg} in line {error.lineno}, column {error.colno}."
        ) from None
    except RecursionError:
        raise InvalidAnswerError(f"{where} is nested too deeply to be read.") from None


def read_text(path: Path) -> str:
    """Return a text file; ``InvalidAnswerError`` if it can't be read or is no UTF-8."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InvalidAnswerError(f"{path} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise InvalidAnswerError(f"{path} is no UTF-8 text; save it as UTF-8.") from None


def _of_archive(arrays: dict[str, np.ndarray], form: Form, path: Path) -> Any:
    """Return all arrays by name where a prediction may be several, else the one that counts."""
    by_name = form == "views" or (form == "values" and len(arrays) > 1)
    return arrays if by_name and PREDICTION_KEY not in arrays else only_array(arrays, path)


def _column(text: str, path: Path) -> np.ndarray:
    try:
        found = np.array([float(word) for word in text.replace(",", " ").split()])
    except ValueError as error:
        raise InvalidAnswerError(
            f"{path} is no column of numbers ({error}); write one number a line."
        ) from None
    return numbers(found, str(path))


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise RepeatedKeyError(repr(next(n for n in names if names.count(n) > 1)))
    return found
