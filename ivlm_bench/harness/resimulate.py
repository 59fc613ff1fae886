"""The physics of a run again, from its stored answers: no reasoner is needed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ivlm_bench.engines import get_engine
from ivlm_bench.harness.crosscheck import judging
from ivlm_bench.harness.manifest import machine
from ivlm_bench.harness.render import render
from ivlm_bench.harness.rescore import by_reference, differences, rescore
from ivlm_bench.harness.simulate import simulate, verdict_records
from ivlm_bench.records import EpisodeResult, EpisodeSpec, Manifest, VerdictRecord, sensors_of
from ivlm_bench.store import Run

#: Episodes of a run that are tried again unless all are.
SAMPLE = 6
#: What of a machine bit-equal physics hangs on; elsewhere outcomes are compared.
SAME_MACHINE = ("system", "architecture", "cpu")


def resimulate(
    run: Run,
    *,
    n: int | None = SAMPLE,
    seed: int = 0,
    cached: bool = False,
    scores: bool = True,
) -> list[str]:
    """Return every difference between stored records and those made again.

    All scores are recomputed; the answers of ``n`` episodes, drawn by ``seed`` (all if None), are
    tried again in the run's engines and must give the same verdicts, key frames included; on
    another class of machine, or with other engine versions, the same statuses, codes and successes.
    ``cached``: questions may be read from the observation cache to be scored; those that are tried
    again are always posed anew. ``scores`` False leaves the recomputing of scores out: it takes
    the shared tools as long as the run took them.

    Raises
    ------
    IvlmBenchError
        If an engine of the run is not installed, or a stored answer is damaged.
    """
    found: list[str] = []
    if scores:
        found = [f"recomputed: {line}" for line in differences(run, rescore(run, cached=cached))]
    tried = [result for result in run.results if result.verdicts]
    rng = np.random.default_rng(seed)
    n_drawn = len(tried) if n is None else min(n, len(tried))
    for index in sorted(rng.permutation(len(tried))[:n_drawn]):
        found += _again(run, tried[index])
    return found


def resimulation(*, full: bool, scores: bool = True) -> Callable[[Run], list[str]]:
    """Return the check that tries a sample of the answers again, or all of them.

    Use it within ``private_cache``, so that runs over one suite pose its questions once.
    """
    n = None if full else SAMPLE

    def check(run: Run) -> list[str]:
        if run.manifest.data is not None:  # a public data set: there is nothing to try again
            return []
        return resimulate(run, n=n, cached=True, scores=scores)

    return check


def _again(run: Run, result: EpisodeResult) -> list[str]:
    record, manifest = result.episode, run.manifest
    spec = EpisodeSpec(task=record.task, seed=record.seed, repeat=record.repeat)
    episode = render(spec, sensors_of(manifest))
    judged = simulate(
        episode,
        result.prediction,
        engines=judging(tuple(manifest.engines), record.scenario_key, manifest.cross_check_share),
        n_perturbed=manifest.n_perturbed,
    )
    fresh = verdict_records(record.episode_key, judged)
    stored = by_reference(result.verdicts, manifest.engines)
    if [verdict.engine for verdict in stored] != [verdict.engine for verdict in fresh]:
        return [
            f"{record.task} seed {record.seed}: judged by "
            f"{', '.join(v.engine for v in stored)}, but {', '.join(v.engine for v in fresh)} "
            "should have judged it"
        ]
    exact = _same_machine(manifest)
    return [
        f"{record.task} seed {record.seed}: {old.engine} said {old.code}, tried again it says "
        f"{new.code}" + ("" if old.code != new.code else " with other numbers")
        for old, new in zip(stored, fresh, strict=True)
        if (old != new if exact else _outcome(old) != _outcome(new))
    ]


def _same_machine(manifest: Manifest) -> bool:
    here = machine()
    versions = {name: get_engine(name).version for name in manifest.engines}
    alike = all(manifest.machine.get(name) == here[name] for name in SAME_MACHINE)
    return alike and versions == dict(manifest.engines)


def _outcome(record: VerdictRecord) -> tuple[str, str, str, bool]:
    return record.engine, record.status, record.code, record.success
