"""The steps of a training in torch."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ivlm_policies.ivlm.training._muon import Muon, sorted_parameters
from ivlm_policies.ivlm_points._net import N_PARTS, Net
from ivlm_policies.ivlm_points.grouping import N_POINTS
from ivlm_policies.ivlm_points.training.recipe import Recipe
from ivlm_policies.ivlm_points.training.samples import Batch, CloudSampler

#: Weights of the losses: binary cross entropy of heat (a mean over points, most of them empty),
#: overlap, presence, feasibility, the points' parts, and the parts that words mean.
HEAT_WEIGHT, DICE_WEIGHT, PRESENCE_WEIGHT, FEASIBLE_WEIGHT = 4.0, 1.0, 0.5, 0.3
PARTS_WEIGHT, MEANT_WEIGHT = 0.7, 2.0
#: A part that makes up less of a region is not meant.
LEAST_SHARE = 0.1
WEIGHT_DECAY, LARGEST_GRADIENT = 0.02, 2.0
#: The weights that are kept are a running mean of those trained; its greatest memory.
MEMORY = 0.99
#: Share of the peak rate that the last step has.
LAST_SHARE = 0.02
#: Parameters that meet points, words or answers: those are changed by AdamW.
AT_THE_ENDS = (
    *("encoder.stem.0", "encoder.parts", "decoder.text.table"),
    *("decoder.heat", "decoder.whole"),
)
#: Steps between two writings of the losses, and their file.
KEEP_EVERY, CURVE_FILE = 25, "losses.json"


def trained(
    recipe: Recipe, sampler: CloudSampler, out: Path, step: Callable[[], None]
) -> tuple[Net, list[dict[str, float]]]:
    """Return the net after all steps, a running mean, and the losses of each step.

    The losses so far are written into ``out`` now and then.
    """
    torch.manual_seed(recipe.seed)
    torch.set_num_threads(recipe.n_threads)
    net = Net()
    mean, curve = copy.deepcopy(net).eval(), list[dict[str, float]]()
    inner, others = sorted_parameters(net, AT_THE_ENDS)
    muon = Muon(inner, weight_decay=WEIGHT_DECAY)
    adam = torch.optim.AdamW(others, lr=recipe.peak_rate, weight_decay=WEIGHT_DECAY)
    with ThreadPoolExecutor(1) as ahead:
        coming = ahead.submit(_draw, recipe, sampler, 0)
        for number in range(recipe.n_steps):
            batch = coming.result()
            coming = ahead.submit(_draw, recipe, sampler, number + 1)
            rate = learning_rate(recipe, number)
            for group in adam.param_groups:
                group["lr"] = rate
            curve.append(_gradients(net, batch))
            torch.nn.utils.clip_grad_norm_(net.parameters(), LARGEST_GRADIENT)
            adam.step()
            muon.step(rate)
            _remember(mean, net, min(MEMORY, (1.0 + number) / (10.0 + number)))
            step()
            if len(curve) % KEEP_EVERY == 0 or len(curve) == recipe.n_steps:
                (out / CURVE_FILE).write_text(json.dumps(curve))
    return mean, curve


def _draw(recipe: Recipe, sampler: CloudSampler, number: int) -> Batch:
    rng = np.random.default_rng([recipe.seed, 37, number])
    coarse = number < recipe.coarse_share * recipe.n_steps
    n_points = recipe.n_coarse if coarse else N_POINTS
    return sampler.draw(rng, n_clouds=recipe.n_clouds, n_asked=recipe.n_asked, n_points=n_points)


def learning_rate(recipe: Recipe, number: int) -> float:
    """Return the rate of a step: a ramp, then half a cosine to a fiftieth of the peak."""
    if number < recipe.n_warm:
        return recipe.peak_rate * (number + 1) / recipe.n_warm
    done = (number - recipe.n_warm) / max(recipe.n_steps - recipe.n_warm, 1)
    fall = 0.5 * (1.0 + np.cos(np.pi * min(done, 1.0)))
    return recipe.peak_rate * float(LAST_SHARE + (1.0 - LAST_SHARE) * fall)


@torch.no_grad()
def _remember(mean: Net, net: Net, memory: float) -> None:
    """Let the running mean follow."""
    pairs = zip(mean.state_dict().values(), net.state_dict().values(), strict=True)
    for mine, other in pairs:
        if mine.dtype.is_floating_point:
            mine.lerp_(other, 1.0 - memory)
        else:
            mine.copy_(other)


def has_fast_bfloat16() -> bool:
    """Tell whether this processor multiplies half as long numbers twice as fast."""
    supported = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(supported is not None and supported())


def _gradients(net: Net, batch: Batch) -> dict[str, float]:
    """Set the gradients of a batch's losses; return the losses."""
    net.zero_grad(set_to_none=True)
    found = losses(net, batch)
    torch.stack(list(found.values())).sum().backward()  # type: ignore[no-untyped-call]
    return {name: float(value.detach()) for name, value in found.items()}


def losses(net: Net, batch: Batch) -> dict[str, Tensor]:
    """Return the weighted losses of a batch by name."""
    read = [torch.from_numpy(part) for part in (batch.points, batch.members, batch.offsets)]
    shares = [torch.from_numpy(part) for part in (batch.nearest, batch.weights)]
    tokens = torch.from_numpy(batch.tokens)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=has_fast_bfloat16()):
        features, coarse, pooled = net.encoder(*read, *shares)
        said = net.decoder(features, coarse, pooled, *shares, tokens)
    heat, presence, feasible = (
        torch.from_numpy(part) for part in (batch.heat, batch.presence, batch.feasible)
    )
    parts = torch.from_numpy(batch.parts)
    shown = features[:, :, -N_PARTS - 3 : -3].float().clamp(min=1e-6).log()
    told = functional.nll_loss(shown.reshape(-1, N_PARTS), parts.reshape(-1), ignore_index=-1)
    logits = said.heat.float()
    return {
        "heat": HEAT_WEIGHT * functional.binary_cross_entropy_with_logits(logits, heat),
        "overlap": DICE_WEIGHT * _dice(logits, heat),
        "presence": PRESENCE_WEIGHT * _known(said.presence.float(), presence),
        "feasible": FEASIBLE_WEIGHT * _known(said.feasible.float(), feasible),
        "parts": PARTS_WEIGHT * torch.nan_to_num(told),
        "meant": MEANT_WEIGHT * _meant(net, tokens, heat, parts),
    }


def _dice(logits: Tensor, heat: Tensor) -> Tensor:
    """Return one less the soft overlap (Milletari 2016), over the questions with a region."""
    prob = torch.sigmoid(logits)
    loss = 1.0 - (2.0 * (prob * heat).sum(dim=1) + 1.0) / (prob.sum(dim=1) + heat.sum(dim=1) + 1.0)
    some = (heat.amax(dim=1) > 0.5).to(loss.dtype)
    return (loss * some).sum() / some.sum().clamp(min=1.0)


def _known(logits: Tensor, truth: Tensor) -> Tensor:
    """Return the binary cross entropy where the truth is known (not NaN)."""
    known = torch.isfinite(truth)
    loss = functional.binary_cross_entropy_with_logits(
        logits, torch.where(known, truth, 0.0), reduction="none"
    )
    return (loss * known).sum() / known.sum().clamp(min=1)


def _meant(net: Net, tokens: Tensor, heat: Tensor, parts: Tensor) -> Tensor:
    """Return how badly words tell the parts that they mean: those the region consists of."""
    of_question = parts.repeat_interleave(len(heat) // len(parts), dim=0)
    inside = (heat >= 0.5) & (of_question >= 0)
    row = torch.arange(len(heat)).unsqueeze(1).expand_as(inside)
    cells = (row * N_PARTS + of_question)[inside]
    count = torch.bincount(cells, minlength=len(heat) * N_PARTS).reshape(-1, N_PARTS)
    share = count / count.sum(dim=1, keepdim=True).clamp(min=1.0)
    loss = functional.binary_cross_entropy_with_logits(
        net.decoder.parts_meant(tokens), (share > LEAST_SHARE).to(heat.dtype), reduction="none"
    )
    known = count.sum(dim=1) > 0
    return (loss.mean(dim=1) * known).sum() / known.sum().clamp(min=1)
