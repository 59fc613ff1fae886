"""Makes a CLIPSeg of random weights without network, to see that everything fits together.

``python -m ivlm_policies.transformers_models.tiny FOLDER`` writes 150 kB that the reasoner
``clipseg`` reads as any other model; what it answers is worth nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

#: Layers, widths and sides of both towers: as small as they come.
VISION = {"hidden_size": 16, "intermediate_size": 24}
VISION |= {"num_hidden_layers": 3, "num_attention_heads": 2}
PIXEL = {**VISION, "image_size": 64, "patch_size": 8}
TEXT = {**VISION, "vocab_size": 600, "max_position_embeddings": 32, "projection_dim": 12}
TEXT |= {"bos_token_id": 512, "eos_token_id": 513, "pad_token_id": 513}
SEED = 7


def clip_words() -> Any:
    """Return CLIP's tokenizer with single letters for words."""
    import transformers

    letters = [chr(k) for k in range(33, 127)]
    pieces = letters + [f"{letter}</w>" for letter in letters]
    vocab = {piece: k for k, piece in enumerate(pieces)}
    vocab |= {"<|startoftext|>": TEXT["bos_token_id"], "<|endoftext|>": TEXT["eos_token_id"]}
    return transformers.CLIPTokenizer(vocab=vocab, merges=[])


def clipseg(folder: Path) -> None:
    """Write a CLIPSeg with its processor into a folder."""
    import transformers

    transformers.utils.logging.disable_progress_bar()
    config = transformers.CLIPSegConfig(
        text_config=TEXT,
        vision_config=PIXEL,
        projection_dim=TEXT["projection_dim"],
        extract_layers=[0, 1, 2],
        reduce_dim=8,
        decoder_num_attention_heads=2,
        decoder_intermediate_size=16,
    )
    transformers.CLIPSegForImageSegmentation(config).save_pretrained(folder)
    side_px = PIXEL["image_size"]
    shown = transformers.ViTImageProcessorPil(size={"height": side_px, "width": side_px})
    transformers.CLIPSegProcessor(shown, clip_words()).save_pretrained(folder)


def main() -> None:
    """Make the model in the folder that is named, the same each time."""
    if len(sys.argv) != 2:
        sys.exit("Name the folder: python -m ivlm_policies.transformers_models.tiny FOLDER")
    try:
        import torch

        torch.manual_seed(SEED)
        clipseg(Path(sys.argv[1]))
    except ImportError as error:
        sys.exit(f"A model needs the package {error.name!r}: pip install torch transformers.")
    print(f"-P model={sys.argv[1]}")


if __name__ == "__main__":
    main()
