"""The table of a run on a public data set: the profile's own numbers, and no success rate."""

from __future__ import annotations

from collections.abc import Iterator

from ivlm_bench.leaderboard.grid import Grid
from ivlm_bench.metrics import PROFILES
from ivlm_bench.metrics.evaluate import SampleScores
from ivlm_bench.metrics.intervals import interval_of
from ivlm_bench.metrics.profile import Quantity
from ivlm_bench.metrics.shown import head_of, number
from ivlm_bench.records import DataNumbers, Manifest, sensors_of
from ivlm_bench.store import Run

_HEADERS = ("number", "value", "95 % interval", "items")


def data_of(manifest: Manifest) -> DataNumbers:
    """Return what a data set's run is about; TypeError if the run is none."""
    if manifest.data is None:
        raise TypeError(f"The run {manifest.run_id} is about no data set.")
    return manifest.data


def quantities_of(data: DataNumbers) -> tuple[Quantity, ...]:
    """Return the quantities of a run's profile that the run has, in the official order.

    Where the profile is not installed any more, its numbers stand without unit and direction.
    """
    if data.profile in PROFILES.names():
        return tuple(q for q in PROFILES.get(data.profile).quantities if q.name in data.numbers)
    return tuple(Quantity(name=name, empty_truth="not known") for name in data.numbers)


def dataset_table(run: Run) -> Grid:
    """Return the table of one run on a data set: a row a number."""
    manifest, data = run.manifest, data_of(run.manifest)
    samples = _samples(run)
    groups = {str(r.episode.seed): ("", r.episode.cluster) for r in run.results}
    rows, why = [], set()
    for quantity in quantities_of(data):
        value = data.numbers[quantity.name]
        interval, missing = interval_of(quantity, value, samples, groups)
        if interval is None and value is not None:
            why.add(missing)
        text = "n/a" if interval is None else f"[{number(interval.low)}, {number(interval.high)}]"
        counted = data.n[quantity.name] if quantity.each else len(run.results) - data.n_unread
        rows.append((head_of(quantity), number(value), text, str(counted)))
    title = f"{manifest.reasoner.display} on {manifest.suite} ({sensors_of(manifest).label})"
    notes = (*notes_of(manifest, data), *_why(why))
    return Grid(f"{title}, {data.profile}", _HEADERS, tuple(rows), notes)


def _samples(run: Run) -> list[SampleScores]:
    return [SampleScores(str(r.episode.seed), dict(r.episode.scores)) for r in run.results]


def _why(reasons: set[str]) -> Iterator[str]:
    if reasons:
        yield f"Intervals n/a: {', '.join(sorted(reasons))}."


def notes_of(manifest: Manifest, data: DataNumbers) -> Iterator[str]:
    """Yield what a reader must know of a run's numbers before comparing them."""
    for name, reason in data.reasons.items():
        yield f"{name}: no value ({reason})."
    yield from data.remarks
    if data.n_unread:
        unread = f"{counted_items(data.n_unread, of=len(data.items))} could not be read"
        yield f"{unread} and {'is' if data.n_unread == 1 else 'are'} in no number."
    if data.n_blank:
        count = (
            "counts as a blank prediction" if data.n_blank == 1 else "count as blank predictions"
        )
        yield f"{counted_items(data.n_blank)} got no answer and {count}."
    if manifest.notes:
        yield f"{manifest.notes}."
    params = ", ".join(f"{name} {value}" for name, value in data.params.items())
    if params:
        yield f"Parameters: {params}."


def counted_items(n: int, *, of: int | None = None) -> str:
    """Return how many items, in words.

    Examples
    --------
    >>> counted_items(1), counted_items(2), counted_items(1, of=9)
    ('1 item', '2 items', '1 of 9 items')
    """
    word = "item" if (n if of is None else of) == 1 else "items"
    return f"{n} {word}" if of is None else f"{n} of {of} {word}"


def fine_print(data: DataNumbers) -> Iterator[str]:
    """Yield how items were shown and answers read, and what is odd about the profile."""
    yield data.convention
    if data.profile in PROFILES.names():
        yield from PROFILES.get(data.profile).quirks
