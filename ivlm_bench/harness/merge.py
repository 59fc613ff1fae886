"""Shards of one run put together into the run that they are parts of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import asdict, replace

from ivlm_bench.digest import bit_digest, blake_key, det_digest, outcome_digest
from ivlm_bench.errors import StoreError
from ivlm_bench.harness.plan import SHORT_ID
from ivlm_bench.harness.run import RunOutcome, judged
from ivlm_bench.harness.shard import Shard
from ivlm_bench.records import EpisodeResult, Manifest
from ivlm_bench.store import Run, RunHeader, RunStore, differing, is_sealed, load_run
from ivlm_bench.store.journal import JOURNAL

#: Fields of a manifest that tell one shard from another and may differ; ``config`` is compared
#: entry by entry.
OWN = (
    "run_id",
    "created_at",
    "shard",
    "notes",
    "n_planned",
    "n_by_status",
    "bit_digest",
    "outcome_digest",
    "files",
    "machine",
    "config",
)

#: Key of the shard in the readable configuration.
SHARD = "shard"


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """What lies in the folder of one shard, sealed or not."""

    folder: Path
    manifest: Manifest
    planned: frozenset[str]
    results: tuple[EpisodeResult, ...]

    @property
    def n_missing(self) -> int:
        """Planned episodes without a record."""
        return len(self.planned - {r.episode.episode_key for r in self.results})


def merge(out: Path | str, shards: Sequence[Path | str]) -> RunOutcome:
    """Seal the run that ``shards`` are the parts of in ``out``; a second time changes nothing.

    Rows that lie in two shards must be equal but for times and the like.

    Raises
    ------
    StoreError
        If shards are of different runs, two rows of one episode differ, a shard or an episode is
        missing, a shard's records contradict its digests, or ``out`` holds something else. Nothing
        is sealed then.
    """
    folder = Path(out)
    parts = [read_part(Path(shard)) for shard in shards]
    check_alike(parts)
    if is_sealed(folder):
        _check_merged(read_part(folder), parts)
        return judged(load_run(folder))
    rows = united(parts)
    check_complete(parts)
    manifest = merged_manifest(parts)
    header = RunHeader(
        run_id=manifest.run_id,
        config_hash=blake_key(manifest.config),
        planned=tuple(sorted(rows)),
        created_at=manifest.created_at,
        config=manifest.config,
    )
    with RunStore(folder) as store:
        recorded = store.begin(header, resume=True)
        for key in sorted(rows.keys() - recorded):
            store.append(rows[key])
        store.seal(manifest)
    return judged(load_run(folder))


def read_part(folder: Path) -> Part:
    """Return what a folder holds; ``StoreError`` if it is no run, damaged, or in use."""
    if is_sealed(folder):
        run = load_run(folder)
        check_digests(run)
        keys = frozenset(result.episode.episode_key for result in run.results)
        return Part(folder, run.manifest, keys, run.results)
    if not (folder / JOURNAL).is_file():
        raise StoreError(f"{folder} holds no run; give the folders of the shards.")
    with RunStore(folder) as store:
        header, results = store.header(), tuple(store.results())
    if header is None or header.manifest is None:
        raise StoreError(
            f"The journal in {folder} does not tell what ran; finish that run with --resume first."
        )
    return Part(folder, header.manifest, frozenset(header.planned), results)


def check_digests(run: Run) -> None:
    """Raise ``StoreError`` if a sealed run's records are not those that its digests were made of.

    The sums of the files tell a damaged disk, not a record that was exchanged together with them.
    """
    made = {"bit": bit_digest(run.results), "outcome": outcome_digest(run.results)}
    sealed = {"bit": run.manifest.bit_digest, "outcome": run.manifest.outcome_digest}
    differs = [name for name, digest in made.items() if digest != sealed[name]]
    if differs:
        raise StoreError(
            f"The records of {run.folder} are not those it was sealed with (its {differs[0]} "
            f"digest is {sealed[differs[0]]}, the records give {made[differs[0]]}); restore it "
            "from a copy, or run that shard again."
        )


def check_alike(parts: Sequence[Part]) -> None:
    """Raise ``StoreError`` with what differs, if not all are parts of one and the same run."""
    if not parts:
        raise StoreError("There is nothing to merge; give the folders of the shards.")
    first = parts[0]
    for part in parts[1:]:
        differs = _differences(first.manifest, part.manifest)
        if differs:
            raise StoreError(
                f"{part.folder} and {first.folder} are no shards of one run (they differ in "
                f"{', '.join(differs)}); merge shards of one run only."
            )


def united(parts: Iterable[Part]) -> dict[str, EpisodeResult]:
    """Return all rows by episode key; ``StoreError`` names an episode with two different rows."""
    rows: dict[str, tuple[Part, EpisodeResult]] = {}
    for part in parts:
        for result in part.results:
            key = result.episode.episode_key
            other, known = rows.setdefault(key, (part, result))
            if det_digest(known) != det_digest(result):
                raise _conflict(other.folder, part.folder, result)
    return {key: result for key, (_, result) in rows.items()}


def check_complete(parts: Sequence[Part]) -> None:
    """Raise ``StoreError`` that tells which shards are missing, and which lack episodes."""
    faults = _absent(parts)
    recorded = {r.episode.episode_key for part in parts for r in part.results}
    for part in parts:
        n_missing = len(part.planned - recorded)
        if n_missing:
            faults.append(
                f"{n_missing} of {len(part.planned)} episodes of {part.folder} (finish it with "
                "--resume)"
            )
    if faults:
        raise StoreError(f"Nothing was merged; missing: {'; '.join(faults)}.")


def merged_manifest(parts: Sequence[Part]) -> Manifest:
    """Return the manifest of the whole run; sealing fills in files, counts and digests."""
    first = min((part.manifest for part in parts), key=lambda m: (m.created_at, m.run_id))
    config = first.config | {SHARD: ""}
    day = first.run_id.rsplit("-", 1)[0]
    machines = [part.manifest.machine for part in parts]
    names = sorted({name for machine in machines for name in machine})
    return replace(
        first,
        run_id=f"{day}-{blake_key(config)[:SHORT_ID]}",
        shard="",
        config=config,
        notes=_without_shard(first.notes, first.shard),
        machine={
            name: " | ".join(sorted({machine.get(name, "?") for machine in machines}))
            for name in names
        },
    )


def _differences(ours: Manifest, theirs: Manifest) -> list[str]:
    mine, other = asdict(ours), asdict(theirs)
    found = [name for name in mine if name not in OWN and mine[name] != other[name]]
    found += [
        name
        for name in differing(ours.config, theirs.config)
        if name != SHARD and name not in found
    ]
    counts = {Shard.parse(m.shard).count for m in (ours, theirs) if m.shard}
    if len(counts) > 1:
        found.append("the number of shards")
    return found


def _absent(parts: Sequence[Part]) -> list[str]:
    """Return the shards that nobody gave; none are absent if a part is the whole run."""
    if any(not part.manifest.shard for part in parts):
        return []
    given = {Shard.parse(part.manifest.shard) for part in parts}
    count = next(iter(given)).count
    whole = {Shard(index, count) for index in range(1, count + 1)}
    return [f"shard {shard}" for shard in sorted(whole - given)]


def _check_merged(merged: Part, parts: Sequence[Part]) -> None:
    """Raise ``StoreError`` unless every row of ``parts`` lies in the finished run already."""
    check_alike([merged, *parts])
    united([merged, *parts])
    extra = {key for part in parts for key in part.planned} - merged.planned
    if extra:
        raise StoreError(
            f"{merged.folder} holds a finished run without {len(extra)} episodes of the shards; "
            "choose another folder."
        )


def _conflict(first: Path, second: Path, result: EpisodeResult) -> StoreError:
    episode = result.episode
    return StoreError(
        f"{episode.task} seed {episode.seed} repeat {episode.repeat} (episode "
        f"{episode.episode_key}) is recorded differently in {first} and {second}; find out which "
        "of them is right, and leave the other out."
    )


def _without_shard(notes: str, shard: str) -> str:
    """Return the notes as the whole run would have them: what is left out, but for the shard."""
    scope, *others = notes.split("; ")
    if shard:
        parts = scope.removeprefix("only ").split(", ")
        left = ", ".join(part for part in parts if part != f"shard {shard}")
        scope = f"only {left}" if left else ""
    return "; ".join(text for text in (scope, *others) if text)
