"""CLIP, SigLIP and SigLIP 2 without training: words against each patch of the picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ivlm_policies.ivlm.encoding._transformers import VisionTower, tower_of, vision_tower
from ivlm_policies.transformers_models._attention import last_layer, proxy_affinity
from ivlm_policies.transformers_models._loading import model, processor
from ivlm_policies.transformers_models._words import aligned, vectors
from ivlm_policies.transformers_models.finding import Found

#: Phrases that what is looked for must beat.
RIVALS = ("background", "table", "floor", "wall")


class DenseFinder:
    """Finds phrases by the patches' own features in the space of the words."""

    def __init__(self, where: str, *, attention: str, affinity: str | None = None) -> None:
        self.model, self._words = model("AutoModel", where), processor("AutoTokenizer", where)
        kind = "siglip2" if "siglip" in self.model.config.model_type else "clip"
        self.tower = tower_of(kind, where, self.model.vision_model)
        self._mode = attention
        self._proxy = vision_tower("dinov2", affinity) if affinity else None

    def find(self, rgb: np.ndarray, phrases: Sequence[str], /) -> Found:
        """Return the chance of each phrase against the rivals, in each pixel."""
        k, side = len(phrases), self.tower.side
        with torch.no_grad():
            patches = self.tokens(rgb)[:, -(side**2) :]
            shown = functional.normalize(aligned(self.model, patches), dim=2)[0]
            words = vectors(self.model, self._words, [*phrases, *RIVALS])
            logits = self.model.logit_scale.exp() * words @ shown.T
            chance = torch.sigmoid(logits[:k] - torch.logsumexp(logits[k:], dim=0))
            grid = chance.reshape(1, k, side, side)
            maps = functional.interpolate(grid, rgb.shape[:2], mode="bilinear")[0].numpy()
        return Found(maps, maps.max(axis=(1, 2)))

    def tokens(self, rgb: np.ndarray) -> Tensor:
        """Return the normed tokens after the last layer; ProxyCLIP has the patches' alone."""
        image = torch.from_numpy(rgb.copy()).permute(2, 0, 1)[None] / 255.0
        hidden = self.tower.hidden(self.tower.prepared(image))
        n, before, affinity = self.tower.side**2, hidden[-2], None
        if self._mode == "proxyclip":
            before, affinity = before[:, -n:], hidden[len(hidden) // 2][:, -n:]
            if isinstance(self._proxy, VisionTower):  # another model tells what is alike
                sized = functional.interpolate(self._proxy(image)[-1], (self.tower.side,) * 2)
                affinity = sized.flatten(2).transpose(1, 2)
            affinity = proxy_affinity(affinity)
        vision = self.model.vision_model
        layer = vision.encoder.layers[-1]
        return vision.post_layernorm(last_layer(layer, before, mode=self._mode, affinity=affinity))
