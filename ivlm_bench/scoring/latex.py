"""A grid as LaTeX."""

from __future__ import annotations

import re

from ivlm_bench.guard import storable
from ivlm_bench.leaderboard.grid import Grid

#: Characters that LaTeX obeys, and how each is written.
_WRITTEN = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
} | {character: "\\" + character for character in "&%$#_{}"}

#: Arrows, which are maths and stay as they are.
_MATHS = re.compile(r"(\$\\(?:up|down)arrow\$)")


def tabular(grid: Grid) -> str:
    """Return a grid as ``table`` with ``tabular`` and plain rules; no package is needed."""
    columns = "l" + "r" * (len(grid.headers) - 1)
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escaped(grid.title)}}}",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\hline",
        _row(grid.headers),
        r"\hline",
    ]
    for index, row in enumerate(grid.rows):
        lines.append(_row(row))
        lines += [r"\hline"] if index + 1 in grid.rules else []
    lines += [r"\hline", r"\end{tabular}", r"\end{table}"]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Return ``text`` with what LaTeX obeys written as text; arrows in maths stay."""
    parts = _MATHS.split(storable(text).replace("\n", " "))
    return "".join(p if _MATHS.fullmatch(p) else _plain(p) for p in parts)


def _plain(text: str) -> str:
    return "".join(_WRITTEN.get(character, character) for character in text)


def _row(cells: tuple[str, ...]) -> str:
    return " & ".join(escaped(cell) for cell in cells) + r" \\"
