"""The last layer of a vision transformer with other attention: patches that stay where they are."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

#: ProxyCLIP (Lan 2024, equation 6): affinities over ``BETA`` times their mean, times ``GAMMA``.
BETA, GAMMA = 1.2, 3.0
MODES = ("vanilla", "maskclip", "sclip", "proxyclip")


def last_layer(layer: Any, x: Tensor, *, mode: str, affinity: Tensor | None = None) -> Tensor:
    """Return tokens (b, n, d) after the last layer.

    ``vanilla``: as the model has it. ``maskclip`` (Zhou 2022): each patch keeps its own value.
    ``sclip`` (Wang 2024): queries attend to queries and keys to keys. ``proxyclip``: ``affinity``
    (b, n, n) of another model weighs the values. The second and the last leave out the way around
    and the layer's own net.
    """
    attention = layer.self_attn
    y = layer.layer_norm1(x)
    value = _heads(attention, attention.v_proj(y))
    if mode == "maskclip":
        return attention.out_proj(_joined(value))
    if mode == "proxyclip" and affinity is not None:
        return attention.out_proj(_joined(affinity[:, None] @ value))
    query, key = (_heads(attention, part(y)) for part in (attention.q_proj, attention.k_proj))
    pairs = ((query, key),) if mode == "vanilla" else ((query, query), (key, key))
    weights = [_softmax(a @ b.transpose(2, 3) * attention.scale) for a, b in pairs]
    x = x + attention.out_proj(_joined(torch.stack(weights).sum(dim=0) @ value))
    return x + layer.mlp(layer.layer_norm2(x))


def proxy_affinity(patches: Tensor) -> Tensor:
    """Return affinities (b, n, n), rows of which sum to 1, of another model's patches (b, n, d)."""
    unit = functional.normalize(patches, dim=2)
    alike = unit @ unit.transpose(1, 2)
    sharp = (alike - BETA * alike.mean(dim=(1, 2), keepdim=True)) * GAMMA
    own = torch.eye(sharp.shape[1], dtype=torch.bool)  # a patch is always like itself
    return _softmax(sharp.masked_fill((sharp < 0.0) & ~own, float("-inf")))


def _heads(attention: Any, x: Tensor) -> Tensor:
    """Return (b, heads, n, d / heads)."""
    return x.reshape(*x.shape[:2], attention.num_heads, -1).transpose(1, 2)


def _joined(x: Tensor) -> Tensor:
    """Return (b, n, d) of heads."""
    return x.transpose(1, 2).flatten(2)


def _softmax(x: Tensor) -> Tensor:
    return functional.softmax(x, dim=-1)
