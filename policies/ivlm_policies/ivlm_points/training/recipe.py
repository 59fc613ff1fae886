"""How long and on what is trained: presets."""

from __future__ import annotations

from dataclasses import dataclass

from ivlm_bench.errors import UnknownNameError, did_you_mean


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that the result depends on, beside the pictures.

    ``n_scenes`` drawn; ``n_steps``, each with ``n_clouds`` windows and ``n_asked`` questions to
    each; the first ``coarse_share`` of them see ``n_coarse`` points, which cost half of the usual
    number. ``peak_rate``: learning rate after ``n_warm`` steps. ``held_back``: share of the scenes
    for validation. ``n_checked``: questions that the figures come from. ``n_threads``: of torch.
    """

    name: str
    n_steps: int
    n_scenes: int = 2000
    n_clouds: int = 12
    n_asked: int = 4
    coarse_share: float = 0.6
    n_coarse: int = 1024
    peak_rate: float = 4e-3
    n_warm: int = 50
    held_back: float = 0.1
    n_checked: int = 400
    seed: int = 0
    n_threads: int = 1


#: ``small``: the shipped weights; ``transfer``: one group of families; ``smoke``: does everything
#: once, for tests.
PRESETS = {
    "small": Recipe("small", 500),
    "transfer": Recipe("transfer", 160, n_warm=20, held_back=0.2, n_checked=900),
    "smoke": Recipe(
        "smoke", 5, n_scenes=16, n_clouds=3, n_asked=2, n_warm=2, held_back=0.25, n_checked=8
    ),
}


def recipe(name: str) -> Recipe:
    """Return the preset called ``name``; ``UnknownNameError`` with near names otherwise."""
    if name not in PRESETS:
        raise UnknownNameError(f"No preset is called {name!r}.{did_you_mean(name, list(PRESETS))}")
    return PRESETS[name]
