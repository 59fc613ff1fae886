"""Baselines: runs that were promoted, with a reason, to be what nights are compared with."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from ivlm_bench.comparison import NotComparableError
from ivlm_bench.comparison.sound import check_crashes, check_sound
from ivlm_bench.errors import ConfigError, StoreError
from ivlm_bench.gate.policy import GatePolicy
from ivlm_bench.harness.manifest import SCHEMA_VERSION
from ivlm_bench.leaderboard.board import find_runs
from ivlm_bench.records import Manifest, sensors_of
from ivlm_bench.store import Run, is_sealed, load_run
from ivlm_bench.store.columns import EPISODES
from ivlm_bench.store.faults import told
from ivlm_bench.store.load import read_manifest
from ivlm_bench.store.seal import MANIFEST, write_whole

#: Where baselines lie unless said otherwise.
HOME = Path("results") / "baselines"

#: File beside the run that says who made it a baseline, when and why.
PROMOTION = "promotion.json"


class Promotion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a run became a baseline, and which one it replaced."""

    run_id: str
    reason: str
    promoted_at: str
    replaced: str | None


def baseline_folder(home: Path, manifest: Manifest) -> Path:
    """Return the folder of the baseline of a run's suite, sensors and reasoner."""
    label = sensors_of(manifest).label.replace(" ", "-").replace(",", "")
    return home / manifest.suite / label / manifest.reasoner.name


def find_baseline(given: Path, manifest: Manifest, *, first_night: bool = False) -> Run | None:
    """Return the baseline of a run: ``given`` itself if it is a run, else the one filed below it.

    None if ``given`` is a folder without any baseline, or ``HOME`` and not there yet; with
    ``first_night`` also if any other folder is not there yet, or holds baselines of other runs.

    Raises
    ------
    ConfigError
        If ``given`` is a file, is not there, or holds baselines but none for this run.
    NotComparableError
        If the baseline was written by another version of the store.
    StoreError
        If it is damaged.
    """
    if given.is_file():
        raise ConfigError(f"{given} is a file; give the folder of baselines, or of one run.")
    folder = given if is_sealed(given) else baseline_folder(given, manifest)
    if not (folder / MANIFEST).is_file():
        _check_never_there(given, folder)
        _check_first(given, manifest, allowed=first_night)
        return None
    version = _schema_version(folder / MANIFEST)
    if version != manifest.schema_version:
        raise NotComparableError(
            f"The baseline {folder} has schema version {version}, the run has "
            f"{manifest.schema_version}; promote a run of this version."
        )
    return load_run(folder)


def _check_never_there(given: Path, folder: Path) -> None:
    """Refuse to take what is left of a baseline for the first night."""
    left = [path for path in (folder, _set_aside(folder)) if path.exists()]
    if (given / EPISODES).exists():
        left.append(given)
    if left:
        raise StoreError(
            f"{left[0]} is what is left of a baseline, not a whole one; restore it "
            "from a copy, or promote a run again."
        )


def _check_first(given: Path, manifest: Manifest, *, allowed: bool) -> None:
    """Refuse to take a misspelt or renamed folder for the first night."""
    if not given.exists():
        if allowed or given == HOME:
            return
        raise ConfigError(
            f"There is no folder {given} to look for a baseline in; check the path, or say "
            "--first-night if nothing was promoted yet."
        )
    kept = {found.relative_to(given): read_manifest(found) for found in find_runs(given)}
    where = baseline_folder(given, manifest)
    for path, other in kept.items():
        if baseline_folder(given, other) == where:
            raise ConfigError(
                f"{given / path} is a run of {manifest.reasoner.name} on {manifest.suite}, but its "
                f"baseline is looked for in {where}; was the folder renamed?"
            )
    if kept and not allowed:
        raise ConfigError(
            f"{given} has no baseline of {manifest.reasoner.name} on {manifest.suite} "
            f"({where.relative_to(given)}), only of: {', '.join(map(str, kept))}. Promote one, or "
            "say --first-night."
        )


def _set_aside(folder: Path) -> Path:
    return folder.with_name(folder.name + ".old")


def _schema_version(path: Path) -> object:
    with told(path, "reading"):
        content = path.read_bytes()
    try:
        found = msgspec.json.decode(content)
    except msgspec.DecodeError as error:
        raise StoreError(f"{path} is damaged ({error}); restore it from a copy.") from None
    return found.get("schema_version") if isinstance(found, dict) else None


def promote(run: Run, reason: str, home: Path) -> Path:
    """Make a run the baseline of its suite, sensors and reasoner; return its folder.

    The one before is set aside when the copy is complete, and deleted when that is in its place: a
    promotion that is broken off never leaves a folder that counts as "no baseline yet".

    Raises
    ------
    ConfigError
        If there is no reason.
    NotComparableError
        If no night could be compared with it: it is of another version of the store, or on a
        public data set.
    StoreError
        If the run is damaged, not whole or hardly ran, or the copy can't be written.
    """
    if not reason.strip():
        raise ConfigError("A baseline needs a reason; say why with --reason.")
    _check_fit(run)
    target = baseline_folder(home, run.manifest)
    before = read_promotion(target)
    promotion = Promotion(
        run_id=run.manifest.run_id,
        reason=reason.strip(),
        promoted_at=datetime.now(UTC).isoformat(timespec="seconds"),
        replaced=None if before is None else before.run_id,
    )
    fresh = target.with_name(target.name + ".new")
    with told(target, "writing"):
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        for entry in run.manifest.files:
            shutil.copyfile(run.folder / entry.name, fresh / entry.name)
        text = msgspec.json.format(msgspec.json.encode(promotion), indent=1)
        write_whole(fresh / PROMOTION, text + b"\n")
        shutil.copyfile(run.folder / MANIFEST, fresh / MANIFEST)
        _put_in_place(fresh, target)
    return target


def _check_fit(run: Run) -> None:
    """Refuse what every night would be refused for."""
    manifest = run.manifest
    if manifest.schema_version != SCHEMA_VERSION:
        raise NotComparableError(
            f"{run.folder} has schema version {manifest.schema_version}, this version writes "
            f"{SCHEMA_VERSION}, so no night could be compared with it; run again."
        )
    if manifest.data is not None:
        raise NotComparableError(
            f"{run.folder} is a run on {manifest.suite}, where nothing succeeds or fails, so no "
            "night could be compared with it; promote a run of a suite."
        )
    check_sound(run)
    check_crashes(run, GatePolicy().most_crashed)


def _put_in_place(fresh: Path, target: Path) -> None:
    aside = _set_aside(target)
    if target.exists():
        shutil.rmtree(aside, ignore_errors=True)
        target.rename(aside)
    fresh.rename(target)
    shutil.rmtree(aside, ignore_errors=True)


def read_promotion(folder: Path) -> Promotion | None:
    """Return why a folder is a baseline; None if it was never promoted."""
    path = folder / PROMOTION
    if not path.is_file():
        return None
    with told(path, "reading"):
        content = path.read_bytes()
    try:
        return msgspec.json.decode(content, type=Promotion)
    except msgspec.DecodeError as error:
        raise StoreError(f"{path} is damaged ({error}); restore it from a copy.") from None
