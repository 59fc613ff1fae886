"""The optimiser Muon for matrices and filters: momentum, made orthogonal."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

#: Memory of the momentum, and steps of the iteration.
MOMENTUM, N_ITERATIONS = 0.95, 5
#: Coefficients of the iteration (Jordan 2024): they bring singular values near 1 fast, if roughly.
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
#: Root mean square of a change over the rate, about that of AdamW (Liu 2025).
RMS = 0.2


class Muon:
    """Changes each matrix along its orthogonalised momentum (Jordan 2024, Liu 2025).

    A filter (out, in, k, k) counts as the matrix (out, in k k). The rate is that of AdamW.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], *, weight_decay: float) -> None:
        self._parameters = list(parameters)
        self._momenta = [torch.zeros_like(one) for one in self._parameters]
        self._weight_decay = weight_decay

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Change the parameters by their gradients."""
        for parameter, momentum in zip(self._parameters, self._momenta, strict=True):
            if parameter.grad is None:
                continue
            momentum.lerp_(parameter.grad, 1.0 - MOMENTUM)
            ahead = parameter.grad.lerp(momentum, MOMENTUM)
            rows, columns = len(ahead), ahead[0].numel()
            way = orthogonal(ahead.reshape(rows, columns)).reshape(parameter.shape)
            parameter.mul_(1.0 - rate * self._weight_decay)
            parameter.add_(way, alpha=-rate * RMS * max(rows, columns) ** 0.5)

    def state(self) -> list[Tensor]:
        """Return what is needed to go on exactly."""
        return self._momenta

    def load(self, state: list[Tensor]) -> None:
        """Go on from what ``state`` returned."""
        for mine, other in zip(self._momenta, state, strict=True):
            mine.copy_(other)


def orthogonal(matrix: Tensor) -> Tensor:
    """Return nearly the orthogonal factor of a matrix's polar decomposition, by Newton and Schulz.

    Singular values come out between about 0.7 and 1.2.
    """
    a, b, c = COEFFICIENTS
    x = matrix / (matrix.norm() + 1e-7)
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    for _ in range(N_ITERATIONS):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x.T if tall else x


def sorted_parameters(
    net: nn.Module, at_the_ends: tuple[str, ...]
) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Return the matrices and filters within a net, and all its other parameters.

    What reads pictures and words, and what gives the answers, is no map between features: names
    that begin with ``at_the_ends`` are among the others.
    """
    matrices: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for name, parameter in net.named_parameters():
        inner = parameter.ndim >= 2 and not name.startswith(at_the_ends)
        (matrices if inner else others).append(parameter)
    return matrices, others
