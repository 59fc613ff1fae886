"""``ivlm-bench agreement``: do the engines say the same of borderline grasps?"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from tyro.conf import arg

from ivlm_bench.agreement import standing_report
from ivlm_bench.cli.parse import parse
from ivlm_bench.engines import available_engines, get_engine
from ivlm_bench.store.faults import told

#: Exit code when a goal is missed.
GOAL_MISSED = 1


class AgreementFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Run 160 borderline grasps on both engines and with half the time step (some minutes)."""

    out: Annotated[Path, arg(metavar="FILE")] = Path("agreement.json")
    """Where the report goes: versions, protocol, every grasp's outcome."""


def command(argv: Sequence[str]) -> int:
    """Print and store the comparison; return 1 if it misses a goal."""
    flags = parse(AgreementFlags, "agreement", argv)
    reference = get_engine("mujoco")
    others = [name for name in available_engines() if name != reference.name]
    second = get_engine(others[0]) if others else None
    with told(flags.out, "writing"):
        flags.out.touch()  # minutes of work must not end at a place that can't be written
    report = standing_report(reference=reference, second=second)
    with told(flags.out, "writing"):
        report.write(flags.out)
    print(report.summary())
    print(f"stored in {flags.out}", file=sys.stderr)
    return 0 if report.meets_goals else GOAL_MISSED
