"""The decision ladder: identical, drift, statistics on flips, confirmation on fresh questions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ivlm_bench.comparison import Comparison, NotComparableError, TaskComparison, compare
from ivlm_bench.comparison.sound import check_crashes, check_sound
from ivlm_bench.errors import StoreError
from ivlm_bench.gate.history import SlowDrift
from ivlm_bench.gate.policy import EXIT_CODES, GatePolicy, Verdict
from ivlm_bench.stats.multiplicity import holm
from ivlm_bench.stats.noninferiority import conclude
from ivlm_bench.store import Run

#: What of a machine's class outcomes may hang on; cores and Python's release are no part of it.
MACHINE_CLASS = ("system", "architecture", "cpu")

#: Name of the row over all tasks.
MACRO = "macro"

#: The macro row and the tasks of a comparison.
Rows = tuple[TaskComparison, tuple[TaskComparison, ...]]

#: Compares both methods on fresh questions of the suspect tasks (all of them for the macro row).
Confirm = Callable[[tuple[str, ...]], Rows]


@dataclass(frozen=True, eq=False, slots=True)
class TaskVerdict:
    """What the gate says of one task, or of all (``task`` = "macro"), and why.

    ``p_screen``: one-sided p, Holm-adjusted over the tasks (raw for the macro row). ``fresh`` and
    ``p_fresh``: the same on fresh questions, where they were asked.
    """

    row: TaskComparison
    verdict: Verdict
    reason: str
    p_screen: float
    fresh: TaskComparison | None = None
    p_fresh: float | None = None

    @property
    def task(self) -> str:
        """Name of the task, or "macro"."""
        return self.row.task


@dataclass(frozen=True, eq=False, slots=True)
class GateResult:
    """What the gate says of a night; ``rows`` starts with the macro row, empty if none was needed.

    ``notes``: what a reader must know, such as another kind of machine. ``slow_drift``: what all
    nights of a history say together; advice only. ``fresh``: all fresh questions of the night
    together, where any were asked.
    """

    verdict: Verdict
    reason: str
    rows: tuple[TaskVerdict, ...] = ()
    comparison: Comparison | None = None
    notes: tuple[str, ...] = ()
    slow_drift: SlowDrift | None = None
    fresh: TaskComparison | None = None

    @property
    def exit_code(self) -> int:
        """0 fine, 1 confirmed regression, 3 neither shown nor refuted."""
        return EXIT_CODES[self.verdict]

    @property
    def lost_all(self) -> bool:
        """Whether the baseline was right somewhere and the night nowhere; that never passes."""
        return self.comparison is not None and _lost_all(self.comparison.macro)

    @property
    def suspects(self) -> tuple[str, ...]:
        """Tasks (and "macro") that fresh questions must confirm."""
        return tuple(row.task for row in self.rows if row.verdict == "suspect")


def judge_night(
    baseline: Run | None,
    night: Run,
    *,
    policy: GatePolicy | None = None,
    confirm: Confirm | None = None,
    engines_may_differ: bool = False,
    reasoners_may_differ: bool = False,
) -> GateResult:
    """Say whether ``night`` shows a regression against ``baseline``.

    Parameters
    ----------
    baseline
        The promoted run; None on the first night.
    night
        The new run.
    policy
        Limits; the defaults if None.
    confirm
        Asks both methods fresh questions of some tasks. Without it a loss stays "suspect".
    engines_may_differ
        Judge over a change of the reference engine.
    reasoners_may_differ
        Judge against a baseline of another reasoner.

    Raises
    ------
    NotComparableError
        If the runs did not answer the same questions under the same rules, or are of different
        reasoners.
    StoreError
        If too many episodes of a run crashed, or a run is damaged.
    """
    limits = policy or GatePolicy()
    for run in (night,) if baseline is None else (night, baseline):
        check_sound(run)
        check_crashes(run, limits.most_crashed)
    if baseline is None:
        return GateResult("first-night", "There is no baseline yet: nothing was compared.")
    if not reasoners_may_differ:
        _check_same_reasoner(baseline, night)
    found = compare(baseline, night, measure=limits.measure, engines_may_differ=engines_may_differ)
    notes = _notes(baseline, night, found)
    same = found.flips.empty and _same_answers(baseline, night)
    if baseline.manifest.bit_digest == night.manifest.bit_digest:
        _check_claimed(same, night)
        return GateResult("identical", "Every record equals the baseline's.", (), found, notes)
    if same:
        reason = "Answers and outcomes equal the baseline's; measured numbers differ."
        return GateResult("drift", reason, (), found, notes)
    verdict, reason, rows, fresh = decide((found.macro, found.tasks), limits, confirm)
    if _other_machine(baseline, night):
        verdict, reason = _on_another_machine(verdict, reason, found)
    return GateResult(verdict, reason, rows, found, notes, fresh=fresh)


class Decision(NamedTuple):
    """Verdict, reason and rows of a night, and its fresh questions taken together, if any."""

    verdict: Verdict
    reason: str
    rows: tuple[TaskVerdict, ...]
    fresh: TaskComparison | None


def decide(compared: Rows, limits: GatePolicy, confirm: Confirm | None = None) -> Decision:
    """Decide on a night that is not the baseline's equal.

    Parameters
    ----------
    compared
        Macro row and tasks.
    limits
        The policy.
    confirm
        As for ``judge_night``.
    """
    rows = _screened(compared, limits)
    suspects = tuple(row.task for row in rows if row.verdict == "suspect")
    fresh = None
    if suspects and confirm is not None:
        asked = tuple(r.task for r in compared[1] if MACRO in suspects or r.task in suspects)
        answered = confirm(asked)
        rows, fresh = _confirmed(rows, answered, limits), answered[0]
    return Decision(*_overall(rows), rows, fresh)


def _check_claimed(same: bool, night: Run) -> None:
    """Refuse a digest that the records under it do not bear out."""
    if not same:
        raise StoreError(
            f"{night.folder} has the baseline's digest and other records: one of the two was "
            "changed by hand. Run again into another folder, or restore it from a copy."
        )


def _same_answers(baseline: Run, night: Run) -> bool:
    columns = ["scenario_key", "repeat", "prediction_hash", "status", "success"]
    before, after = (
        run.episodes[columns].sort_values(columns[:2], ignore_index=True)
        for run in (baseline, night)
    )
    return before.equals(after)


def _notes(baseline: Run, night: Run, found: Comparison) -> tuple[str, ...]:
    notes = []
    old, new = baseline.manifest, night.manifest
    if old.reasoner.name != new.reasoner.name:
        notes.append(
            f"The baseline is a run of another reasoner: {old.reasoner.name!r}, not "
            f"{new.reasoner.name!r}."
        )
    elif old.reasoner.params != new.reasoner.params:
        notes.append("The parameters of the reasoner differ from the baseline's.")
    if old.machine != new.machine:
        notes.append("The baseline was made on another kind of machine.")
    if old.packages != new.packages:
        changed = sorted(
            name
            for name in old.packages.keys() | new.packages.keys()
            if old.packages.get(name) != new.packages.get(name)
        )
        notes.append(f"Packages differ from the baseline's: {', '.join(changed)}.")
    if found.pairs.overlap < 1.0:
        notes.append(f"Only {100 * found.pairs.overlap:.1f} % of the scenarios are in both runs.")
    if found.pairs.n_diverged:
        notes.append(f"{found.pairs.n_diverged} scenarios whose simulation diverged are left out.")
    n_other = found.pairs.n_other_scenes
    if n_other:
        notes.append(f"{n_other} scenarios show another scene under the same seed.")
    if found.macro.new == 0.0:
        notes.append("No answer of the night was right.")
    return tuple(notes)


def _check_same_reasoner(baseline: Run, night: Run) -> None:
    old, new = baseline.manifest.reasoner.name, night.manifest.reasoner.name
    if old != new:
        raise NotComparableError(
            f"The baseline {baseline.folder} is a run of {old!r}, the night one of {new!r}: a "
            "difference would be no regression. Give a baseline of the same reasoner, or compare "
            "the two all the same with --across-reasoners."
        )


def _other_machine(baseline: Run, night: Run) -> bool:
    old, new = baseline.manifest.machine, night.manifest.machine
    return any(old.get(key, "") != new.get(key, "") for key in MACHINE_CLASS)


def _on_another_machine(verdict: Verdict, reason: str, found: Comparison) -> tuple[Verdict, str]:
    """Return what is said of a night from another kind of machine: drift, never red by that.

    Fresh questions are asked of both sides on one machine, so what they confirm stands; and a night
    without any right answer is never let pass.
    """
    if verdict == "regressed" or _lost_all(found.macro):
        return verdict, reason
    row = found.macro
    told = f"{row.n_lost} scenarios lost and {row.n_gained} gained on another kind of machine"
    return "drift", f"{told}, which by itself is no regression ({reason})"


def _lost_all(row: TaskComparison) -> bool:
    return row.new == 0.0 < row.old


def _screened(compared: Rows, limits: GatePolicy) -> tuple[TaskVerdict, ...]:
    total, by_task = compared
    p_tasks = holm([row.p_worse.p for row in by_task])
    macro = _screen(total, total.p_worse.p, limits.screen_macro_p, limits.margin_macro)
    if _lost_all(total) and macro.verdict != "suspect":
        # Few questions, or one cluster, can't give a small p; that all is lost must be asked about.
        reason = f"no right answer is left; {macro.reason}"
        macro = replace(macro, verdict="suspect", reason=reason)
    tasks = [
        _screen(row, float(p), limits.screen_task_p, limits.margin_task)
        for row, p in zip(by_task, p_tasks, strict=True)
    ]
    return (macro, *tasks)


def _screen(row: TaskComparison, p: float, most_p: float, margin: float) -> TaskVerdict:
    loss = f"{100 * row.difference:+.1f} points"
    if p <= most_p and row.difference < 0.0:
        return TaskVerdict(row, "suspect", f"{loss}, p {p:.3g} (screen at {most_p:g})", p)
    bound = row.one_sided
    if bound is None:
        reason = f"{loss}; {row.n_clusters} clusters are too few for a bound"
        return TaskVerdict(row, "inconclusive", reason, p)
    found = conclude(bound, margin)
    if found == "superior":
        return TaskVerdict(row, "improved", f"{loss}, at least {100 * bound.low:+.1f}", p)
    if found == "noninferior":
        return TaskVerdict(row, "pass", f"{loss}, at worst {100 * bound.low:+.1f}", p)
    told = f"{loss}, a loss of {100 * -bound.low:.1f} is not refuted"
    return TaskVerdict(row, "inconclusive", f"{told} (margin {100 * margin:g})", p)


def _confirmed(
    rows: Sequence[TaskVerdict], fresh: Rows, limits: GatePolicy
) -> tuple[TaskVerdict, ...]:
    again = {row.task: row for row in (fresh[0], *fresh[1])}
    suspects = [row for row in rows if row.verdict == "suspect"]
    p_fresh = holm([again[row.task].p_worse.p if row.task in again else 1.0 for row in suspects])
    told = {
        row.task: _after_fresh(row, again.get(row.task), float(p), limits)
        for row, p in zip(suspects, p_fresh, strict=True)
    }
    return tuple(told.get(row.task, row) for row in rows)


def _after_fresh(
    row: TaskVerdict, again: TaskComparison | None, p: float, limits: GatePolicy
) -> TaskVerdict:
    if again is None:
        return replace(row, reason=f"{row.reason}; no fresh question of it was asked")
    told = f"{row.reason}; fresh questions: {100 * again.difference:+.1f} points, p {p:.3g}"
    worse = p <= limits.confirm_p and again.difference < 0.0
    verdict: Verdict = "regressed" if worse else "inconclusive"
    word = "confirmed" if worse else "not confirmed"
    return replace(row, verdict=verdict, reason=f"{told}: {word}", fresh=again, p_fresh=p)


def _overall(rows: Sequence[TaskVerdict]) -> tuple[Verdict, str]:
    """Return the night's verdict: the worst of what is shown, else what the macro row says."""
    for verdict in ("regressed", "suspect"):
        named = [row for row in rows if row.verdict == verdict]
        if named:
            return verdict, "; ".join(f"{row.task}: {row.reason}" for row in named)
    macro = rows[0]
    found = macro.row
    if found.n_gained + found.n_lost == 0:
        what = "failed" if found.old == found.new == 0.0 else "ended alike"
        told = f"all {found.n} scenarios {what} in both runs, from other answers"
        return "inconclusive", f"{macro.task}: {told}; nothing tells the runs apart"
    return macro.verdict, f"{macro.task}: {macro.reason}{_unrefuted(rows[1:])}"


def _unrefuted(rows: Sequence[TaskVerdict]) -> str:
    """Name the tasks that can't be told to have lost nothing, each by itself."""
    open_ones = [
        f"{row.task} ({100 * row.row.difference:+.1f})"
        for row in rows
        if row.verdict == "inconclusive" and row.row.difference < 0.0
    ]
    return f"; a loss of single tasks is not refuted: {', '.join(open_ones)}" if open_ones else ""
