"""From the words of ``--encoder`` to a net."""

from __future__ import annotations

from typing import Any

from ivlm_policies.ivlm.encoding._backbone import Backbone
from ivlm_policies.ivlm.encoding._efficientnet import efficientnet
from ivlm_policies.ivlm.encoding._neck import FrozenEncoder
from ivlm_policies.ivlm.encoding._transformers import vision_tower
from ivlm_policies.ivlm.encoding.choice import encoder_choice
from ivlm_policies.ivlm.training._net import Net


def net_with(encoder: str) -> Net:
    """Return an untrained net with the encoder that ``KIND`` or ``KIND:PATH`` names."""
    backbone = _backbone(encoder)
    return Net() if backbone is None else Net(FrozenEncoder(backbone))


def encoder_facts(net: Net) -> dict[str, Any]:
    """Return what tells the frozen encoder of a net: its weights' hash; nothing for our own."""
    if not isinstance(net.encoder, FrozenEncoder):
        return {}
    frozen = net.encoder.backbone
    count = sum(p.numel() for p in frozen.parameters())
    return {"backbone_sha256": frozen.content_hash(), "n_frozen_parameters": count}


def _backbone(encoder: str) -> Backbone | None:
    choice = encoder_choice(encoder)
    if not choice.is_frozen:
        return None
    if choice.kind == "efficientnet":
        return efficientnet(choice.where)
    return vision_tower(choice.kind, str(choice.where))
