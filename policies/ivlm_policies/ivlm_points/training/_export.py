"""From torch to the files that inference reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ivlm_policies.ivlm.grounding.tokens import MAX_TOKENS
from ivlm_policies.ivlm.training._export import write_module
from ivlm_policies.ivlm.weights import file_hash
from ivlm_policies.ivlm_points._net import Decoder, Net
from ivlm_policies.ivlm_points.clouds import N_FEATURES
from ivlm_policies.ivlm_points.grouping import GROUP_SIZE, LEVELS, N_NEAREST, N_POINTS
from ivlm_policies.ivlm_points.weights import DECODER_FILE, ENCODER_FILE, FACTS_FILE

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
    write_module(net.encoder, read, folder / ENCODER_FILE, ENCODER_NAMES, free=())
    decoder = Plain(net.decoder).eval()
    asked, free = (*looked, *shares, tokens), ("tokens", *DECODER_NAMES[1])
    write_module(decoder, asked, folder / DECODER_FILE, DECODER_NAMES, free=free)
