"""A table of texts, shown in a terminal or as Markdown."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from rich import box
from rich.console import Console
from rich.table import Table

#: Columns that a terminal table must fit into.
WIDTH = 100


@dataclass(frozen=True, slots=True)
class Grid:
    """A title, headers, rows of as many cells, and notes below.

    The first column is set left, the others right. A rule is drawn above each row whose index is
    in ``rules``.
    """

    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    rules: tuple[int, ...] = ()

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

    def text(self, *, width: int = WIDTH) -> str:
        """Return the table as plain text at most ``width`` columns wide."""
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


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(_escaped(cell) for cell in cells) + " |"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
