"""How numbers, units and directions are written, and what a table says below itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from ivlm_bench.guard import visible
from ivlm_bench.scoring.scored import Scored

#: Ids that are named in one line where many have the same fault.
MAX_NAMED = 5

#: Faults that are told, a line each.
MAX_TOLD = 50

#: Items without a prediction among whose ids a near one is looked for.
MAX_COMPARED = 1000


def title_of(scored: Scored) -> str:
    """Return protocol, split and how many items were scored."""
    split = f", {scored.split}" if scored.split else ""
    return f"{scored.profile.name}{split}: {scored.n_scored} of {scored.n_items} items scored"


def notes_of(scored: Scored) -> Iterator[str]:
    """Yield what a reader must know of the numbers: reasons, rows left out, quirks."""
    nothing: dict[str, list[str]] = {}
    for line in scored.lines:
        if line.value is None:
            nothing.setdefault(line.reason, []).append(line.quantity.name)
    for reason, names in nothing.items():
        yield f"No value, as {reason}: {', '.join(names)}."
    why = {line.no_interval for line in scored.lines if line.no_interval and line.value is not None}
    if why:
        yield f"Intervals n/a: {', '.join(sorted(why))}."
    changed = _changed(scored)
    if changed:
        yield f"Parameters: {changed}."
    if scored.references.left_out:
        yield scored.references.left_out
    yield from scored.remarks
    yield from scored.profile.quirks


def faults_of(scored: Scored) -> Iterator[str]:
    """Yield what went wrong: counts, and the first few with file and cause."""
    if scored.faults:
        yield f"{_count(len(scored.faults), 'item')} could not be scored:"
        for fault in scored.faults[:MAX_TOLD]:
            place = "" if fault.where in fault.cause else f"{fault.where}: "
            yield visible(f"  {fault.id}: {place}{fault.cause}")
        yield from _more(len(scored.faults), "--samples FILE writes the cause of every one")
    if scored.missing:
        yield f"{_count(len(scored.missing), 'item')} without a prediction: {_some(scored.missing)}"
    if scored.filled:
        n = _count(len(scored.filled), "item")
        yield f"{n} without a prediction, counted as nothing: {_some(scored.filled)}"
    if scored.foreign:
        n = _count(len(scored.foreign), "prediction")
        counted = "" if scored.profile.no_truth is None else ", counted as the protocol does"
        yield f"{n} of no item of this split{counted}: {_some(scored.foreign)}{_near(scored)}"
    for problem in scored.problems[:MAX_TOLD]:
        yield visible(problem)
    yield from _more(len(scored.problems), "--format json names every one")


def _changed(scored: Scored) -> str:
    """Return the parameters that are not those of the official pipeline."""
    defaults = {param.name: param.default for param in scored.profile.params}
    official = defaults | dict(scored.profile.official)
    return ", ".join(
        f"{name} = {shown(value)}"
        for name, value in scored.params.items()
        if value is not official[name] and shown(value) != shown(official[name])
    )


def shown(value: object) -> str:
    """Return a parameter's value as text: arrays by their shape."""
    shape = getattr(value, "shape", None)
    return str(value) if shape is None else f"array {shape}"


def _some(names: Iterable[str]) -> str:
    known = list(names)
    n_more = len(known) - MAX_NAMED
    more = f" and {n_more} more (--format json names them all)" if n_more > 0 else ""
    return visible(", ".join(known[:MAX_NAMED])) + more + "."


def _near(scored: Scored) -> str:
    """Return which item without a prediction the first strange prediction may be meant for."""
    near = get_close_matches(scored.foreign[0], scored.missing[:MAX_COMPARED], n=1)
    return f" Is {scored.foreign[0]} meant to be {near[0]}?" if near else ""


def _more(n: int, elsewhere: str) -> Iterator[str]:
    if n > MAX_TOLD:
        yield f"  and {n - MAX_TOLD} more; {elsewhere}."


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'s' * (n != 1)}"
