"""Sealed runs of made-up episodes: what tables, comparisons and gates are tested on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ivlm_bench.records import EpisodeResult, Manifest, ReasonerCard
from ivlm_bench.store import Run, RunHeader, RunStore, load_run

#: Fields of the manifest unless others are given; sealing fills in counts, files and digests.
_FIELDS: dict[str, Any] = {
    "schema_version": 1,
    "run_id": "made-up",
    "created_at": "2026-01-01T00:00:00Z",
    "tool_version": "0",
    "suite": "toy-v0",
    "suite_hash": "a" * 16,
    "track": "rgb",
    "protocol": "ivlm-phys-v1",
    "protocol_hash": "p",
    "engines": {"mujoco": "1"},
    "renderer": "soft",
    "single_engine": True,
    "reasoner": ReasonerCard(name="toy", display="Toy", params={}, fingerprint="f"),
    "n_planned": 0,
    "n_by_status": {},
    "n_perturbed": 0,
    "base_seed": 0,
    "bit_digest": "",
    "outcome_digest": "",
    "machine": {},
    "packages": {},
    "files": (),
}


def sealed_run(folder: Path, results: Sequence[EpisodeResult], **fields: Any) -> Run:
    """Seal episodes into a folder by the store's own code, and load them again.

    Parameters
    ----------
    folder
        Where the run is written; it must not hold one.
    results
        All episodes of the run.
    **fields
        Fields of the manifest that are not to be the usual ones.
    """
    keys = tuple(result.episode.episode_key for result in results)
    with RunStore(folder) as store:
        store.begin(RunHeader(run_id="r", config_hash="c", planned=keys, created_at="t"))
        for result in results:
            store.append(result)
        store.seal(Manifest(**(_FIELDS | fields)))
    return load_run(folder)
