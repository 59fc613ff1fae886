"""``ivlm-bench leaderboard``: all runs below a folder, side by side, and their check."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from tyro.conf import Positional, arg

from ivlm_bench.cli.parse import parse
from ivlm_bench.errors import ConfigError, StoreError
from ivlm_bench.harness.cache import private_cache
from ivlm_bench.harness.resimulate import resimulation
from ivlm_bench.leaderboard import (
    VIEWS,
    Board,
    Grid,
    boards,
    boards_csv,
    boards_json,
    boards_of,
    feasibility_csv,
    feasibility_json,
    find_runs,
    latex,
    publish,
    verify,
)
from ivlm_bench.leaderboard.board import readable
from ivlm_bench.store.faults import told

#: Folder that is looked through unless another is named.
RESULTS = "results"

#: What ``--bounds`` says for no folder.
NOWHERE = "none"

#: The published page.
PAGE = "leaderboard.html"

#: Exit code when something stored is not what can be recomputed.
DIFFERENT = 1


class LeaderboardFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Print the table of all runs below a folder; 'leaderboard verify FOLDER' checks them."""

    folder: Annotated[Positional[str], arg(metavar="FOLDER")] = RESULTS
    """Folder with finished runs somewhere below it."""
    board: Literal["success", "tasks", "families", "plausibility", "feasibility", "reasoning"] = (
        "success"
    )
    """Which table; feasibility ranks by infeasible answers and tells their causes, reasoning has
    regions, things that were confused, and what stated probabilities are worth, task by task."""
    track: Annotated[str | None, arg(metavar="TRACK")] = None
    """Only the tables of this sensor track."""
    format: Literal["text", "markdown", "latex", "html", "csv", "json"] = "text"
    """csv and json hold all numbers, per task; html is one page with every table and plots."""
    out: Annotated[str | None, arg(aliases=["-o"], metavar="FILE")] = None
    """Write there instead of to stdout."""
    bounds: Annotated[str, arg(metavar="FOLDER")] = RESULTS
    """Where floor and ceiling rows are taken from that the runs lack; "none" for nowhere."""
    publish: bool = False
    """Also write README.md, leaderboard.csv and leaderboard.html into the folder."""


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

    Runs that can't be read or counted are named on stderr: the former are left out, the latter are
    not ranked. The exit code is then 5, and nothing is published.
    """
    if argv and argv[0] == "verify":
        return _verify(parse(VerifyFlags, "leaderboard verify", argv[1:]))
    flags = parse(LeaderboardFlags, "leaderboard", argv)
    runs, damaged = readable(find_runs(flags.folder))
    bounds = _bounds(flags)
    # boards_of says so where there is no run at all.
    found = (
        boards(runs, bounds=bounds, damaged=damaged) if runs or damaged else boards_of(flags.folder)
    )
    if flags.track is not None:
        found = _of_track(found, flags.track)
    if found:
        _give(_shown(found, flags), flags.out)
    faulty = _told_faults(found)
    for error in damaged:
        print(f"ivlm-bench: left out: {error}", file=sys.stderr)
    if damaged or faulty:
        if flags.publish:
            print("ivlm-bench: nothing was published; mend the folder first.", file=sys.stderr)
        return StoreError.exit_code
    if flags.publish:
        page = Path(flags.folder) / PAGE
        _give(_page(boards(runs)), str(page))
        for path in (*publish(flags.folder), page):
            print(f"wrote {path}", file=sys.stderr)
    return 0


def _of_track(found: list[Board], track: str) -> list[Board]:
    """Return the boards of one sensor track; ``ConfigError`` if there is none."""
    there = sorted({board.key.sensors.track for board in found})
    if track not in there:
        raise ConfigError(
            f"No run there has the track {track!r}; there are {', '.join(there) or 'none'}."
        )
    return [board for board in found if board.key.sensors.track == track]


def _bounds(flags: LeaderboardFlags) -> str | None:
    """Return the folder of floor and ceiling rows; the usual one need not be there."""
    if flags.bounds not in (NOWHERE, RESULTS) and not Path(flags.bounds).is_dir():
        raise ConfigError(f"--bounds names {flags.bounds}, which is no folder; name one, or none.")
    return None if flags.bounds == NOWHERE else flags.bounds


def _told_faults(found: list[Board]) -> bool:
    """Name the runs that can be read but not be counted; return whether there is one."""
    faulty = [row for board in found for row in board.rows if row.faults]
    for row in faulty:
        manifest = row.manifest
        print(
            f"ivlm-bench: not ranked: the run {manifest.run_id} of {manifest.reasoner.name}, as "
            f"{'; '.join(row.faults)}. Restore it from a copy, or run again.",
            file=sys.stderr,
        )
    return bool(faulty)


def _give(text: str, out: str | None) -> None:
    if out is None:
        print(text.rstrip("\n"))
        return
    with told(Path(out), "writing"):
        Path(out).write_text(text, encoding="utf-8")


def _page(found: list[Board]) -> str:
    # Only now: templates and pictures cost half a second that a table need not wait for.
    from ivlm_bench.report.board_page import board_page

    return board_page(found)


def _shown(found: list[Board], flags: LeaderboardFlags) -> str:
    feasible = flags.board == "feasibility"
    if flags.format == "csv":
        return feasibility_csv(found) if feasible else boards_csv(found)
    if flags.format == "json":
        return feasibility_json(found) if feasible else boards_json(found)
    if flags.format == "html":
        return _page(found)
    view = VIEWS[flags.board]
    forms = {"text": Grid.text, "markdown": Grid.markdown, "latex": latex}
    return "\n".join(forms[flags.format](view(board)) for board in found)


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
