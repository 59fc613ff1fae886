"""MiniLM (Wang et al., NeurIPS 2020), as sentence-transformers trained it: mean of its tokens."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from ivlm_policies.transformers_models._loading import model, processor, single_thread


class Embedder:
    """Texts to unit vectors."""

    def __init__(self, where: str) -> None:
        single_thread()
        self._words, self._net = processor("AutoTokenizer", where), model("AutoModel", where)

    @torch.no_grad()
    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """Return embeddings (n, d)."""
        given = self._words(list(texts), padding=True, return_tensors="pt")
        hidden, mask = self._net(**given).last_hidden_state, given["attention_mask"][..., None]
        mean = (hidden * mask).sum(1) / mask.sum(1)
        return np.asarray(torch.nn.functional.normalize(mean, dim=1).numpy(), np.float32)
