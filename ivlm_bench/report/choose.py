"""Which episodes a page shows, and in which order: failures first."""

from __future__ import annotations

from collections.abc import Sequence

from ivlm_bench.errors import UnknownNameError, did_you_mean
from ivlm_bench.records import EpisodeRecord, EpisodeResult
from ivlm_bench.report.words import GROUPS, group_of

_ORDER = {group: place for place, group in enumerate(GROUPS)}


def ordered(results: Sequence[EpisodeResult]) -> list[EpisodeResult]:
    """Return results by group (failures first), then task, seed, repeat."""
    return sorted(results, key=lambda result: _place(result.episode))


def sample(results: Sequence[EpisodeResult], n: int) -> list[EpisodeResult]:
    """Return at most ``n`` results in page order, taken in turns from task, group and code.

    Rare outcomes are shown in full and frequent ones thinned, evenly over their seeds. No chance
    is involved, so the same run always gives the same page.
    """
    in_order = ordered(results)
    strata: dict[tuple[str, str, str], list[EpisodeResult]] = {}
    for result in in_order:
        episode = result.episode
        key = (group_of(episode), episode.task, episode.code)
        strata.setdefault(key, []).append(result)
    taken = _quotas([len(members) for members in strata.values()], n)
    kept: list[EpisodeResult] = []
    for members, count in zip(strata.values(), taken, strict=True):
        kept += [members[(2 * i + 1) * len(members) // (2 * count)] for i in range(count)]
    return ordered(kept)


def one(results: Sequence[EpisodeResult], name: str) -> EpisodeResult:
    """Return the result whose episode key begins with ``name``, or that is ``TASK:SEED[:REPEAT]``.

    A task goes by its full id, without its namespace, or without its version, too; a slash does
    for a colon. Without a repeat the first one is meant.

    Raises
    ------
    UnknownNameError
        If no episode or more than one answers to that name.
    """
    named = [result for result in results if _answers_to(result.episode, name)]
    if len(named) == 1:
        return named[0]
    if named:
        raise UnknownNameError(
            f"{len(named)} episodes answer to {name!r}; give more of the episode key, or the "
            "task's full name."
        )
    known = [short_name(result.episode) for result in results]
    hint = did_you_mean(name, known)
    if not hint.startswith(" Did you mean"):
        hint = f" Write task and seed, such as {known[0]}, or the beginning of an episode's key."
    raise UnknownNameError(f"The run has no episode {name!r}.{hint}")


def short_name(episode: EpisodeRecord) -> str:
    """Return ``Task/seed``, with ``/repeat`` where it is not the first."""
    bare = episode.task.rsplit("/", 1)[-1]
    return f"{bare}/{episode.seed}" + (f"/{episode.repeat}" if episode.repeat else "")


def _answers_to(episode: EpisodeRecord, name: str) -> bool:
    if not name:
        return False
    bare = episode.task.rsplit("/", 1)[-1]
    ends = [f"/{episode.seed}/{episode.repeat}"] + [f"/{episode.seed}"] * (not episode.repeat)
    tasks = (episode.task, bare, bare.rsplit("-v", 1)[0])
    named = name.replace(":", "/") in {task + end for task in tasks for end in ends}
    return named or episode.episode_key.startswith(name)


def _place(episode: EpisodeRecord) -> tuple[int, str, int, int, str]:
    group = _ORDER[group_of(episode)]
    return group, episode.task, episode.seed, episode.repeat, episode.episode_key


def _quotas(sizes: list[int], n: int) -> list[int]:
    """Return how many of each stratum to take: one each in turns until ``n`` or all are taken."""
    taken = [0] * len(sizes)
    left = min(n, sum(sizes))
    while left:
        for index, size in enumerate(sizes):
            if left and taken[index] < size:
                taken[index] += 1
                left -= 1
    return taken
