"""CLIPSeg, detectors, SAM and depth: what the reasoners make of the models' own outputs."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from ivlm_bench.errors import AssetError, ConfigError, IvlmBenchError
from ivlm_bench.testing.analytic import Block, table_observation
from ivlm_bench.types import Query
from ivlm_policies.transformers_models import reasoner

torch = pytest.importorskip("torch")  # the conftest has failed already where it must be there
transformers = pytest.importorskip("transformers")
Image = pytest.importorskip("PIL.Image")
_detector = import_module("ivlm_policies.transformers_models._detector")
_clipseg = import_module("ivlm_policies.transformers_models._clipseg")
_depth = import_module("ivlm_policies.transformers_models._depth_model")

RGB = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)


def test_clipseg_is_the_models_own(tiny: Callable[[str], str]) -> None:
    folder = tiny("clipseg")
    found = _clipseg.ClipSegFinder(folder).find(RGB, ["mug", "handle of the mug"])
    model = transformers.CLIPSegForImageSegmentation.from_pretrained(folder).eval()
    shown = transformers.CLIPSegProcessor.from_pretrained(folder)
    given = shown(text=["mug"], images=Image.fromarray(RGB), return_tensors="pt")
    with torch.no_grad():
        logits = model(**given).logits.reshape(64, 64)
    corners = torch.sigmoid(logits[[0, 0, -1, -1], [0, -1, 0, -1]]).numpy()
    rows, columns = [0, 0, -1, -1], [0, -1, 0, -1]
    np.testing.assert_allclose(found.maps[0, rows, columns], corners, atol=1e-4)
    assert found.maps.shape == (2, 90, 120)


def test_boxes_cover_pixel_centres() -> None:
    """A box from 0 to 2 covers the pixels 0 and 1, whose centres lie at 0.5 and 1.5 of its axes."""
    [mask] = _detector.boxed(np.array([[0.0, 0.0, 2.0, 1.0]]), (2, 3))
    np.testing.assert_array_equal(mask, [[True, True, False], [False, False, False]])


@pytest.mark.parametrize("kind", ["owlv2", "grounding_dino"])
def test_boxes_are_the_models_own(kind: str, tiny: Callable[[str], str]) -> None:
    """The surest queries' boxes; OWLv2 sees the picture in the corner of a square."""
    finder = _detector.DetectorFinder(tiny(kind))
    boxes, scores = finder.boxes(RGB, "Mug")
    text = [["mug"]] if kind == "owlv2" else ["mug."]
    given = finder.processor(text=text, images=Image.fromarray(RGB), return_tensors="pt")
    with torch.no_grad():
        said = finder.model(**given)
    chance = said.logits[0].sigmoid().amax(dim=1).numpy()
    best = np.argsort(-chance)[:3]
    x, y, w, h = said.pred_boxes[0].numpy()[best].T
    corners = np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], axis=1)
    size = [120, 120, 120, 120] if kind == "owlv2" else [120, 90, 120, 90]
    np.testing.assert_allclose(scores, chance[best], rtol=1e-5)
    np.testing.assert_allclose(boxes, corners * size, atol=1e-2)


def test_outlines_take_the_place_of_boxes(tiny: Callable[[str], str]) -> None:
    finder = _detector.DetectorFinder(tiny("grounding_dino"), sam=tiny("sam"))
    found = finder.find(RGB, ["mug"])
    boxes, scores = finder.boxes(RGB, "mug")
    outlines = finder._sam(RGB, boxes)
    assert outlines.shape == (3, 90, 120)
    assert outlines.dtype == bool
    worth = np.where(outlines, scores[:, None, None], 0.0).max(axis=0)
    np.testing.assert_allclose(found.maps[0], worth)


def test_depth_is_the_models_own(tiny: Callable[[str], str], tmp_path: Path) -> None:
    model = _depth.DepthAnything(tiny("depth_anything"))
    said = model.see(RGB)
    given = model.processor(images=Image.fromarray(RGB), return_tensors="pt")
    with torch.no_grad():
        own = model.model(**given).predicted_depth[0].numpy()
    assert (said.shape, model.kind) == ((90, 120), "inverse")
    np.testing.assert_allclose([said[0, 0], said[-1, -1]], [own[0, 0], own[-1, -1]], rtol=1e-4)
    model.model.config.depth_estimation_type = "metric"
    model.model.save_pretrained(tmp_path)
    model.processor.save_pretrained(tmp_path)
    assert _depth.DepthAnything(str(tmp_path)).kind == "metric"


@pytest.mark.parametrize("kind", ["clip", "clipseg", "grounding_dino"])
def test_each_answers_a_question(kind: str, tiny: Callable[[str], str]) -> None:
    """A random model's answer is senseless, but whole: maps at the views' size, a grasp."""
    make = {"clip": reasoner.clip_dense, "clipseg": reasoner.clipseg}
    make["grounding_dino"] = reasoner.detector
    box = Block((0.0, 0.0, 0.04), (0.05, 0.05, 0.08), rgb=(220, 30, 30))
    observation = table_observation((box,), Query("grasp", "box", None, "Pick up the box."))
    answer = make[kind](model=tiny(kind)).predict(observation)
    assert not answer.abstain
    assert answer.affordance_maps is not None
    assert answer.affordance_maps.shape == (
        len(observation.views),
        *observation.views[0].rgb.shape[:2],
    )
    again = make[kind](model=tiny(kind)).predict(observation)
    np.testing.assert_array_equal(answer.affordance_maps, again.affordance_maps)


@pytest.mark.parametrize(
    ("how", "error", "said"),
    [
        ({"attention": "sclop"}, ConfigError, "Did you mean 'sclip'"),
        ({"affinity": "x"}, ConfigError, "attention=proxyclip alone"),
        ({"model": "nowhere/at-all"}, AssetError, "the hub can't be reached"),
    ],
)
def test_wrong_parameters(
    how: dict[str, str], error: type[IvlmBenchError], said: str, tiny: Callable[[str], str]
) -> None:
    with pytest.raises(error, match=said):
        reasoner.clip_dense(**{"model": tiny("clip"), **how})


def test_partial_weights_are_told(tiny: Callable[[str], str], tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    for path in Path(tiny("clipseg")).iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    arrays = load_file(tmp_path / "model.safetensors")
    gone = sorted(key for key in arrays if key.startswith("decoder."))[:2]
    kept = {key: value for key, value in arrays.items() if key not in gone}
    save_file(kept, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(AssetError, match=f"lack 2 tensors .*{gone[0]}"):
        reasoner.clipseg(model=str(tmp_path))
    (tmp_path / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(AssetError, match="can't be read"):
        reasoner.clipseg(model=str(tmp_path))
