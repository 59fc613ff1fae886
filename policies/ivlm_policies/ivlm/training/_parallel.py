"""A step's gradients from several threads, each with its share of the batch."""

from __future__ import annotations

import copy
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat

import torch
from torch import Tensor

from ivlm_policies.ivlm.training._net import Net
from ivlm_policies.ivlm.training.samples import Batch

Losses = Callable[[Net, Batch], dict[str, Tensor]]


class Shares:
    """Nets with the same parameters, one a thread.

    Small pictures leave little for two threads to share within one operation: two whole halves of
    a batch take half the time. Batch norm sees a share's own pictures; the means that inference
    uses are those of the first share. The same number of threads gives the same gradients.
    """

    def __init__(self, net: Net, n_threads: int) -> None:
        torch.set_num_threads(1)
        self._nets = [net, *(_twin(net) for _ in range(n_threads - 1))]
        self._pool = ThreadPoolExecutor(n_threads, initializer=torch.set_num_threads, initargs=(1,))

    def gradients(self, batch: Batch, losses: Losses) -> dict[str, float]:
        """Leave a batch's gradients in the first net; return its losses, means over the shares."""
        for net in self._nets:
            net.train()
            net.zero_grad(set_to_none=True)
        parts = batch.split(len(self._nets))
        found = list(self._pool.map(_one, self._nets, parts, repeat(losses)))
        for twins in zip(*(net.parameters() for net in self._nets), strict=True):
            grads = [twin.grad for twin in twins if twin.grad is not None]
            if grads:
                twins[0].grad = torch.stack(grads).sum(dim=0) / len(parts)
        return {name: sum(one[name] for one in found) / len(found) for name in found[0]}


def _twin(net: Net) -> Net:
    """Return a net whose parameters are those of another, with gradients of its own."""
    twin = copy.deepcopy(net)
    for mine, other in zip(twin.parameters(), net.parameters(), strict=True):
        mine.data = other.data
    return twin


def _one(net: Net, batch: Batch, losses: Losses) -> dict[str, float]:
    found = losses(net, batch)
    torch.stack(list(found.values())).sum().backward()  # type: ignore[no-untyped-call]
    return {name: float(value.detach()) for name, value in found.items()}
