"""``ivlm-bench leaderboard``: all runs below a folder, side by side, and their check."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from tyro.conf import Positional, arg

from ivlm_bench.cli.parse import parse
from ivlm_bench.errors import StoreError
from ivlm_bench.harness.resimulate import resimulation
from ivlm_bench.leaderboard import boards, boards_csv, find_runs, leaderboard_table, verify

#: Folder that is looked through unless another is named.
RESULTS = "results"

#: Exit code when something stored is not what can be recomputed.
DIFFERENT = 1


class LeaderboardFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Print the table of all runs below a folder; 'leaderboard verify FOLDER' checks them."""

    folder: Annotated[Positional[str], arg(metavar="FOLDER")] = RESULTS
    """Folder with finished runs somewhere below it."""
    csv: Annotated[str | None, arg(metavar="FILE")] = None
    """Write all numbers to this file, too."""


class VerifyFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Recompute sums, digests, scores and tables, and try a sample of the answers again."""

    folder: Annotated[Positional[str], arg(metavar="FOLDER")] = RESULTS
    """A run, or a folder with runs below it."""
    full: bool = False
    """Try all answers again, not a sample."""


def command(argv: Sequence[str]) -> int:
    """Print the leaderboard, or verify what it is made from."""
    if argv and argv[0] == "verify":
        return _verify(parse(VerifyFlags, "leaderboard verify", argv[1:]))
    flags = parse(LeaderboardFlags, "leaderboard", argv)
    paths = find_runs(flags.folder)
    if not paths:
        raise StoreError(f"{flags.folder} holds no finished run; make one with ivlm-bench run.")
    found = boards(paths)
    print("\n".join(str(leaderboard_table(board)) for board in found))
    if flags.csv is not None:
        _write(Path(flags.csv), boards_csv(found))
    return 0


def _verify(flags: VerifyFlags) -> int:
    found = verify(flags.folder, resimulate=resimulation(full=flags.full))
    for line in found:
        print(line)
    if found:
        print(f"ivlm-bench: {len(found)} differences in {flags.folder}.", file=sys.stderr)
        return DIFFERENT
    n = len(find_runs(flags.folder))
    print(f"verified: {n} run{'s' * (n != 1)} below {flags.folder}, no difference")
    return 0


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{path} can't be written: {error.strerror}.") from None
