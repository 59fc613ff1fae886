"""Finished runs that spare a new one: same code, same parameters, same questions."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import replace

from ivlm_bench.errors import StoreError
from ivlm_bench.harness.messages import Ready
from ivlm_bench.harness.plan import Plan
from ivlm_bench.leaderboard.board import find_runs
from ivlm_bench.records import Manifest
from ivlm_bench.store import Run, load_run
from ivlm_bench.store.columns import EPISODES, PREDICTIONS, VERDICTS
from ivlm_bench.store.load import read_manifest

#: What may differ between a run and the wanted one, if the run holds all wanted questions.
_SCOPE = ("tasks", "limit", "shard")


class Kept:
    """The sealed runs below some folders; a folder that is not there holds none."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._found: dict[Path, Manifest] = {}
        for folder in (folder for folder in folders if folder.is_dir()):
            for path in find_runs(folder):
                try:
                    self._found[path] = read_manifest(path)
                except StoreError:
                    continue  # a run that can't be read spares nothing

    def find(self, plan: Plan, ready: Ready) -> Run | None:
        """Return a run of what is planned, cut down to its questions; None if there is none."""
        fixed = plan.fixed(ready)
        wanted = _lasting(fixed)
        keys = pa.array([job.episode_key for job in plan.jobs(ready)])
        fitting = [path for path, m in self._found.items() if _lasting(m.config) == wanted]
        for path in fitting:
            try:
                run = load_run(path)
            except StoreError:
                continue  # damaged: the questions are asked again
            there = run.columns(EPISODES, ("episode_key",))["episode_key"]
            if pc.all(pc.is_in(keys, value_set=there.combine_chunks())).as_py():
                return run if len(there) == len(keys) else restricted(run, keys, fixed)
        return None


def _lasting(fixed: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in fixed.items() if name not in _SCOPE}


def restricted(run: Run, keys: pa.Array, fixed: dict[str, str]) -> Run:
    """Return a run as if only the episodes of ``keys`` had been asked, as ``fixed`` has it."""
    tables = {
        name: run.tables[name].filter(pc.is_in(run.tables[name]["episode_key"], value_set=keys))
        for name in (EPISODES, VERDICTS, PREDICTIONS)
    }
    scope = {name: fixed[name] for name in _SCOPE if name in fixed}
    config = {n: v for n, v in run.manifest.config.items() if n not in _SCOPE} | scope
    return Run(run.folder, replace(run.manifest, n_planned=len(keys), config=config), tables)
