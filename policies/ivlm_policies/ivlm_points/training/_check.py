"""Figures on scenes held back, with the window that inference would take about the true thing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import expit

from ivlm_policies.ivlm.grounding.tokens import phrase_tokens
from ivlm_policies.ivlm.training import scores
from ivlm_policies.ivlm.training._check import KEPT, Held, Row, one_is_seen
from ivlm_policies.ivlm.training.pictures import Asked, Pictures
from ivlm_policies.ivlm.training.samples import phrase_of
from ivlm_policies.ivlm_points._net import Net
from ivlm_policies.ivlm_points.clouds import MARGIN, Sample, window_about
from ivlm_policies.ivlm_points.grounder import Look, look_at
from ivlm_policies.ivlm_points.network import Said
from ivlm_policies.ivlm_points.training.samples import stacked
from ivlm_policies.ivlm_points.training.store import Clouds, Labelled, region_of

#: Windows with fewer points are not asked about.
FEWEST_POINTS = 20


class TorchCloudNetwork:
    """The net before it is exported, in the form that inference asks."""

    def __init__(self, net: Net) -> None:
        self._net = net.eval()

    @torch.no_grad()
    def ask(self, one: Sample, tokens: np.ndarray, /) -> Said:
        """Return what the network says to each question."""
        read = [torch.from_numpy(part) for part in stacked([one])]
        looked = self._net.encoder(*read)
        said = self._net.decoder(*looked, *read[3:], torch.from_numpy(tokens))
        return Said(*(part.numpy() for part in said))


@dataclass(frozen=True, eq=False, slots=True)
class Material:
    """What is asked about: pictures, their clouds, and which of a scene's clouds."""

    pictures: Pictures
    clouds: Clouds
    kind: int = 0


def held_back(
    net: Net, material: Material, asked: list[Asked], *, step: Callable[[], None]
) -> tuple[Held, list[Asked]]:
    """Ask all questions and compare with the truth; also the questions, a row's each."""
    held, order = Held(), []
    network = TorchCloudNetwork(net)
    scenes: dict[int, list[Asked]] = {}
    for one in asked:
        scenes.setdefault(one.scene, []).append(one)
    for scene, questions in scenes.items():
        labelled = material.clouds.of(scene, material.kind)
        for group in _by_window(questions):
            look = _look(network, labelled, group)
            for k, one in enumerate(group if look is not None else ()):
                truth = region_of(material.pictures, one, labelled)
                _keep(held, one, (look, k), truth)
                order.append(one)
        step()
    return held, order


def _by_window(questions: list[Asked]) -> list[list[Asked]]:
    """Return the questions that share a window."""
    groups: dict[tuple[int, ...], list[Asked]] = {}
    for one in questions:
        groups.setdefault(() if one.kind == "object" else one.target_surfaces, []).append(one)
    return list(groups.values())


def _look(network: TorchCloudNetwork, labelled: Labelled, group: list[Asked]) -> Look | None:
    """Ask the questions that share a window; None where there is nothing in it."""
    cloud, one = labelled.cloud, group[0]
    thing = np.isin(labelled.surface, one.target_surfaces)
    if one.kind == "object" or not thing.any():
        thing = np.ones(len(cloud), bool)
    if len(cloud) < FEWEST_POINTS:
        return None
    window = window_about(cloud.points_m[thing], margin=MARGIN)
    if window.inside(cloud.points_m).sum() < FEWEST_POINTS:
        return None
    tokens = np.stack([phrase_tokens(phrase_of(question)) for question in group])
    return look_at(network, cloud, window, tokens)


def _keep(held: Held, asked: Asked, said: tuple[Look | None, int], truth: np.ndarray) -> None:
    look, k = said
    if look is None:
        return
    held.add("presence", look.presence[k], np.array(float(asked.present)))
    if asked.feasible is not None:
        held.add("feasible", look.feasible[k], np.array(float(asked.feasible)))
    some = np.random.default_rng([23, asked.scene, len(held.rows)]).integers(
        0, look.heat.shape[1], KEPT
    )
    held.add("heat", look.heat[k][some], truth[look.where][some])
    if not asked.present or not one_is_seen(truth):
        held.rows.append(Row(asked.kind, asked.interaction, asked.part))
        return
    prob = np.zeros(len(truth))
    prob[look.where] = expit(look.heat[k])
    held.rows.append(
        Row(
            asked.kind,
            asked.interaction,
            asked.part,
            iou=scores.iou(prob, truth),
            pointing=scores.pointing(prob, truth),
            area=float((truth > 0.5).mean()),
        )
    )
