"""From torch to the files that inference reads."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ivlm_policies.ivlm.grounding.tokens import MAX_TOKENS
from ivlm_policies.ivlm.weights import file_hash
from ivlm_policies.ivlm_points._net import Decoder, Net
from ivlm_policies.ivlm_points.clouds import N_FEATURES
from ivlm_policies.ivlm_points.grouping import GROUP_SIZE, LEVELS, N_NEAREST, N_POINTS
from ivlm_policies.ivlm_points.weights import DECODER_FILE, ENCODER_FILE, FACTS_FILE

#: Version of the ONNX operators: every onnxruntime since 1.15 (2023) knows it.
OPSET = 17
#: Names of the encoder's inputs and outputs, and of the decoder's.
ENCODER_NAMES = (
    ("points", "members", "offsets", "nearest", "weights"),
    ("features", "coarse", "pooled"),
)
DECODER_NAMES = (
    ("features", "coarse", "pooled", "nearest", "weights", "tokens"),
    ("heat", "presence", "feasible"),
)


class Plain(nn.Module):
    """The decoder as it is shipped."""

    def __init__(self, decoder: Decoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, *given: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the logits of heat (q, 2048), presence (q,) and feasibility (q,)."""
        said = self.decoder(*given)
        return said.heat, said.presence, said.feasible


def export(
    net: Net, folder: Path, *, temperatures: Mapping[str, float], facts: Mapping[str, Any]
) -> None:
    """Write a folder of weights: two ONNX files and what is to be known of them."""
    folder.mkdir(parents=True, exist_ok=True)
    net.eval()
    write_onnx(net, folder)
    hashes = {file: file_hash(folder / file) for file in (ENCODER_FILE, DECODER_FILE)}
    full = {**facts, "temperatures": dict(temperatures), "sha256": hashes}
    (folder / FACTS_FILE).write_text(json.dumps(full, indent=1, sort_keys=True) + "\n")


def write_onnx(net: Net, folder: Path) -> None:
    """Write ``encoder.onnx``, for one cloud, and ``decoder.onnx``, for any number of questions."""
    n_groups, n_shares = sum(LEVELS), 2 * N_POINTS + LEVELS[0] + LEVELS[1]
    shares = (
        torch.zeros(1, n_shares, N_NEAREST, dtype=torch.int64),
        torch.full((1, n_shares, N_NEAREST), 1.0 / N_NEAREST),
    )
    read = (
        torch.zeros(1, N_POINTS, N_FEATURES),
        torch.zeros(1, n_groups, GROUP_SIZE, dtype=torch.int64),
        torch.zeros(1, n_groups, GROUP_SIZE, 3),
        *shares,
    )
    with torch.no_grad():
        looked = net.encoder(*read)
    tokens = torch.zeros(3, MAX_TOKENS, dtype=torch.int64)
    tokens[:, 0] = 1
    _write(net.encoder, read, folder / ENCODER_FILE, ENCODER_NAMES)
    decoder = Plain(net.decoder).eval()
    _write(decoder, (*looked, *shares, tokens), folder / DECODER_FILE, DECODER_NAMES, free="tokens")


def _write(
    module: nn.Module,
    inputs: tuple[Tensor, ...],
    path: Path,
    names: tuple[tuple[str, ...], tuple[str, ...]],
    *,
    free: str = "",
) -> None:
    """Export one module by tracing; the first axis of the input ``free`` and of outputs is free."""
    axes = {name: {0: "q"} for name in (free, *names[1])} if free else {}
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        # The tracing exporter is announced as the older one; it writes one file and is exact.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            inputs,
            path,
            input_names=list(names[0]),
            output_names=list(names[1]),
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )
