"""From torch to the files that inference reads: ONNX, safetensors."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ivlm_policies.ivlm.encoding._neck import exported
from ivlm_policies.ivlm.grounding.channels import INPUT_PX, N_CHANNELS
from ivlm_policies.ivlm.grounding.tokens import MAX_TOKENS
from ivlm_policies.ivlm.training._net import Decoder, Net
from ivlm_policies.ivlm.weights import (
    DECODER_FILE,
    ENCODER_FILE,
    FUSION_FILE,
    MODEL_FILE,
    file_hash,
    write_tensors,
)

#: Version of the ONNX operators: every onnxruntime since 1.15 (2023) knows it.
OPSET = 17


class Plain(nn.Module):
    """The decoder as it is shipped."""

    def __init__(self, decoder: Decoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(
        self, features: Tensor, pooled: Tensor, tokens: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the logits of heat (b, 128, 128), presence (b,) and feasibility (b,)."""
        said = self.decoder(features, pooled, tokens)
        return said.heat, said.presence, said.feasible


def export(
    net: Net,
    folder: Path,
    *,
    fusion: Mapping[str, np.ndarray],
    temperatures: Mapping[str, float],
    metadata: Mapping[str, Any],
) -> None:
    """Write a folder of weights: two ONNX files, the fusion head, and the net to train on."""
    folder.mkdir(parents=True, exist_ok=True)
    net.eval()
    write_onnx(net, folder)
    hashes = {file: file_hash(folder / file) for file in (ENCODER_FILE, DECODER_FILE)}
    full = {**metadata, "temperatures": dict(temperatures), "sha256": hashes}
    write_tensors(folder / FUSION_FILE, fusion, full)
    arrays = {key: value.detach().contiguous().numpy() for key, value in net.state_dict().items()}
    write_tensors(folder / MODEL_FILE, arrays, dict(metadata))


def write_onnx(net: Net, folder: Path) -> None:
    """Write ``encoder.onnx`` and ``decoder.onnx``, both for any number of pictures or questions."""
    image = torch.zeros(2, N_CHANNELS, INPUT_PX, INPUT_PX)
    tokens = torch.zeros(2, MAX_TOKENS, dtype=torch.int64)
    tokens[:, 0] = 1
    with torch.no_grad():
        features, pooled = net.encoder(image)
    names = (("image",), ("features", "pooled"))
    free = (*names[0], *names[1])
    write_module(exported(net.encoder), (image,), folder / ENCODER_FILE, names, free=free)
    asked = (("features", "pooled", "tokens"), ("heat", "presence", "feasible"))
    decoder = Plain(net.decoder).eval()
    read = (features, pooled, tokens)
    write_module(decoder, read, folder / DECODER_FILE, asked, free=(*asked[0], *asked[1]))


def write_module(
    module: nn.Module,
    inputs: tuple[Tensor, ...],
    path: Path,
    names: tuple[tuple[str, ...], tuple[str, ...]],
    *,
    free: tuple[str, ...],
) -> None:
    """Export one module by tracing; the first axis of the inputs and outputs ``free`` is free."""
    axes = {name: {0: "b"} for name in free}
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
