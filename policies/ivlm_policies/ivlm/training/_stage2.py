"""Stage 2: the fusion head on lifted evidence, and the temperatures; the 2D net stands still."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from ivlm_policies.ivlm.fusing.features import FEATURES
from ivlm_policies.ivlm.training._looks import lifted, looks, surface_of
from ivlm_policies.ivlm.training._net import Net
from ivlm_policies.ivlm.training.pictures import Pictures
from ivlm_policies.ivlm.training.recipe import Recipe

#: Hidden units of the head: 10 x 24 + 24 + 24 + 2 = 290 parameters.
N_HIDDEN = 24
#: Questions taken of a scene, points taken of a question, and of a step.
QUESTIONS_OF_SCENE, POINTS_OF_QUESTION, POINTS_OF_STEP = 6, 300, 4096
#: Views that a scene is shown with, drawn anew for each scene.
VIEW_COUNTS = (1, 2, 4, 4)
#: Chance that a scene is shown to the net without shape.
NO_SHAPE = 0.3
RATE, WEIGHT_DECAY = 1e-2, 1e-3


@dataclass(frozen=True, eq=False, slots=True)
class Points:
    """Features (n, f) and truth (n,) of surface points."""

    features: np.ndarray
    truth: np.ndarray


def plain_head() -> dict[str, np.ndarray]:
    """Return the head without any 3D labels: the frontal mean of the views' logits."""
    f = len(FEATURES)
    return {
        "centre": np.zeros(f, np.float32),
        "scale": np.ones(f, np.float32),
        "w1": np.zeros((f, N_HIDDEN), np.float32),
        "b1": np.zeros(N_HIDDEN, np.float32),
        "w2": np.zeros(N_HIDDEN, np.float32),
        "b2": np.zeros((), np.float32),
        "skip": np.ones((), np.float32),
    }


def gather(
    net: Net,
    pictures: Pictures,
    shapes: np.ndarray,
    scenes: list[int],
    *,
    seed: int,
    step: Callable[[], None],
) -> list[Points]:
    """Return points of some scenes, a list entry a scene, seen by one, two or four views."""
    found = []
    for scene in scenes:
        rng = np.random.default_rng([seed, 17, scene])
        found.append(_points_of(net, pictures, shapes, scene, rng))
        step()
    return [points for points in found if points is not None]


def _points_of(
    net: Net, pictures: Pictures, shapes: np.ndarray, scene: int, rng: np.random.Generator
) -> Points | None:
    asked = [pictures.questions[i] for i in pictures.by_scene.get(scene, [])]
    asked = [one for one in asked if one.kind != "object" and one.target_surfaces]
    if not asked:
        return None
    some = rng.permutation(len(asked))[:QUESTIONS_OF_SCENE]
    chosen = [pictures.all_alike(asked[int(i)]) for i in some]
    n_views = int(rng.choice(VIEW_COUNTS))
    views = tuple(sorted(int(v) for v in rng.permutation(pictures.rgb.shape[1])[:n_views]))
    surface = surface_of(pictures, scene, views)
    if len(surface.cloud) == 0:
        return None
    has_depth = bool(rng.random() >= NO_SHAPE)
    parts = []
    for look in looks(net, pictures, shapes, chosen, views=views, has_depth=has_depth):
        features, truth = lifted(look, surface)
        kept = rng.permutation(len(truth))[:POINTS_OF_QUESTION]
        parts.append((features[kept], truth[kept]))
    return Points(np.concatenate([f for f, _ in parts]), np.concatenate([t for _, t in parts]))


def train_head(points: list[Points], recipe: Recipe) -> tuple[dict[str, np.ndarray], list[float]]:
    """Return the head's arrays and its losses; with no points, the plain mean."""
    if not points:
        return plain_head(), []
    rng = np.random.default_rng([recipe.seed, 19])
    features = np.concatenate([one.features for one in points])
    truth = torch.from_numpy(np.concatenate([one.truth for one in points]).astype(np.float32))
    centre, scale = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-3)
    unit = torch.from_numpy(((features - centre) / scale).astype(np.float32))
    through = torch.from_numpy(features[:, FEATURES.index("frontal_mean")].copy())
    head = {key: torch.from_numpy(array.copy()) for key, array in plain_head().items()}
    first = 0.3 * rng.standard_normal((len(FEATURES), N_HIDDEN))
    head["w1"] = torch.from_numpy(first.astype(np.float32))
    learnt = [head[key].requires_grad_() for key in ("w1", "b1", "w2", "b2", "skip")]
    optimiser = torch.optim.AdamW(learnt, lr=RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, recipe.n_fusion_steps)
    losses = []
    for _ in range(recipe.n_fusion_steps):
        some = torch.from_numpy(rng.integers(0, len(truth), POINTS_OF_STEP))
        hidden = functional.relu(unit[some] @ head["w1"] + head["b1"])
        logits = hidden @ head["w2"] + head["b2"] + head["skip"] * through[some]
        loss = functional.binary_cross_entropy_with_logits(logits, truth[some])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        losses.append(float(loss.detach()))
    arrays = {key: value.detach().numpy() for key, value in head.items()}
    arrays["centre"], arrays["scale"] = centre.astype(np.float32), scale.astype(np.float32)
    return arrays, losses
