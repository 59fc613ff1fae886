"""What a name stands for, and the public check of each kind of thing that can be plugged in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import msgspec

from ivlm_bench.certify import certify
from ivlm_bench.engines import ENGINES, available_engines, get_engine
from ivlm_bench.env import TASKS, Episode
from ivlm_bench.errors import ConfigError, UnknownNameError, did_you_mean
from ivlm_bench.guard import guarded, in_brief
from ivlm_bench.harness.offering import with_imagination
from ivlm_bench.metrics import METRICS
from ivlm_bench.objects import OBJECTS
from ivlm_bench.reasoners import REASONERS, AnyReasoner, resolve_reasoner
from ivlm_bench.suite import SUITES, Suite, load_suite
from ivlm_bench.suite_file import SuiteFile, TaskSeeds
from ivlm_bench.testing.engine import check_engine
from ivlm_bench.testing.environments import check_environment
from ivlm_bench.testing.metrics import check_metric
from ivlm_bench.testing.objects import check_family
from ivlm_bench.testing.reasoner import check_reasoner
from ivlm_bench.testing.suites import check_suite, suite_faults
from ivlm_bench.trials.attempt import at_least, at_most
from ivlm_bench.types import Check

#: Side of the views of a check, pixels: large enough for a handle, small enough for a laptop.
SIZE_PX = 96
#: Tracks that a reasoner is asked on: the least and the most that can be seen.
CHECKED_TRACKS = ("rgb", "rgbd4")
#: Seeds of a task whose certificate is tried.
N_CERTIFIED = 6


@dataclass(frozen=True, slots=True)
class Finding:
    """What one kind of check says of a name; ``faults`` are sentences where no check could run."""

    kind: str
    checks: tuple[Check, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether nothing was found."""
        return not self.faults and all(c.passed or not c.gating for c in self.checks)


def checkup(name: str) -> tuple[Finding, ...]:
    """Check everything that ``name`` stands for.

    ``name``: a suite or its file; a reasoner's name, ``package.module:Attr`` or ``file.py:Attr``;
    a task, object family, engine or metric.

    Raises
    ------
    UnknownNameError
        If it stands for nothing; the message lists near names.
    IvlmBenchError
        If the thing can't be loaded at all.
    """
    if name.endswith(".toml"):
        return (_suite(name),)
    if ":" in name or name.endswith(".py"):
        return (_reasoner(name),)
    kinds = tuple(kind for kind, (names, _) in _KINDS.items() if _full(name, names()) is not None)
    if not kinds:
        known = sorted({n for names, _ in _KINDS.values() for n in names()})
        raise UnknownNameError(f"Nothing is called {name!r}.{did_you_mean(name, known)}")
    return tuple(_KINDS[kind][1](_full(name, _KINDS[kind][0]()) or name) for kind in kinds)


def _full(name: str, names: list[str]) -> str | None:
    """Return the registered name that ``name`` stands for; tasks may be named without ivlm/."""
    return next((n for n in names if name in (n, n.split("/")[-1])), None)


def _suite(name: str) -> Finding:
    found = suite_faults(name)
    if found:
        return Finding("suite", faults=found)
    return Finding("suite", check_suite(load_suite(name)))


def _reasoner(name: str) -> Finding:
    reasoner, card = resolve_reasoner(name)
    if card.privileged:
        raise ConfigError(f"The harness hands {name!r} the truth; there is nothing to check.")
    with_imagination(reasoner)
    checks: list[Check] = []
    for track in CHECKED_TRACKS:
        found, error = guarded(partial(_answers, reasoner, track))
        if found is None or error is not None:
            why = in_brief(error) if error is not None else "it gave nothing"
            return Finding("reasoner", tuple(checks), (f"on track {track} it raised {why}.",))
        checks += found
    return Finding("reasoner", tuple(checks))


def _answers(reasoner: AnyReasoner, track: str) -> list[Check]:
    shown = [episode.observation for episode in _one_of_each_task(track)]
    found = check_reasoner(reasoner, shown)  # type: ignore[arg-type]
    return [msgspec.structs.replace(check, name=f"{track} {check.name}") for check in found]


def _task(name: str) -> Finding:
    env = TASKS.get(name)(track="rgbd4", size_px=SIZE_PX)
    seeds = TaskSeeds(count=N_CERTIFIED)
    suite = Suite(
        SuiteFile(name="check", title="", track="rgb", size_px=SIZE_PX, tasks={name: seeds})
    )
    rows = certify(suite, (name,), available_engines(), n_seeds=N_CERTIFIED)
    certificate = tuple(
        (at_least if row.wanted else at_most)(
            f"{row.engine} {row.kind}", row.rate, row.bound, unit="of successes"
        )
        for row in rows
    )
    return Finding("task", (*check_environment(env), *certificate))


def _one_of_each_task(track: str) -> Iterator[Episode]:
    for _, task in TASKS:
        yield task(track=track, size_px=SIZE_PX).episode(0)


#: Kinds of things: their names, and the check of one of them.
_KINDS: dict[str, tuple[Callable[[], list[str]], Callable[[str], Finding]]] = {
    "suite": (SUITES.names, _suite),
    "task": (TASKS.names, _task),
    "object": (OBJECTS.names, lambda n: Finding("object", check_family(OBJECTS.get(n)))),
    "reasoner": (REASONERS.names, _reasoner),
    "engine": (lambda: list(ENGINES), lambda n: Finding("engine", check_engine(get_engine(n)))),
    "metric": (
        METRICS.names,
        lambda n: Finding("metric", check_metric(METRICS.get(n), list(_one_of_each_task("rgbd4")))),
    ),
}
