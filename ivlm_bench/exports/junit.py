"""JUnit XML: a suite a task, a case an episode; wrong answers fail, faults are errors."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from ivlm_bench.records import ERROR_STATUSES, EpisodeRecord
from ivlm_bench.store import Run

#: Characters that XML 1.0 can't hold, not even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def export(run: Run) -> str:
    """Return one ``testcase`` an episode, named by seed and repeat, with its time in seconds.

    A wrong answer is a ``failure`` with its outcome code; a reasoner's or machine's fault is an
    ``error`` with its message; a diverged simulation is ``skipped``.
    """
    root = ElementTree.Element("testsuites", name=f"{run.manifest.suite} {_who(run)}")
    by_task: dict[str, list[EpisodeRecord]] = {}
    for result in run.results:
        by_task.setdefault(result.episode.task, []).append(result.episode)
    for task, records in by_task.items():
        suite = ElementTree.SubElement(root, "testsuite", name=task, tests=str(len(records)))
        cases = [_case(suite, record, run.manifest.suite) for record in records]
        for kind in ("failure", "error", "skipped"):
            number = sum(case.find(kind) is not None for case in cases)
            suite.set({"failure": "failures", "error": "errors"}.get(kind, kind), str(number))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ElementTree.Element, record: EpisodeRecord, name: str) -> ElementTree.Element:
    seconds = ((record.latency_ms or 0.0) + (record.simulate_ms or 0.0)) / 1e3
    case = ElementTree.SubElement(
        suite,
        "testcase",
        classname=f"{name}.{record.task.split('/')[-1]}",
        name=f"seed {record.seed}" + (f" repeat {record.repeat}" if record.repeat else ""),
        time=f"{seconds:.3f}",
    )
    if record.status in ERROR_STATUSES:
        _told(case, "error", record.status, record.message)
    elif record.status == "sim_diverged":
        _told(case, "skipped", "the simulation diverged; nobody's answer is to blame", "")
    elif not record.success:
        _told(case, "failure", record.code, record.query_text)
    return case


def _told(case: ElementTree.Element, kind: str, message: str, text: str) -> None:
    told = ElementTree.SubElement(case, kind, message=_clean(message))
    told.text = _clean(text)


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)


def _who(run: Run) -> str:
    return _clean(run.manifest.reasoner.name)
