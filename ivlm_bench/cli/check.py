"""``ivlm-bench check``: is a suite, reasoner, task, object, engine or metric fit for use?"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import msgspec
from tyro.conf import Positional, arg

from ivlm_bench.checkup import Finding, checkup
from ivlm_bench.cli.parse import parse
from ivlm_bench.registry import load_plugins
from ivlm_bench.types import Check

#: Exit code when something that was checked is not fit.
UNFIT = 1


class CheckFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Run the public checks of whatever a name stands for, and say all that is wrong with it."""

    name: Annotated[Positional[str], arg(metavar="NAME|SUITE.toml|FILE.py:ATTR|MODULE:ATTR")]
    """A suite or its file, a reasoner, a task, an object family, an engine or a metric."""


def command(argv: Sequence[str]) -> int:
    """Print a line a check; return 1 if one failed."""
    flags = parse(CheckFlags, "check", argv)
    load_plugins()
    found = checkup(flags.name)
    for finding in found:
        for line in _lines(finding):
            print(line)
    failed = [finding.kind for finding in found if not finding.passed]
    if failed:
        print(f"ivlm-bench: the {failed[0]} {flags.name} is not fit; see above.", file=sys.stderr)
        return UNFIT
    print(f"{flags.name} is fit ({', '.join(finding.kind for finding in found)})")
    return 0


def _lines(finding: Finding) -> list[str]:
    lines = [f"FAILED  {finding.kind:<9} {fault}" for fault in finding.faults]
    return lines + [
        f"{_state(check):<7} {finding.kind:<9} {_told(check)}" for check in finding.checks
    ]


def _state(check: Check) -> str:
    if check.passed:
        return "ok"
    return "FAILED" if check.gating else "note"


def _told(check: Check) -> str:
    limit = f"{check.relation} {check.limit:.3g} {check.unit}".rstrip()
    return f"{check.name}: {check.value:.3g} ({limit})"
