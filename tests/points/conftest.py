"""A world of boxes with a bar each, drawn by closed-form rays, as a folder of labelled pictures."""

from __future__ import annotations

import json
import os
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ivlm_bench.learning.files import ORDER, VERSION
from ivlm_bench.testing.analytic import Block, table_observation
from ivlm_bench.types import Query
from ivlm_policies.ivlm_points.weights import TEMPERATURES

SIZE_PX, N_SCENES = 96, 8
#: Hues that the parts are told by: red the box, blue its bar.
BOX_RGB, BAR_RGB = (200, 0, 0), (0, 0, 200)


def needed(name: str) -> Any:
    """Import a package; where the environment says that it must be there, never skip."""
    if os.environ.get("IVLM_BENCH_TEST_EXTRAS"):
        return import_module(name)
    return pytest.importorskip(name, reason="training needs the extra train")


@pytest.fixture(scope="session")
def torch() -> Any:
    """Return torch, set to one thread; the test is skipped where training's extra is missing."""
    needed("onnx")
    found = needed("torch")
    found.set_num_threads(1)
    return found


@pytest.fixture(scope="session")
def weights_folder(torch: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of weights that nobody trained."""
    torch.manual_seed(2)
    net = import_module("ivlm_policies.ivlm_points._net").Net()
    folder = tmp_path_factory.mktemp("weights") / "random"
    export = import_module("ivlm_policies.ivlm_points.training._export").export
    export(net, folder, temperatures=dict.fromkeys(TEMPERATURES, 1.0), facts={})
    return folder


@pytest.fixture(scope="session")
def pictures_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of pictures of boxes and pots with a bar each."""
    folder = tmp_path_factory.mktemp("toy")
    rng = np.random.default_rng(3)
    drawn = [_scene(rng) for _ in range(N_SCENES)]
    for name in drawn[0]:
        np.save(folder / f"{name}.npy", np.stack([scene[name] for scene in drawn]))
    categories = ["crate" if scene % 2 else "mug" for scene in range(N_SCENES)]
    lines = [{"source": "toy", "task": "toy", "surfaces": _surfaces(c)} for c in categories]
    (folder / "scenes.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    asked = [q for scene, c in enumerate(categories) for q in _questions(scene, c)]
    (folder / "questions.jsonl").write_text("".join(json.dumps(q) + "\n" for q in asked))
    (folder / ORDER).write_text(json.dumps({"version": VERSION}))
    return folder


def _scene(rng: np.random.Generator) -> dict[str, np.ndarray]:
    x, y = rng.uniform(-0.05, 0.05, 2)
    box = Block((x, y, 0.05), (0.08, 0.06, 0.1), rgb=BOX_RGB)
    bar = Block((x + 0.055, y, 0.05), (0.03, 0.02, 0.06), rgb=BAR_RGB)
    shown = table_observation((box, bar), Query("find", "box", None, "Find it."), size_px=SIZE_PX)
    rgb = np.stack([view.rgb for view in shown.views])
    red, _, blue = (rgb[..., k].astype(int) for k in range(3))
    surface = np.where(red - blue > 40, 1, np.where(blue - red > 40, 2, 0)).astype(np.int16)
    depth = np.stack([np.rint(1e4 * np.asarray(view.depth_m)) for view in shown.views])
    cameras = [
        np.column_stack([c.world_from_camera.rotation, c.world_from_camera.position_m])
        for c in (view.camera for view in shown.views)
    ]
    known = [view.camera.intrinsics_px for view in shown.views]
    return {
        "rgb": rgb,
        "depth": depth.astype(np.uint16),
        "surface": surface,
        "cameras": np.stack([np.column_stack(pair) for pair in zip(cameras, known, strict=True)]),
        "maps": np.where(surface == 2, 255, 0).astype(np.uint8),
    }


def _surfaces(category: str) -> list[dict[str, str]]:
    return [
        {"placement": "table", "part": "board", "category": "table", "role": "support"},
        {"placement": "thing", "part": "body", "category": category, "role": "target"},
        {"placement": "thing", "part": "handle", "category": category, "role": "target"},
    ]


def _questions(scene: int, noun: str) -> list[dict[str, object]]:
    common: dict[str, object] = {"scene": scene, "noun": noun, "target_surfaces": [1, 2]}
    common |= {"present": True, "text": f"Take the {noun}.", "feasible": scene % 3 != 0}
    grasp: dict[str, object] = {"interaction": "grasp", "surfaces": [2]}
    return [
        common | grasp | {"kind": "task", "map": scene},
        common | {"kind": "object", "interaction": "find", "surfaces": [1, 2]},
        common | grasp | {"kind": "part", "part": "handle"},
        common | grasp | {"kind": "absent", "part": "blade", "present": False, "surfaces": []},
    ]
