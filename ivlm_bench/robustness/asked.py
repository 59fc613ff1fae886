"""Reasoners of runs, asked once more: questions that are drawn otherwise need other answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ivlm_bench.codec import decode
from ivlm_bench.completion import complete
from ivlm_bench.env import Episode
from ivlm_bench.harness.offering import with_imagination
from ivlm_bench.harness.predict import predict, reasoner_seed
from ivlm_bench.reasoners import AnyReasoner, resolve_reasoner
from ivlm_bench.records import EpisodeSpec, Manifest, sensors_of
from ivlm_bench.render import get_renderer
from ivlm_bench.robustness.variants import Variant
from ivlm_bench.store import Run
from ivlm_bench.tracks import DEFAULT_RENDERER
from ivlm_bench.types import Interaction

#: The renderer that draws with other shading, shadows and filtering than the default one.
SECOND_RENDERER = "mujoco-gl"


def other_renderer(name: str) -> str:
    """Return the renderer that questions are drawn with instead."""
    return SECOND_RENDERER if name == DEFAULT_RENDERER else DEFAULT_RENDERER


class Asked:
    """The reasoners of some runs by name, with the parameters and the seed of their runs.

    ``changed``: those whose code is not that of the run (another fingerprint), so that their
    answers may differ for that reason, too.

    Raises
    ------
    MissingDependencyError
        If the other renderer or a reasoner does not work here.
    UnknownNameError, ConfigError
        If a reasoner is not there any more, or can't be built.
    """

    def __init__(self, runs: Mapping[str, Run]) -> None:
        manifests = {name: run.manifest for name, run in runs.items()}
        self.renderer = other_renderer(sensors_of(next(iter(manifests.values()))).renderer)
        get_renderer(self.renderer)  # before an hour of trials: does it draw here?
        self._manifests = manifests
        self._reasoners: dict[str, AnyReasoner] = {}
        changed = []
        for name, manifest in manifests.items():
            found, card = resolve_reasoner(manifest.reasoner.name, manifest.reasoner.params)
            with_imagination(found)
            self._reasoners[name] = found
            if card.fingerprint != manifest.reasoner.fingerprint:
                changed.append(name)
        self.changed = tuple(changed)

    def answer(self, name: str, episode: Episode) -> Interaction | None:
        """Return the completed answer of a reasoner; None where it gives none that can be tried."""
        manifest: Manifest = self._manifests[name]
        spec = EpisodeSpec(task=episode.task, seed=episode.seed)
        answer = predict(
            self._reasoners[name],
            episode.observation,
            seed=reasoner_seed(manifest.base_seed, spec),
            truth=episode.truth if manifest.reasoner.privileged else None,
        )
        if answer.status != "ok":
            return None
        completed, _ = complete(episode.sensed, decode(answer.blob))
        return completed


def asked_again(runs: Mapping[str, Run], variants: Sequence[Variant]) -> Asked | None:
    """Return the reasoners of the runs if a variant shows the questions otherwise."""
    return Asked(runs) if any(variant.redrawn for variant in variants) else None
