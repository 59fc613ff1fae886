"""``ivlm-bench leaderboard``: all runs below a folder, side by side, and their check."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from tyro.conf import Positional, arg

from ivlm_bench.cli.parse import parse
from ivlm_bench.errors import StoreError
from ivlm_bench.harness.cache import private_cache
from ivlm_bench.harness.resimulate import resimulation
from ivlm_bench.leaderboard import (
    Board,
    boards,
    boards_csv,
    boards_json,
    boards_of,
    find_runs,
    leaderboard_table,
    publish,
    verify,
)
from ivlm_bench.leaderboard.board import readable

#: Folder that is looked through unless another is named.
RESULTS = "results"

#: Exit code when something stored is not what can be recomputed.
DIFFERENT = 1


class LeaderboardFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Print the table of all runs below a folder; 'leaderboard verify FOLDER' checks them."""

    folder: Annotated[Positional[str], arg(metavar="FOLDER")] = RESULTS
    """Folder with finished runs somewhere below it."""
    format: Literal["text", "markdown", "csv", "json"] = "text"
    """What goes to stdout; csv and json hold all numbers, per task."""
    publish: bool = False
    """Also write README.md and leaderboard.csv into the folder."""


class VerifyFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Recompute sums, digests, scores and tables, and try a sample of the answers again."""

    folder: Annotated[Positional[str], arg(metavar="FOLDER")] = RESULTS
    """A run, or a folder with runs below it."""
    full: bool = False
    """Try all answers again, not a sample."""
    quick: bool = False
    """Recompute no scores: only sums, digests, tables, and a sample of the answers."""


def command(argv: Sequence[str]) -> int:
    """Print the leaderboard, or verify what it is made from.

    Damaged runs are named on stderr and left out; the exit code is then 5, and nothing is written.
    """
    if argv and argv[0] == "verify":
        return _verify(parse(VerifyFlags, "leaderboard verify", argv[1:]))
    flags = parse(LeaderboardFlags, "leaderboard", argv)
    runs, damaged = readable(find_runs(flags.folder))
    # boards_of says so where there is no run at all.
    found = boards(runs) if runs or damaged else boards_of(flags.folder)
    if found:
        print(_shown(found, flags.format).rstrip("\n"))
    for error in damaged:
        print(f"ivlm-bench: left out: {error}", file=sys.stderr)
    if damaged:
        if flags.publish:
            print("ivlm-bench: nothing was published; mend the folder first.", file=sys.stderr)
        return StoreError.exit_code
    if flags.publish:
        for path in publish(flags.folder):
            print(f"wrote {path}", file=sys.stderr)
    return 0


def _shown(found: list[Board], form: str) -> str:
    if form == "csv":
        return boards_csv(found)
    if form == "json":
        return boards_json(found)
    tables = [leaderboard_table(board) for board in found]
    return "\n".join(table.markdown() if form == "markdown" else table.text() for table in tables)


def _verify(flags: VerifyFlags) -> int:
    with private_cache():
        found = verify(
            flags.folder, resimulate=resimulation(full=flags.full, scores=not flags.quick)
        )
    for line in found:
        print(line)
    if found:
        print(f"ivlm-bench: {len(found)} differences in {flags.folder}.", file=sys.stderr)
        return DIFFERENT
    n = len(find_runs(flags.folder))
    print(f"verified: {n} run{'s' * (n != 1)} below {flags.folder}, no difference")
    return 0
