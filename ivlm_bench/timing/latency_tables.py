"""Latencies as a table, and as plain numbers."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ivlm_bench.harness.manifest import machine, packages
from ivlm_bench.leaderboard.grid import Grid
from ivlm_bench.timing.clip_tower import NAME
from ivlm_bench.timing.latency import HIGH, MIDDLE, Latency, Times

#: Cell of what could not be timed.
NONE = "n/a"


def latency_table(found: Sequence[Latency]) -> Grid:
    """Return a row a reasoner and way of showing."""
    first = found[0].job
    return Grid(
        f"Milliseconds an answer takes on {first.suite}, {first.size_px} px, beside {NAME}",
        (
            "reasoner",
            "track",
            "views",
            "p50 ms",
            "p95 ms",
            "CPU\np50 ms",
            "CLIP\np50 ms",
            "CLIP\np95 ms",
            "ratio",
        ),
        tuple(_cells(row) for row in found),
        _notes(found),
        droppable=("CPU\np50 ms",),
    )


def _cells(row: Latency) -> tuple[str, ...]:
    return (
        row.job.reasoner,
        row.job.track,
        str(row.n_views),
        *_spread(row.answers),
        _ms(row.answers.cpu(MIDDLE)) if row.answers.cpu_ms else NONE,
        *_spread(row.tower),
        NONE if row.ratio is None else f"{row.ratio:.2g}",
    )


def in_short(row: Latency) -> str:
    """Return what was found in a few words, for those who wait."""
    if row.reason:
        return row.reason
    ratio = "" if row.ratio is None else f", {row.ratio:.2g} times {NAME}"
    middle, high = _spread(row.answers)
    return f"p50 {middle} ms, p95 {high} ms{ratio}"


def _spread(times: Times) -> tuple[str, str]:
    if not times.wall_ms:
        return NONE, NONE
    return _ms(times.wall(MIDDLE)), _ms(times.wall(HIGH))


def _ms(value: float) -> str:
    """Return a time with three digits, or all before the point."""
    return f"{value:.0f}" if value >= 100.0 else f"{value:.3g}"


def _notes(found: Sequence[Latency]) -> tuple[str, ...]:
    first = found[0].job
    notes = [
        f"{first.n} answers a row after {first.n_warm} to warm up, in a process of its own on "
        f"{first.n_threads} of the machine's cores; wall clock, where it does not say CPU.",
    ]
    if any(row.tower.wall_ms for row in found):
        notes.append(
            f"{NAME}: its image tower with random weights in torch, single precision, 224 px, one "
            "picture a view in one batch, as many threads; it takes turns with the answers. ratio: "
            "median over the turns of answer over tower."
        )
    notes += sorted({row.tower_reason for row in found if row.tower_reason})
    notes += [f"{r.job.reasoner} on {r.job.track}: {r.reason}" for r in found if r.reason]
    return tuple(notes)


def latency_json(found: Sequence[Latency]) -> str:
    """Return all times, and on what machine they were taken, as JSON."""
    plain = {"machine": machine(), "packages": packages(), "rows": [_plain(row) for row in found]}
    return msgspec.json.format(msgspec.json.encode(plain), indent=1).decode() + "\n"


def _plain(row: Latency) -> dict[str, object]:
    shares = {
        f"{kind}_p{share:.0f}_ms": times.wall(share) if times.wall_ms else None
        for kind, times in (("answer", row.answers), ("clip", row.tower))
        for share in (MIDDLE, HIGH)
    }
    return {**msgspec.to_builtins(row), **shares, "ratio": row.ratio}
