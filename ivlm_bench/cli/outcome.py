"""What a command says of a finished run."""

from __future__ import annotations

import sys
from pathlib import Path

from ivlm_bench.guard import visible
from ivlm_bench.harness.run import RunOutcome
from ivlm_bench.leaderboard import run_table


def tell(outcome: RunOutcome, page: Path | None) -> int:
    """Print table, page, folder and digests of a run, say what went wrong; return the exit code."""
    manifest = outcome.run.manifest
    print(run_table(outcome.run))
    print(f"page     {page or 'not written'}")
    print(f"run      {outcome.run.folder}")
    print(f"bit      {manifest.bit_digest}")
    print(f"outcome  {manifest.outcome_digest}")
    return complain(outcome)


def complain(outcome: RunOutcome) -> int:
    """Say on stderr what went wrong in a run, if anything did; return its exit code."""
    if outcome.complaint:
        print(f"ivlm-bench: {visible(outcome.complaint)}", file=sys.stderr)
    return outcome.exit_code
