"""Dense CLIP and SigLIP: plain attention is the model's own; the others do what they say."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")  # the conftest has failed already where it must be there
transformers = pytest.importorskip("transformers")
_attention = import_module("ivlm_policies.transformers_models._attention")
_dense = import_module("ivlm_policies.transformers_models._dense")
_words = import_module("ivlm_policies.transformers_models._words")

KINDS = ["clip", "siglip", "siglip2"]
RGB = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)


def layer_and_tokens(folder: str) -> tuple[Any, Any]:
    model = transformers.AutoModel.from_pretrained(folder).eval()
    torch.manual_seed(3)
    return model.vision_model.encoder.layers[-1], torch.randn(2, 9, 16)


@pytest.mark.parametrize("kind", KINDS)
def test_vanilla_is_the_models_own(kind: str, tiny: Callable[[str], str]) -> None:
    finder = _dense.DenseFinder(tiny(kind), attention="vanilla")
    vision = finder.model.vision_model
    image = torch.from_numpy(RGB.copy()).permute(2, 0, 1)[None] / 255.0
    given = finder.tower._given(finder.tower.prepared(image))
    with torch.no_grad():
        own = vision(**given, output_hidden_states=True)
        mine = finder.tokens(RGB)
    torch.testing.assert_close(mine, vision.post_layernorm(own.hidden_states[-1]))
    # And what the whole picture is compared with words by is made of the same tokens.
    if kind == "clip":
        with torch.no_grad():
            pooled = _words.aligned(finder.model, mine)[:, 0]
            whole = finder.model.get_image_features(**given).pooler_output
        torch.testing.assert_close(pooled, whole)


@pytest.mark.parametrize("kind", ["siglip", "siglip2"])
def test_a_lone_patch_is_pooled_as_the_model_pools(kind: str, tiny: Callable[[str], str]) -> None:
    """Attention over many times the same token is that token's value."""
    finder = _dense.DenseFinder(tiny(kind), attention="vanilla")
    token = torch.randn(1, 1, 16, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        mine = _words.aligned(finder.model, token)[:, 0]
        own = finder.model.vision_model.head(token.expand(1, 7, 16))
    torch.testing.assert_close(mine, own)


@pytest.mark.parametrize("kind", KINDS)
def test_sclip_head_by_head(kind: str, tiny: Callable[[str], str]) -> None:
    layer, tokens = layer_and_tokens(tiny(kind))
    with torch.no_grad():
        mine = _attention.last_layer(layer, tokens, mode="sclip")
        attention, y = layer.self_attn, layer.layer_norm1(tokens)
        q, k, v = (
            part(y).numpy() for part in (attention.q_proj, attention.k_proj, attention.v_proj)
        )
        out = np.zeros_like(q)
        for one in range(2):
            for head in range(2):
                own = (one, slice(None), slice(8 * head, 8 * head + 8))
                for a in (q[own], k[own]):
                    weight = np.exp(a @ a.T / np.sqrt(8.0))
                    out[own] += weight / weight.sum(axis=1, keepdims=True) @ v[own]
        between = tokens + attention.out_proj(torch.from_numpy(out))
        wanted = between + layer.mlp(layer.layer_norm2(between))
    torch.testing.assert_close(mine, wanted, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_maskclip_keeps_patches_apart(kind: str, tiny: Callable[[str], str]) -> None:
    layer, tokens = layer_and_tokens(tiny(kind))
    other = tokens.clone()
    other[:, 4, 0] += 1.0
    with torch.no_grad():
        mine, moved = (_attention.last_layer(layer, x, mode="maskclip") for x in (tokens, other))
        same = torch.arange(9) != 4
        torch.testing.assert_close(mine[:, same], moved[:, same])
        assert not torch.allclose(mine[:, 4], moved[:, 4])
        # A patch that is like nothing else keeps its own value under ProxyCLIP, too.
        alone = torch.eye(9).expand(2, 9, 9)
        proxy = _attention.last_layer(layer, tokens, mode="proxyclip", affinity=alone)
    torch.testing.assert_close(proxy, mine)


def test_affinity_of_three_patches() -> None:
    """Two alike, one apart: the mean is 5/9, so (1 - 1.2 * 5/9) * 3 = 1 stays, (0 - ...) goes."""
    patches = torch.tensor([[[2.0, 0.0], [1.0, 0.0], [0.0, 3.0]]])
    wanted = torch.tensor([[[0.5, 0.5, 0.0], [0.5, 0.5, 0.0], [0.0, 0.0, 1.0]]])
    torch.testing.assert_close(_attention.proxy_affinity(patches), wanted)


def test_affinity_of_patches_all_alike() -> None:
    """Nothing is above 1.2 times the mean: each patch keeps to itself, and nothing is NaN."""
    torch.testing.assert_close(_attention.proxy_affinity(torch.ones(1, 3, 2)), torch.eye(3)[None])


@pytest.mark.parametrize("kind", KINDS)
def test_chances_of_patches(kind: str, tiny: Callable[[str], str]) -> None:
    """The first pixel's chance, from the model's own vectors of words."""
    finder = _dense.DenseFinder(tiny(kind), attention="maskclip")
    phrases = ["handle of the mug", "mug"]
    found = finder.find(RGB, phrases)
    assert found.maps.shape == (2, 90, 120)
    assert ((found.maps > 0.0) & (found.maps < 1.0)).all()
    rivals = ["background", "table", "floor", "wall"]
    forms = ["a photo of a {}.", "a rendering of a {}.", "a close-up photo of the {}."]
    words = transformers.AutoTokenizer.from_pretrained(tiny(kind))
    longest = {"padding": True} if kind == "clip" else {"padding": "max_length"}
    with torch.no_grad():
        vectors = []
        for phrase in phrases + rivals:
            given = words([form.format(phrase) for form in forms], max_length=32, truncation=True,
                          return_tensors="pt", **longest)  # fmt: skip
            said = finder.model.get_text_features(**given).pooler_output.numpy()
            mean = (said / np.linalg.norm(said, axis=1, keepdims=True)).mean(axis=0)
            vectors.append(mean / np.linalg.norm(mean))
        tokens = finder.tokens(RGB)[:, -(finder.tower.side**2)][:, None]
        patch = _words.aligned(finder.model, tokens)[0, 0].numpy()
        scale = float(finder.model.logit_scale.exp())
    logits = scale * np.array(vectors) @ (patch / np.linalg.norm(patch))
    wanted = np.exp(logits[:2]) / (np.exp(logits[:2]) + np.exp(logits[2:]).sum())
    np.testing.assert_allclose(found.maps[:, 0, 0], wanted, rtol=1e-4)
    np.testing.assert_allclose(found.presence, found.maps.max(axis=(1, 2)))


def test_another_model_tells_what_is_alike(tiny: Callable[[str], str]) -> None:
    own, other = (
        _dense.DenseFinder(tiny("clip"), attention="proxyclip", affinity=where).find(RGB, ["mug"])
        for where in (None, tiny("dinov2"))
    )
    assert np.abs(own.maps - other.maps).max() > 1e-3
