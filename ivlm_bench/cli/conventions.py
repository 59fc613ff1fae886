"""``ivlm-bench doctor --reasoner``: which conventions do a reasoner's answers follow?"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from ivlm_bench.calibration.findings import Report
from ivlm_bench.calibration.firewall import examine
from ivlm_bench.calibration.kept import keep
from ivlm_bench.errors import ConfigError
from ivlm_bench.harness.config import DEADLINE_S
from ivlm_bench.harness.offering import prepared
from ivlm_bench.reasoners import resolve_reasoner
from ivlm_bench.testing import privileged  # noqa: F401  # registers those that know the truth

#: Exit codes: something deviates, and nothing could be told.
DEVIATES, UNTOLD = 1, 3


def examined(reasoner: str | None, params: Mapping[str, str], *, full: bool) -> int:
    """Examine a reasoner, print one line a finding, keep them, and return the exit code.

    Raises
    ------
    ConfigError
        If no reasoner is named, it is shown the truth, or ``full`` is asked for, which is about
        engines.
    """
    if reasoner is None:
        raise ConfigError("-P is a parameter of a reasoner; name one with --reasoner.")
    if full:
        raise ConfigError("--full is about engines; leave it out where a reasoner is examined.")
    built, card = resolve_reasoner(reasoner, params)
    if card.privileged:
        raise ConfigError(
            f"The harness hands {reasoner!r} the truth; it has no convention to find."
        )
    prepared(built, DEADLINE_S)
    report = examine(built)
    for each in report.findings:
        print(f"{_state(each.state):<10} {each.part:<13} {each.words}")
    path = keep(card, report)
    if path is not None:
        print(f"kept       {path}")
    return _told(reasoner, report)


def _state(state: str) -> str:
    return "DEVIATION" if state == "deviation" else state


def _told(reasoner: str, report: Report) -> int:
    """Say what it comes down to, and return the exit code."""
    if report.n_failed:
        print(
            f"ivlm-bench: {report.n_failed} of {report.n_asked} questions got no answer; the "
            f"first: {report.first_fault}",
            file=sys.stderr,
        )
    if report.deviations:
        parts = ", ".join(each.part for each in report.deviations)
        print(
            f"ivlm-bench: {reasoner} follows other conventions ({parts}); convert them in the "
            "reasoner or set its dialect, and run doctor again.",
            file=sys.stderr,
        )
        return DEVIATES
    if not report.is_calibrated:
        print(
            f"ivlm-bench: no finding about {reasoner}: its answers do not follow the scenes, or "
            "hold nothing that tells.",
            file=sys.stderr,
        )
        return UNTOLD
    print(f"calibrated {reasoner}")
    return 0
