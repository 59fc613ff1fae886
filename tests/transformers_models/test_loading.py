"""A model comes from a folder, or from the hub; where it does not, one sentence says what to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module, util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from ivlm_bench.errors import AssetError, IvlmBenchError, MissingDependencyError

Tiny = Callable[[str], str]
PICTURE = np.arange(64 * 64 * 3, dtype=np.uint32).reshape(64, 64, 3).astype(np.uint8)


def loading() -> Any:
    return import_module("ivlm_policies.transformers_models._loading")


def hub_module() -> Any:
    spec = util.spec_from_file_location("hub", Path(__file__).with_name("hub.py"))
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


FOUND = """
import sys, numpy as np
from ivlm_policies.transformers_models._clipseg import ClipSegFinder
picture = np.arange(64 * 64 * 3, dtype=np.uint32).reshape(64, 64, 3).astype(np.uint8)
print(ClipSegFinder(sys.argv[1]).find(picture, ["handle"]).maps.sum())
"""


def told(where: str, env: dict[str, str], code: str = FOUND) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, where], env=env, capture_output=True, text=True, check=False
    )


@pytest.mark.slow  # three processes that import torch
def test_a_model_of_the_hub_is_fetched_once_and_answers_as_its_folder(
    tiny: Tiny, tmp_path: Path
) -> None:
    folder, module = tiny("clipseg"), hub_module()
    env = {k: v for k, v in os.environ.items() if k != "HF_HUB_OFFLINE"}
    env |= {"HF_HOME": str(tmp_path), "HF_HUB_DISABLE_XET": "1"}
    with module.hub(Path(folder)) as (address, asked):
        fetched = told(module.MODEL, env | {"HF_ENDPOINT": address})
        assert fetched.returncode == 0, fetched.stderr
        assert any(path.endswith("model.safetensors") for path in asked)
        other = told("owner/tinny", env | {"HF_ENDPOINT": address})
    assert "There is neither a folder nor a model owner/tinny on the hub" in other.stderr
    kept = told(module.MODEL, env | {"HF_HUB_OFFLINE": "1"})
    maps = import_module("ivlm_policies.transformers_models._clipseg").ClipSegFinder(folder)
    by_folder = str(maps.find(PICTURE, ["handle"]).maps.sum())
    assert fetched.stdout.strip() == kept.stdout.strip() == by_folder


def test_a_folder_with_a_typo_is_told_with_the_near_one(tiny: Tiny) -> None:
    folder = tiny("clipseg")
    with pytest.raises(AssetError) as told:
        loading().model("CLIPSegForImageSegmentation", folder[:-1])
    assert str(told.value) == f"There is no folder {folder[:-1]}. Did you mean {folder}?"


def test_an_id_that_was_never_fetched_says_that_the_hub_is_out_of_reach() -> None:
    with pytest.raises(AssetError, match=r"no folder here and not in the hub's cache.*go online"):
        loading().model("CLIPSegForImageSegmentation", "nobody/nothing")


def test_a_file_is_no_folder(tiny: Tiny) -> None:
    with pytest.raises(AssetError, match=r"is a file; give the folder that config\.json lies in"):
        loading().model("CLIPSegForImageSegmentation", tiny("clipseg") + "/config.json")


def copied(folder: str, to: Path, *, without: str = "") -> Path:
    to.mkdir()
    for file in Path(folder).iterdir():
        if file.name != without:
            (to / file.name).write_bytes(file.read_bytes())
    return to


@pytest.mark.parametrize("lost", ["model.safetensors", "config.json"])
def test_a_folder_without_weights_or_config_says_what_belongs_into_it(
    tiny: Tiny, tmp_path: Path, lost: str
) -> None:
    folder = copied(tiny("clipseg"), tmp_path / "part", without=lost)
    with pytest.raises(AssetError, match=r"part can't be read as CLIPSeg.*model\.safetensors and"):
        loading().model("CLIPSegForImageSegmentation", str(folder))


def test_a_part_of_the_weights_is_no_model(tiny: Tiny, tmp_path: Path) -> None:
    folder = copied(tiny("clipseg"), tmp_path / "part")
    weights = load_file(folder / "model.safetensors")
    first = sorted(weights)[0]
    del weights[first]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(AssetError, match=f"lack 1 tensors of CLIPSeg.*{first}") as told:
        loading().model("CLIPSegForImageSegmentation", str(folder))
    assert "copy the whole folder again" in str(told.value)


def test_a_cut_file_of_weights_is_told(tiny: Tiny, tmp_path: Path) -> None:
    folder = copied(tiny("clipseg"), tmp_path / "part")
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(content[: len(content) // 2])
    with pytest.raises(AssetError, match=r"part can't be read as CLIPSeg"):
        loading().model("CLIPSegForImageSegmentation", str(folder))


def test_a_processor_that_needs_torchvision_says_how_to_serve_the_model(
    tiny: Tiny, tmp_path: Path
) -> None:
    if util.find_spec("torchvision"):
        pytest.skip("torchvision is here")
    folder = copied(tiny("clipseg"), tmp_path / "other", without="processor_config.json")
    wants = {"image_processor_type": "Sam2ImageProcessor"}
    (folder / "preprocessor_config.json").write_text(json.dumps(wants))
    with pytest.raises(IvlmBenchError, match=r"needs torchvision,.*transformers serve") as told:
        loading().processor("AutoImageProcessor", str(folder))
    assert isinstance(told.value, MissingDependencyError)
