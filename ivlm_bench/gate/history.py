"""Evidence of slow drift over nights: an e-detector whose state lies in one line a night."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from ivlm_bench.comparison import Comparison, TaskComparison
from ivlm_bench.errors import StoreError
from ivlm_bench.gate.policy import Verdict
from ivlm_bench.stats.sequential import EDetector
from ivlm_bench.store.faults import told
from ivlm_bench.store.seal import write_whole

#: File of a history folder: one JSON object a line, one line a night.
HISTORY = "gate-history.jsonl"

#: An e-value from which on drift is called: without a loss, reached after 1,000 nights with fresh
#: questions on average, or later.
ALARM = 1000.0


class HistoryLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One night.

    ``counted``: whether it added evidence, which it does where both methods answered fresh
    questions. ``log_capitals``: state of the detector after it, one number a stake; None where
    nothing is won yet. ``n_nights`` that are in it.
    """

    run_id: str
    baseline: str
    suite_hash: str
    reasoner: str
    verdict: Verdict
    difference: float
    counted: bool
    log_capitals: tuple[float | None, ...]
    n_nights: int


@dataclass(frozen=True, slots=True)
class SlowDrift:
    """What all fresh questions since a baseline say together; advice that turns nothing red."""

    e_value: float
    n_nights: int

    @property
    def alarm(self) -> bool:
        """Whether the evidence is enough to look for a slow loss."""
        return self.e_value >= ALARM

    def __str__(self) -> str:
        if self.n_nights == 0:
            return "slow drift: no night has asked fresh questions yet"
        nights = f"{self.n_nights} night{'' if self.n_nights == 1 else 's'} with fresh questions"
        advice = "look for it" if self.alarm else f"none is called below {ALARM:.0f}"
        return f"slow drift: e-value {self.e_value:.3g} over {nights}; {advice}"


def add_night(
    folder: Path, found: Comparison, verdict: Verdict, *, fresh: TaskComparison | None = None
) -> SlowDrift:
    """Add a night to the history in ``folder`` and return what all nights say.

    Only ``fresh`` questions, which both methods answered that night, are evidence. The nightly
    ones are not: all nights share the baseline's answers to them, and its luck with them would
    count every night anew.

    The detector starts anew with another baseline. A night that is there already is judged again
    from the nights before it, and those after it are kept as they are.

    Raises
    ------
    StoreError
        If the history is damaged or can't be written.
    """
    path = folder / HISTORY
    lines = read_history(path)
    mine = [line for line in lines if _same_series(line, found)]
    night = found.pairs.new.manifest.run_id
    known = next((k for k, line in enumerate(mine) if line.run_id == night), len(mine))
    line = _next_line(mine[:known], found, verdict, fresh)
    if known < len(mine):
        lines[lines.index(mine[known])] = line
    else:
        lines.append(line)
    with told(path, "writing"):
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, b"".join(msgspec.json.encode(each) + b"\n" for each in lines))
    return _said(line)


def read_history(path: Path) -> list[HistoryLine]:
    """Return the nights of a history file; none if it is not there yet."""
    if not path.is_file():
        return []
    with told(path, "reading"):
        content = path.read_bytes()
    lines = []
    for number, text in enumerate(content.splitlines(), start=1):
        try:
            lines.append(msgspec.json.decode(text, type=HistoryLine))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise StoreError(
                f"{path} is damaged in line {number} ({error}); restore it from a copy, or move it "
                "away to begin a new history."
            ) from None
    return lines


def _same_series(line: HistoryLine, found: Comparison) -> bool:
    old, new = found.pairs.old.manifest, found.pairs.new.manifest
    return (line.baseline, line.suite_hash, line.reasoner) == (
        old.run_id,
        new.suite_hash,
        new.reasoner.name,
    )


def _next_line(
    before: Sequence[HistoryLine],
    found: Comparison,
    verdict: Verdict,
    fresh: TaskComparison | None,
) -> HistoryLine:
    """Return the line of a night after those ``before`` it."""
    last = before[-1] if before else None
    detector = _detector(last)
    if fresh is not None:
        detector = detector.after_night(fresh.by_cluster)
    old, new = found.pairs.old.manifest, found.pairs.new.manifest
    return HistoryLine(
        run_id=new.run_id,
        baseline=old.run_id,
        suite_hash=new.suite_hash,
        reasoner=new.reasoner.name,
        verdict=verdict,
        difference=found.macro.difference,
        counted=fresh is not None,
        log_capitals=tuple(float(c) if np.isfinite(c) else None for c in detector.log_capitals),
        n_nights=(0 if last is None else last.n_nights) + int(fresh is not None),
    )


def _detector(last: HistoryLine | None) -> EDetector:
    if last is None:
        return EDetector.start()
    return EDetector(np.array([-np.inf if c is None else c for c in last.log_capitals]))


def _said(line: HistoryLine) -> SlowDrift:
    return SlowDrift(_detector(line).value, line.n_nights)
