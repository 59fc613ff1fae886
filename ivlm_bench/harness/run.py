"""A run from its configuration to its sealed folder."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from msgspec.structs import replace

from ivlm_bench.errors import StoreError
from ivlm_bench.harness.config import RunConfig
from ivlm_bench.harness.dataset_numbers import scored_set
from ivlm_bench.harness.dataset_plan import described, plan_of
from ivlm_bench.harness.drive import faults_of, first_reason, record_open
from ivlm_bench.harness.ending import SERVER_LOST
from ivlm_bench.harness.manifest import make_manifest
from ivlm_bench.harness.messages import Job, Ready
from ivlm_bench.harness.plan import Plan, beside, run_folder, take_the_place_of
from ivlm_bench.harness.pool import Pool
from ivlm_bench.harness.settings import CONFIG, config_toml
from ivlm_bench.harness.submission import Submission
from ivlm_bench.records import EpisodeRecord, EpisodeResult, Manifest
from ivlm_bench.store import Run, RunHeader, RunStore, differing, is_sealed, load_run
from ivlm_bench.store.faults import RESUME, told
from ivlm_bench.store.seal import write_whole

#: Share of diverged simulations above which a run does not count as complete.
MAX_DIVERGED = 0.01

#: Items that could not be read that a complaint names one by one.
MAX_UNREAD_LINES = 50

#: Exit code of a run that is incomplete, or in which the reasoner or the machine failed.
INCOMPLETE = 5


class Watcher(Protocol):
    """Hears how a run goes; what it does with it is its own affair."""

    def started(self, plan: Plan, folder: Path, n_recorded: int) -> None:
        """Episodes are about to be played; ``n_recorded`` of them are there already."""

    def finished(self, result: EpisodeResult) -> None:
        """One episode has ended."""


class Silent:
    """A watcher that says nothing."""

    def started(self, plan: Plan, folder: Path, n_recorded: int) -> None:
        """Say nothing."""

    def finished(self, result: EpisodeResult) -> None:
        """Say nothing."""


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """A sealed run, and the sentence that says what went wrong in it (empty if nothing did)."""

    run: Run
    complaint: str = ""

    @property
    def exit_code(self) -> int:
        """0 if every episode ended in an answer that could be tried, else 5."""
        return INCOMPLETE if self.complaint else 0


def execute(
    config: RunConfig, watcher: Watcher | None = None, *, submission: Submission | None = None
) -> RunOutcome:
    """Play every planned episode, seal the run, and say what went wrong.

    A resumed run that is complete is returned as it is; only where a server was gone are the
    questions that it did not answer asked again, beside the run, which is then replaced.

    With a ``submission`` its answers are judged, and no reasoner is asked.

    Raises
    ------
    IvlmBenchError
        If the configuration, a name, the reasoner, an engine or the folder is not fit; nothing
        that was recorded is lost.
    Interrupted
        After Ctrl-C; the message says how to go on.
    """
    watcher = watcher or Silent()
    plan = plan_of(config)
    setup = plan.setup() if submission is None else submission.setup(plan)
    with Pool(setup, plan.n_workers, config.deadline_s) as pool:
        jobs, header, manifest = _begun(plan, pool.start(len(plan.specs)), submission)
        folder = home = run_folder(plan, header.config_hash)
        kept: tuple[EpisodeResult, ...] = ()
        if config.resume and is_sealed(folder):
            same = _same_run(load_run(folder), manifest, header)
            kept = tuple(r for r in same.results if r.episode.code != SERVER_LOST)
            if len(kept) == len(same.results):
                return judged(same)
            home = beside(folder)
        with RunStore(home) as store:
            _keep(store, kept, header)
            _play(plan, pool, store, jobs, header, watcher)
            _seal(plan, pool, store, manifest)
    if home != folder:
        take_the_place_of(folder)
    return judged(load_run(folder))


def _begun(
    plan: Plan, ready: Ready, submission: Submission | None
) -> tuple[tuple[Job, ...], RunHeader, Manifest]:
    """Return what is to be played, and what is written of it before and after."""
    if submission is not None:
        ready = replace(ready, card=submission.manifest.reasoner)
    jobs = plan.jobs(ready)
    header = plan.header(ready, jobs)
    manifest = described(plan, make_manifest(plan, ready, header))
    if submission is not None:
        jobs, manifest = submission.answered(jobs), submission.noted(manifest)
    return jobs, replace(header, manifest=manifest), manifest


def _keep(store: RunStore, results: tuple[EpisodeResult, ...], header: RunHeader) -> None:
    """Record what is known already of a run that asks some questions again."""
    if results:
        store.begin(header, resume=True)
    for result in results:
        store.append(result)


def _seal(plan: Plan, pool: Pool, store: RunStore, manifest: Manifest) -> None:
    pool.close()
    if plan.data is not None:
        manifest = scored_set(plan, manifest, store.complete())
    store.seal(manifest)


def judged(run: Run) -> RunOutcome:
    """Return the run with a sentence that names the reasoner and what went wrong, if anything."""
    records = [result.episode for result in run.results]
    n = len(records)
    faults = faults_of(records)
    n_diverged = sum(any(v.status == "sim_diverged" for v in r.verdicts) for r in run.results)
    if n_diverged > MAX_DIVERGED * n:
        faults.append(f"{n_diverged} sim_diverged (the engine's fault)")
    if n != run.manifest.n_planned:
        faults.append(f"{run.manifest.n_planned - n} without a record")
    unread = _unread(records, run)
    if not faults:
        return RunOutcome(run, unread)
    sentence = (
        f"{run.manifest.reasoner.name!r} left {', '.join(faults)} in {n} episodes of {run.folder}"
        f"{first_reason(records)}; see more with: ivlm-bench view {shlex.quote(str(run.folder))}"
    )
    if any(record.code == SERVER_LOST for record in records):
        out = shlex.quote(str(run.folder))
        sentence += f"\nWhen the server is there again, ask those anew with --resume --out {out}."
    return RunOutcome(run, f"{unread}\n{sentence}".lstrip())


def _unread(records: list[EpisodeRecord], run: Run) -> str:
    """Return a sentence about items that could not be read, which nobody is to blame for."""
    messages = [record.message for record in records if record.status == "data_error"]
    if not messages:
        return ""
    others = ", the others are scored" if len(messages) < len(records) else ""
    items = "item" if len(records) == 1 else "items"
    lines = [f"  {message}" for message in messages[:MAX_UNREAD_LINES]]
    if len(messages) > MAX_UNREAD_LINES:
        more = f"  and {len(messages) - MAX_UNREAD_LINES} more; see them with: ivlm-bench view"
        lines.append(f"{more} {shlex.quote(str(run.folder))}")
    head = f"{len(messages)} of {len(records)} {items} of {run.manifest.suite} could not be read"
    return "\n".join([f"{head}{others}:", *lines])


def _same_run(run: Run, wanted: Manifest, header: RunHeader) -> Run:
    """Return ``run`` if it is the one that ``wanted`` describes, down to the episodes' keys."""
    names = ("suite_hash", "protocol_hash", "engines", "n_perturbed", "base_seed", "n_planned")
    differs = [n for n in names if getattr(run.manifest, n) != getattr(wanted, n)]
    if run.manifest.reasoner.fingerprint != wanted.reasoner.fingerprint:
        differs.append("reasoner or its parameters")
    if not differs and set(run.episodes.episode_key) != set(header.planned):
        differs.append("tasks or questions")
    if not differs and run.manifest.config:  # runs of before it was recorded have none
        differs += differing(run.manifest.config, wanted.config)
    if differs:
        raise StoreError(
            f"{run.folder} holds a finished run of another configuration (it differs in "
            f"{', '.join(differs)}); choose another --out folder."
        )
    return run


def _play(
    plan: Plan,
    pool: Pool,
    store: RunStore,
    jobs: tuple[Job, ...],
    header: RunHeader,
    watcher: Watcher,
) -> None:
    recorded = store.begin(header, resume=plan.config.resume)
    with told(store.folder, "writing", remedy=RESUME):
        write_whole(store.folder / CONFIG, config_toml(plan.config).encode())
    watcher.started(plan, store.folder, len(recorded))
    record_open(pool, store, jobs, recorded=recorded, heard=watcher.finished)
