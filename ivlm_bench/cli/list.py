"""``ivlm-bench list``: what is installed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Annotated

import msgspec
from tyro.conf import Positional, arg

from ivlm_bench.cli.parse import parse
from ivlm_bench.cli.tables import columns
from ivlm_bench.errors import UnknownNameError, did_you_mean
from ivlm_bench.objects import ObjectFamily

Row = tuple[str, str]


class ListFlags(msgspec.Struct, frozen=True, kw_only=True):
    """List what is installed: suites, tasks, reasoners, objects, engines, metrics."""

    kind: Annotated[Positional[str | None], arg(metavar="KIND")] = None
    """suites, tasks, reasoners, objects, engines or metrics; all of them if left out."""


def command(argv: Sequence[str]) -> int:
    """Print names, one a line, with what they are."""
    flags = parse(ListFlags, "list", argv)
    if flags.kind is not None and flags.kind not in LISTS:
        hint = did_you_mean(flags.kind, list(LISTS))
        raise UnknownNameError(f"There is no list of {flags.kind!r}.{hint}")
    kinds = [flags.kind] if flags.kind else list(LISTS)
    print("\n\n".join(columns((kind, ""), LISTS[kind]()) for kind in kinds))
    return 0


def _suites() -> list[Row]:
    from ivlm_bench.suite import load_suite, suite_names

    suites = [load_suite(name) for name in suite_names()]
    return [(s.name, f"{s.title} ({len(s.episodes())} questions)") for s in suites]


def _tasks() -> list[Row]:
    from ivlm_bench.env import TASKS

    return [(name, _first_line(task)) for name, task in TASKS]


def _reasoners() -> list[Row]:
    from ivlm_bench.reasoners import REASONERS
    from ivlm_bench.testing import privileged  # noqa: F401  # registers those that know the truth

    return [
        (name, entry.display + (" (privileged)" if entry.privileged else ""))
        for name, entry in REASONERS
    ]


def _objects() -> list[Row]:
    from ivlm_bench.objects import OBJECTS

    return [(name, _held(family)) for name, family in OBJECTS]


def _held(family: ObjectFamily) -> str:
    """Return the parts of a family's first instance, and how many instances each pool has."""
    model = family.build(0, "seen" if family.n_seen else "unseen")
    parts = ", ".join(dict.fromkeys(part.name for link in model.links for part in link.parts))
    pools = f"{family.n_seen} seen" if family.n_seen else "held out"
    return f"{parts}; {pools}, {family.n_unseen} unseen"


def _engines() -> list[Row]:
    from ivlm_bench.engines import ENGINES, available_engines

    installed = available_engines()
    missing = "not installed; ivlm-bench doctor tells how"
    return [(name, "installed" if name in installed else missing) for name in ENGINES]


def _metrics() -> list[Row]:
    from ivlm_bench.metrics import METRICS

    return [(name, _first_line(metric.function)) for name, metric in METRICS]


def _first_line(thing: object) -> str:
    return (inspect.getdoc(thing) or "").partition("\n")[0]


#: What can be listed, each by a function that imports what it needs.
LISTS: dict[str, Callable[[], list[Row]]] = {
    "suites": _suites,
    "tasks": _tasks,
    "reasoners": _reasoners,
    "objects": _objects,
    "engines": _engines,
    "metrics": _metrics,
}
