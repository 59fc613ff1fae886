"""Runs of a reasoner under each setting: taken from disk where they are there, made where not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from ivlm_bench.ablation.kept import Kept
from ivlm_bench.ablation.settings import Ablation
from ivlm_bench.digest import blake_key
from ivlm_bench.engines import get_engine
from ivlm_bench.harness.config import RunConfig
from ivlm_bench.harness.messages import Ready
from ivlm_bench.harness.plan import SHORT_ID, Plan, make_plan, slug
from ivlm_bench.harness.run import RunOutcome, execute, judged
from ivlm_bench.reasoners import describe_reasoner, resolve_reasoner
from ivlm_bench.store import Run


@dataclass(frozen=True, slots=True)
class Ablated:
    """The run with the defaults, one run a setting, and how many of them were there before.

    ``complaints``: what went wrong in them, one sentence a run in which something did.
    """

    default: Run
    switched: tuple[tuple[Ablation, Run], ...]
    n_kept: int
    complaints: tuple[str, ...]


def ablated(
    base: RunConfig,
    ablations: Sequence[Ablation],
    *,
    home: Path,
    kept: Iterable[Path] = (),
    play: Callable[[RunConfig], RunOutcome] = execute,
) -> Ablated:
    """Return runs of a reasoner as ``base`` says, and with each setting changed.

    All ask the same questions. A run that was made by the same code with the same parameters over
    these questions, or over more of the suite, is taken instead of a new one.

    Parameters
    ----------
    base
        The reasoner with its defaults; ``out`` and ``resume`` are not looked at.
    ablations
        Their parameters stand over those of ``base``.
    home
        Folder that new runs are written below; those there are found again.
    kept
        Folders with runs that may be taken, too.
    play
        Makes a new run.

    Raises
    ------
    IvlmBenchError
        If a setting, the suite or a folder is not fit; every reasoner is built once before the
        first question is asked, so that a slip shows at once.
    """
    configs = [replace(base, resume=True), *(_with(base, ablation) for ablation in ablations)]
    for config in configs:
        resolve_reasoner(config.reasoner, config.params)
    folders = Kept([home, *kept])
    runs, complaints, n_kept = [], [], 0
    for config in configs:
        plan = make_plan(config)
        ready = _ready(plan)
        run = folders.find(plan, ready)
        if run is None:
            outcome = play(replace(config, out=str(_home(home, plan, ready))))
        else:
            n_kept += 1
            outcome = judged(run)
        runs.append(outcome.run)
        complaints += [outcome.complaint] * bool(outcome.complaint)
    pairs = tuple(zip(ablations, runs[1:], strict=True))
    return Ablated(runs[0], pairs, n_kept, tuple(complaints))


def _with(base: RunConfig, ablation: Ablation) -> RunConfig:
    return replace(base, params=base.params | ablation.params, resume=True)


def _ready(plan: Plan) -> Ready:
    """Return what a worker would say of itself, without starting one."""
    card, _ = describe_reasoner(plan.config.reasoner, plan.config.params)
    return Ready(card=card, engines={name: get_engine(name).version for name in plan.engines})


def _home(home: Path, plan: Plan, ready: Ready) -> Path:
    """Return the folder of a new run, another one for whatever decides its records."""
    short = blake_key(plan.fixed(ready))[:SHORT_ID]
    return home / plan.suite.name / plan.sensors.track / f"{slug(plan.config.reasoner)}-{short}"
