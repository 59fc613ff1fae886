"""A table of texts, shown in a terminal or as Markdown."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from rich import box
from rich.console import Console
from rich.table import Table

#: Columns that a table fits into; narrower terminals get what they have room for.
WIDTH = 100


@dataclass(frozen=True, slots=True)
class Grid:
    """A title, headers, rows of as many cells, and notes below.

    The first column is set left, the others right. A rule is drawn above each row whose index is
    in ``rules``. Where room is short, the columns headed as in ``droppable`` are left out, the
    first of them first.
    """

    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    rules: tuple[int, ...] = ()
    droppable: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.text()

    def rich(self) -> Table:
        """Return the table for a ``rich`` console."""
        table = Table(
            title=self.title,
            caption="\n".join(self.notes) or None,
            box=box.SIMPLE_HEAD,
            padding=(0, 1, 0, 0),
            pad_edge=False,
            title_justify="left",
            caption_justify="left",
            title_style="bold",
            caption_style="",
        )
        for index, header in enumerate(self.headers):
            side: Literal["left", "right"] = "right" if index else "left"
            table.add_column(header, justify=side, overflow="fold", no_wrap=index == 0)
        for index, row in enumerate(self.rows):
            table.add_row(*row, end_section=index + 1 in self.rules)
        return table

    def fitted(self, width: int) -> Grid:
        """Return the grid without the columns that ``width`` has no room for, and a note of them.

        One that is too wide without all of them stays so, and its cells are folded.
        """
        dropped: list[str] = []
        for header in self.droppable:
            if _total(self._widths(set(dropped))) <= width:
                break
            dropped.append(header)
        if not dropped:
            return self
        kept = [i for i, header in enumerate(self.headers) if header not in dropped]
        names = ", ".join(header.replace("-\n", "").replace("\n", " ") for header in dropped)
        return replace(
            self,
            headers=tuple(self.headers[i] for i in kept),
            rows=tuple(tuple(row[i] for i in kept) for row in self.rows),
            notes=(*self.notes, f"Left out for want of room: {names}."),
        )

    def _widths(self, dropped: set[str]) -> list[int]:
        """Return how wide each column is that is not dropped."""
        return [
            max(len(line) for text in (header, *cells) for line in text.split("\n"))
            for header, *cells in zip(self.headers, *self.rows, strict=True)
            if header not in dropped
        ]

    def text(self, *, width: int | None = None) -> str:
        """Return the table as plain text at most ``width`` columns wide: the terminal's if None."""
        width = terminal_width() if width is None else width
        screen = io.StringIO()
        console = Console(
            file=screen, width=width, color_system=None, markup=False, highlight=False
        )
        console.print(self.fitted(width).rich())
        return "\n".join(line.rstrip() for line in screen.getvalue().splitlines()) + "\n"

    def markdown(self) -> str:
        """Return the table as GitHub Markdown."""
        lines = [
            f"### {self.title}",
            "",
            _line(header.replace("-\n", "").replace("\n", " ") for header in self.headers),
            _line([":--", *("--:" for _ in self.headers[1:])]),
            *(_line(row) for row in self.rows),
        ]
        if self.notes:
            lines += ["", *(f"- {_escaped(note)}" for note in self.notes)]
        return "\n".join(lines) + "\n"


def terminal_width() -> int:
    """Return the columns that a table on stdout may take: ``WIDTH``, or a terminal's if fewer."""
    if not sys.stdout.isatty():
        return WIDTH
    return min(WIDTH, shutil.get_terminal_size((WIDTH, 0)).columns)


def _total(widths: Iterable[int]) -> int:
    """Return the width of a table: two blanks between columns, one at each end."""
    return sum(width + 2 for width in widths)


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(_escaped(cell) for cell in cells) + " |"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
