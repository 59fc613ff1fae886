"""A run in the place of one that is there already."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from ivlm_bench.errors import ConfigError
from ivlm_bench.harness.config import RunConfig
from ivlm_bench.harness.plan import beside, take_the_place_of
from ivlm_bench.harness.run import RunOutcome, Watcher, execute
from ivlm_bench.store import is_sealed, load_run


def execute_anew(config: RunConfig, watcher: Watcher | None = None) -> RunOutcome:
    """Run into a folder beside ``config.out``, and replace the run there when it is complete.

    Until then nothing that is there is touched; with ``config.resume`` an interrupted new run goes
    on.

    Raises
    ------
    ConfigError
        If ``config`` names no folder.
    IvlmBenchError
        As ``execute``.
    """
    if config.out is None:
        raise ConfigError("A run that replaces another needs the folder of that one (--out).")
    home = Path(config.out)
    if not is_sealed(home):
        return execute(config, watcher)
    outcome = execute(replace(config, out=str(beside(home))), watcher)
    take_the_place_of(home)
    return RunOutcome(load_run(home), outcome.complaint)
