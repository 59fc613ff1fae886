"""A table of texts, shown in a terminal or as Markdown."""

from __future__ import annotations

import io
import os
import shutil
import sys
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from rich import box
from rich.console import Console
from rich.table import Table

#: Columns that a table fits into where nothing tells how many there are.
WIDTH = 100

#: Columns that a part of a table has at least: what a row is about, and one thing about it.
FEWEST = 2


@dataclass(frozen=True, slots=True)
class Grid:
    """A title, headers, rows of as many cells, and notes below.

    The first column is set left, the others right. A rule is drawn above each row whose index is
    in ``rules``. Where room is short, the columns headed as in ``droppable`` go on below the
    others, the first of them first: nothing is left out.
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
        """Return the table for a ``rich`` console, without title and notes."""
        table = Table(
            box=box.SIMPLE_HEAD,
            padding=(0, 1, 0, 0),
            pad_edge=False,
            show_edge=False,
        )
        for index, header in enumerate(self.headers):
            side: Literal["left", "right"] = "right" if index else "left"
            table.add_column(header, justify=side, overflow="fold", no_wrap=index == 0)
        for index, row in enumerate(self.rows):
            table.add_row(*row, end_section=index + 1 in self.rules)
        return table

    def fitted(self, width: int) -> tuple[Grid, ...]:
        """Return the grid in as many parts as ``width`` asks for.

        Each begins with the first column; columns of ``droppable`` go on in the next part. What is
        too wide all the same has its cells folded.
        """
        moved: list[str] = []
        for header in self.droppable:
            n_kept = len([name for name in self.headers if name not in {*moved, header}])
            if _total(self._widths(set(moved))) <= width or n_kept < FEWEST:
                break
            moved.append(header)
        if not moved:
            return (self,)
        first, *others = self.headers
        stay = replace(self._only([first, *(h for h in others if h not in moved)]), notes=())
        rest = replace(self._only([first, *(h for h in others if h in moved)]), title="")
        return (stay, *rest.fitted(width))

    def _only(self, headers: list[str]) -> Grid:
        """Return the grid with the columns of some headers."""
        kept = [i for i, header in enumerate(self.headers) if header in headers]
        return replace(
            self,
            headers=tuple(self.headers[i] for i in kept),
            rows=tuple(tuple(row[i] for i in kept) for row in self.rows),
        )

    def _widths(self, moved: set[str]) -> list[int]:
        """Return how wide each column is that is not moved."""
        return [
            max(len(line) for text in (header, *cells) for line in text.split("\n"))
            for header, *cells in zip(self.headers, *self.rows, strict=True)
            if header not in moved
        ]

    def text(self, *, width: int | None = None) -> str:
        """Return the table as plain text at most ``width`` columns wide: the terminal's if None."""
        width = terminal_width() if width is None else width
        wide = min(width, WIDTH)
        head = [*_wrapped(self.title, wide), ""] if self.title else []
        tables = "\n".join(part.drawn(width) for part in self.fitted(width))
        foot = [line for note in self.notes for line in _wrapped(note, wide)]
        return "\n".join([*head, tables, *foot, ""] if foot else [*head, tables])

    def drawn(self, width: int) -> str:
        """Return the table at most ``width`` columns wide, without title and notes."""
        screen = io.StringIO()
        console = Console(
            file=screen, width=width, color_system=None, markup=False, highlight=False
        )
        console.print(self.rich())
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
    """Return the columns that a table on stdout may take.

    They are those of ``COLUMNS`` or of the terminal, else ``WIDTH``: a pipe has no width.
    """
    if not sys.stdout.isatty() and not os.environ.get("COLUMNS", "").isdecimal():
        return WIDTH
    return shutil.get_terminal_size((WIDTH, 0)).columns


def _wrapped(text: str, width: int) -> list[str]:
    # A command in a note must survive being copied: no line ends within a word.
    return textwrap.wrap(text, width, break_on_hyphens=False)


def _total(widths: Iterable[int]) -> int:
    """Return the width of a table: two blanks between columns."""
    return sum(width + 2 for width in widths) - 2


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(_escaped(cell) for cell in cells) + " |"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
