"""Stored runs and tables against what can be recomputed from them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from ivlm_bench.digest import bit_digest, outcome_digest
from ivlm_bench.errors import StoreError
from ivlm_bench.leaderboard.board import boards, find_runs
from ivlm_bench.leaderboard.episodes import table_of
from ivlm_bench.leaderboard.intake import damage, other_version
from ivlm_bench.leaderboard.tables import boards_csv
from ivlm_bench.records import EpisodeResult
from ivlm_bench.store import Run, load_run
from ivlm_bench.store.seal import MANIFEST, SUMS

#: The generated table that lies beside the runs.
LEADERBOARD = "leaderboard.csv"

#: Scores that follow from the verdicts; equality is exact.
_FROM_VERDICTS = ("success", "robust_success")

Check = Callable[[Run], list[str]]


def verify(folder: Path | str, *, resimulate: Check | None = None) -> list[str]:
    """Return every difference between stored and recomputed results below ``folder``.

    Parameters
    ----------
    folder
        A run, or a folder of runs; a ``leaderboard.csv`` in it is compared with a new one.
    resimulate
        Called with each intact run; returns the differences that it finds (such as by trying
        the stored answers again).

    Raises
    ------
    StoreError
        If there is no sealed run.
    """
    root = Path(folder)
    paths = find_runs(root)
    if not paths:
        raise StoreError(f"{root} holds no sealed run ({MANIFEST} is missing everywhere).")
    runs, differences = [], []
    for path in paths:
        try:
            run = load_run(path)
            found = _found(run, resimulate)
        except StoreError as error:
            differences.append(str(error))
            continue
        runs.append(run)
        differences += [f"{path}: {difference}" for difference in found]
    return differences + _table(root, runs)


def _found(run: Run, resimulate: Check | None) -> list[str]:
    """Return what is wrong with one run; of what can't be counted nothing is recomputed."""
    wrong = [*other_version(run.manifest), *damage(run, table_of(run))]
    if wrong:
        return wrong
    recomputed = [*_sums(run), *_manifest(run), *_episodes(run)]
    return recomputed + (resimulate(run) if resimulate else [])


def _sums(run: Run) -> Iterator[str]:
    path = run.folder / SUMS
    if not path.is_file():
        yield f"{SUMS} is missing"
        return
    pairs = (line.split("  ", 1) for line in path.read_text(encoding="utf-8").splitlines())
    listed = {name: digest for digest, name in pairs}
    for entry in run.manifest.files:
        found = hashlib.sha256((run.folder / entry.name).read_bytes()).hexdigest()
        if listed.get(entry.name) != found:
            yield f"{SUMS} has another sum for {entry.name}"


def _manifest(run: Run) -> Iterator[str]:
    stored, results = run.manifest, run.results
    counts = dict(sorted(Counter(r.episode.status for r in results).items()))
    for name, said, found in (
        ("bit digest", stored.bit_digest, bit_digest(results)),
        ("outcome digest", stored.outcome_digest, outcome_digest(results)),
        ("count by status", stored.n_by_status, counts),
        ("number of episodes", stored.n_planned, len({r.episode.episode_key for r in results})),
    ):
        if said != found:
            yield f"the manifest says {said} as {name}, the episodes give {found}"


def _episodes(run: Run) -> Iterator[str]:
    reference = next(iter(run.manifest.engines), None)
    for result in run.results:
        for name, said, found in _outcomes(result, reference):
            if said != found:
                key = result.episode.episode_key
                yield f"episode {key} says {said} as {name}, its verdict gives {found}"


def _outcomes(result: EpisodeResult, reference: str | None) -> Iterator[tuple[str, object, object]]:
    """Yield what follows from the reference verdict: name, stored value, recomputed value."""
    episode = result.episode
    verdict = next((v for v in result.verdicts if v.engine == reference), None)
    if episode.status == "abstained":
        yield "success", episode.success, not episode.answerable
        yield "abstained", episode.abstained, True
    elif episode.status == "ok" and verdict is not None:
        success = verdict.success and episode.answerable
        yield "success", episode.success, success
        yield "code", episode.code, verdict.code
        found = (float(success), verdict.robust_prob if episode.answerable else None)
        for name, value in zip(_FROM_VERDICTS, found, strict=True):
            if name in episode.scores or value is not None:
                yield f"score {name}", episode.scores.get(name), value
    else:
        yield "success", episode.success, False


def _table(root: Path, runs: list[Run]) -> list[str]:
    path = root / LEADERBOARD
    if not path.is_file() or boards_csv(boards(runs, damaged=[])) == path.read_text(
        encoding="utf-8"
    ):
        return []
    return [f"{path} is not what the runs give; generate it again."]
