"""The network as onnxruntime runs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from jaxtyping import Float32, Int64

from ivlm_policies.ivlm.grounding.network import session
from ivlm_policies.ivlm_points.clouds import Sample


class Said(NamedTuple):
    """Logits: heat (q, 2048) of the sampled points, presence (q,) and feasibility (q,)."""

    heat: Float32[np.ndarray, "q n"]
    presence: Float32[np.ndarray, " q"]
    feasible: Float32[np.ndarray, " q"]


class CloudNetwork(Protocol):
    """A sampled window and questions to logits."""

    def ask(self, one: Sample, tokens: Int64[np.ndarray, "q t"], /) -> Said:
        """Return what the network says to each question."""
        ...


class OnnxCloudNetwork:
    """Encoder and decoder from ONNX files, opened when first used."""

    def __init__(self, encoder: Path, decoder: Path) -> None:
        self._paths = (encoder, decoder)
        self._sessions: tuple[Any, Any] | None = None

    def ask(self, one: Sample, tokens: Int64[np.ndarray, "q t"], /) -> Said:
        """Return what the network says to each question; the cloud is encoded once."""
        if self._sessions is None:
            encoder, decoder = self._paths
            self._sessions = (session(encoder), session(decoder))
        groups = one.groups
        shares = {"nearest": groups.nearest[None], "weights": groups.weights[None]}
        own = {"members": groups.members[None], "offsets": groups.offsets[None]}
        read = {"points": one.features[None], **own, **shares}
        features, coarse, pooled = self._sessions[0].run(None, read)
        known = {"features": features, "coarse": coarse, "pooled": pooled}
        return Said(*self._sessions[1].run(None, {**known, **shares, "tokens": tokens}))
