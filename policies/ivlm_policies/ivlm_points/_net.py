"""The network in torch: an encoder of clouds and a light decoder for each question.

The file's name begins with an underscore so that looking for plugins does not import torch.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from ivlm_policies.ivlm.training._net import TEXT_WIDTH, Text
from ivlm_policies.ivlm.training.samples import PARTS
from ivlm_policies.ivlm_points.clouds import COLOUR, N_FEATURES
from ivlm_policies.ivlm_points.grouping import GROUP_SIZE, N_NEAREST, levels_of

#: Channels of the points and of the levels above them.
WIDTHS = (32, 64, 128, 192)
#: Channels of the points' free features; of the coarse points in the decoder.
FEATURE_WIDTH, CONTEXT_WIDTH = 32, 64
N_PARTS, N_HEADS = len(PARTS), 4


class Answer(NamedTuple):
    """What the decoder says: logits (q, 2048) of heat, (q,) of presence and feasibility."""

    heat: Tensor
    presence: Tensor
    feasible: Tensor


class Dense(nn.Sequential):
    """A linear map of rows, batch norm and ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Linear(inputs, outputs, bias=False),
            nn.BatchNorm1d(outputs, momentum=0.05),
            nn.ReLU(inplace=True),
        )


class Abstraction(nn.Module):
    """Groups of points to one feature each: a map of every member, and the largest of all.

    The map's first layer is linear in the member's feature and in its place, so that features are
    mapped before they are gathered (Li 2018, PointCNN's and PointNeXt's common saving).
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        hidden = outputs // 2
        self.of_feature = nn.Linear(inputs, hidden, bias=False)
        self.of_place = nn.Linear(3, hidden)
        self.norm = nn.BatchNorm1d(hidden, momentum=0.05)
        self.mix = Dense(hidden, outputs)
        self.out = Dense(outputs + inputs, outputs)

    def forward(self, x: Tensor, centres: Tensor, members: Tensor, offsets: Tensor) -> Tensor:
        """Return (m, outputs) from points (n, inputs), the centres' own, and their groups."""
        mapped = gathered(self.of_feature(x), members) + self.of_place(offsets.reshape(-1, 3))
        each = self.mix(functional.relu(self.norm(mapped)))
        most = each.reshape(-1, GROUP_SIZE, each.shape[1]).amax(dim=1)
        return self.out(torch.cat([most, centres], dim=1))


class Propagation(nn.Module):
    """Features of a coarse level to the finer one, joined with what is known there."""

    def __init__(self, coarse: int, fine: int, outputs: int) -> None:
        super().__init__()
        self.mix = Dense(coarse + fine, outputs)

    def forward(self, coarse: Tensor, fine: Tensor, nearest: Tensor, weights: Tensor) -> Tensor:
        """Return (n, outputs)."""
        return self.mix(torch.cat([interpolated(coarse, nearest, weights), fine], dim=1))


class Encoder(nn.Module):
    """Clouds (b, 2048, 11) and their groups to features (b, 2048, 64), coarse and pooled ones.

    Of the features the first 32 are free, 29 are the chances that a point belongs to each of
    ``PARTS``, and the last 3 its bare colour. Coarse ones (b, 128, 128) are of the second level,
    pooled ones (b, 192) of the whole cloud.
    """

    def __init__(self) -> None:
        super().__init__()
        a, b, c, d = WIDTHS
        self.stem = nn.Sequential(Dense(N_FEATURES, a), Dense(a, a))
        self.down = nn.ModuleList([Abstraction(a, b), Abstraction(b, c), Abstraction(c, d)])
        self.up2 = Propagation(2 * d, c, c)
        self.up1 = Propagation(c, b, b)
        self.up0 = Propagation(b, a, b)
        self.out = nn.Sequential(Dense(b, b), nn.Linear(b, FEATURE_WIDTH))
        self.parts = nn.Linear(FEATURE_WIDTH, N_PARTS)

    def forward(
        self, points: Tensor, members: Tensor, offsets: Tensor, nearest: Tensor, weights: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return features, coarse features and pooled ones."""
        b, n_points = points.shape[0], int(points.shape[1])
        sizes = levels_of(n_points)
        levels = [self.stem(points.reshape(-1, N_FEATURES))]
        at = 0
        for below, n, down in zip((n_points, *sizes), sizes, self.down, strict=False):
            rows = slice(at, at + n)
            own = first(levels[-1], b, below, n)
            who = flat(members[:, rows], below)
            levels.append(down(levels[-1], own, who, offsets[:, rows]))
            at += n
        x0, x1, x2, x3 = levels
        top = x3.reshape(b, sizes[2], -1)
        pooled = top.amax(dim=1)
        x3 = torch.cat([x3, pooled.unsqueeze(1).expand_as(top).reshape(x3.shape)], dim=1)
        cuts = (0, n_points, n_points + sizes[0], n_points + sizes[0] + sizes[1])
        steps = [
            (flat(nearest[:, i:j], n), weights[:, i:j].reshape(-1, N_NEAREST))
            for i, j, n in zip(cuts, cuts[1:], sizes, strict=False)
        ]
        x2 = self.up2(x3, x2, *steps[2])
        x1 = self.up1(x2, x1, *steps[1])
        free = self.out(self.up0(x1, x0, *steps[0]))
        shown = torch.softmax(self.parts(functional.relu(free)), dim=1)
        features = torch.cat([free, shown], dim=1).reshape(b, n_points, -1)
        colour = points[:, :, COLOUR]
        return torch.cat([features, colour], dim=2), x2.reshape(b, sizes[1], -1), pooled


class Decoder(nn.Module):
    """One question about one cloud: features and tokens to logits."""

    def __init__(self) -> None:
        super().__init__()
        self.text = Text()
        k, f = CONTEXT_WIDTH, FEATURE_WIDTH
        self.film_near = nn.Linear(TEXT_WIDTH, 2 * f)
        self.film_far = nn.Linear(TEXT_WIDTH, 2 * k)
        self.query = nn.Linear(TEXT_WIDTH, f)
        self.wanted = nn.Linear(TEXT_WIDTH, N_PARTS)
        self.trust = nn.Parameter(torch.tensor(3.0))
        self.far = nn.Linear(WIDTHS[2] + 3 + 2, k)
        # Which of several things is meant shows only where all of them are held side by side.
        self.attend = Attention(k)
        self.mix = nn.Sequential(Dense(k, k), nn.Linear(k, k))
        self.gate = nn.Linear(k, f)
        self.fine = Dense(f, f)
        self.heat = nn.Linear(f, 1)
        self.whole = nn.Sequential(
            nn.Linear(2 * k + WIDTHS[3] + TEXT_WIDTH + 2, 64),
            nn.ReLU(inplace=True),
            nn.Linear(64, 2),
        )
        # A region covers few points: the net begins with that knowledge.
        nn.init.constant_(self.heat.bias, -2.5)

    def forward(
        self,
        features: Tensor,
        coarse: Tensor,
        pooled: Tensor,
        nearest: Tensor,
        weights: Tensor,
        tokens: Tensor,
    ) -> Answer:
        """Return the logits of heat at the points, of presence and feasibility.

        Each cloud is asked as many questions, one cloud's after the other's.
        """
        k, n = tokens.shape[0] // features.shape[0], int(features.shape[1])
        first_size, n_coarse, _ = levels_of(n)
        text = self.text(tokens)
        free, shown, colour = torch.split(features, [FEATURE_WIDTH, N_PARTS, 3], dim=2)
        meant = weighed(shown, torch.sigmoid(self.wanted(text)), k)
        direct = weighed(free, self.query(text), k) / FEATURE_WIDTH**0.5
        far = self._thought_over(
            asked(torch.cat([coarse, colour[:, :n_coarse]], 2), k),
            text,
            torch.stack([meant, direct], dim=2)[:, :n_coarse],
        )
        scale, shift = self.film_near(text).chunk(2, dim=1)
        rows = slice(n + first_size + n_coarse, None)
        who = flat(asked(nearest[:, rows], k), n_coarse)
        shares = asked(weights[:, rows], k).reshape(-1, N_NEAREST)
        gate = interpolated(self.gate(far).reshape(-1, FEATURE_WIDTH), who, shares)
        near = asked(free, k) * (1.0 + scale.unsqueeze(1)) + shift.unsqueeze(1)
        near = functional.relu(near + gate.reshape(near.shape)).reshape(-1, FEATURE_WIDTH)
        said = self.heat(self.fine(near)).reshape(meant.shape)
        heat = said + direct + self.trust * (2.0 * meant - 1.0)
        peak = torch.stack([heat.amax(dim=1), heat.mean(dim=1)], dim=1)
        seen = [far.mean(dim=1), far.amax(dim=1), asked(pooled, k), text, peak]
        whole = self.whole(torch.cat(seen, dim=1))
        return Answer(heat, whole[:, 0], whole[:, 1])

    def _thought_over(self, coarse: Tensor, text: Tensor, said: Tensor) -> Tensor:
        """Return coarse points' features (q, 128, 64) with the question in them."""
        scale, shift = self.film_far(text).unsqueeze(1).chunk(2, dim=2)
        far = self.far(torch.cat([coarse, said], dim=2))
        far = functional.relu(far * (1.0 + scale) + shift)
        far = far + self.attend(far)
        q, m, width = far.shape
        return far + self.mix(far.reshape(-1, width)).reshape(q, m, width)

    def parts_meant(self, tokens: Tensor) -> Tensor:
        """Return the logits (q, 29) that questions mean each of ``PARTS``."""
        return self.wanted(self.text(tokens))


class Attention(nn.Module):
    """Every point of a question looks at every other (Vaswani 2017), after a layer norm."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.mixed = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return (q, n, width) from the same."""
        q, n, width = x.shape
        mixed = self.mixed(self.norm(x)).reshape(q, n, 3, N_HEADS, width // N_HEADS)
        query, key, value = mixed.permute(2, 0, 3, 1, 4).unbind(0)
        share = torch.softmax(query @ key.transpose(2, 3) / (width // N_HEADS) ** 0.5, dim=3)
        return self.out((share @ value).transpose(1, 2).reshape(q, n, width))


class Net(nn.Module):
    """Encoder and decoder together."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.decoder = Decoder()


def asked(x: Tensor, k: int) -> Tensor:
    """Return each cloud's entry k times, for the questions asked of it."""
    return x.repeat_interleave(k, dim=0)


def weighed(x: Tensor, weights: Tensor, k: int) -> Tensor:
    """Return values (b k, n) that weigh the channels of each cloud (b, n, c) k times."""
    own = weights.reshape(-1, k, x.shape[2])
    return torch.bmm(own, x.transpose(1, 2)).reshape(-1, x.shape[1])


def flat(index: Tensor, n: int) -> Tensor:
    """Return indices (b, ...) into clouds of n points as indices into all rows, flat."""
    base = torch.arange(index.shape[0]).reshape(-1, 1, 1) * n
    return (index + base).reshape(-1)


def gathered(x: Tensor, index: Tensor) -> Tensor:
    """Return rows of x."""
    return x.index_select(0, index)


def interpolated(x: Tensor, nearest: Tensor, weights: Tensor) -> Tensor:
    """Return rows (n, c) that are weighted means of three rows of x each."""
    three = gathered(x, nearest).reshape(-1, N_NEAREST, x.shape[1])
    return (three * weights.unsqueeze(2)).sum(dim=1)


def first(x: Tensor, b: int, n: int, m: int) -> Tensor:
    """Return the first m of the n rows of each cloud."""
    return x.reshape(b, n, -1)[:, :m].reshape(b * m, -1)
