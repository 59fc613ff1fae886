"""Figures on scenes held back, from the very maps and clouds that inference would see."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import expit

from ivlm_policies.ivlm.fusing.features import head_logits
from ivlm_policies.ivlm.training import scores
from ivlm_policies.ivlm.training._looks import Look, lifted, surface_of
from ivlm_policies.ivlm.training.pictures import Asked, Pictures

#: Pixels and points kept of each question for the temperatures.
KEPT = 200
#: Questions whose region covers more of the surface than this are too easy to tell anything.
MOST_AREA = 0.6
#: Regions with fewer points on the cloud are not seen.
FEWEST_POINTS = 5


@dataclass(frozen=True, slots=True)
class Row:
    """Figures of one question; None where it has none."""

    kind: str
    interaction: str
    part: str
    iou_2d: float | None = None
    pointing_2d: float | None = None
    iou: float | None = None
    pointing: float | None = None
    area: float | None = None


@dataclass(eq=False, slots=True)
class Held:
    """What the figures and temperatures come from.

    ``rows``; (logit, truth) ``pairs`` by name; the looks ``shown``; features and truth of the
    ``points`` of each question whose region is seen.
    """

    rows: list[Row] = field(default_factory=list)
    pairs: dict[str, list[tuple[np.ndarray, np.ndarray]]] = field(default_factory=dict)
    shown: list[Look] = field(default_factory=list)
    points: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)

    def add(self, name: str, logits: np.ndarray, truth: np.ndarray) -> None:
        """Keep some pairs."""
        self.pairs.setdefault(name, []).append((np.ravel(logits), np.ravel(truth)))

    def all_of(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Return all logits and truths under a name."""
        pairs = self.pairs.get(name, [])
        if not pairs:
            return np.zeros(0), np.zeros(0)
        logits, truth = zip(*pairs, strict=True)
        return np.concatenate(logits), np.concatenate(truth)


def held_back(
    pictures: Pictures,
    chosen: list[Asked],
    ask: Callable[[list[Asked]], Iterable[Look]],
    *,
    head: dict[str, np.ndarray],
    views: tuple[int, ...],
    step: Callable[[], None],
) -> Held:
    """Ask all chosen questions, a scene at a time, and compare with the truth."""
    held = Held()
    scenes: dict[int, list[Asked]] = {}
    for one in chosen:
        scenes.setdefault(one.scene, []).append(one)
    for scene, asked in scenes.items():
        surface = surface_of(pictures, scene, views)
        for look in ask(asked):
            rng = np.random.default_rng([23, scene, len(held.rows)])
            fused = None
            if len(surface.cloud):
                features, truth = lifted(look, surface)
                fused = (head_logits(features, head), truth)
                if one_is_seen(truth):
                    held.points.append((features, truth))
            _keep(held, look, fused, rng)
        step()
    return held


def one_is_seen(truth: np.ndarray) -> bool:
    """Tell whether a region has enough points on the cloud to be judged by."""
    return int((truth > 0.5).sum()) >= FEWEST_POINTS


def head_figures(held: Held, head: dict[str, np.ndarray]) -> dict[str, float]:
    """Return what another fusion head would reach on the same evidence."""
    pairs = [(expit(head_logits(features, head)), truth) for features, truth in held.points]
    prob, truth = (np.concatenate([pair[k] for pair in pairs]) for k in (0, 1))
    return {
        "iou": float(np.mean([scores.iou(p, t) for p, t in pairs])),
        "pointing": float(np.mean([scores.pointing(p, t) for p, t in pairs])),
        "ece": scores.calibration_error(prob, truth),
    }


def _keep(
    held: Held,
    look: Look,
    fused: tuple[np.ndarray, np.ndarray] | None,
    rng: np.random.Generator,
) -> None:
    asked = look.asked
    held.add("presence", look.presence.mean(), np.array(float(asked.present)))
    if asked.feasible is not None:
        held.add("feasible", look.feasible.mean(), np.array(float(asked.feasible)))
    pixels = rng.integers(0, look.maps.size, KEPT)
    held.add("heat", look.maps.ravel()[pixels], look.truth.ravel()[pixels])
    if fused is not None:
        points = rng.integers(0, len(fused[1]), KEPT)
        held.add("contact", fused[0][points], fused[1][points])
    held.rows.append(_row(look, fused))
    held.shown.append(look)


def _row(look: Look, fused: tuple[np.ndarray, np.ndarray] | None) -> Row:
    """Return a question's figures; regions that no view shows have none."""
    asked = look.asked
    row = Row(asked.kind, asked.interaction, asked.part)
    in_sight = look.truth.max(axis=(1, 2)) > 0.5
    if not asked.present or not in_sight.any():
        return row
    pairs = [
        (expit(m), t) for m, t, yes in zip(look.maps, look.truth, in_sight, strict=True) if yes
    ]
    flat = Row(
        *(row.kind, row.interaction, row.part),
        float(np.mean([scores.iou(p, t) for p, t in pairs])),
        float(np.mean([scores.pointing(p, t) for p, t in pairs])),
    )
    if fused is None or not one_is_seen(fused[1]):
        return flat
    prob, truth = expit(fused[0]), fused[1]
    return Row(
        *(row.kind, row.interaction, row.part, flat.iou_2d, flat.pointing_2d),
        scores.iou(prob, truth),
        scores.pointing(prob, truth),
        float((truth > 0.5).mean()),
    )


def temperatures(held: Held) -> dict[str, float]:
    """Return what each kind of logit is divided by."""
    names = ("heat", "presence", "feasible", "contact")
    return {name: scores.temperature(*held.all_of(name)) for name in names}


def figures(held: Held, divisors: dict[str, float]) -> dict[str, Any]:
    """Return the figures of all questions, of each kind and of each interaction."""
    out: dict[str, Any] = {"all": _means(held.rows)}
    for key in ("kind", "interaction", "part"):
        groups = sorted({getattr(row, key) for row in held.rows})
        out[key] = {g: _means([r for r in held.rows if getattr(r, key) == g]) for g in groups if g}
    for name in ("presence", "feasible"):
        out[f"{name}_auroc"] = scores.auroc(*held.all_of(name))
    out["ece"] = {
        name: scores.calibration_error(scores.chances(logits, divisor), truth)
        for name, divisor in divisors.items()
        for logits, truth in [held.all_of(name)]
        if len(logits)
    }
    return out


def _means(rows: list[Row]) -> dict[str, Any]:
    """Return counts and means of those rows that have figures."""
    out: dict[str, Any] = {"n": len(rows)}
    for name in ("iou_2d", "pointing_2d", "iou", "pointing", "area"):
        values = [getattr(row, name) for row in rows if getattr(row, name) is not None]
        out[name] = float(np.mean(values)) if values else None
        out[f"n_{name}"] = len(values)
    return out
