"""What a public data set is: questions with truths, read from the owner's files one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ivlm_bench.errors import AssetError, ConfigError, did_you_mean
from ivlm_bench.registry import Registry
from ivlm_bench.types import Query


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class DataItem:
    """One question of a data set.

    Nothing heavy is read before it is asked for.

    Attributes
    ----------
    id
        Key that is unique in the split and by which predictions on disk are matched, with "/"
        between its parts (``hold/cup/cup_000123``).
    truth
        Reads what the data set's profiles take as truth. ``AssetError`` that names the file if it
        is missing or damaged.
    query
        What is asked, in our words; None where the set asks nothing of an image or a shape.
    image
        File of the RGB image; None if there is none.
    points_m
        Reads the point cloud (n, 3), in the set's own frame and scale; None if there is none.
    mask
        Reads the region (h, w) bool in the image, or (n,) bool on the points, that a right answer
        points at; None where that makes no sense.
    category
        Affordance, object or question class by which tables are broken down.
    cluster
        What makes items dependent on each other (one object, one image); the id if nothing does.
    """

    id: str
    truth: Callable[[], Any]
    query: Query | None = None
    image: Path | None = None
    points_m: Callable[[], Any] | None = None
    mask: Callable[[], Any] | None = None
    category: str = ""
    cluster: str = ""


#: From the owner's folder and a split to its items, in a fixed order, streaming.
Items = Callable[[Path, str], Iterator[DataItem]]


def _no_remarks(folder: Path, split: str) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class DataSet:
    """A public data set whose files the user has from their owner.

    Attributes
    ----------
    name, title
        ``agd20k``; one line.
    splits
        Names of the splits that can be scored, the usual one first.
    profiles
        Names of the metric profiles that take its truths, the usual one first.
    items
        Reads a split. ``AssetError`` that says what is missing and where to get it.
    layout
        The files that are needed, one line each, relative to the folder.
    where
        Where the owner gives it out, in words.
    licence
        What the owner allows, in words.
    unanswered
        What the items ask for, in words, where no reasoner's answer has it (contact of a body's
        vertices), so that only predictions on disk are scored; "" where reasoners can be asked.
    remarks
        Sentences about files of a split that are no item, by the owner's own rule.
    """

    name: str
    title: str
    splits: tuple[str, ...]
    profiles: tuple[str, ...]
    items: Items
    layout: tuple[str, ...]
    where: str
    licence: str
    unanswered: str = ""
    remarks: Callable[[Path, str], tuple[str, ...]] = _no_remarks

    def read(self, folder: Path | str, split: str | None = None) -> Iterator[DataItem]:
        """Yield the items of a split (the usual one if None).

        Raises
        ------
        ConfigError
            If there is no such split.
        AssetError
            If files are missing; the message says which and where to get them.
        """
        chosen = self.splits[0] if split is None else split
        if chosen not in self.splits:
            raise ConfigError(
                f"{self.name} has no split {chosen!r}.{did_you_mean(chosen, list(self.splits))}"
            )
        home = Path(folder)
        if not home.is_dir():
            raise AssetError(f"{home} is no folder; {self.how_to_get()}")
        yield from self.items(home, chosen)

    def missing(self, path: Path) -> AssetError:
        """Return the error of a file or folder that is not there."""
        return AssetError(f"{path} is missing; {self.how_to_get()}")

    def how_to_get(self) -> str:
        """Return where to get the files and how they must lie, in one clause."""
        return (
            f"get {self.name} from its owner ({self.where}) and lay it out as "
            f"{'; '.join(self.layout)}."
        )


#: Every data set by name.
DATASETS: Registry[DataSet] = Registry("data set")


def add_dataset(dataset: DataSet) -> DataSet:
    """Register ``dataset`` under its own name."""
    return DATASETS.register(dataset.name, dataset)
