"""``ivlm-bench gate``: is tonight's run worse than the baseline?"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from tyro.conf import Positional, UseAppendAction, arg

from ivlm_bench.cli.parse import listed, parse
from ivlm_bench.errors import ConfigError
from ivlm_bench.gate import GateResult, judge_night
from ivlm_bench.gate.baseline import HOME, baseline_folder, find_baseline
from ivlm_bench.gate.fresh import FreshQuestions
from ivlm_bench.gate.history import HISTORY, add_night, read_history
from ivlm_bench.gate.output import summary, workflow_marks, write_outputs
from ivlm_bench.gate.speed import (
    SpeedResult,
    gravest,
    judge_speed,
    read_speeds,
    speed_json,
    speed_summary,
)
from ivlm_bench.registry import load_plugins
from ivlm_bench.store import Run, load_run
from ivlm_bench.store.faults import told
from ivlm_bench.store.seal import write_whole
from ivlm_bench.suite import read_suite_file, suite_path

#: File of the verdict on speed.
SPEED_FILE = "speed.json"


class GateFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Compare a run with its baseline; red only for a loss that fresh questions confirm.

    Exit: 0 fine (identical, drift, improved, pass, first night), 1 confirmed regression, 2 usage,
    3 inconclusive, 4 not comparable, 5 damaged or incomplete, 6 confirmed slower (with --bench).
    """

    run: Annotated[Positional[str], arg(metavar="RUN")]
    """Folder of tonight's run."""
    baseline: Annotated[str, arg(metavar="FOLDER")] = str(HOME)
    """Folder of baselines ('ivlm-bench baseline promote' fills it), or of one run."""
    first_night: bool = False
    """Pass where that folder is not there yet, or has no baseline for this run."""
    across_reasoners: bool = False
    """Judge against a baseline of another reasoner; the summary says so."""
    confirm: bool = False
    """Ask both methods fresh questions where there is a suspicion."""
    baseline_python: Annotated[str | None, arg(metavar="PYTHON")] = None
    """Interpreter that has the baseline's code; this one if left out."""
    baseline_reasoner: Annotated[str | None, arg(metavar="NAME|FILE.py:ATTR")] = None
    """What answers for the baseline; the name in its run if left out."""
    reasoner: Annotated[str | None, arg(metavar="NAME|FILE.py:ATTR")] = None
    """What answers for tonight; the name in the run if left out."""
    suite: Annotated[str | None, arg(metavar="FILE")] = None
    """File of the run's suite, where it is one of your own."""
    out: Annotated[str | None, arg(aliases=["-o"], metavar="FOLDER")] = None
    """Write gate.json, gate.xml (JUnit), summary.md, badge.json and trend.json here."""
    history: Annotated[str | None, arg(metavar="FOLDER")] = None
    """Add the night to gate-history.jsonl here and tell what fresh questions say of slow drift."""
    bench: Annotated[UseAppendAction[tuple[tuple[str, ...], ...]], arg(metavar="FILE")] = ()
    """Speed of tonight ('ivlm-bench bench --out', or --benchmark-json); a second file confirms."""
    bench_baseline: Annotated[str | None, arg(metavar="FILE")] = None
    """Speed to compare with; a file that is not there yet is a first night."""
    inconclusive: Literal["pass", "fail"] = "fail"
    """Whether an inconclusive night exits with 0 or 3; a suspicion, or all lost, always with 3."""
    allow_engine_change: bool = False
    """Compare over another version of the reference engine; for information only."""
    annotate: bool = False
    """Also print workflow commands that mark the lines on a hosted run's page."""


def command(argv: Sequence[str]) -> int:
    """Print the decision as Markdown, write its files, and return the exit code.

    Everything that is given is read and checked before anything is judged or printed.
    """
    flags = parse(GateFlags, "gate", argv)
    _check_words(flags)
    speed = _speed(flags)
    night = load_run(flags.run)
    baseline = find_baseline(Path(flags.baseline), night.manifest, first_night=flags.first_night)
    confirm = _confirm(flags, baseline, night)
    if baseline is None:
        looked = baseline_folder(Path(flags.baseline), night.manifest)
        print(f"There is no baseline in {looked} yet.", file=sys.stderr)
    result = judge_night(
        baseline,
        night,
        confirm=confirm,
        engines_may_differ=flags.allow_engine_change,
        reasoners_may_differ=flags.across_reasoners,
    )
    result = _with_history(flags, result)
    print(summary(result, night.manifest), end="")
    if flags.annotate:
        print("\n".join(workflow_marks(result, speed)))
    if flags.out is not None:
        for path in write_outputs(result, night.manifest, Path(flags.out), speed=speed):
            print(f"written  {path}", file=sys.stderr)
    if speed is None:
        return _exit_code(flags, result)
    _tell_speed(flags, speed)
    return gravest([_exit_code(flags, result), speed.exit_code])


def _check_words(flags: GateFlags) -> None:
    """Refuse what could only be told after the verdict: what is not there, or can't be used."""
    if flags.suite is not None:
        load_plugins()
        read_suite_file(suite_path(flags.suite))
    for file, name in _sources(flags):
        if not Path(file).is_file():
            raise ConfigError(f"{name} names {file}, which is no file; name the reasoner's file.")
    python = flags.baseline_python
    if python is not None and shutil.which(python) is None:
        raise ConfigError(f"--baseline-python names {python}, which is no program that can be run.")
    for folder in (flags.out, flags.history):
        if folder is not None:
            with told(Path(folder), "writing"):
                Path(folder).mkdir(parents=True, exist_ok=True)
    if flags.history is not None:
        read_history(Path(flags.history) / HISTORY)


def _sources(flags: GateFlags) -> Iterator[tuple[str, str]]:
    """Yield the files of reasoners that are given as FILE.py:ATTR, and their flags."""
    given = (
        (flags.reasoner, "--reasoner"),
        (flags.baseline_reasoner, "--baseline-reasoner"),
    )
    for spec, name in given:
        if spec is not None and ":" in spec:
            yield spec.rpartition(":")[0], name


def _speed(flags: GateFlags) -> SpeedResult | None:
    """Return what is to be said of the speed; None if it is not asked for."""
    given = listed(flags.bench)
    if bool(given) != (flags.bench_baseline is not None):
        raise ConfigError("--bench and --bench-baseline go together; give both, or neither.")
    if flags.bench_baseline is None:
        return None
    _check_measured_again(given)
    before = Path(flags.bench_baseline)
    old = read_speeds(before) if before.exists() else None
    return judge_speed(old, [read_speeds(Path(path)) for path in given])


def _check_measured_again(given: Sequence[str]) -> None:
    """Refuse one measurement given twice: it would confirm itself."""
    seen: dict[bytes, str] = {}
    for name in given:
        path = Path(name)
        if not path.is_file():
            continue  # reading it names it
        with told(path, "reading"):
            content = path.read_bytes()
        if content in seen:
            raise ConfigError(
                f"--bench names the same measurement twice ({seen[content]} and {name}); measure "
                "again for a second one."
            )
        seen[content] = name


def _tell_speed(flags: GateFlags, result: SpeedResult) -> None:
    """Print what is said of the speed, and write it."""
    print(f"\n{speed_summary(result)}", end="")
    if flags.out is not None:
        path = Path(flags.out) / SPEED_FILE
        with told(path, "writing"):
            write_whole(path, speed_json(result))
        print(f"written  {path}", file=sys.stderr)


def _with_history(flags: GateFlags, result: GateResult) -> GateResult:
    found = result.comparison
    if flags.history is None or found is None or flags.allow_engine_change:
        return result
    drift = add_night(Path(flags.history), found, result.verdict, fresh=result.fresh)
    return replace(result, slow_drift=drift)


def _confirm(flags: GateFlags, baseline: Run | None, night: Run) -> FreshQuestions | None:
    if not flags.confirm or baseline is None:
        return None
    return FreshQuestions(
        baseline,
        night,
        Path(flags.out or night.folder) / "fresh" / night.manifest.run_id,
        baseline_python=flags.baseline_python,
        baseline_reasoner=flags.baseline_reasoner,
        night_reasoner=flags.reasoner,
        suite=flags.suite,
        engines_may_differ=flags.allow_engine_change,
    )


def _exit_code(flags: GateFlags, result: GateResult) -> int:
    excused = flags.inconclusive == "pass" and not result.lost_all
    if result.verdict == "inconclusive" and excused:
        return 0
    return result.exit_code
