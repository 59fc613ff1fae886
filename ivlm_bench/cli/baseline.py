"""``ivlm-bench baseline``: which runs nights are compared with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from tyro.conf import Positional, arg

from ivlm_bench.cli.parse import parse
from ivlm_bench.errors import ConfigError, did_you_mean
from ivlm_bench.gate.baseline import HOME, promote, read_promotion
from ivlm_bench.leaderboard.board import find_runs
from ivlm_bench.store import load_run

#: What can be done with baselines.
VERBS = ("promote", "list")


class BaselineFlags(msgspec.Struct, frozen=True, kw_only=True):
    """'baseline promote RUN --reason TEXT' makes a run the baseline; 'baseline list' shows them."""

    verb: Annotated[Positional[str], arg(metavar="promote|list")]
    """What to do."""
    run: Annotated[Positional[str | None], arg(metavar="RUN")] = None
    """Folder of the run to promote."""
    reason: Annotated[str, arg(metavar="TEXT")] = ""
    """Why; kept beside the baseline."""
    home: Annotated[str, arg(metavar="FOLDER")] = str(HOME)
    """Folder of all baselines."""


def command(argv: Sequence[str]) -> int:
    """Promote or list, and return 0."""
    flags = parse(BaselineFlags, "baseline", argv)
    if flags.verb not in VERBS:
        raise ConfigError(f"baseline can't {flags.verb!r}.{did_you_mean(flags.verb, list(VERBS))}")
    if flags.verb == "list":
        return _list(Path(flags.home))
    if flags.run is None:
        raise ConfigError("baseline promote needs the folder of a finished run.")
    target = promote(load_run(flags.run), flags.reason, Path(flags.home))
    print(f"baseline {target}")
    return 0


def _list(home: Path) -> int:
    if home.is_file():
        raise ConfigError(f"{home} is a file; give the folder of all baselines.")
    if not home.is_dir():
        print(f"no baselines yet in {home}")
        return 0
    for folder in find_runs(home):
        if (promotion := read_promotion(folder)) is not None:
            print(f"{folder.relative_to(home)}  {promotion.promoted_at}  {promotion.reason}")
    return 0
