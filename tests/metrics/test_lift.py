"""Lifting of views against official outputs, by hand, and its laws."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivlm_bench.errors import AssetError, ConfigError, InvalidAnswerError
from ivlm_bench.metrics import (
    evaluate,
    lift_human,
    lift_human_hard,
    lift_object_mesh,
    lift_object_points,
    lift_views,
)
from ivlm_bench.testing.vectors import Case, read_cases

CASES = read_cases(Path(__file__).parents[1] / "vectors" / "mv_lifting.json")
FLOAT32 = 3e-6
VARIANT_OF = {
    "human_new": "human",
    "human_old_hard": "human_hard",
    "object_mesh": "object_mesh",
    "points": "object_points",
}


def views_of(case: Case) -> dict[str, Any]:
    if "prob" in case.inputs:
        return {"prob": case.inputs["prob"], "pixel_to_point": case.inputs["pixel_to_point"]}
    return {
        "logits": case.inputs["seg_logits"],
        "pixel_to_vertex": case.inputs["pixel_to_vertex"],
        "weights": case.inputs["bary"],
    }


@pytest.mark.parametrize(
    ("case", "output"),
    [(case, name) for case in CASES for name in case.outputs],
    ids=lambda value: value if isinstance(value, str) else value.id,
)
def test_lifted_values_are_the_official_ones(case: Case, output: str) -> None:
    wanted, variant = np.array(case.outputs[output]), VARIANT_OF[output]
    lifted = lift_views(views_of(case), wanted.size, variant=variant)
    np.testing.assert_allclose(lifted, wanted, rtol=FLOAT32, atol=0)
    found = evaluate("lift:interactvlm", [views_of(case)], [wanted], variant=variant)
    assert found["largest_error"] == pytest.approx(0.0, abs=FLOAT32)


#: One pixel a triangle of vertices 0, 1, 2 with these weights.
WEIGHTS = (0.5, 0.25, 0.25)


def one_row(
    logits: list[float], *, dtype: Any = np.float64
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return one view of pixels that all show the triangle (0, 1, 2)."""
    n = len(logits)
    return (
        np.array([[logits]], dtype),
        np.tile([0, 1, 2], (1, 1, n, 1)),
        np.tile(np.array(WEIGHTS, dtype), (1, 1, n, 1)),
    )


def logit(prob: float) -> float:
    return float(np.log(prob / (1 - prob)))


def test_a_vertex_takes_the_weighted_mean_of_its_pixels() -> None:
    """Pixels of 0.2 and 0.8: 0.5 each vertex; above 0.3 alone: 0.8. Vertex 3 is not seen."""
    views = one_row([logit(0.2), logit(0.8)])
    assert lift_human(*views, 4) == pytest.approx([0.5, 0.5, 0.5, 0.0])
    assert lift_object_mesh(*views, 4) == pytest.approx([0.8, 0.8, 0.8, 0.0])


def test_views_count_equally_however_many_pixels_they_have() -> None:
    """Three pixels of 0.9 in one view, one of 0.1 in the other: 0.5, and 0.9 of those above 0.3."""
    sure, triangle, weights = one_row([logit(0.9)] * 3)
    unsure = np.full_like(sure, logit(0.1))
    beyond = np.where(np.arange(3)[:, None] < 1, triangle[0, 0], -1)
    views = (
        np.concatenate([sure, unsure]),
        np.stack([triangle[0], beyond[None]]),
        np.concatenate([weights, weights]),
    )
    assert lift_human(*views, 3) == pytest.approx([0.5] * 3)
    assert lift_object_mesh(*views, 3) == pytest.approx([0.9] * 3)


def test_the_hard_lift_asks_raw_logits_and_counts_only_masked_pixels() -> None:
    """Logit 0.31 counts (though its probability is .577), 0.29 does not; mean weight 0.5, 0.25."""
    assert lift_human_hard(*one_row([0.31, 0.29, -9.0]), 4).tolist() == [1, 0, 0, 0]
    assert lift_human_hard(*one_row([0.29, -9.0]), 4).tolist() == [0, 0, 0, 0]


def test_a_threshold_is_compared_in_the_type_of_the_maps() -> None:
    """In single precision 0.3 is not above 0.3, though it is 0.30000001192 in double."""
    assert not lift_human_hard(*one_row([0.3], dtype=np.float32), 3).any()
    logits, triangle, weights = one_row([5.0], dtype=np.float32)
    at_the_edge = np.full_like(weights, 0.3)
    assert not lift_human_hard(logits, triangle, at_the_edge, 3).any()


def test_logits_are_cut_at_twenty_for_bodies_only() -> None:
    far = one_row([-100.0])
    assert lift_human(*far, 3)[0] == pytest.approx(1 / (1 + np.exp(20)), rel=1e-12)
    assert lift_human(*one_row([1000.0]), 3)[0] == pytest.approx(1.0)
    assert lift_object_mesh(*far, 3)[0] == 0.0


@pytest.mark.parametrize("bad", [-1, 3])
def test_a_pixel_with_one_vertex_off_the_mesh_shows_nothing(bad: int) -> None:
    logits, triangle, weights = one_row([4.0])
    triangle = triangle.copy()
    triangle[..., 1] = bad
    for lift in (lift_human, lift_human_hard, lift_object_mesh):
        assert lift(logits, triangle, weights, 3).tolist() == [0, 0, 0]


def test_weights_of_nothing_are_not_seen() -> None:
    logits, triangle, weights = one_row([4.0])
    assert lift_human(logits, triangle, np.zeros_like(weights), 3).tolist() == [0, 0, 0]


def test_points_by_hand() -> None:
    """Point 0: pixels .2 and .4 in view 0 (.3), .9 in view 1: .6. Point 1: view 1 alone."""
    prob = np.array([[[0.2, 0.4, 1.0]], [[0.9, 0.5, 1.0]]])
    points = np.array([[[0, 0, -1]], [[0, 1, -1]]])
    assert lift_object_points(prob, points, 3) == pytest.approx([0.6, 0.5, 0.0])
    assert lift_object_points(prob, np.full_like(points, -1), 3).tolist() == [0, 0, 0]


@given(seed=st.integers(0, 2**32 - 1), n_views=st.integers(1, 4))
def test_soft_values_lie_between_those_of_the_pixels(seed: int, n_views: int) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 4, (n_views, 5, 5))
    triangles = rng.integers(-1, 9, (n_views, 5, 5, 3))
    weights = rng.dirichlet(np.ones(3), (n_views, 5, 5))
    lifted = lift_human(logits, triangles, weights, 9)
    seen = np.unique(triangles[(triangles >= 0).all(axis=-1)])
    prob = 1 / (1 + np.exp(-logits))
    assert ((lifted[seen] >= prob.min() - 1e-12) & (lifted[seen] <= prob.max() + 1e-12)).all()
    assert not np.delete(lifted, seen).any()
    order = rng.permutation(n_views)
    again = lift_human(logits[order], triangles[order], weights[order], 9)
    np.testing.assert_allclose(again, lifted, atol=1e-12)
    hard = lift_human_hard(logits, triangles, weights, 9)
    assert set(hard.tolist()) <= {0.0, 1.0}


def test_the_errors_by_hand() -> None:
    """Lifted (.5, .5, .5), true (.5, .5, 0): mean 1/6, root of the mean square .5 / sqrt 3."""
    logits, triangle, weights = one_row([0.0])
    views = {"logits": logits, "pixel_to_vertex": triangle, "weights": weights}
    got = evaluate("lift:interactvlm", [views], [np.array([0.5, 0.5, 0.0])])
    assert got["mae"] == pytest.approx(1 / 6)
    assert got["rmse"] == pytest.approx(0.5 / np.sqrt(3))
    assert got["largest_error"] == pytest.approx(0.5)


def test_bad_views_are_told() -> None:
    logits, triangle, weights = one_row([4.0])
    with pytest.raises(InvalidAnswerError, match="weights"):
        lift_human(logits, triangle, weights[..., :2], 3)
    with pytest.raises(InvalidAnswerError, match="NaN"):
        lift_human(np.full_like(logits, np.nan), triangle, weights, 3)
    with pytest.raises(InvalidAnswerError, match="integers"):
        lift_human(logits, triangle.astype(float), weights, 3)
    with pytest.raises(InvalidAnswerError, match="0 to 1"):
        lift_object_points(np.ones((1, 1, 1)), np.array([[[2]]]), 2)
    with pytest.raises(ConfigError, match="Did you mean 'human_hard'"):
        lift_views({}, 3, variant="human_hart")
    with pytest.raises(InvalidAnswerError, match="lack pixel_to_vertex, weights"):
        lift_views({"logits": logits}, 3)
    with pytest.raises(InvalidAnswerError, match="mapping"):
        evaluate("lift:interactvlm", [logits], [np.ones(3)])
    with pytest.raises(AssetError, match="true values"):
        evaluate("lift:interactvlm", [{}], [np.ones((3, 2))])


def pixels_of(view: int, shape: tuple[int, ...], triangles: np.ndarray, n: int) -> list[Any]:
    """Return the pixels of a view all of whose three vertices are on the mesh."""
    cells = [(view, row, column) for row in range(shape[1]) for column in range(shape[2])]
    return [cell for cell in cells if all(0 <= v < n for v in triangles[cell])]


def plainly(
    logits: np.ndarray, triangles: np.ndarray, weights: np.ndarray, n: int, variant: str
) -> np.ndarray:
    """Return the lifted values by loops over pixels: a second implementation."""
    found, hard = np.zeros((len(logits), n)), ([0.0] * n, [0] * n)
    seen = np.zeros((len(logits), n), bool)
    for view in range(len(logits)):
        sums, total = [0.0] * n, [0.0] * n
        for cell in pixels_of(view, logits.shape, triangles, n):
            value = float(logits[cell])
            prob = 1 / (1 + np.exp(-np.clip(value, -20, 20)))
            if variant == "object_mesh" and prob <= 0.3:
                continue
            for vertex, weight in zip(triangles[cell], weights[cell], strict=True):
                sums[vertex] += float(weight) * prob
                total[vertex] += float(weight)
                if value > 0.3:
                    hard[0][vertex] += float(weight)
                    hard[1][vertex] += 1
        for vertex in range(n):
            seen[view, vertex] = total[vertex] > 0
            found[view, vertex] = sums[vertex] / total[vertex] if total[vertex] > 0 else 0.0
    if variant == "human_hard":
        return np.array([float(c > 0 and s / c > 0.3) for s, c in zip(*hard, strict=True)])
    return found.sum(axis=0) / np.maximum(seen.sum(axis=0), 1)


@pytest.mark.parametrize("variant", ["human", "human_hard", "object_mesh"])
@pytest.mark.parametrize("seed", range(6))
def test_the_lift_is_that_of_plain_loops(variant: str, seed: int) -> None:
    """Triangles reach beyond the mesh on both sides, repeat vertices, and some weigh nothing."""
    rng, n = np.random.default_rng(seed), 7
    logits = rng.normal(0, 6, (3, 5, 4))
    triangles = rng.integers(-1, n + 1, (3, 5, 4, 3))
    weights = rng.dirichlet(np.ones(3), (3, 5, 4)) * (rng.random((3, 5, 4, 1)) > 1 / 16)
    views = {"logits": logits, "pixel_to_vertex": triangles, "weights": weights}
    wanted = plainly(logits, triangles, weights, n, variant)
    np.testing.assert_allclose(lift_views(views, n, variant=variant), wanted, atol=1e-12)
    assert wanted.any()
