"""Stage 1 in torch: from pictures and sentences to regions."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ivlm_bench.errors import StoreError
from ivlm_policies.ivlm.encoding._build import net_with
from ivlm_policies.ivlm.grounding.channels import INPUT_PX
from ivlm_policies.ivlm.training._muon import Muon, sorted_parameters
from ivlm_policies.ivlm.training._net import N_PARTS, Answer, Net
from ivlm_policies.ivlm.training._parallel import Shares
from ivlm_policies.ivlm.training.recipe import Recipe
from ivlm_policies.ivlm.training.samples import PARTS, Batch, Sampler

#: Weight of the loss that brings pictures and their questions together.
CONTRAST_WEIGHT = 0.3
#: Weights of the other losses: binary cross entropy of heat (a mean over pixels, most of them
#: empty), overlap, presence, feasibility.
HEAT_WEIGHT, DICE_WEIGHT, PRESENCE_WEIGHT, FEASIBLE_WEIGHT = 5.0, 1.0, 0.5, 0.3
#: Weight of the loss that makes pixel features tell parts apart, and of background and table in it.
PARTS_WEIGHT, PLAIN_WEIGHT = 0.5, 0.2
#: Weight of parts that are thin and rare in it.
THIN, THIN_WEIGHT = ("bar", "pin", "strap", "tab", "knob", "lever"), 2.0
#: Weight of the loss that makes words tell which parts they mean; a part that makes up less of a
#: region is not meant.
MEANT_WEIGHT, LEAST_SHARE = 2.0, 0.1
WEIGHT_DECAY, LARGEST_GRADIENT = 0.02, 2.0
#: The shipped weights are a running mean of those trained; its greatest memory.
MEMORY = 0.995
#: Parameters that meet pictures, words or answers: those are changed by AdamW.
AT_THE_ENDS = ("encoder.stem.0", "decoder.text.table", "decoder.heat", "decoder.whole")
#: Steps between two files to go on from.
KEEP_EVERY = 200
STATE_FILE, CURVE_FILE = "stage1.pt", "stage1.json"


class Stage1:
    """The net, its optimiser and its running mean; one step depends on its number alone."""

    def __init__(self, recipe: Recipe, start: dict[str, Tensor] | None = None) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.net = net_with(recipe.encoder)
        self.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if start is not None:
            self.net.load_state_dict(start)
        self.mean = copy.deepcopy(self.net).eval()
        self._shares = Shares(self.net, recipe.n_threads)
        matrices, others = sorted_parameters(self.net, AT_THE_ENDS)
        self.muon = Muon(matrices, weight_decay=WEIGHT_DECAY)
        self.optimiser = torch.optim.AdamW(others, lr=recipe.peak_rate, weight_decay=WEIGHT_DECAY)
        self.n_done = 0
        self.curve: list[dict[str, float]] = []

    def run(self, sampler: Sampler, folder: Path, step: Callable[[], None]) -> Net:
        """Train to the recipe's end, keep what is needed to go on; return the running mean."""
        recipe = self.recipe
        with ThreadPoolExecutor(1) as ahead:
            coming = ahead.submit(self._draw, sampler, self.n_done)
            while self.n_done < recipe.n_steps:
                batch = coming.result()
                coming = ahead.submit(self._draw, sampler, self.n_done + 1)
                self.curve.append(self._step(batch))
                self.n_done += 1
                step()
                if self.n_done % KEEP_EVERY == 0 or self.n_done == recipe.n_steps:
                    self.save(folder)
        return self.mean

    def _draw(self, sampler: Sampler, number: int) -> Batch:
        rng = np.random.default_rng([self.recipe.seed, 13, number])
        recipe = self.recipe
        small = number < recipe.small_share * recipe.n_steps
        side_px = recipe.small_px if small else INPUT_PX
        return sampler.batch(rng, n_images=recipe.n_images, n_asked=recipe.n_asked, side_px=side_px)

    def _step(self, batch: Batch) -> dict[str, float]:
        rate = learning_rate(self.recipe, self.n_done)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        losses = self._shares.gradients(batch, stage1_losses)
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), LARGEST_GRADIENT)
        self.optimiser.step()
        self.muon.step(rate)
        self._remember()
        return losses

    @torch.no_grad()
    def _remember(self) -> None:
        """Let the running mean follow, fast at first."""
        memory = min(MEMORY, (1.0 + self.n_done) / (10.0 + self.n_done))
        pairs = zip(self.mean.state_dict().values(), self.net.state_dict().values(), strict=True)
        for mine, other in pairs:
            if mine.dtype.is_floating_point:
                mine.lerp_(other, 1.0 - memory)
            else:
                mine.copy_(other)

    def save(self, folder: Path) -> None:
        """Write all that is needed to go on exactly."""
        part = folder / f"{STATE_FILE}.part"
        state = {
            "net": self.net.state_dict(),
            "mean": self.mean.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "muon": self.muon.state(),
            "n_done": self.n_done,
        }
        torch.save(state, part)
        part.replace(folder / STATE_FILE)
        (folder / CURVE_FILE).write_text(json.dumps(self.curve))

    def resume(self, folder: Path) -> None:
        """Go on from what ``save`` wrote; ``StoreError`` where it is not readable."""
        try:
            state = torch.load(folder / STATE_FILE, weights_only=True)
            self.curve = json.loads((folder / CURVE_FILE).read_text())
        except (OSError, RuntimeError, ValueError, pickle.UnpicklingError) as error:
            raise StoreError(
                f"{folder / STATE_FILE} cannot be gone on from ({error}); train without --resume."
            ) from error
        self.net.load_state_dict(state["net"])
        self.mean.load_state_dict(state["mean"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.muon.load(state["muon"])
        self.n_done = int(state["n_done"])
        self.curve = self.curve[: self.n_done]


def has_fast_bfloat16() -> bool:
    """Tell whether this processor multiplies half as long numbers twice as fast.

    Training on one that does and on one that does not gives weights that differ a little.
    """
    supported = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(supported is not None and supported())


def learning_rate(recipe: Recipe, number: int) -> float:
    """Return the rate of a step: a ramp, then half a cosine to a fiftieth of the peak."""
    if number < recipe.n_warm:
        return recipe.peak_rate * (number + 1) / recipe.n_warm
    done = (number - recipe.n_warm) / max(recipe.n_steps - recipe.n_warm, 1)
    return recipe.peak_rate * float(0.02 + 0.98 * 0.5 * (1.0 + np.cos(np.pi * min(done, 1.0))))


def stage1_losses(net: Net, batch: Batch) -> dict[str, Tensor]:
    """Return the weighted losses of a batch by name."""
    image, tokens = torch.from_numpy(batch.images), torch.from_numpy(batch.tokens)
    image = image.contiguous(memory_format=torch.channels_last)
    which = torch.from_numpy(batch.which)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=has_fast_bfloat16()):
        features, pooled = net.encoder(image)
        said: Answer = net.decoder(features, pooled, tokens)
    said, pooled = Answer(*(part.float() for part in said)), pooled.float()
    shown = features[:, -N_PARTS - 3 : -3].float().clamp(min=1e-6).log()
    heat, presence, feasible = (
        torch.from_numpy(part) for part in (batch.heat, batch.presence, batch.feasible)
    )
    parts = torch.from_numpy(batch.parts)
    plain = torch.ones(shown.shape[1])
    plain[:2] = PLAIN_WEIGHT
    plain[[PARTS.index(name) for name in THIN]] = THIN_WEIGHT
    return {
        "heat": HEAT_WEIGHT * functional.binary_cross_entropy_with_logits(said.heat, heat),
        "overlap": DICE_WEIGHT * _dice(said.heat, heat),
        "presence": PRESENCE_WEIGHT * _known_bce(said.presence, presence),
        "feasible": FEASIBLE_WEIGHT * _known_bce(said.feasible, feasible),
        "parts": PARTS_WEIGHT * functional.nll_loss(shown, parts, plain),
        "meant": MEANT_WEIGHT * _meant(net, tokens, heat, parts[which]),
        "contrast": CONTRAST_WEIGHT * _contrast(net, pooled, tokens, which, presence),
    }


def _dice(logits: Tensor, heat: Tensor) -> Tensor:
    """Return one less the soft overlap (Milletari 2016), over the questions with a region."""
    prob = torch.sigmoid(logits)
    both = (prob * heat).sum(dim=(1, 2))
    loss = 1.0 - (2.0 * both + 1.0) / (prob.sum(dim=(1, 2)) + heat.sum(dim=(1, 2)) + 1.0)
    some = (heat.amax(dim=(1, 2)) > 0.5).to(loss.dtype)
    return (loss * some).sum() / some.sum().clamp(min=1.0)


def _meant(net: Net, tokens: Tensor, heat: Tensor, parts: Tensor) -> Tensor:
    """Return how badly words tell the parts that they mean: those the region consists of."""
    inside = functional.avg_pool2d(heat[:, None], 2).flatten(1) >= 0.5
    row = torch.arange(len(heat))[:, None].expand_as(inside)
    cells = (row * N_PARTS + parts.flatten(1))[inside]
    count = torch.bincount(cells, minlength=len(heat) * N_PARTS).reshape(-1, N_PARTS)
    share = count / count.sum(dim=1, keepdim=True).clamp(min=1.0)
    logits = net.decoder.parts_meant(tokens)
    loss = functional.binary_cross_entropy_with_logits(
        logits, (share > LEAST_SHARE).to(heat.dtype), reduction="none"
    )
    known = count.sum(dim=1) > 0
    return (loss.mean(dim=1) * known).sum() / known.sum().clamp(min=1)


def _known_bce(logits: Tensor, truth: Tensor) -> Tensor:
    """Return the binary cross entropy where the truth is known (not NaN)."""
    known = torch.isfinite(truth)
    loss = functional.binary_cross_entropy_with_logits(
        logits, torch.where(known, truth, 0.0), reduction="none"
    )
    return (loss * known).sum() / known.sum().clamp(min=1)


def _contrast(net: Net, pooled: Tensor, tokens: Tensor, which: Tensor, presence: Tensor) -> Tensor:
    """Return the sigmoid loss between pictures and questions (Zhai 2023, SigLIP).

    A question belongs to its own picture where what it asks for is there; other pictures of the
    batch with the very same question say nothing.
    """
    asked = functional.normalize(net.decoder.vectors(tokens), dim=1)
    shown = functional.normalize(pooled, dim=1)
    logits = net.temperature.exp() * asked @ shown.T + net.offset
    own = functional.one_hot(which, len(pooled)).to(logits.dtype)
    truth = own * torch.nan_to_num(presence, nan=0.0)[:, None]
    same = (tokens[:, None] == tokens[None]).all(dim=2).to(logits.dtype)
    alike = (same @ own > 0) & (own == 0)
    unknown = alike | ((own > 0) & torch.isnan(presence)[:, None])
    loss = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    return (loss * ~unknown).sum() / (~unknown).sum().clamp(min=1)
