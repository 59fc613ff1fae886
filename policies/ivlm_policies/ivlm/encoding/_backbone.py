"""What a frozen encoder must offer, and what all of them share."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional


class Backbone(nn.Module, ABC):
    """Pictures to maps; its parameters stand still."""

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        *,
        size_px: int,
        mean: tuple[float, float, float],
        deviation: tuple[float, float, float],
    ) -> None:
        super().__init__()
        self.size_px = size_px
        self.register_buffer("mean", torch.tensor(mean)[:, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor(deviation)[:, None, None], persistent=False)

    @abstractmethod
    def maps(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return square maps (b, c, s, s) of normalised pictures (b, 3, p, p), finest first."""

    def forward(self, rgb: Tensor) -> tuple[Tensor, ...]:
        """Return the maps of pictures (b, 3, any, any), colours 0..1."""
        return self.maps(self.prepared(rgb))

    def prepared(self, rgb: Tensor) -> Tensor:
        """Return pictures as the weights know them: their side, their mean and deviation."""
        size = (self.size_px, self.size_px)
        sized = functional.interpolate(rgb, size=size, mode="bilinear", align_corners=False)
        return (sized - self.mean) / self.deviation

    def train(self, mode: bool = True) -> Backbone:
        """Stay in the state for answering, whatever is asked: norms must not follow the batch."""
        super().train(False)
        return self

    def frozen(self) -> Backbone:
        """Return itself, never to be trained."""
        self.requires_grad_(False)
        self.train(False)
        return self

    def content_hash(self) -> str:
        """Return the SHA-256 of all weights, hexadecimal."""
        digest = hashlib.sha256()
        for name, tensor in sorted(self.state_dict().items()):
            digest.update(name.encode())
            digest.update(tensor.contiguous().cpu().float().numpy().tobytes())
        return digest.hexdigest()
