"""``ivlm-bench bench``: how long the stages of an episode take."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from tyro.conf import UseAppendAction, arg

from ivlm_bench.cli.parse import listed, parse
from ivlm_bench.cli.place import check_place
from ivlm_bench.engines import available_engines
from ivlm_bench.registry import load_plugins
from ivlm_bench.suite import load_suite
from ivlm_bench.timing.measure import N_REPEATS, measured, speed_table
from ivlm_bench.timing.records import write_report


class BenchFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Time observe, predict, complete, simulate and score as ratios to work done beside them."""

    reasoner: Annotated[str, arg(metavar="NAME|FILE.py:ATTR")] = "geometric"
    """Who answers."""
    suite: Annotated[str, arg(metavar="NAME|FILE")] = "smoke-v0"
    """Suite whose questions are asked."""
    questions: Annotated[int, arg(metavar="N")] = 1
    """Questions a task."""
    repeats: Annotated[int, arg(metavar="N")] = N_REPEATS
    """Repeats; the gate wants five."""
    engine: Annotated[UseAppendAction[tuple[tuple[str, ...], ...]], arg(metavar="NAME")] = ()
    """Physics engines; all that are installed if left out."""
    out: Annotated[str | None, arg(aliases=["-o"], metavar="FILE")] = None
    """Write the ratios as JSON, for 'ivlm-bench gate --bench'."""


def command(argv: Sequence[str]) -> int:
    """Measure, print the table, and return 0."""
    flags = parse(BenchFlags, "bench", argv)
    if flags.out is not None:
        check_place(Path(flags.out))
    load_plugins()
    report = measured(
        load_suite(flags.suite),
        flags.reasoner,
        listed(flags.engine) or available_engines(),
        n_questions=flags.questions,
        n_repeats=flags.repeats,
    )
    print(speed_table(report))
    if flags.out is not None:
        print(f"written  {write_report(report, Path(flags.out))}")
    return 0
