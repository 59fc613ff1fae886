"""The public check of a task: Gymnasium's own, the same question again, a part that can be seen."""

from __future__ import annotations

import warnings

import numpy as np
from gymnasium.utils.env_checker import check_env

from ivlm_bench.env import Episode, InteractionEnv
from ivlm_bench.guard import guarded, in_brief
from ivlm_bench.objects import content_hash
from ivlm_bench.testing.reasoner import digest
from ivlm_bench.trials.attempt import at_least, at_most
from ivlm_bench.types import Check

#: Seeds that are posed.
N_SEEDS = 24
#: Heads that a task's docstring needs.
HEADS = ("Asked:", "Randomised:", "Success:", "Source:")
#: What Gymnasium says of unbounded depth images, poses and metres, which are meant so.
MEANT = ("Box observation space m", "symmetric and normalized space")


def check_environment(env: InteractionEnv, *, n_seeds: int = N_SEEDS) -> tuple[Check, ...]:
    """Pose ``n_seeds`` questions and return what the task kept and what it broke.

    ``gymnasium``: complaints of Gymnasium's checker. ``docstring``: heads that are missing.
    ``repeatable``: seeds that give another question the second time. ``distinct``: different
    first images. ``hidden``: answerable questions whose part no view shows. ``kinds``: answerable
    and unanswerable questions are both there. ``reasons``: unanswerable ones without a reason or an
    abstaining oracle. ``affordance``: answerable ones whose truth maps are empty.
    """
    episodes = [env.episode(seed) for seed in range(n_seeds)]
    can = [e for e in episodes if e.truth.feasible]
    cannot = [e for e in episodes if not e.truth.feasible]
    images = {e.observation.views[0].rgb.tobytes() for e in episodes}
    counts = {
        "gymnasium": len(complaints(env)),
        "docstring": sum(head not in (type(env).__doc__ or "") for head in HEADS),
        "repeatable": sum(_fingerprint(env.episode(e.seed)) != _fingerprint(e) for e in episodes),
        "hidden": sum(not e.truth.part_masks.any() for e in can),
        "affordance": sum(float(e.truth.affordance_maps.max()) <= 0.0 for e in can),
        "reasons": sum(not (e.truth.oracle.abstain and e.truth.infeasible_reason) for e in cannot),
    }
    return (
        *(at_most(name, count, 0.0, unit="faults") for name, count in counts.items()),
        at_least("distinct", len(images), n_seeds, unit="images"),
        at_least("kinds", bool(can) + bool(cannot), 2.0, unit="kinds of question"),
    )


def complaints(env: InteractionEnv) -> tuple[str, ...]:
    """Return what Gymnasium's checker says against the environment."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        _, error = guarded(lambda: check_env(env, skip_render_check=True))
    told = [str(warning.message) for warning in said]
    told = [text for text in told if not any(meant in text for meant in MEANT)]
    return (*told, *([in_brief(error)] if error is not None else []))


def _fingerprint(episode: Episode) -> tuple[str, str, bytes]:
    scene = episode.scene
    poses = np.concatenate([p.world_from_object.matrix for p in scene.placements])
    return content_hash(scene.target.model), digest(episode.observation), poses.tobytes()
