"""Draws what one step learns from: windows of clouds, questions, regions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ivlm_bench.geometry.cloud import Cloud
from ivlm_policies.ivlm.training.pictures import Asked, Pictures
from ivlm_policies.ivlm.training.samples import NEAR, PARTS, RAW, Sampler, said
from ivlm_policies.ivlm_points.clouds import Sample, Window, sample, window_about
from ivlm_policies.ivlm_points.grouping import N_POINTS
from ivlm_policies.ivlm_points.training.store import VIEWS, Clouds, Labelled, region_of
from ivlm_policies.ivlm_points.training.varying import varied

#: Chance that a scene is shown by all its views.
ALL_VIEWS = 0.6
#: Side of a window about a thing over that of the thing's box, and how far (share of its sides)
#: it may lie beside it.
LEAST_ROOM, MOST_ROOM, SHIFT = 1.02, 1.6, 0.08
#: A region, or a thing, with fewer points among the sampled ones is not in sight.
CLEAR_POINTS = 3
#: Fewer points are no cloud to learn from.
FEWEST_POINTS = 40


@dataclass(frozen=True, eq=False, slots=True)
class Batch:
    """What the network reads of windows, and questions, one window's after the other's.

    ``points`` (b, 2048, 11) and groups; ``tokens`` (q, 24), ``heat`` (q, 2048), ``presence`` and
    ``feasible`` (q,) 0 or 1, NaN where they are not known. ``parts`` (b, 2048): index into
    ``PARTS``, -1 for what is not to be learnt.
    """

    points: np.ndarray
    members: np.ndarray
    offsets: np.ndarray
    nearest: np.ndarray
    weights: np.ndarray
    tokens: np.ndarray
    heat: np.ndarray
    presence: np.ndarray
    feasible: np.ndarray
    parts: np.ndarray


def stacked(samples: list[Sample]) -> list[np.ndarray]:
    """Return the five arrays that the network reads of some windows."""
    return [
        np.stack([one.features for one in samples]),
        np.stack([one.groups.members for one in samples]),
        np.stack([one.groups.offsets for one in samples]),
        np.stack([one.groups.nearest for one in samples]),
        np.stack([one.groups.weights for one in samples]),
    ]


class CloudSampler(Sampler):
    """Draws the questions that ``ivlm`` would, and clouds for them.

    With ``families`` only things of these categories are asked about, and only their parts are
    taught; what else stands there is seen, but goes unnamed.
    """

    def __init__(
        self,
        pictures: Pictures,
        clouds: Clouds,
        scenes: list[int],
        *,
        families: frozenset[str] | None = None,
    ) -> None:
        super().__init__(pictures, np.zeros(0), scenes)
        self._clouds = clouds
        self._families = families

    def draw(
        self,
        rng: np.random.Generator,
        *,
        n_clouds: int,
        n_asked: int,
        n_points: int = N_POINTS,
    ) -> Batch:
        """Return a batch of windows with as many questions each."""
        drawn = [self._drawn(rng, n_asked, n_points) for _ in range(n_clouds)]
        rows = [row for _, rows, _ in drawn for row in rows]
        tokens, heat, presence, feasible = zip(*rows, strict=True)
        points, members, offsets, nearest, weights = stacked([one for one, _, _ in drawn])
        return Batch(
            *(points, members, offsets, nearest, weights),
            np.stack(tokens),
            np.stack(heat),
            np.array(presence, np.float32),
            np.array(feasible, np.float32),
            np.stack([parts for _, _, parts in drawn]),
        )

    def _drawn(
        self, rng: np.random.Generator, n_asked: int, n_points: int
    ) -> tuple[Sample, list[tuple[np.ndarray, np.ndarray, float, float]], np.ndarray]:
        while True:
            lead = self.pictures.questions[int(rng.choice(self._indices, p=self._chance))]
            kind = 0 if rng.random() < ALL_VIEWS else int(rng.integers(1, len(VIEWS)))
            scene = self._clouds.of(lead.scene, kind)
            thing = np.isin(scene.surface, lead.target_surfaces)
            near = bool(rng.random() < NEAR[lead.kind] and thing.sum() > CLEAR_POINTS)
            shown = _within(scene, _window(scene.cloud, thing, rng)) if near else scene
            if len(shown.surface) >= FEWEST_POINTS:
                break
        cloud = varied(shown.cloud, rng)
        one = sample(cloud, window_about(cloud.points_m), rng, n_points=n_points)
        seen = Labelled(shown.cloud.select(one.index), shown.surface[one.index])
        asked = self._others(lead, rng, n=n_asked, near=near)
        rows = [self._asked(question, seen, rng, near=near) for question in asked]
        return one, rows, self._parts(lead.scene, seen.surface)

    def _asked(
        self, asked: Asked, seen: Labelled, rng: np.random.Generator, *, near: bool
    ) -> tuple[np.ndarray, np.ndarray, float, float]:
        """Return a question's tokens, region, presence and feasibility."""
        raw = bool(rng.random() < RAW and asked.text)
        asked = asked if raw else self.pictures.all_alike(asked)
        heat = region_of(self.pictures, asked, seen)
        presence = _presence(asked, heat, seen.surface)
        told = asked.feasible is not None and (presence == 1.0 or not asked.present)
        feasible = float(bool(asked.feasible)) if told else np.nan
        return said(asked, rng, near=near, raw=raw), heat, presence, feasible

    def _parts(self, scene: int, surface: np.ndarray) -> np.ndarray:
        """Return the part (n,) that each point belongs to, as far as it is taught."""
        surfaces = self.pictures.scenes[scene].surfaces
        bases = [one.part.partition("_")[0] for one in surfaces]
        index = np.array([PARTS.index(n) if n in PARTS else len(PARTS) - 1 for n in bases] + [0])
        if self._families is not None:
            for k, one in enumerate(surfaces):
                index[k] = index[k] if one.category in self._families else -1
        return np.asarray(index[surface], np.int64)


def _window(cloud: Cloud, thing: np.ndarray, rng: np.random.Generator) -> Window:
    """Return a random window about a thing."""
    room = float(np.exp(rng.uniform(np.log(LEAST_ROOM), np.log(MOST_ROOM))))
    about = window_about(cloud.points_m[thing], margin=room)
    shift = rng.uniform(-SHIFT, SHIFT, 3) * about.half_m
    return replace(about, middle_m=about.middle_m + shift)


def _within(scene: Labelled, window: Window) -> Labelled:
    inside = window.inside(scene.cloud.points_m)
    return Labelled(scene.cloud.select(inside), scene.surface[inside])


def _presence(asked: Asked, heat: np.ndarray, surface: np.ndarray) -> float:
    """Tell whether what is asked for is there; NaN where nobody can tell."""
    if not asked.present:
        return 0.0
    if (heat > 0.5).sum() >= CLEAR_POINTS:
        return 1.0
    thing = np.isin(surface, asked.target_surfaces).sum()
    return 0.0 if thing < CLEAR_POINTS else np.nan
