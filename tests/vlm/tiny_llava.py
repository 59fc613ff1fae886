"""Makes a LLaVA of 30,000 weights that points to the middle: ``python tiny_llava.py FOLDER``.

Its layers pass on what they get, so that the last word alone decides: after the colon of
"assistant:" comes the answer, one token, and after the answer the end.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    CLIPImageProcessor,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

ANSWER = '[{"point": [112, 112], "label": "middle"}]'
SPECIAL = ("<s>", "</s>", "<pad>", "<image>")
SIDE_PX, PATCH_PX, WIDTH = 56, 14, 32
TEMPLATE = (
    "{% for m in messages %}{{ m['role'] }}: {% for c in m['content'] %}"
    "{% if c['type'] == 'text' %}{{ c['text'] }}{% else %}<image>{% endif %}{% endfor %}\n"
    "{% endfor %}assistant:"
)


def tokenizer() -> PreTrainedTokenizerFast:
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocab = {token: index for index, token in enumerate([*letters, *SPECIAL])}
    made = Tokenizer(models.BPE(vocab=vocab, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.add_tokens([AddedToken(ANSWER, normalized=False)])
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        extra_special_tokens={"image_token": "<image>"},
    )


def model(words: PreTrainedTokenizerFast) -> LlavaForConditionalGeneration:
    index = words.convert_tokens_to_ids
    vision = CLIPVisionConfig(
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=1,
        num_attention_heads=2,
        image_size=SIDE_PX,
        patch_size=PATCH_PX,
        projection_dim=WIDTH,
    )
    text = LlamaConfig(
        vocab_size=len(words),
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        bos_token_id=index("<s>"),
        eos_token_id=index("</s>"),
        pad_token_id=index("<pad>"),
        tie_word_embeddings=False,
    )
    made = LlavaForConditionalGeneration(
        LlavaConfig(
            vision_config=vision,
            text_config=text,
            image_token_index=index("<image>"),
            vision_feature_select_strategy="default",
            vision_feature_layer=-1,
            tie_word_embeddings=False,
        )
    )
    with torch.no_grad():
        for layer in made.model.language_model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        read = made.get_input_embeddings().weight
        read.normal_()
        written = made.get_output_embeddings().weight
        written.zero_()
        written[index(ANSWER)] = 10 * read[index(":")]
        written[index("</s>")] = 10 * read[index(ANSWER)]
    return made


def main(folder: Path) -> None:
    torch.manual_seed(0)
    words = tokenizer()
    side = {"height": SIDE_PX, "width": SIDE_PX}
    pictures = CLIPImageProcessor(size={"shortest_edge": SIDE_PX}, crop_size=side)
    model(words).save_pretrained(folder)
    LlavaProcessor(
        image_processor=pictures,
        tokenizer=words,
        patch_size=PATCH_PX,
        vision_feature_select_strategy="default",
        chat_template=TEMPLATE,
        num_additional_image_tokens=1,
    ).save_pretrained(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
