"""Plain text tables for stdout."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def columns(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return rows under a head, columns padded to their widest cell."""
    table = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(len(row[k]) for row in table) for k in range(len(head))]
    lines = ("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in table)
    return "\n".join(line.rstrip() for line in lines)
