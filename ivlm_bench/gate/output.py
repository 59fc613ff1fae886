"""What the gate leaves behind: JSON, JUnit XML, Markdown, annotations, badge and trend."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec

from ivlm_bench.comparison.tables import INTERVALS, numbers
from ivlm_bench.gate.ladder import GateResult, TaskVerdict
from ivlm_bench.gate.speed import SpeedResult, SpeedVerdict, gravest, speed_summary
from ivlm_bench.records import Manifest
from ivlm_bench.store.faults import told
from ivlm_bench.store.seal import write_whole

#: Colour of the badge, by verdict (names of shields.io's endpoint schema).
COLOURS = {
    "identical": "brightgreen",
    "drift": "green",
    "improved": "brightgreen",
    "pass": "green",
    "first-night": "lightgrey",
    "inconclusive": "yellow",
    "suspect": "orange",
    "regressed": "red",
}

#: What the badge says of a speed that is not in order, where that is graver than the verdict.
_SPEED_BADGES: dict[SpeedVerdict, tuple[str, str]] = {
    "regressed": ("slower", "red"),
    "suspect": ("slower?", "orange"),
    "unjudged": ("speed unjudged", "yellow"),
}

#: Verdicts that fail a test case, and those that skip it.
_FAILED = ("regressed",)
_SKIPPED = ("inconclusive", "suspect", "first-night", "unjudged", "first")


def write_outputs(
    result: GateResult, night: Manifest, folder: Path, *, speed: SpeedResult | None = None
) -> tuple[Path, ...]:
    """Write gate.json, gate.xml, summary.md, badge.json and trend.json; return their paths.

    ``speed`` is told in all but the trend, where it was judged.
    """
    told_speed = "" if speed is None else "\n" + speed_summary(speed)
    contents = {
        "gate.json": gate_json(result, night, speed),
        "gate.xml": junit(result, night, speed),
        "summary.md": (summary(result, night) + told_speed).encode(),
        "badge.json": badge(result, night, speed),
        "trend.json": trend(result, night),
    }
    with told(folder, "writing"):
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            write_whole(folder / name, content)
    return tuple(folder / name for name in contents)


def gate_json(result: GateResult, night: Manifest, speed: SpeedResult | None = None) -> bytes:
    """Return all numbers of a decision; ``exit_code`` is that of the verdict alone."""
    return _json(
        {
            "verdict": result.verdict,
            "reason": result.reason,
            "exit_code": result.exit_code,
            "suite": night.suite,
            "reasoner": night.reasoner.name,
            "run_id": night.run_id,
            "baseline": None
            if result.comparison is None
            else result.comparison.pairs.old.manifest.run_id,
            "notes": result.notes,
            "slow_drift": _slow_drift(result),
            "speed": None
            if speed is None
            else {
                "verdict": speed.verdict,
                "exit_code": speed.exit_code,
                "reason": speed.reason,
            },
            "rows": [_row(row) for row in result.rows],
        }
    )


def _slow_drift(result: GateResult) -> dict[str, object] | None:
    found = result.slow_drift
    if found is None:
        return None
    return {"e_value": found.e_value, "n_nights": found.n_nights, "alarm": found.alarm}


def _row(row: TaskVerdict) -> dict[str, object]:
    return {
        "task": row.task,
        "verdict": row.verdict,
        "reason": row.reason,
        "p_screen": row.p_screen,
        "p_fresh": row.p_fresh,
        "nightly": numbers(row.row),
        "fresh": None if row.fresh is None else numbers(row.fresh),
    }


def _cases(result: GateResult, speed: SpeedResult | None) -> list[tuple[str, str, str]]:
    """Return name, verdict and reason of each test case."""
    cases: list[tuple[str, str, str]] = [("night", result.verdict, result.reason)]
    cases += [(row.task, row.verdict, row.reason) for row in result.rows]
    if speed is not None:
        cases.append(("speed", speed.verdict, speed.reason))
        cases += [(f"speed of {s.stage}", s.word, s.reason) for s in speed.stages]
    return cases


def junit(result: GateResult, night: Manifest, speed: SpeedResult | None = None) -> bytes:
    """Return JUnit XML: a test case for the night, each judged task, the speed and its stages."""
    cases = _cases(result, speed)
    failed = sum(verdict in _FAILED for _, verdict, _ in cases)
    skipped = sum(verdict in _SKIPPED for _, verdict, _ in cases)
    suite = ET.Element(
        "testsuite",
        name=f"ivlm-bench gate {night.suite} {night.reasoner.name}",
        tests=str(len(cases)),
        failures=str(failed),
        errors="0",
        skipped=str(skipped),
    )
    for name, verdict, reason in cases:
        case = ET.SubElement(suite, "testcase", classname=f"gate.{night.suite}", name=name)
        if verdict in _FAILED:
            ET.SubElement(case, "failure", message=reason)
        elif verdict in _SKIPPED:
            ET.SubElement(case, "skipped", message=f"{verdict}: {reason}")
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def summary(result: GateResult, night: Manifest) -> str:
    """Return the decision as Markdown, for a job summary."""
    lines = [
        f"## {result.verdict.upper()}: {night.reasoner.display} on {night.suite}",
        "",
        result.reason,
        "",
        *(f"- {note}" for note in result.notes),
    ]
    if result.slow_drift is not None:
        lines.append(f"- {result.slow_drift}.")
    if result.rows:
        lines += [
            "",
            "| task | n | baseline % | night % | difference [95 %] | lost/gained | p | verdict |",
            "| :-- | --: | --: | --: | --: | --: | --: | :-- |",
            *(_cells(row) for row in result.rows),
            "",
            "p: one-sided cluster sign-flip, Holm-adjusted over tasks (macro: raw). A loss is",
            "red only when fresh questions confirm it.",
            "",
            INTERVALS,
        ]
    return "\n".join(lines) + "\n"


def _cells(row: TaskVerdict) -> str:
    found = row.row
    ends = found.interval
    span = "n/a" if ends is None else f"{100 * ends.low:+.1f}, {100 * ends.high:+.1f}"
    return (
        f"| {row.task} | {found.n} | {100 * found.old:.1f} | {100 * found.new:.1f} "
        f"| {100 * found.difference:+.1f} [{span}] | {found.n_lost}/{found.n_gained} "
        f"| {row.p_screen:.3g} | {row.verdict} |"
    )


def workflow_marks(result: GateResult, speed: SpeedResult | None = None) -> list[str]:
    """Return workflow commands that mark what is wrong on a hosted run's page."""
    marked = [row for row in result.rows if row.verdict in ("regressed", "suspect")]
    kinds = {"regressed": "error", "suspect": "warning"}
    lines = [
        f"::{kinds[row.verdict]} title={_property(row.task)}::{_one_line(row.reason)}"
        for row in marked
    ]
    if result.slow_drift is not None and result.slow_drift.alarm:
        lines.append(f"::warning title=slow drift::{_one_line(str(result.slow_drift))}")
    if result.verdict == "inconclusive":
        lines.append(f"::notice title=inconclusive::{_one_line(result.reason)}")
    if speed is not None and speed.verdict in kinds:
        lines.append(f"::{kinds[speed.verdict]} title=speed::{_one_line(speed.reason)}")
    return lines


def _one_line(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _one_line(text).replace(":", "%3A").replace(",", "%2C")


def badge(result: GateResult, night: Manifest, speed: SpeedResult | None = None) -> bytes:
    """Return the endpoint JSON of a shields.io badge: the verdict, or the speed if it is graver."""
    message, colour = str(result.verdict), COLOURS[result.verdict]
    codes = [result.exit_code, 0 if speed is None else speed.exit_code]
    if speed is not None and gravest(codes) != result.exit_code:
        message, colour = _SPEED_BADGES[speed.verdict]
    return _json(
        {
            "schemaVersion": 1,
            "label": f"{night.suite} gate",
            "message": message,
            "color": colour,
        }
    )


def trend(result: GateResult, night: Manifest) -> bytes:
    """Return per cent right by task, as "customBiggerIsBetter" of github-action-benchmark."""
    compared = result.comparison
    rows = () if compared is None else (compared.macro, *compared.tasks)
    return _json(
        [{"name": row.task, "unit": "%", "value": round(100 * row.new, 4)} for row in rows]
    )


def _json(content: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n"
