"""A light trained neck: what a frozen encoder sees of the colours, with the channels of shape."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ivlm_policies.ivlm.encoding._backbone import Backbone
from ivlm_policies.ivlm.grounding.channels import INPUT_PX, N_CHANNELS
from ivlm_policies.ivlm.training._net import (
    FEATURE_WIDTH,
    N_PARTS,
    POOLED_WIDTH,
)

#: Sides of the neck's maps, coarsest last, and their channels.
SIDES = tuple(INPUT_PX // step for step in (2, 4, 8, 16))
WIDTHS = (24, 32, 48, 96)


class _Held:
    """Keeps a frozen encoder out of a module's parameters and files, and is never copied."""

    def __init__(self, backbone: Backbone) -> None:
        self.backbone = backbone

    def __deepcopy__(self, memo: dict[int, Any]) -> _Held:
        return self


class FrozenEncoder(nn.Module):
    """Image (b, 8, 128, 128) to pixel features (b, 64, 64, 64) and a pooled one (b, 96).

    The frozen encoder's maps join the neck's own, each at the side next to its own. Only the
    neck's parameters are this module's: they alone are trained, averaged and written.
    """

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self._held = _Held(backbone.frozen())
        a, b, c, d = WIDTHS
        self.stem = _filter(N_CHANNELS, a, stride=2)
        self.down = nn.ModuleList(_filter(i, o, stride=2) for i, o in ((a, b), (b, c), (c, d)))
        with torch.no_grad():
            shown = backbone(torch.zeros(1, 3, INPUT_PX, INPUT_PX))
        self._level = [_nearest(int(one.shape[2])) for one in shown]
        widths = [int(one.shape[1]) for one in shown]
        self.joins = nn.ModuleList(
            _join(width, WIDTHS[level]) for width, level in zip(widths, self._level, strict=True)
        )
        self.mix = nn.ModuleList(_filter(width, width) for width in WIDTHS)
        self.up = nn.ModuleList(nn.Conv2d(o, i, 1) for i, o in ((a, b), (b, c), (c, d)))
        self.blend = nn.ModuleList(_filter(width, width) for width in (a, b, c))
        self.out = nn.Conv2d(a, FEATURE_WIDTH, 1)
        self.parts = nn.Conv2d(FEATURE_WIDTH, N_PARTS, 1)
        self.pool = nn.Linear(2 * d, POOLED_WIDTH)

    @property
    def backbone(self) -> Backbone:
        """The frozen encoder."""
        return self._held.backbone

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return pixel features and the pooled feature."""
        with torch.no_grad():
            shown = self.backbone(image[:, :3] + 0.5)
        joined = self._joined(shown)
        levels, x = [], self.stem(image)
        for level, mix in enumerate(self.mix):
            x = mix(x + joined[level] if level in joined else x)
            levels.append(x)
            if level < len(self.down):
                x = self.down[level](x)
        deepest = levels[-1]
        whole = torch.cat([deepest.mean(dim=(2, 3)), deepest.amax(dim=(2, 3))], dim=1)
        x = deepest
        for level in (2, 1, 0):
            x = self.blend[level](levels[level] + _twice(self.up[level](x)))
        free = self.out(x)
        parts = torch.softmax(self.parts(functional.relu(free)), dim=1).to(free.dtype)
        colour = functional.avg_pool2d(image[:, :3], 2).to(free.dtype)
        return torch.cat([free, parts, colour], dim=1), self.pool(whole)

    def _joined(self, shown: tuple[Tensor, ...]) -> dict[int, Tensor]:
        """Return the sum of the frozen maps that belong to each level, at its side and width."""
        found: dict[int, Tensor] = {}
        for one, level, join in zip(shown, self._level, self.joins, strict=True):
            size = (SIDES[level], SIDES[level])
            sized = functional.interpolate(join(one), size=size, mode="bilinear")
            found[level] = found[level] + sized if level in found else sized
        return found


def _filter(inputs: int, outputs: int, *, stride: int = 1) -> nn.Sequential:
    """Return 3 x 3 convolution, norm and ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
        nn.BatchNorm2d(outputs, momentum=0.05),
        nn.ReLU(inplace=True),
    )


def _twice(x: Tensor) -> Tensor:
    """Return maps at twice their side."""
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")


def _join(inputs: int, outputs: int) -> nn.Sequential:
    """Return what brings a frozen map to a level: some of its channels are far larger."""
    return nn.Sequential(
        nn.BatchNorm2d(inputs, momentum=0.05),
        nn.Conv2d(inputs, outputs, 1, bias=False),
        nn.BatchNorm2d(outputs, momentum=0.05),
    )


def _nearest(side: int) -> int:
    """Return the level whose side is nearest to a map's, by ratio."""
    return min(range(len(SIDES)), key=lambda level: abs(math.log(SIDES[level] / side)))


def exported(encoder: nn.Module) -> nn.Module:
    """Return an encoder as it is exported: with the frozen weights inside, if it has any."""
    return Whole(encoder).eval() if isinstance(encoder, FrozenEncoder) else encoder


class Whole(nn.Module):
    """A frozen encoder and its neck as one module with all its weights, to be exported."""

    def __init__(self, encoder: FrozenEncoder) -> None:
        super().__init__()
        self.backbone, self.encoder = encoder.backbone, encoder

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return what the encoder returns."""
        features, pooled = self.encoder(image)
        return features, pooled
