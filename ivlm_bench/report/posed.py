"""An episode of a stored run posed again: its scene, its views, and the answer that was tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from ivlm_bench.codec import decode
from ivlm_bench.completion import complete
from ivlm_bench.env import Episode
from ivlm_bench.errors import IvlmBenchError
from ivlm_bench.guard import guarded
from ivlm_bench.harness.fingerprint import content_hash
from ivlm_bench.harness.render import environment
from ivlm_bench.records import EpisodeRecord, Manifest, sensors_of
from ivlm_bench.suite import Suite, load_suite
from ivlm_bench.types import Interaction

T = TypeVar("T")


@dataclass(frozen=True, eq=False, slots=True)
class Posed:
    """What could be restored of an episode; ``notes`` tell what could not.

    ``tried`` is the stored answer as the shared stages completed it: exactly what was executed.
    """

    episode: Episode | None
    tried: Interaction | None
    notes: tuple[str, ...] = ()


def attempt(call: Callable[[], T], what: str) -> tuple[T | None, tuple[str, ...]]:
    """Return the value of ``call`` and no note, or None and a note that says why.

    A task, an object or an answer of another version may fail in any way; a page shows what it
    can all the same.
    """
    value, error = guarded(call)
    if error is None:
        return value, ()
    if not isinstance(error, Exception):
        raise error
    reason = str(error) if isinstance(error, IvlmBenchError) else f"{type(error).__name__}: {error}"
    return None, (f"{what}: {reason}",)


def pose(record: EpisodeRecord, prediction: bytes, manifest: Manifest) -> Posed:
    """Pose the episode of a record again and decode what was answered to it."""
    episode, notes = attempt(
        lambda: environment(record.task, sensors_of(manifest)).episode(record.seed),
        "The scene can't be shown",
    )
    if (
        episode is not None
        and record.scene_hash
        and content_hash(episode.scene) != record.scene_hash
    ):
        notes += (
            "The scene can't be shown: this version of the task poses another scene than the one "
            "that the run was made on.",
        )
        episode = None
    if not prediction:
        missing = ("No answer is stored with this episode.",) if record.status == "ok" else ()
        return Posed(episode, None, notes + missing)
    answer, why = attempt(lambda: decode(prediction), "The stored answer can't be read")
    notes += why
    if answer is None or episode is None or answer.abstain:
        return Posed(episode, answer, notes)
    completed, why = attempt(
        lambda: complete(episode.sensed, answer)[0], "The answer can't be completed again"
    )
    return Posed(episode, completed, notes + why)


@cache
def suite_of(name: str) -> Suite | None:
    """Return the suite called ``name``; None if it is not installed here."""
    suite, _ = attempt(lambda: load_suite(name), "")
    return suite
