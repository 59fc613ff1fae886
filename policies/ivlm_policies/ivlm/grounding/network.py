"""The network as onnxruntime runs it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from jaxtyping import Float32, Int64

from ivlm_bench.errors import MissingDependencyError

#: Most threads that one picture is looked at with; more only spin on small pictures.
MAX_THREADS = 2


class Network(Protocol):
    """Pictures to features, and features and words to logits."""

    def encode(self, images: Float32[np.ndarray, "b c s s"], /) -> tuple[np.ndarray, np.ndarray]:
        """Return pixel features and one pooled feature a picture."""
        ...

    def decode(
        self, features: np.ndarray, pooled: np.ndarray, tokens: Int64[np.ndarray, "b t"], /
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return logits of heat (b, s, s), of presence (b,) and of feasibility (b,)."""
        ...


class OnnxNetwork:
    """Encoder and decoder from ONNX files, opened when first used."""

    def __init__(self, encoder: Path, decoder: Path) -> None:
        self._paths = (encoder, decoder)
        self._sessions: tuple[Any, Any] | None = None

    def encode(self, images: Float32[np.ndarray, "b c s s"], /) -> tuple[np.ndarray, np.ndarray]:
        """Return pixel features and one pooled feature a picture."""
        features, pooled = self._opened()[0].run(None, {"image": images})
        return features, pooled

    def decode(
        self, features: np.ndarray, pooled: np.ndarray, tokens: Int64[np.ndarray, "b t"], /
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return logits of heat (b, s, s), of presence (b,) and of feasibility (b,)."""
        given = {"features": features, "pooled": pooled, "tokens": tokens}
        heat, presence, feasible = self._opened()[1].run(None, given)
        return heat, presence, feasible

    def _opened(self) -> tuple[Any, Any]:
        if self._sessions is None:
            encoder, decoder = self._paths
            self._sessions = (session(encoder), session(decoder))
        return self._sessions


def session(path: Path) -> Any:
    """Return an inference session of one file; ``MissingDependencyError`` without onnxruntime."""
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingDependencyError(
            "The reasoner ivlm needs the package 'onnxruntime'; pip install onnxruntime."
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = min(MAX_THREADS, len(os.sched_getaffinity(0)))
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
