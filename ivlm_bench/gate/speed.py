"""Has anything become slower? Two measurements of speed, and a second one that must confirm."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec
from scipy.stats import mannwhitneyu

from ivlm_bench.errors import StoreError
from ivlm_bench.timing.records import SCHEMA_VERSION, SpeedReport, read_json

#: A stage is slower where its median ratio grew by more than this share.
MAX_SLOWER = 0.10

#: One-sided level at which the repeats must tell the two measurements apart: of five against five,
#: all but one pair (or all) must be in order.
MAX_P = 0.01

#: Fewer repeats can't be told apart at that level.
MIN_REPEATS = 5

#: What of a machine ratios hang on.
MACHINE = ("system", "architecture", "cpu")

#: Keys of a benchmark's ``extra_info``: one ratio a repeat, and whether more of it is faster.
RATIOS, HIGHER = "ratios", "higher_is_better"

#: What is said of a stage. ``regressed``: slower, and slower again in the second measurement.
#: ``suspect``: slower, not confirmed yet. ``unjudged``: missing, or too few repeats.
SpeedWord = Literal["same", "faster", "suspect", "regressed", "unjudged"]

#: What is said of all. ``first``: there is no baseline yet.
SpeedVerdict = Literal["first", "pass", "suspect", "regressed", "unjudged"]

#: Exit codes of a verdict on speed.
SPEED_CODES: dict[SpeedVerdict, int] = {
    "first": 0,
    "pass": 0,
    "suspect": 3,
    "unjudged": 3,
    "regressed": 6,
}

#: Exit codes from the gravest: a worse reasoner outranks a slower one.
GRAVEST = (1, 6, 3, 0)


@dataclass(frozen=True, slots=True)
class Speeds:
    """One measurement: costs (more is slower) of each stage by repeat, and what must agree."""

    source: str
    costs: Mapping[str, tuple[float, ...]]
    setting: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StageSpeed:
    """What is said of one stage; ``change`` is the share by which its median ratio grew."""

    stage: str
    word: SpeedWord
    reason: str
    change: float | None = None


@dataclass(frozen=True, slots=True)
class SpeedResult:
    """What is said of all stages, and of each."""

    verdict: SpeedVerdict
    reason: str
    stages: tuple[StageSpeed, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 fine or first, 3 not judged or not confirmed, 6 confirmed slower."""
        return SPEED_CODES[self.verdict]


def read_speeds(path: Path) -> Speeds:
    """Return the measurement in a file of ``ivlm-bench bench``, or of pytest-benchmark.

    Of the latter, benchmarks whose ``extra_info`` holds ``ratios`` (one a repeat) are taken;
    ``higher_is_better`` there tells that more of the ratio is faster.

    Raises
    ------
    StoreError
        If the file can't be read, is neither, or holds a ratio that is no positive number.
    """
    if not path.is_file():
        raise StoreError(f"There is no file {path}; measure with: ivlm-bench bench --out {path}")
    plain = read_json(path)
    speeds = _of_benchmarks(plain, path) if "benchmarks" in plain else _of_report(plain, path)
    if not speeds.costs:
        raise StoreError(f"{path} holds no ratio of any stage; measure again.")
    for stage, costs in speeds.costs.items():
        if not costs or not all(math.isfinite(c) and c > 0.0 for c in costs):
            raise StoreError(f"{path} holds no positive ratios of {stage!r}; measure again.")
    return speeds


def _of_report(plain: dict[str, object], path: Path) -> Speeds:
    try:
        report = msgspec.convert(plain, SpeedReport)
    except msgspec.ValidationError as error:
        raise StoreError(f"{path} is no measurement of speed ({error}); measure again.") from None
    if report.schema_version != SCHEMA_VERSION:
        raise StoreError(
            f"{path} has schema version {report.schema_version}, not {SCHEMA_VERSION}; measure "
            "again with this version."
        )
    setting = {key: report.machine.get(key, "") for key in MACHINE} | report.workload
    return Speeds(str(path), {n: s.ratios for n, s in report.stages.items()}, setting)


class _Benchmark(msgspec.Struct, frozen=True):
    fullname: str
    extra_info: dict[str, object] = {}


class _MachineInfo(msgspec.Struct, frozen=True):
    system: str = ""
    machine: str = ""
    cpu: dict[str, object] = {}


class _BenchmarkFile(msgspec.Struct, frozen=True):
    benchmarks: list[_Benchmark]
    machine_info: _MachineInfo = _MachineInfo()


def _of_benchmarks(plain: dict[str, object], path: Path) -> Speeds:
    try:
        file = msgspec.convert(plain, _BenchmarkFile)
        costs = {
            found.fullname: _costs(found.extra_info)
            for found in file.benchmarks
            if RATIOS in found.extra_info
        }
    except msgspec.ValidationError as error:
        raise StoreError(f"{path} is no file of pytest-benchmark ({error}).") from None
    info = file.machine_info
    kind = (info.system, info.machine, str(info.cpu.get("brand_raw", "")))
    return Speeds(str(path), costs, dict(zip(MACHINE, kind, strict=True)))


def _costs(extra: Mapping[str, object]) -> tuple[float, ...]:
    ratios = msgspec.convert(extra[RATIOS], tuple[float, ...])
    if not extra.get(HIGHER, False):
        return ratios
    return tuple(1.0 / ratio if ratio else math.inf for ratio in ratios)


def judge_speed(old: Speeds | None, new: Sequence[Speeds]) -> SpeedResult:
    """Say whether the stages have become slower.

    A stage is slower where the median of its ratios grew by more than 10 % and a rank test
    (Mann-Whitney, one-sided) tells the repeats apart at 1 %; it has regressed where every
    measurement of ``new``, at least two of them, finds it slower.

    Parameters
    ----------
    old
        The measurement to compare with; None where there is none yet.
    new
        One or more measurements of now.

    Returns
    -------
    SpeedResult
        On another kind of machine or other work nothing is judged, and that is no pass.
    """
    if old is None:
        return SpeedResult("first", "There is no measurement of speed to compare with yet.")
    for speeds in new:
        other = _other_setting(old, speeds)
        if other:
            return SpeedResult("unjudged", other)
    names = sorted(set(old.costs).union(*(speeds.costs for speeds in new)))
    stages = tuple(_stage(name, old, new) for name in names)
    return SpeedResult(*_overall(stages), stages)


def _other_setting(old: Speeds, new: Speeds) -> str:
    for key in sorted({*old.setting, *new.setting}):
        before, now = (speeds.setting.get(key, "") for speeds in (old, new))
        if before != now:
            return (
                f"Speeds can't be compared: {key} was {before or 'not recorded'!r} and is "
                f"{now or 'not recorded'!r}. Measure both on one kind of machine."
            )
    return ""


def _stage(name: str, old: Speeds, new: Sequence[Speeds]) -> StageSpeed:
    lacking = [speeds.source for speeds in (old, *new) if name not in speeds.costs]
    if lacking:
        return StageSpeed(name, "unjudged", f"not measured in {lacking[0]}")
    before = old.costs[name]
    least = min(len(costs) for costs in (before, *(speeds.costs[name] for speeds in new)))
    if least < MIN_REPEATS:
        reason = f"{least} repeats tell nothing; at least {MIN_REPEATS} are needed"
        return StageSpeed(name, "unjudged", reason)
    changes = [_change(before, speeds.costs[name]) for speeds in new]
    told = ", ".join(f"{100 * change:+.1f} % (p {p:.2g})" for change, p in changes)
    slower = [change > MAX_SLOWER and p <= MAX_P for change, p in changes]
    if slower[0] and len(slower) > 1 and all(slower):
        return StageSpeed(name, "regressed", f"{told}: confirmed", changes[0][0])
    if slower[0] and len(slower) > 1:
        return StageSpeed(name, "same", f"{told}: not confirmed", changes[0][0])
    if slower[0]:
        return StageSpeed(name, "suspect", f"{told}: measure again to confirm", changes[0][0])
    _, p_faster = _change(new[0].costs[name], before)
    quick = changes[0][0] < -MAX_SLOWER and p_faster <= MAX_P
    return StageSpeed(name, "faster" if quick else "same", told, changes[0][0])


def _change(before: Sequence[float], now: Sequence[float]) -> tuple[float, float]:
    """Return the share by which the median grew, and p of "not slower"."""
    change = statistics.median(now) / statistics.median(before) - 1.0
    return change, float(mannwhitneyu(now, before, alternative="greater", method="exact").pvalue)


def _overall(stages: Sequence[StageSpeed]) -> tuple[SpeedVerdict, str]:
    words: tuple[Literal["regressed", "suspect", "unjudged"], ...]
    words = ("regressed", "suspect", "unjudged")
    for word in words:
        named = [stage for stage in stages if stage.word == word]
        if named:
            return word, "; ".join(f"{stage.stage}: {stage.reason}" for stage in named)
    return "pass", f"None of {len(stages)} stages is slower by more than {100 * MAX_SLOWER:g} %."


def gravest(codes: Sequence[int]) -> int:
    """Return the exit code that counts among those of correctness and speed: 1 > 6 > 3 > 0.

    Any other code (usage, not comparable, damaged) ends a command before there are two.
    """
    return min(codes, key=GRAVEST.index)


def speed_summary(result: SpeedResult) -> str:
    """Return the verdict as Markdown, for a job summary."""
    lines = [f"## SPEED {result.verdict.upper()}", "", result.reason]
    if result.stages:
        lines += ["", "| stage | change of the median ratio | verdict |", "| :-- | :-- | :-- |"]
        lines += [f"| {s.stage} | {s.reason.replace('|', '/')} | {s.word} |" for s in result.stages]
    return "\n".join(lines) + "\n"


def speed_json(result: SpeedResult) -> bytes:
    """Return the verdict with all stages as JSON."""
    plain = {
        "verdict": result.verdict,
        "exit_code": result.exit_code,
        "reason": result.reason,
        "stages": [msgspec.to_builtins(stage) for stage in result.stages],
    }
    return msgspec.json.format(msgspec.json.encode(plain), indent=1) + b"\n"
