"""A yardstick for latency: the image tower of CLIP ViT-B/16, one picture a view.

Its weights are random: what it says is nonsense, how long it takes is not.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from ivlm_bench.errors import MissingDependencyError

#: Side of a patch and of a picture, pixels: ViT-B/16 as CLIP was published with it (A. Radford et
#: al., "Learning transferable visual models from natural language supervision", ICML 2021).
PATCH_PX, SIZE_PX = 16, 224
#: Width, layers, heads and hidden width of ViT-B (A. Dosovitskiy et al., ICLR 2021, table 1).
WIDTH, N_LAYERS, N_HEADS, HIDDEN = 768, 12, 12, 3072

#: What a table calls it.
NAME = "CLIP ViT-B/16"


def clip_tower(n_views: int, n_threads: int) -> Callable[[], Any]:
    """Return a function that looks at ``n_views`` pictures once, in single precision.

    Parameters
    ----------
    n_views
        Pictures, all in one batch.
    n_threads
        Threads that torch may use in this process.

    Raises
    ------
    MissingDependencyError
        If torch or transformers is not installed.
    """
    transformers, torch = _imported("transformers"), _imported("torch")
    torch.set_num_threads(n_threads)
    torch.manual_seed(0)
    config = transformers.CLIPVisionConfig(
        hidden_size=WIDTH,
        intermediate_size=HIDDEN,
        num_hidden_layers=N_LAYERS,
        num_attention_heads=N_HEADS,
        image_size=SIZE_PX,
        patch_size=PATCH_PX,
    )
    tower = transformers.CLIPVisionModel(config).eval()
    pictures = torch.rand(n_views, 3, SIZE_PX, SIZE_PX)

    def look() -> Any:
        with torch.inference_mode():
            return tower(pixel_values=pictures).pooler_output

    return look


def _imported(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingDependencyError(
            f"{NAME} is n/a as {name} can't be imported ({error}); "
            "pip install 'ivlm_bench[vlm]' to have it beside the reasoners."
        ) from None
