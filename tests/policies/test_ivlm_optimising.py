"""What a step of training does: the same gradients from several threads, orthogonal changes."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from ivlm_policies.ivlm.training.recipe import recipe
from ivlm_policies.ivlm.training.samples import PARTS, Batch

torch = pytest.importorskip("torch", reason="training needs the extra train")
_muon = import_module("ivlm_policies.ivlm.training._muon")
_parallel = import_module("ivlm_policies.ivlm.training._parallel")
_stage1 = import_module("ivlm_policies.ivlm.training._stage1")
_net = import_module("ivlm_policies.ivlm.training._net")


def batch(n: int, *, side_px: int = 64) -> Batch:
    """Return random windows with two questions each."""
    rng = np.random.default_rng(5)
    told = np.ones(2 * n, np.float32)
    tokens = np.zeros((2 * n, 24), np.int64)
    tokens[:, :3] = rng.integers(1, 2048, (2 * n, 3))
    return Batch(
        rng.uniform(-0.5, 0.5, (n, 8, side_px, side_px)).astype(np.float32),
        tokens,
        np.repeat(np.arange(n), 2),
        (rng.random((2 * n, side_px, side_px)) < 0.1).astype(np.float32),
        told,
        told,
        rng.integers(0, len(PARTS), (n, side_px // 2, side_px // 2)),
    )


@pytest.mark.parametrize("shape", [(20, 50), (50, 20), (30, 30)])
def test_a_change_is_nearly_the_orthogonal_factor(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    got = _muon.orthogonal(matrix)
    values = torch.linalg.svdvals(got)
    assert 0.4 < float(values.min()) <= float(values.max()) < 1.25
    u, _, v = torch.linalg.svd(matrix, full_matrices=False)
    cosine = (got * (u @ v)).sum() / (got.norm() * (u @ v).norm())
    assert float(cosine) > 0.97


def test_muon_goes_downhill_and_on_from_its_state() -> None:
    goal = torch.randn(6, 10, generator=torch.Generator().manual_seed(2))

    def run(n: int, start: tuple[torch.Tensor, list[torch.Tensor]] | None = None) -> tuple:  # type: ignore[name-defined, type-arg]
        own = torch.nn.Parameter(torch.zeros(6, 10) if start is None else start[0].clone())
        muon = _muon.Muon([own], weight_decay=0.0)
        if start is not None:
            muon.load(start[1])
        for _ in range(n):
            own.grad = 2.0 * (own.detach() - goal)
            muon.step(0.1)
        return own.detach(), [one.clone() for one in muon.state()]

    whole, _ = run(40)
    assert float((whole - goal).norm()) < 0.5 * float(goal.norm())
    assert torch.equal(run(15, run(25))[0], whole)


def test_shares_of_a_batch_give_the_mean_of_their_gradients() -> None:
    torch.manual_seed(0)
    net = _net.Net()
    whole = batch(6)
    losses = _parallel.Shares(net, 2).gradients(whole, _stage1.stage1_losses)
    got = {name: p.grad.clone() for name, p in net.named_parameters() if p.grad is not None}
    halves = []
    for part in whole.split(2):
        net.zero_grad(set_to_none=True)
        found = _stage1.stage1_losses(net.train(), part)
        torch.stack(list(found.values())).sum().backward()
        halves.append((found, {k: p.grad.clone() for k, p in net.named_parameters() if k in got}))
    for name, mine in got.items():
        wanted = 0.5 * (halves[0][1][name] + halves[1][1][name])
        torch.testing.assert_close(mine, wanted, atol=1e-6, rtol=1e-5)
    for name, value in losses.items():
        wanted = 0.5 * sum(float(found[name].detach()) for found, _ in halves)
        assert value == pytest.approx(wanted, rel=1e-5)


def test_a_batch_falls_into_its_windows_and_their_questions() -> None:
    whole = batch(5)
    first, second = whole.split(2)
    assert (len(first.images), len(second.images)) == (3, 2)
    assert second.which.tolist() == [0, 0, 1, 1]
    np.testing.assert_array_equal(np.concatenate([first.heat, second.heat]), whole.heat)
    np.testing.assert_array_equal(second.parts, whole.parts[3:])
    assert len(whole.split(8)) == 5, "no share is empty"


def test_every_parameter_has_one_optimiser() -> None:
    stage1 = _stage1.Stage1(replace(recipe("smoke"), n_threads=1))
    by_adam = [p for group in stage1.optimiser.param_groups for p in group["params"]]
    by_muon = stage1.muon._parameters
    ids = [id(p) for p in (*by_adam, *by_muon)]
    assert len(ids) == len(set(ids)) == len(list(stage1.net.parameters()))
    assert all(p.ndim >= 2 for p in by_muon)
    names = {id(p): name for name, p in stage1.net.named_parameters()}
    assert "decoder.text.table.weight" in {names[id(p)] for p in by_adam}
    before = {name: p.detach().clone() for name, p in stage1.net.named_parameters()}
    stage1._step(batch(4))
    changed = [n for n, p in stage1.net.named_parameters() if not torch.equal(p, before[n])]
    assert set(changed) == set(before), "and all of them learn"
