"""``ivlm-bench score``: the scores of a run, computed again from disk."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import msgspec
from tyro.conf import Positional, arg

from ivlm_bench.cli.parse import parse
from ivlm_bench.cli.progress import counting
from ivlm_bench.comparison.sound import check_sound
from ivlm_bench.harness.rescore import differences, keep_new, rescore
from ivlm_bench.leaderboard import run_table
from ivlm_bench.store import load_run

#: Exit code when recomputed scores are not the stored ones.
DIFFERENT = 1

#: Differing episodes that are named.
MAX_NAMED = 10


class ScoreFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Recompute scores from the stored answers and verdicts, without reasoner or physics."""

    run: Annotated[Positional[str], arg(metavar="RUN")]
    """Folder of a finished run."""
    keep: bool = False
    """Add the scores of metrics that are newer than the run to it; nothing else may differ."""
    no_cache: bool = False
    """Draw every question anew."""


def command(argv: Sequence[str]) -> int:
    """Print the recomputed table, and return 1 if it is not what is stored."""
    flags = parse(ScoreFlags, "score", argv)
    stored = load_run(flags.run)
    check_sound(stored)
    with counting("episodes", len(stored.results)) as heard:
        fresh = rescore(stored, heard, cached=not flags.no_cache)
    print(run_table(fresh))
    lines = differences(stored, fresh)
    if not lines:
        print(f"equal to what is stored in {stored.folder}")
        if flags.keep:
            added = keep_new(stored, fresh)
            print(f"added to it: {', '.join(added) or 'nothing, as no metric is newer'}")
        return 0
    for line in lines[:MAX_NAMED]:
        print(line, file=sys.stderr)
    print(
        f"ivlm-bench: {len(lines)} of {len(stored.results)} episodes differ from what is stored "
        f"in {stored.folder}; was it made by another version ({stored.manifest.tool_version})?",
        file=sys.stderr,
    )
    return DIFFERENT
