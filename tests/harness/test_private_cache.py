"""A cache that one check has to itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ivlm_bench.harness.cache import cache_folder, private_cache
from ivlm_bench.harness.render import render
from ivlm_bench.records import EpisodeSpec
from ivlm_bench.registry import load_plugins
from ivlm_bench.tracks import Sensors


def test_a_private_cache_is_empty_at_first_and_gone_at_the_end(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("IVLM_BENCH_CACHE", str(tmp_path / "shared"))
    load_plugins()
    spec = EpisodeSpec(task="ivlm/PressButton-v0", seed=3)
    sensors = Sensors(track="rgb", size_px=32)
    with private_cache():
        folder = cache_folder()
        assert folder is not None
        assert not list(folder.iterdir())
        first, again = (
            render(spec, sensors, cached=True).observation.views[0].rgb for _ in range(2)
        )
        assert any(path.is_file() for path in folder.rglob("*"))
        np.testing.assert_array_equal(first, again)
    assert not folder.exists()
    assert cache_folder() == tmp_path / "shared"
    assert not (tmp_path / "shared").exists()
