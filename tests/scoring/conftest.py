"""A miniature of AGD20K with predictions beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ivlm_bench.datasets import DATASETS
from ivlm_bench.testing.miniatures import make_miniature


@pytest.fixture(scope="session")
def agd20k(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_miniature("agd20k", tmp_path_factory.mktemp("agd20k"), seed=5)


@pytest.fixture
def heat_maps(agd20k: Path, tmp_path: Path) -> Path:
    """Return a folder of gray PNGs: each truth with noise."""
    rng = np.random.default_rng(6)
    for item in DATASETS.get("agd20k").read(agd20k, "seen"):
        truth = np.asarray(item.truth(), dtype=np.float64) / 255.0
        noisy = 0.6 * truth + 0.4 * rng.random(truth.shape)
        path = tmp_path / "maps" / f"{item.id}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.round(255 * noisy).astype(np.uint8)).save(path)
    return tmp_path / "maps"
