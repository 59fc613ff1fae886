"""Registers the trainer of ``ivlm-points``; torch is imported when it is called."""

from __future__ import annotations

from typing import Any

from ivlm_bench.errors import MissingDependencyError
from ivlm_bench.learning.trainers import TRAINERS, Progress, Training
from ivlm_policies.ivlm_points.training.recipe import recipe


class PointsTrainer:
    """Trains the network of ``ivlm-points``."""

    def __call__(self, order: Training, progress: Progress, /) -> dict[str, Any]:
        """Write weights and report into ``order.out`` and return the figures.

        Raises ``MissingDependencyError`` where torch or onnx is missing.
        """
        need_torch()
        from ivlm_policies.ivlm_points.training import _run

        return _run.run(order, progress)

    def n_scenes(self, preset: str, /) -> int:
        """Return how many scenes a preset wants to learn from."""
        return recipe(preset).n_scenes


def need_torch() -> None:
    """Raise ``MissingDependencyError`` where a package of training is missing."""
    try:
        import onnx  # noqa: F401
        import torch  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError(
            f"Training needs the package {error.name!r}: pip install torch onnx."
        ) from error


TRAINERS.register("ivlm-points", PointsTrainer())
