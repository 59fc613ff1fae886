"""``ivlm-bench certify``: right answers succeed and wrong ones fail."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from tyro.conf import UseAppendAction, arg

from ivlm_bench.certify import N_SEEDS, CertificateRow, certified_specs, certify
from ivlm_bench.cli.parse import listed, parse
from ivlm_bench.cli.progress import counting
from ivlm_bench.cli.tables import columns
from ivlm_bench.engines import available_engines, get_engine
from ivlm_bench.errors import ConfigError
from ivlm_bench.harness.threads import SINGLE_THREADED
from ivlm_bench.suite import load_suite, select_tasks

#: Exit code when a task has not earned its certificate.
NOT_CERTIFIED = 1


class CertifyFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Show that tasks accept right answers and refuse wrong ones, on each engine."""

    suite: Annotated[str, arg(metavar="NAME|FILE")] = "smoke-v0"
    """Suite by name, or a suite file of your own."""
    tasks: Annotated[UseAppendAction[tuple[tuple[str, ...], ...]], arg(metavar="TASK")] = ()
    """Only these tasks of the suite; a comma list will do."""
    engine: Annotated[UseAppendAction[tuple[tuple[str, ...], ...]], arg(metavar="ENGINE")] = ()
    """Physics engines; all installed ones if left out."""
    seeds: Annotated[int, arg(metavar="N")] = N_SEEDS
    """Questions of each task."""
    workers: Annotated[int | None, arg(metavar="N")] = None
    """Processes; one for each usable core if left out."""
    out: Annotated[str | None, arg(metavar="FILE")] = None
    """Also write the rows to this JSON file."""


def command(argv: Sequence[str]) -> int:
    """Certify, print the table, and return 1 if a rate is on the wrong side of its limit."""
    flags = parse(CertifyFlags, "certify", argv)
    workers = flags.workers if flags.workers is not None else len(os.sched_getaffinity(0))
    if flags.seeds < 1 or workers < 1:
        raise ConfigError("--seeds and --workers must be at least 1.")
    if flags.out is not None and not Path(flags.out).resolve().parent.is_dir():
        raise ConfigError(f"The folder of {flags.out} does not exist; make it first.")
    suite = load_suite(flags.suite)
    tasks = select_tasks(suite, listed(flags.tasks))
    engines = listed(flags.engine) or available_engines()
    for name in engines:
        get_engine(name)
    os.environ.update(SINGLE_THREADED)
    with counting("questions", len(certified_specs(suite, tasks, flags.seeds))) as heard:
        rows = certify(suite, tasks, engines, n_seeds=flags.seeds, n_workers=workers, heard=heard)
    print(
        columns(("task", "engine", "answer", "succeeds", "limit", "", "seeds"), map(_cells, rows))
    )
    if flags.out is not None:
        _write(Path(flags.out), rows, shlex.join(["ivlm-bench", "certify", *argv]))
    for task in tasks:
        if n_replaced := len(suite.file.tasks[task].replaced):
            n_seeds = suite.file.tasks[task].count
            print(f"{task}: {n_replaced} of {n_seeds} seeds were replaced: they failed before")
    failed = sorted({row.task for row in rows if not row.passed})
    single = " on one engine only" if len(engines) == 1 else ""
    if failed:
        print(f"ivlm-bench: not certified{single}: {', '.join(failed)}.", file=sys.stderr)
        return NOT_CERTIFIED
    print(f"certified{single}: {', '.join(tasks)}")
    return 0


def _write(path: Path, rows: Sequence[CertificateRow], told: str) -> None:
    """Write {"command", "rows"}: of each row its task, engine, kind, counts and limit."""
    content = [
        {"task": r.task, "engine": r.engine, "kind": r.kind, "n": r.n, "n_success": r.n_success}
        | {"limit": r.limit}
        for r in rows
    ]
    text = msgspec.json.format(msgspec.json.encode({"command": told, "rows": content}), indent=1)
    try:
        path.write_bytes(text + b"\n")
    except OSError as error:
        raise ConfigError(f"{path} can't be written: {error.strerror}.") from None


def _cells(row: CertificateRow) -> tuple[str, ...]:
    return (
        row.task,
        row.engine,
        row.kind,
        f"{row.n_success}/{row.n} = {100 * row.rate:.0f} %",
        row.limit,
        "ok" if row.passed else "FAILED",
        " ".join(map(str, row.failing)),
    )
