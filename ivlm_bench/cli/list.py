"""``ivlm-bench list``: what is installed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Annotated

import msgspec
from tyro.conf import Positional, arg

from ivlm_bench.cli.parse import parse
from ivlm_bench.cli.tables import columns
from ivlm_bench.errors import ConfigError, UnknownNameError, did_you_mean
from ivlm_bench.objects import ObjectFamily

Row = tuple[str, str]

#: Numbers of a profile that are named in its line.
MAX_QUANTITIES = 6


class ListFlags(msgspec.Struct, frozen=True, kw_only=True):
    """List what is installed: suites, tasks, reasoners, objects, engines, metrics of episodes,
    profiles (metrics of public data sets), data sets, published rows."""

    kind: Annotated[Positional[str | None], arg(metavar="KIND")] = None
    """suites, tasks, reasoners, objects, engines, metrics, profiles, datasets or references; all of
    them if left out."""
    dataset: Annotated[Positional[str | None], arg(metavar="DATASET")] = None
    """Data set whose references are printed."""


def command(argv: Sequence[str]) -> int:
    """Print names, one a line, with what they are; of references the rows themselves."""
    flags = parse(ListFlags, "list", argv)
    if flags.kind == "references":
        from ivlm_bench.cli.references import tables

        print(tables(flags.dataset))
        return 0
    if flags.dataset is not None:
        raise ConfigError(
            f"Only references are listed by data set; leave {flags.dataset!r} out, or write "
            f"'ivlm-bench list references {flags.dataset}'."
        )
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

    rows = [(name, metric.summary) for name, metric in METRICS]
    return [*rows, ("", "of episodes; 'ivlm-bench list profiles' has those of public data sets")]


def _profiles() -> list[Row]:
    from ivlm_bench.metrics import profiles  # noqa: F401  # registers them
    from ivlm_bench.metrics.profile import PROFILES

    return [
        (name, f"{profile.title}: {', '.join(_short([q.name for q in profile.quantities]))}")
        for name, profile in PROFILES
    ]


def _short(names: list[str]) -> list[str]:
    """Return the first names and how many more there are."""
    if len(names) <= MAX_QUANTITIES:
        return names
    return [*names[:MAX_QUANTITIES], f"{len(names) - MAX_QUANTITIES} more"]


def _datasets() -> list[Row]:
    from ivlm_bench.datasets import DATASETS

    return [(name, f"{d.title}; splits {', '.join(d.splits)}") for name, d in DATASETS]


def _references() -> list[Row]:
    """Return how many rows each data set has; the rows are printed when they are asked for."""
    from collections import Counter

    from ivlm_bench.reference import all_rows

    counts = Counter(row.dataset for row in all_rows())
    told = "published rows; 'ivlm-bench list references"
    return [(name, f"{n} {told} {name}' prints them") for name, n in sorted(counts.items())]


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
    "profiles": _profiles,
    "datasets": _datasets,
    "references": _references,
}
