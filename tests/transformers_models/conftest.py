"""Tiny random models of each kind, built here, saved, and read again by path."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from ivlm_policies.transformers_models.tiny import PIXEL, TEXT, VISION, clip_words, clipseg


def needed(name: str) -> Any:
    """Import a package; where the environment says that it must be there, never skip."""
    if os.environ.get("IVLM_BENCH_TEST_EXTRAS"):
        return import_module(name)
    return pytest.importorskip(name, reason="needs the extra vlm")


os.environ.setdefault("HF_HUB_OFFLINE", "1")
torch, transformers = needed("torch"), needed("transformers")
torch.set_num_threads(1)


def plain_words(*special: str) -> Any:
    """Return a tokenizer that knows single letters and some special words."""
    tokenizers = import_module("tokenizers")
    names = ["<pad>", "<bos>", "<eos>", "<unk>", *special, *(chr(k) for k in range(32, 127))]
    model = tokenizers.models.BPE({name: k for k, name in enumerate(names)}, [], unk_token="<unk>")
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizers.Tokenizer(model),
        pad_token="<pad>",
        bos_token="<bos>",
        eos_token="<eos>",
        unk_token="<unk>",
        additional_special_tokens=list(special),
    )


def clip(folder: Path) -> None:
    config = transformers.CLIPConfig(text_config=TEXT, vision_config=PIXEL, projection_dim=12)
    transformers.CLIPModel(config).save_pretrained(folder)
    clip_words().save_pretrained(folder)
    transformers.CLIPImageProcessorPil().save_pretrained(folder)


def siglip(folder: Path) -> None:
    text = {**TEXT, "projection_size": 16}
    config = transformers.SiglipConfig(text_config=text, vision_config=PIXEL)
    transformers.SiglipModel(config).save_pretrained(folder)
    plain_words().save_pretrained(folder)
    transformers.SiglipImageProcessorPil().save_pretrained(folder)


def siglip2(folder: Path) -> None:
    text, vision = {**TEXT, "projection_size": 16}, {**VISION, "patch_size": 8, "num_patches": 64}
    config = transformers.Siglip2Config(text_config=text, vision_config=vision)
    transformers.Siglip2Model(config).save_pretrained(folder)
    plain_words().save_pretrained(folder)
    transformers.Siglip2ImageProcessorPil(patch_size=8, max_num_patches=64).save_pretrained(folder)


def dinov2(folder: Path) -> None:
    config = transformers.Dinov2Config(**{**VISION, "image_size": 56, "patch_size": 14})
    transformers.Dinov2Model(config).save_pretrained(folder)


def owlv2(folder: Path) -> None:
    config = transformers.Owlv2Config(text_config=TEXT, vision_config=PIXEL, projection_dim=16)
    transformers.Owlv2ForObjectDetection(config).save_pretrained(folder)
    shown = transformers.Owlv2ImageProcessorPil(size={"height": 64, "width": 64})
    transformers.Owlv2Processor(shown, clip_words()).save_pretrained(folder)


def sam(folder: Path) -> None:
    vision = transformers.SamVisionConfig(
        hidden_size=16,
        output_channels=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=64,
        patch_size=8,
        global_attn_indexes=[1],
        window_size=4,
        mlp_dim=24,
        num_pos_feats=8,
    )
    prompt = transformers.SamPromptEncoderConfig(hidden_size=16, image_size=64, patch_size=8)
    mask = transformers.SamMaskDecoderConfig(
        hidden_size=16, mlp_dim=24, num_attention_heads=2, iou_head_hidden_dim=16
    )
    config = transformers.SamConfig(
        vision_config=vision, prompt_encoder_config=prompt, mask_decoder_config=mask
    )
    transformers.SamModel(config).save_pretrained(folder)
    sizes = {"size": {"longest_edge": 64}, "pad_size": {"height": 64, "width": 64}}
    shown = transformers.SamImageProcessorPil(**sizes)
    transformers.SamProcessor(shown).save_pretrained(folder)


def depth_anything(folder: Path) -> None:
    backbone = transformers.Dinov2Config(
        **{**VISION, "image_size": 56, "patch_size": 14},
        out_features=["stage1", "stage2", "stage3"],
        reshape_hidden_states=False,
    )
    config = transformers.DepthAnythingConfig(
        backbone_config=backbone,
        patch_size=14,
        reassemble_hidden_size=16,
        reassemble_factors=[2, 1, 0.5],
        neck_hidden_sizes=[8, 8, 8],
        fusion_hidden_size=8,
        head_hidden_size=8,
    )
    transformers.DepthAnythingForDepthEstimation(config).save_pretrained(folder)
    shown = transformers.DPTImageProcessorPil(size={"height": 56, "width": 56})
    shown.save_pretrained(folder)


def llava(folder: Path) -> None:
    text = transformers.LlamaConfig(
        **VISION, vocab_size=128, num_key_value_heads=2, max_position_embeddings=2048
    )
    vision = transformers.CLIPVisionConfig(**PIXEL)
    words = plain_words("<image>")
    config = transformers.LlavaConfig(
        vision_config=vision,
        text_config=text,
        image_token_id=words.convert_tokens_to_ids("<image>"),
        vision_feature_layer=-1,
    )
    transformers.LlavaForConditionalGeneration(config).save_pretrained(folder)
    sizes = {"size": {"shortest_edge": 64}, "crop_size": {"height": 64, "width": 64}}
    transformers.LlavaProcessor(
        transformers.CLIPImageProcessorPil(**sizes),
        words,
        patch_size=8,
        vision_feature_select_strategy="default",
        image_token="<image>",
        num_additional_image_tokens=1,
        chat_template="USER: <image>\n{{ messages[0]['content'][1]['text'] }} ASSISTANT:",
    ).save_pretrained(folder)


def paligemma(folder: Path) -> None:
    places = [f"<loc{k:04d}>" for k in range(1024)] + [f"<seg{k:03d}>" for k in range(128)]
    words = plain_words("<image>", *places)
    text = transformers.GemmaConfig(
        **VISION, vocab_size=len(words), num_key_value_heads=1, head_dim=8
    )
    config = transformers.PaliGemmaConfig(
        vision_config=transformers.SiglipVisionConfig(**PIXEL, projection_dim=16),
        text_config=text,
        image_token_index=words.convert_tokens_to_ids("<image>"),
        projection_dim=16,
        hidden_size=16,
    )
    transformers.PaliGemmaForConditionalGeneration(config).save_pretrained(folder)
    shown = transformers.SiglipImageProcessorPil(size={"height": 64, "width": 64})
    shown.image_seq_length = 64
    transformers.PaliGemmaProcessor(shown, words).save_pretrained(folder)


def grounding_dino(folder: Path) -> None:
    backbone = transformers.SwinConfig(
        image_size=64,
        embed_dim=8,
        depths=[1, 1, 1],
        num_heads=[1, 1, 1],
        window_size=4,
        out_features=["stage1", "stage2", "stage3"],
    )
    letters = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "?"]
    letters += [chr(k) for k in range(97, 123)] + [f"##{chr(k)}" for k in range(97, 123)]
    words = transformers.BertTokenizer(vocab={name: k for k, name in enumerate(letters)})
    text = transformers.BertConfig(**VISION, vocab_size=len(letters), max_position_embeddings=256)
    config = transformers.GroundingDinoConfig(
        backbone_config=backbone,
        text_config=text,
        d_model=32,
        encoder_layers=1,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        num_queries=12,
        num_feature_levels=3,
    )
    transformers.GroundingDinoForObjectDetection(config).save_pretrained(folder)
    shown = transformers.GroundingDinoImageProcessorPil(size={"height": 64, "width": 64})
    transformers.GroundingDinoProcessor(shown, words).save_pretrained(folder)


MAKERS: dict[str, Callable[[Path], None]] = {
    make.__name__: make
    for make in (
        *(clip, siglip, siglip2, dinov2, clipseg, owlv2, grounding_dino, sam, depth_anything),
        *(llava, paligemma),
    )
}


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Return what gives the folder of a tiny model of a kind, made once."""
    made: dict[str, str] = {}

    def give(kind: str) -> str:
        if kind not in made:
            torch.manual_seed(7)
            folder = tmp_path_factory.mktemp(kind) / f"tiny-{kind}"
            MAKERS[kind](folder)
            made[kind] = str(folder)
        return made[kind]

    return give
