"""The network in torch: layers against loops, symmetry, and what onnxruntime makes of it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from ivlm_bench.geometry.cloud import Cloud
from ivlm_policies.ivlm.grounding.tokens import phrase_tokens
from ivlm_policies.ivlm.stages import Phrase
from ivlm_policies.ivlm_points.clouds import Sample, sample, window_about
from ivlm_policies.ivlm_points.grounder import look_at
from ivlm_policies.ivlm_points.grouping import GROUP_SIZE, N_POINTS
from ivlm_policies.ivlm_points.network import OnnxCloudNetwork
from ivlm_policies.ivlm_points.weights import DECODER_FILE, ENCODER_FILE

TOKENS = np.stack([phrase_tokens(Phrase("grasp", "mug", part)) for part in ("handle", "rim", "")])


def cloud(seed: int, n: int = N_POINTS) -> Cloud:
    rng = np.random.default_rng(seed)
    normals = rng.standard_normal((n, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    points = 0.1 * normals + [0.0, 0.0, 0.12]
    return Cloud(points, normals, rng.uniform(0, 1, (n, 3)), np.zeros((n, 3), np.int64))


def seen(seed: int) -> Sample:
    one = cloud(seed)
    return sample(one, window_about(one.points_m), np.random.default_rng(0))


@pytest.fixture(scope="module")
def nets(torch: Any) -> ModuleType:
    return import_module("ivlm_policies.ivlm_points._net")


@pytest.fixture(scope="module")
def check(torch: Any) -> ModuleType:
    return import_module("ivlm_policies.ivlm_points.training._check")


@pytest.fixture(scope="module")
def net(torch: Any, nets: ModuleType) -> Any:
    """Return a random net whose batch norms have seen something, and whose answers vary."""
    torch.manual_seed(0)
    made = nets.Net()
    for layer in made.modules():
        if isinstance(layer, torch.nn.BatchNorm1d):
            layer.running_mean.uniform_(-0.3, 0.3)
            layer.running_var.uniform_(0.1, 0.4)
    with torch.no_grad():
        made.decoder.heat.weight.mul_(20.0)
    return made.eval()


def test_a_group_becomes_the_largest_of_what_its_members_map_to(
    torch: Any, nets: ModuleType
) -> None:
    torch.manual_seed(1)
    layer = nets.Abstraction(5, 8).eval()
    points, n_groups = torch.randn(20, 5), 4
    members = torch.randint(0, 20, (n_groups, GROUP_SIZE))
    offsets = torch.randn(n_groups, GROUP_SIZE, 3)
    with torch.no_grad():
        given = layer(points, points[:n_groups], members.reshape(-1), offsets)
        for group in range(n_groups):
            each = []
            for who, place in zip(members[group], offsets[group], strict=True):
                both = layer.of_feature(points[who : who + 1]) + layer.of_place(place[None])
                each.append(layer.mix(torch.relu(layer.norm(both)))[0])
            most = torch.stack(each).max(dim=0).values
            wanted = layer.out(torch.cat([most, points[group]])[None])[0]
            assert given[group].numpy() == pytest.approx(wanted.numpy(), abs=1e-5)


def test_the_order_of_the_points_changes_nothing(check: ModuleType, net: Any) -> None:
    one = cloud(2)
    order = np.random.default_rng(9).permutation(N_POINTS)
    network, window = check.TorchCloudNetwork(net), window_about(one.points_m)
    plain = look_at(network, one, window, TOKENS)
    mixed = look_at(network, one.select(order), window, TOKENS)
    assert np.ptp(plain.heat) > 0.1, "a constant would be equal in any order"
    assert mixed.heat == pytest.approx(plain.heat[:, order], abs=1e-3)
    assert mixed.presence == pytest.approx(plain.presence, abs=1e-3)


def test_two_clouds_at_once_are_answered_as_each_alone(
    torch: Any, check: ModuleType, net: Any
) -> None:
    samples = [seen(3), seen(4)]
    read = [torch.from_numpy(part) for part in check.stacked(samples)]
    tokens = torch.from_numpy(np.concatenate([TOKENS, TOKENS[::-1]]))
    with torch.no_grad():
        both = net.decoder(*net.encoder(*read), *read[3:], tokens)
    network = check.TorchCloudNetwork(net)
    for k, (one, words) in enumerate(zip(samples, (TOKENS, TOKENS[::-1]), strict=True)):
        alone, rows = network.ask(one, np.ascontiguousarray(words)), slice(3 * k, 3 * k + 3)
        assert both.heat[rows].numpy() == pytest.approx(alone.heat, abs=1e-3)
        assert both.feasible[rows].numpy() == pytest.approx(alone.feasible, abs=1e-3)


@pytest.mark.parametrize("n_asked", [1, 3])
def test_onnxruntime_says_the_same(
    check: ModuleType, net: Any, tmp_path: Path, n_asked: int
) -> None:
    import_module("ivlm_policies.ivlm_points.training._export").write_onnx(net, tmp_path)
    one, words = seen(5), TOKENS[:n_asked]
    wanted = check.TorchCloudNetwork(net).ask(one, words)
    found = OnnxCloudNetwork(tmp_path / ENCODER_FILE, tmp_path / DECODER_FILE).ask(one, words)
    assert np.ptp(wanted.heat) > 0.1
    for name in ("heat", "presence", "feasible"):
        scale = max(1.0, float(np.abs(getattr(wanted, name)).max()))
        assert getattr(found, name) == pytest.approx(getattr(wanted, name), abs=1e-4 * scale)
