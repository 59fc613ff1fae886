"""Reference vectors on disk: arrays, and what an official function returned for them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ivlm_bench.errors import AssetError

#: How JSON, which has no such numbers, spells them.
NON_FINITE = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}
#: A row of an array in the npz file: ``name[3]``.
ROW = re.compile(r"(?P<name>\w+)\[(?P<row>\d+)\]")


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class Case:
    """One call of an official function.

    Attributes
    ----------
    id
        ``<group>/<case>``.
    source
        Repository, commit, path and function; by name where several were run.
    inputs
        Its arguments, arrays resolved.
    params
        Settings of the call.
    outputs
        What it returned; "nan" and "inf" are floats.
    notes
        What is special about it.
    """

    id: str
    source: str | Mapping[str, str]
    inputs: Mapping[str, Any]
    params: Mapping[str, Any] = field(default_factory=dict)
    outputs: Any = None
    notes: str = ""


def read_cases(path: Path) -> tuple[Case, ...]:
    """Return the cases of a JSON file; the arrays that they name lie in the npz file beside it.

    Raises
    ------
    AssetError
        If the file is missing or is no JSON.
    """
    try:
        group = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise AssetError(f"{path} can't be read as reference vectors: {error}.") from None
    arrays = _arrays(path.with_suffix(".npz"))
    return tuple(_case(case, arrays) for case in group["cases"])


def _arrays(path: Path) -> dict[str, np.ndarray]:
    if not path.is_file():
        return {}
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _case(case: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Case:
    return Case(
        id=case["id"],
        source=case["source"],
        inputs={name: _resolved(value, arrays) for name, value in case["inputs"].items()},
        params=case.get("params", {}),
        outputs=_numbers(case["outputs"]),
        notes=case.get("notes", ""),
    )


def _resolved(value: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    """Return the array that a string names; anything else as it is."""
    if not isinstance(value, str):
        return value
    if value in arrays:
        return arrays[value]
    row = ROW.fullmatch(value)
    if row is not None and row["name"] in arrays:
        return arrays[row["name"]][int(row["row"])]
    return value


def _numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _numbers(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_numbers(each) for each in value]
    return NON_FINITE.get(value, value) if isinstance(value, str) else value
