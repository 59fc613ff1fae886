"""How long and on what is trained: presets."""

from __future__ import annotations

from dataclasses import dataclass

from ivlm_bench.errors import UnknownNameError, did_you_mean


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that the result depends on, beside the pictures.

    ``n_scenes`` drawn; ``n_steps`` of stage 1, each with ``n_images`` windows and ``n_asked``
    questions to each; ``peak_rate``: learning rate after ``n_warm`` steps; ``n_fusion_steps`` of
    stage 2 on clouds of ``n_fusion_scenes`` scenes, ``label_share`` of them with 3D labels;
    The first ``small_share`` of the steps see windows of ``small_px``, which cost less than half.
    ``held_back``: share of the scenes for validation. ``n_checked``: questions that the figures
    come from. ``encoder``: our own, or a frozen one, as ``ivlm.encoding.choice`` reads it.
    """

    name: str
    n_steps: int
    n_scenes: int = 2000
    n_images: int = 16
    n_asked: int = 3
    peak_rate: float = 3e-3
    n_warm: int = 100
    small_share: float = 0.6
    small_px: int = 80
    n_fusion_steps: int = 600
    n_fusion_scenes: int = 160
    label_share: float = 1.0
    held_back: float = 0.1
    n_checked: int = 400
    seed: int = 0
    n_threads: int = 2
    encoder: str = "small"


#: ``small``: the shipped weights; ``smoke``: does everything once, for tests.
PRESETS = {
    "small": Recipe("small", 3600),
    "smoke": Recipe(
        "smoke",
        30,
        n_scenes=16,
        n_images=6,
        n_asked=2,
        n_warm=5,
        n_fusion_steps=30,
        n_fusion_scenes=4,
        held_back=0.25,
        n_checked=12,
        n_threads=1,
    ),
}


def recipe(name: str) -> Recipe:
    """Return the preset called ``name``; ``UnknownNameError`` with near names otherwise."""
    if name not in PRESETS:
        raise UnknownNameError(f"No preset is called {name!r}.{did_you_mean(name, list(PRESETS))}")
    return PRESETS[name]
