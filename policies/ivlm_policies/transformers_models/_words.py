"""Words and tokens of CLIP, SigLIP and SigLIP 2 in one space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor
from torch.nn import functional

#: Sentences that a phrase's vector is the mean of.
SENTENCES = ("a photo of a {}.", "a rendering of a {}.", "a close-up photo of the {}.")


def vectors(clip: Any, tokenizer: Any, phrases: Sequence[str]) -> Tensor:
    """Return unit vectors (k, d) of phrases, each the mean of its sentences."""
    said = [sentence.format(phrase) for phrase in phrases for sentence in SENTENCES]
    # SigLIP was trained on sentences of one length.
    fixed = "max_length" if hasattr(clip.vision_model, "head") else True
    longest = clip.config.text_config.max_position_embeddings
    given = tokenizer(said, padding=fixed, max_length=longest, truncation=True, return_tensors="pt")
    unit = functional.normalize(clip.get_text_features(**given).pooler_output, dim=1)
    return functional.normalize(unit.reshape(len(phrases), len(SENTENCES), -1).mean(dim=1), dim=1)


def aligned(clip: Any, tokens: Tensor) -> Tensor:
    """Return normed tokens (b, n, d) in the space of the words, each as if it were the picture."""
    vision = clip.vision_model
    if not hasattr(vision, "head"):
        return clip.visual_projection(tokens)
    # SigLIP pools by attention; over one token alone that is this token's value.
    pool, width = vision.head.attention, tokens.shape[2]
    weight, bias = pool.in_proj_weight[2 * width :], pool.in_proj_bias[2 * width :]
    out = pool.out_proj(functional.linear(tokens, weight, bias))
    return out + vision.head.mlp(vision.head.layernorm(out))
