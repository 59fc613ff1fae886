"""How a run goes, on stderr: a live bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ivlm_bench.harness.plan import Plan
from ivlm_bench.harness.run import Watcher
from ivlm_bench.records import EpisodeResult

#: Seconds between two plain lines.
LINE_EVERY_S = 10.0


@contextmanager
def progress() -> Iterator[Watcher]:
    """Yield the watcher that suits stderr."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[told]}"),
        console=Console(stderr=True),
    )
    with bar:
        yield Bar(bar)


@contextmanager
def counting(what: str, total: int | None) -> Iterator[Callable[[], None]]:
    """Yield a function to be called once for each of ``total`` steps (None: nobody knows)."""
    if not sys.stderr.isatty():
        yield Counting(what, total).step
        return
    bar = Progress(
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    with bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)


class Counting:
    """Counts steps in a line now and then."""

    def __init__(self, what: str, total: int | None) -> None:
        self.what, self.total = what, total
        self.n_done = 0
        self.last_line_s = time.monotonic()

    def step(self) -> None:
        """Count one, and say so when the last line is old."""
        self.n_done += 1
        if time.monotonic() - self.last_line_s >= LINE_EVERY_S:
            self.last_line_s = time.monotonic()
            of_all = "" if self.total is None else f"/{self.total}"
            print(f"{self.n_done}{of_all} {self.what}", file=sys.stderr, flush=True)


class Tally:
    """Counts what has ended."""

    def __init__(self) -> None:
        self.statuses: Counter[str] = Counter()
        self.n_solved = 0
        self.tells_solved = True

    def expect(self, plan: Plan) -> None:
        """Leave successes out where nothing is tried."""
        self.tells_solved = plan.data is None

    def add(self, result: EpisodeResult) -> None:
        """Count one episode."""
        self.statuses[result.episode.status] += 1
        self.n_solved += result.episode.success

    def __str__(self) -> str:
        counts = ", ".join(f"{n} {status}" for status, n in sorted(self.statuses.items()))
        return f"{self.n_solved} solved; {counts}" if self.tells_solved else counts


class Lines:
    """One line now and then, for logs."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.n_done = self.n_planned = 0
        self.last_line_s = 0.0

    def started(self, plan: Plan, folder: Path, n_recorded: int) -> None:
        """Say what will be done."""
        self.n_done, self.n_planned = n_recorded, len(plan.specs)
        self.last_line_s = time.monotonic()
        self.tally.expect(plan)
        print(opening(plan, folder, n_recorded), file=sys.stderr, flush=True)

    def finished(self, result: EpisodeResult) -> None:
        """Say how far it is, when the last line is old or all is done."""
        self.tally.add(result)
        self.n_done += 1
        now_s = time.monotonic()
        if now_s - self.last_line_s >= LINE_EVERY_S or self.n_done == self.n_planned:
            self.last_line_s = now_s
            print(f"{self.n_done}/{self.n_planned}  {self.tally}", file=sys.stderr, flush=True)


class Bar:
    """A live bar, for people."""

    def __init__(self, bar: Progress) -> None:
        self.bar = bar
        self.tally = Tally()
        self.task = bar.add_task("starting workers", total=None, told="")

    def started(self, plan: Plan, folder: Path, n_recorded: int) -> None:
        """Say what will be done."""
        self.tally.expect(plan)
        self.bar.console.print(opening(plan, folder, n_recorded), highlight=False)
        total = len(plan.specs)
        self.bar.update(self.task, description="episodes", total=total, completed=n_recorded)

    def finished(self, result: EpisodeResult) -> None:
        """Move the bar."""
        self.tally.add(result)
        self.bar.update(self.task, advance=1, told=str(self.tally))


def opening(plan: Plan, folder: Path, n_recorded: int) -> str:
    """Return the first line of a run."""
    engines = ", engines " + " + ".join(plan.engines) if plan.engines else ""
    single = " (single-engine)" if len(plan.engines) == 1 else ""
    resumed = f", {n_recorded} recorded before" if n_recorded else ""
    return (
        f"{plan.config.reasoner} on {plan.suite.name}: {len(plan.specs)} episodes{resumed}"
        f"{engines}{single}, {plan.n_workers} workers, into {folder}"
    )
