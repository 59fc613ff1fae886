"""Keys of a suite file: all that are unknown, missing or of the wrong type, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ivlm_bench.errors import did_you_mean

#: What a suite's keys hold, as a sentence says it.
_SUITE = {
    "name": "a text",
    "title": "a text",
    "track": "a text",
    "tasks": "a table",
    "size_px": "a whole number",
    "n_perturbed": "a whole number",
    "repeats": "a whole number",
    "cross_check_share": "a number",
    "frozen": "a text",
}
#: What stands in for a required key that is wrong, so that the others can still be checked.
_STAND_INS: dict[str, Any] = {"name": "", "title": "", "track": "rgb", "tasks": {}}

#: The same for the table of one task.
_TASK = {"count": "a whole number", "first_seed": "a whole number", "replaced": "a table"}
_TASK_STAND_INS: dict[str, Any] = {"count": 1}

#: Types of TOML in words; a date or a time is none of them.
_WORDS = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number with a fraction",
    list: "a list",
    dict: "a table",
}


def repaired(content: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return a suite's content with only keys of the right type, and a sentence a wrong one.

    Required keys that are missing or wrong are replaced by some value that is possible.
    """
    said = list(_wrong(content, _SUITE, _STAND_INS, ""))
    good = _good(content, _SUITE, _STAND_INS)
    tasks = {}
    for task, table in good["tasks"].items():
        where = f" in the table tasks.{task!r}"
        if not isinstance(table, dict):
            said.append(f"tasks.{task!r} must be a table, not {_word(table)}.")
            continue
        said += _wrong(table, _TASK, _TASK_STAND_INS, where)
        seeds = _good(table, _TASK, _TASK_STAND_INS)
        replaced = seeds.get("replaced", {})
        for seed, instead in replaced.items():
            if _word(instead) != "a whole number":
                key = f"'replaced' for seed {seed}{where}"
                said.append(f"{key} must be a whole number, not {_word(instead)}.")
        whole = {k: v for k, v in replaced.items() if _word(v) == "a whole number"}
        tasks[task] = seeds | {"replaced": whole}
    return good | {"tasks": tasks}, tuple(said)


def _wrong(
    table: Mapping[str, Any], kinds: Mapping[str, str], needed: Mapping[str, Any], where: str
) -> Iterator[str]:
    for key in table:
        if key not in kinds:
            yield f"the key {key!r}{where} is unknown.{did_you_mean(key, list(kinds))}"
    missing = [key for key in needed if key not in table]
    if missing:
        noun, verb = ("key", "is") if len(missing) == 1 else ("keys", "are")
        yield f"the {noun} {', '.join(map(repr, missing))}{where} {verb} missing."
    for key, kind in kinds.items():
        if key in table and not _fits(table[key], kind):
            yield f"{key}{where} must be {kind}, not {_word(table[key])}."


def _good(
    table: Mapping[str, Any], kinds: Mapping[str, str], needed: Mapping[str, Any]
) -> dict[str, Any]:
    fitting = {k: v for k, v in table.items() if k in kinds and _fits(v, kinds[k])}
    return {**needed, **fitting}


def _fits(value: object, kind: str) -> bool:
    word = _word(value)
    return word == kind or (kind == "a number" and word in (_WORDS[int], _WORDS[float]))


def _word(value: object) -> str:
    return _WORDS.get(type(value), "a date or time")
