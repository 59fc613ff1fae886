"""The reasoner of a run, asked once more: a question in other words needs another answer."""

from __future__ import annotations

from dataclasses import replace

from ivlm_bench.env import Episode
from ivlm_bench.errors import IvlmBenchError
from ivlm_bench.harness.predict import predict, reasoner_seed
from ivlm_bench.reasoners import AnyReasoner, resolve_reasoner
from ivlm_bench.records import EpisodeSpec, Manifest
from ivlm_bench.types import Query


class AskedAgain:
    """The reasoner of a run, with the parameters and the seed of that run.

    ``missing``: why it can't be asked here; empty if it can. It can't where its code is not that of
    the run: another answer might have that reason.
    """

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._reasoner: AnyReasoner | None = None
        self.missing = ""
        try:
            found, card = resolve_reasoner(manifest.reasoner.name, manifest.reasoner.params)
        except IvlmBenchError as error:
            self.missing = str(error)
            return
        if card.fingerprint != manifest.reasoner.fingerprint:
            self.missing = "the reasoner's code is not that of the run any more; run it again."
            return
        self._reasoner = found

    def answer(self, episode: Episode, repeat: int, query: Query) -> bytes | None:
        """Return the encoded answer to a question in other words; None if none is valid."""
        if self._reasoner is None:
            return None
        spec = EpisodeSpec(task=episode.task, seed=episode.seed, repeat=repeat)
        answer = predict(
            self._reasoner,
            replace(episode.observation, query=query),
            seed=reasoner_seed(self._manifest.base_seed, spec),
            truth=episode.truth if self._manifest.reasoner.privileged else None,
        )
        return answer.blob if answer.status == "ok" else None
