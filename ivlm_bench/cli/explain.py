"""``ivlm-bench explain``: pictures and a page of how a reasoner came to one answer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from tyro.conf import Positional, arg

from ivlm_bench.cli.parse import parse


class ExplainFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Pose one question of a run anew, and draw how its reasoner comes to its answer."""

    run: Annotated[Positional[str], arg(metavar="RUN")]
    """Folder of a finished run."""
    episode: Annotated[Positional[str], arg(metavar="EPISODE")]
    """The beginning of its key, or Task-v0/seed."""
    out: Annotated[str | None, arg(aliases=["-o"], metavar="FOLDER")] = None
    """Folder for the pictures and the page; one in the run's folder if left out."""


def command(argv: Sequence[str]) -> int:
    """Write pictures and page, and print the folder."""
    flags = parse(ExplainFlags, "explain", argv)
    from ivlm_bench.cli.place import check_folder
    from ivlm_bench.registry import load_plugins
    from ivlm_bench.report.explanation import PAGE, write_explanation
    from ivlm_bench.store import load_run

    load_plugins()
    if flags.out is not None:
        check_folder(Path(flags.out))
    made = write_explanation(load_run(flags.run), flags.episode, out=flags.out)
    for note in made.notes:
        print(note)
    print(f"{made.n_pictures} pictures and {PAGE} in")
    print(made.folder)
    return 0
