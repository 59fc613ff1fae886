"""Rows of published tables, read from the TOML files beside this module."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any, Literal, get_args

import msgspec

Status = Literal["published", "corrected", "reproduced", "second-hand"]

#: What a row may be: printed by its authors, replaced by its authors, run again by somebody else,
#: or quoted from a table that is not its authors' own and was not compared with it.
STATUSES: tuple[Status, ...] = get_args(Status)

#: Protocol of a row of which nobody knows with which code it was measured.
UNKNOWN = "unknown"


class ReferenceRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One method's numbers on one split of one data set.

    Attributes
    ----------
    method, year
        Who; year of publication, None if not known.
    dataset, split
        On what; names as in ``DATASETS`` where the data set is there.
    category
        Part of the split that the numbers are of; "" for all of it.
    setting
        What the method had to learn from, in words; only rows of one setting compare.
    protocol
        Name of the profile whose code measured it, or ``unknown``.
    values
        Numbers by quantity.
    units
        Unit of each number: that of the profile where there is one.
    source
        Where the numbers stand.
    status
        ``published``, ``corrected``, ``reproduced`` or ``second-hand``.
    note
        What a reader must know.
    """

    method: str
    year: int | None = None
    dataset: str
    split: str
    category: str = ""
    setting: str
    protocol: str = UNKNOWN
    values: dict[str, float]
    units: dict[str, str]
    source: str
    status: Status
    note: str = ""


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file: the rows of one data set."""

    dataset: str
    units: dict[str, str]
    rows: tuple[dict[str, Any], ...]

    def filled(self) -> list[ReferenceRow]:
        """Return the rows, each with the units of the file where it has none of its own."""
        return [msgspec.convert(self._whole(row), ReferenceRow) for row in self.rows]

    def _whole(self, row: dict[str, Any]) -> dict[str, Any]:
        units = {name: self.units[name] for name in row["values"] if "units" not in row}
        return {"dataset": self.dataset, "units": units, **row}


@cache
def all_rows() -> tuple[ReferenceRow, ...]:
    """Return every row, by data set in the order of their names, then as the file has them."""
    folder = resources.files("ivlm_bench.reference") / "tables"
    found: list[ReferenceRow] = []
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if file.name.endswith(".toml"):
            table = msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), _Table)
            found += table.filled()
    return tuple(found)


def reference_rows(
    dataset: str | None = None,
    split: str | None = None,
    *,
    setting: str | None = None,
    protocol: str | None = None,
) -> tuple[ReferenceRow, ...]:
    """Return the rows that match all that is given; case and hyphens do not count.

    Examples
    --------
    >>> row = reference_rows("agd20k", "seen", protocol="agd20k:locate")[0]
    >>> row.method, row.values["kld"], row.status
    ('LOCATE', 1.226, 'second-hand')
    """
    asked = {"dataset": dataset, "split": split, "setting": setting, "protocol": protocol}
    wanted = {name: same_word(text) for name, text in asked.items() if text is not None}
    return tuple(
        row
        for row in all_rows()
        if all(same_word(getattr(row, name)) == word for name, word in wanted.items())
    )


def same_word(text: str) -> str:
    """Return ``text`` as it is compared: lower case, hyphens and underscores as blanks."""
    return " ".join(text.casefold().replace("-", " ").replace("_", " ").split())
