"""CLIPSeg: words to masks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch.nn import functional

from ivlm_policies.transformers_models._loading import model, processor
from ivlm_policies.transformers_models.finding import Found


class ClipSegFinder:
    """Finds phrases by a decoder that was trained on masks of phrases."""

    def __init__(self, where: str) -> None:
        self.model = model("CLIPSegForImageSegmentation", where)
        self.processor = processor("CLIPSegProcessor", where)

    def find(self, rgb: np.ndarray, phrases: Sequence[str], /) -> Found:
        """Return the model's probabilities, at the picture's size."""
        pictures = [Image.fromarray(rgb)] * len(phrases)
        given = self.processor(
            text=list(phrases), images=pictures, padding=True, return_tensors="pt"
        )
        with torch.no_grad():
            logits = self.model(**given).logits
            grid = logits.reshape(1, len(phrases), *logits.shape[-2:])
            maps = functional.interpolate(grid.sigmoid(), rgb.shape[:2], mode="bilinear")[0]
        return Found(maps.numpy(), maps.amax(dim=(1, 2)).numpy())
