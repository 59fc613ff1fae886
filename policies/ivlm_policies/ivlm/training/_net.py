"""The network in torch: an encoder of pictures and a light decoder for each question.

The file's name begins with an underscore so that looking for plugins does not import torch.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from ivlm_policies.ivlm.grounding.channels import N_CHANNELS
from ivlm_policies.ivlm.grounding.tokens import N_BUCKETS
from ivlm_policies.ivlm.training.samples import PARTS

#: Channels of the encoder at 1/2, 1/4, 1/8 and 1/16 of the input's side.
WIDTHS = (24, 48, 96, 160)
#: Channels of the pixel features and of a question's vector; of the pooled feature.
FEATURE_WIDTH, POOLED_WIDTH = 32, 96
#: Width of a token's embedding and of the text tower.
TOKEN_WIDTH, TEXT_WIDTH = 64, 128
#: Parts that the features tell apart, whatever is asked.
N_PARTS = len(PARTS)
#: Channels of the decoder before its last layer, and in its context branch.
DECODER_WIDTH, CONTEXT_WIDTH = 24, 64


class Answer(NamedTuple):
    """What the decoder says: logits (b, 128, 128) of heat, (b,) of presence and feasibility."""

    heat: Tensor
    presence: Tensor
    feasible: Tensor


def _conv(inputs: int, outputs: int, *, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    """Return 3 x 3 convolution, batch norm (folded into it at export) and ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, dilation, dilation=dilation, bias=False),
        nn.BatchNorm2d(outputs, momentum=0.05),
        nn.ReLU(inplace=True),
    )


class Residual(nn.Module):
    """Two convolutions with a way around them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = _conv(width, width)
        self.second = nn.Sequential(
            nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width, momentum=0.05)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return (b, c, h, w) of the same shape."""
        return functional.relu(x + self.second(self.first(x)))


class Encoder(nn.Module):
    """Image (b, 8, 128, 128) to pixel features (b, 64, 64, 64) and a pooled one (b, 96).

    The first 32 channels are free, 29 are the chances that a place shows each of ``PARTS``, and
    the last 3 its bare colour.
    """

    def __init__(self) -> None:
        super().__init__()
        a, b, c, d = WIDTHS
        self.stem = nn.Sequential(_conv(N_CHANNELS, a, stride=2), _conv(a, a))
        self.down4 = nn.Sequential(_conv(a, b, stride=2), _conv(b, b))
        self.down8 = nn.Sequential(_conv(b, c, stride=2), Residual(c))
        self.down16 = nn.Sequential(_conv(c, d, stride=2), Residual(d))
        self.up8 = nn.Conv2d(d, c, 1)
        self.mix8 = _conv(c, c)
        self.up4 = nn.Conv2d(c, b, 1)
        self.mix4 = _conv(b, b)
        self.up2 = nn.Conv2d(b, a, 1)
        self.mix2 = _conv(a, a)
        self.out = nn.Conv2d(a, FEATURE_WIDTH, 1)
        self.parts = nn.Conv2d(FEATURE_WIDTH, N_PARTS, 1)
        self.pool = nn.Linear(2 * d, POOLED_WIDTH)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return pixel features and the pooled feature."""
        at2 = self.stem(image)
        at4 = self.down4(at2)
        at8 = self.down8(at4)
        at16 = self.down16(at8)
        whole = torch.cat([at16.mean(dim=(2, 3)), at16.amax(dim=(2, 3))], dim=1)
        x = self.mix8(at8 + _twice(self.up8(at16)))
        x = self.mix4(at4 + _twice(self.up4(x)))
        x = self.mix2(at2 + _twice(self.up2(x)))
        free = self.out(x)
        shown = torch.softmax(self.parts(functional.relu(free)), dim=1).to(free.dtype)
        colour = functional.avg_pool2d(image[:, :3], 2).to(free.dtype)
        return torch.cat([free, shown, colour], dim=1), self.pool(whole)


class Text(nn.Module):
    """Tokens (b, t) to one vector (b, 128); the order of the tokens does not matter."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(N_BUCKETS, TOKEN_WIDTH, padding_idx=0)
        self.norm = nn.LayerNorm(TOKEN_WIDTH)
        self.mlp = nn.Sequential(
            nn.Linear(TOKEN_WIDTH, TEXT_WIDTH),
            nn.ReLU(inplace=True),
            nn.Linear(TEXT_WIDTH, TEXT_WIDTH),
            nn.ReLU(inplace=True),
        )

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the sentence's vector; padding (token 0) does not count."""
        real = (tokens > 0).to(torch.float32).unsqueeze(2)
        mean = (self.table(tokens) * real).sum(dim=1) / real.sum(dim=1).clamp(min=1.0)
        return self.mlp(self.norm(mean))


class Decoder(nn.Module):
    """One question about one picture: features, pooled feature and tokens to logits."""

    def __init__(self) -> None:
        super().__init__()
        self.text = Text()
        w, k = DECODER_WIDTH, CONTEXT_WIDTH
        self.film_near = nn.Linear(TEXT_WIDTH, 2 * FEATURE_WIDTH)
        self.film_far = nn.Linear(TEXT_WIDTH, 2 * k)
        self.query = nn.Linear(TEXT_WIDTH, FEATURE_WIDTH)
        self.wanted = nn.Linear(TEXT_WIDTH, N_PARTS)
        self.trust = nn.Parameter(torch.tensor(3.0))
        self.match = nn.Linear(FEATURE_WIDTH, POOLED_WIDTH)
        self.far = nn.Conv2d(FEATURE_WIDTH + 7, k, 1)
        # What a thing is, is seen from afar: together they span 15 of 16 places.
        self.context = nn.Sequential(*(_conv(k, k, dilation=step) for step in (1, 2, 4)))
        self.gate = nn.Conv2d(k, FEATURE_WIDTH, 1)
        self.fine = _conv(FEATURE_WIDTH, w)
        # Four logits a place, for the four pixels of the picture that it stands for: what is two
        # pixels wide in the window is seen as such (Shi 2016).
        self.heat = nn.Conv2d(w, 4, 3, padding=1)
        self.whole = nn.Sequential(
            nn.Linear(2 * k + POOLED_WIDTH + TEXT_WIDTH + 2, 64),
            nn.ReLU(inplace=True),
            nn.Linear(64, 2),
        )
        # A region covers few pixels: the net begins with that knowledge.
        nn.init.constant_(self.heat.bias, -2.5)  # type: ignore[arg-type]

    def forward(self, features: Tensor, pooled: Tensor, tokens: Tensor) -> Answer:
        """Return the logits of heat at the picture's side, of presence and feasibility.

        Each picture is asked as many questions, one picture's after the other's.
        """
        k = len(tokens) // len(features)
        text = self.text(tokens)
        free, shown, colour = torch.split(features, [FEATURE_WIDTH, N_PARTS, 3], dim=1)
        meant = _weighted(shown, torch.sigmoid(self.wanted(text)), k)
        direct = _weighted(free, self.query(text), k) / FEATURE_WIDTH**0.5
        low = torch.cat(
            [_quarter(free, k), *map(_quarter, (direct, meant)), _quarter(colour, k)], 1
        )
        far = _film(self.far(torch.cat([low, _places(low)], dim=1)), self.film_far(text))
        far = far + self.context(far)
        scale, shift = self.film_near(text)[:, :, None, None].chunk(2, dim=1)
        gate = functional.interpolate(self.gate(far) + shift, scale_factor=4.0, mode="nearest")
        near = functional.relu(_asked(free, k) * (1.0 + scale) + gate)
        rough = direct + self.trust * (2.0 * meant - 1.0)
        logits = functional.pixel_shuffle(self.heat(self.fine(near)), 2) + functional.interpolate(
            rough, scale_factor=2.0, mode="bilinear", align_corners=False
        )
        peak = [logits.amax(dim=(1, 2, 3)), logits.mean(dim=(1, 2, 3))]
        seen = [far.mean(dim=(2, 3)), far.amax(dim=(2, 3)), _asked(pooled, k), text]
        whole = self.whole(torch.cat([*seen, torch.stack(peak, dim=1)], dim=1))
        return Answer(logits.squeeze(1), whole[:, 0], whole[:, 1])

    def parts_meant(self, tokens: Tensor) -> Tensor:
        """Return the logits (b, 29) that questions mean each of ``PARTS``."""
        return self.wanted(self.text(tokens))

    def vectors(self, tokens: Tensor) -> Tensor:
        """Return questions' vectors (b, 96) in the space of the pooled features."""
        return self.match(self.query(self.text(tokens)))


def _asked(x: Tensor, k: int) -> Tensor:
    """Return each picture's entry k times, for the questions asked of it."""
    return x if k == 1 else x.repeat_interleave(k, dim=0)


def _weighted(x: Tensor, weights: Tensor, k: int) -> Tensor:
    """Return maps (b k, 1, h, w) that weigh the channels of each picture (b, c, h, w) k times."""
    maps = torch.bmm(weights.reshape(-1, k, x.shape[1]).to(x.dtype), x.flatten(2))
    return maps.reshape(-1, 1, x.shape[2], x.shape[3])


def _quarter(x: Tensor, k: int = 1) -> Tensor:
    """Return maps at a quarter of their side, each k times."""
    return _asked(functional.avg_pool2d(x, 4), k)


def _film(x: Tensor, parameters: Tensor) -> Tensor:
    """Scale and shift channels by the text (Perez 2018)."""
    scale, shift = parameters[:, :, None, None].chunk(2, dim=1)
    return functional.relu(x * (1.0 + scale) + shift)


def _places(x: Tensor) -> Tensor:
    """Return maps (b, 2, h, w) of column and row, -1..1: left, right, top and bottom."""
    n = int(x.shape[2])
    column = torch.linspace(-1.0, 1.0, n, dtype=x.dtype, device=x.device)
    grid = torch.stack([column[None, :].expand(n, n), column[:, None].expand(n, n)])
    return grid[None].expand(x.shape[0], 2, n, n)


def _twice(x: Tensor) -> Tensor:
    """Return maps at twice their side."""
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")


class Net(nn.Module):
    """Encoder and decoder together; ``temperature`` and ``offset`` are of the contrastive loss."""

    def __init__(self, encoder: nn.Module | None = None) -> None:
        super().__init__()
        self.encoder = Encoder() if encoder is None else encoder
        self.decoder = Decoder()
        self.temperature = nn.Parameter(torch.tensor(2.0))
        self.offset = nn.Parameter(torch.tensor(-2.0))

    def forward(self, image: Tensor, tokens: Tensor) -> Answer:
        """Answer questions (b k, t) about pictures (b, 8, 128, 128), k about each."""
        return self.decoder(*self.encoder(image), tokens)
