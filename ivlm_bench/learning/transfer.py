"""Trained on some families of objects, tested on others: what registered trainers are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ivlm_bench.learning.trainers import Progress
from ivlm_bench.registry import Registry


@dataclass(frozen=True, slots=True)
class TransferOrder:
    """One order to train a net for each of some groups of families, and to test it on all.

    ``pictures``: folder of labelled pictures; ``out``: folder for what is found. ``groups``: names
    of those to train on, all if empty. ``seed`` and ``n_steps`` (of each training) replace the
    preset's own where given.
    """

    pictures: Path
    out: Path
    groups: tuple[str, ...] = ()
    seed: int | None = None
    n_steps: int | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """Figures of one net on one group's questions about scenes held back; means over ``n``.

    ``area``: share of the surface that the regions cover, what pointing anywhere would hit.
    """

    n: int
    iou: float
    pointing: float
    area: float


#: A row for each group that is trained on, a cell for each that is tested on; None where no scene
#: that was held back shows one.
Matrix = Mapping[str, Mapping[str, Cell | None]]


class TransferTrainer(Protocol):
    """Trains and tests group by group; heavy packages are imported when it is called."""

    @property
    def groups(self) -> Mapping[str, tuple[str, ...]]:
        """Families of each group, by its name."""
        ...

    def __call__(self, order: TransferOrder, progress: Progress, /) -> Matrix:
        """Return the matrix; groups whose figures lie in ``order.out`` are not trained again.

        Raises ``MissingDependencyError`` where a package is missing, ``AssetError`` for pictures
        that can't be read.
        """
        ...


#: Every known one by the name of its reasoner; plugin modules register theirs at import.
TRANSFERS: Registry[TransferTrainer] = Registry("trainer of families")


def matrix_table(matrix: Matrix) -> tuple[Sequence[str], list[tuple[str, ...]]]:
    """Return head and rows of a table: IoU / pointing, and below the area of each column."""
    columns = list(next(iter(matrix.values())))
    head = ("trained on", *columns)
    rows = [(name, *(_cell(row[column]) for column in columns)) for name, row in matrix.items()]
    last = list(matrix.values())[-1]
    areas = [_shown(last[column]) for column in columns]
    return head, [*rows, ("area of regions (questions)", *areas)]


def _cell(cell: Cell | None) -> str:
    return "n/a" if cell is None else f"{cell.iou:.2f} / {cell.pointing:.2f}"


def _shown(cell: Cell | None) -> str:
    return "n/a" if cell is None else f"{cell.area:.2f} ({cell.n})"
