"""Predictions made of the truth alone: the bound, and trivial answers to hold a row against."""

from __future__ import annotations

from typing import Any

import numpy as np

from ivlm_bench.metrics.arrays import WHITE
from ivlm_bench.metrics.profile import Control

#: Value of the constant prediction: what a reasoner without an opinion states.
CONSTANT = 0.5

#: Deviation of the centred Gaussian as a share of each side: the picture ends at two deviations.
CENTRE_SHARE = 0.25


def oracle(truth: Any, rng: np.random.Generator) -> np.ndarray:
    """Return the truth as prediction, 8-bit images as values in [0, 1].

    Examples
    --------
    >>> oracle(np.array([[0, 255]], dtype=np.uint8), np.random.default_rng(0))
    array([[0., 1.]])
    """
    truth = np.asarray(truth)
    if truth.dtype.kind in "iu":
        return truth / WHITE
    return truth.copy() if truth.dtype.kind == "f" else truth.astype(np.float64)


def same(truth: Any, rng: np.random.Generator) -> Any:
    """Return the truth itself, whatever it is."""
    return truth


def everywhere(truth: Any, rng: np.random.Generator) -> np.ndarray:
    """Return 1 everywhere.

    Examples
    --------
    >>> everywhere([0, 1], np.random.default_rng(0))
    array([1., 1.])
    """
    return np.ones(np.shape(truth))


def constant(truth: Any, rng: np.random.Generator) -> np.ndarray:
    """Return 0.5 everywhere.

    Examples
    --------
    >>> constant(np.zeros(2), np.random.default_rng(0))
    array([0.5, 0.5])
    """
    return np.full(np.shape(truth), CONSTANT)


def centre(truth: Any, rng: np.random.Generator) -> np.ndarray:
    """Return a Gaussian of height 1 about the centre of a picture (h, w).

    Its deviation is a quarter of each side. Arrays of another rank have no centre: 0.5.

    Examples
    --------
    >>> int(centre(np.zeros((3, 3)), np.random.default_rng(0)).argmax())
    4
    """
    shape = np.shape(truth)
    if len(shape) != 2:
        return constant(truth, rng)
    y, x = (_bell(n_cells) for n_cells in shape)
    return y[:, None] * x


def _bell(n_cells: int) -> np.ndarray:
    places = (np.arange(n_cells) + 0.5) / n_cells - 0.5
    return np.exp(-0.5 * (places / CENTRE_SHARE) ** 2)


def random(truth: Any, rng: np.random.Generator) -> np.ndarray:
    """Return independent values, uniform in [0, 1).

    Examples
    --------
    >>> random(np.zeros(2), np.random.default_rng(0)).shape
    (2,)
    """
    return rng.random(np.shape(truth))


#: Controls of profiles that score one value a point.
OF_VALUES: dict[str, Control] = {"oracle": oracle, "constant": constant, "random": random}

#: Controls of profiles that score which cells are in a region.
OF_REGIONS: dict[str, Control] = {"oracle": same, "constant": everywhere, "random": random}

#: Controls of profiles that score heat maps.
OF_HEATMAPS: dict[str, Control] = {
    "oracle": oracle,
    "constant": constant,
    "centre": centre,
    "random": random,
}
