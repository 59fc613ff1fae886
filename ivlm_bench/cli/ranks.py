"""``ivlm-bench ranks``: does the ranking of the baselines hold under the other renderer?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from tyro.conf import UseAppendAction, arg

from ivlm_bench.cli.parse import listed, parse
from ivlm_bench.errors import ConfigError
from ivlm_bench.harness.config import RunConfig

#: Folder below which the runs are kept; those that are there already are not made again.
FOLDER = Path("runs") / "ranks"


class RanksFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Run the baselines with both renderers and print how far the two rankings agree.

    Physics is judged by the reference engine alone: the renderer changes nothing in it.
    """

    suite: Annotated[str, arg(metavar="NAME|FILE")] = "core-v0"
    """Suite by name, or a suite file of your own."""
    tasks: Annotated[UseAppendAction[tuple[tuple[str, ...], ...]], arg(metavar="TASK")] = ()
    """Only these tasks of the suite; a comma list will do."""
    reasoner: Annotated[UseAppendAction[tuple[tuple[str, ...], ...]], arg(metavar="NAME")] = ()
    """Who answers; all baselines if left out."""
    renderer: Annotated[tuple[str, str], arg(metavar="A B")] = ("soft", "mujoco-gl")
    """The two renderers."""
    track: Annotated[str | None, arg(metavar="TRACK")] = None
    """Sensor track; the suite's if left out."""
    limit: Annotated[int | None, arg(metavar="N")] = 10
    """Only the first N questions of each task."""


def command(argv: Sequence[str]) -> int:
    """Run what is not there yet, print the table, and return 5 if a run was not complete."""
    flags = parse(RanksFlags, "ranks", argv)
    from ivlm_bench.api import run_suite
    from ivlm_bench.cli.outcome import complain
    from ivlm_bench.cli.progress import progress
    from ivlm_bench.leaderboard.ranks import rank_agreement, ranks_table
    from ivlm_bench.leaderboard.summary import summarise
    from ivlm_bench.reasoners import with_role
    from ivlm_bench.registry import load_plugins
    from ivlm_bench.render import get_renderer

    if len(set(flags.renderer)) < len(flags.renderer):
        raise ConfigError(
            f"--renderer names {flags.renderer[0]!r} twice; two different renderers are compared."
        )
    load_plugins()
    for renderer in flags.renderer:
        get_renderer(renderer)  # before an hour of runs: is it there?
    rates, code = {}, 0
    for reasoner in listed(flags.reasoner) or with_role("baseline"):
        columns = []
        for renderer in flags.renderer:
            with progress() as watcher:
                outcome, _ = run_suite(_config(flags, reasoner, renderer), watcher)
            code = max(code, complain(outcome))
            columns.append(summarise(outcome.run).macro.rates["strict"])
        rates[reasoner] = (columns[0], columns[1])
    print(ranks_table(rank_agreement(flags.renderer, rates), f"{flags.suite}: two renderers"))
    return code


def _config(flags: RanksFlags, reasoner: str, renderer: str) -> RunConfig:
    scope = [flags.suite.replace("/", "-"), flags.track or "track", str(flags.limit or "all")]
    scope += ["-".join(listed(flags.tasks)).replace("/", "-") or "tasks"]
    return RunConfig(
        suite=flags.suite,
        reasoner=reasoner,
        tasks=listed(flags.tasks),
        engines=("mujoco",),
        limit=flags.limit,
        track=flags.track,
        renderer=renderer,
        n_perturbed=0,
        page=False,
        resume=True,
        out=str(FOLDER / "-".join(scope) / renderer / reasoner),
    )
