"""Asks the net about a scene as inference does: a window about the thing in each view, lifting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import expit, logit

from ivlm_bench.geometry.cloud import Cloud, object_cloud
from ivlm_policies.ivlm.fusing.features import point_features
from ivlm_policies.ivlm.fusing.votes import read_map, sight, tolerance_m
from ivlm_policies.ivlm.grounding.channels import cut, paste, whole
from ivlm_policies.ivlm.grounding.tokens import phrase_tokens
from ivlm_policies.ivlm.stages import Crop
from ivlm_policies.ivlm.training._net import Net
from ivlm_policies.ivlm.training.pictures import Asked, Pictures
from ivlm_policies.ivlm.training.samples import crop_about, phrase_of
from ivlm_policies.ivlm.training.shapes import N_SHAPE, channels_of

#: Probabilities nearer to 0 or 1 than this tell no more, as at inference.
SURE = 4.5e-5


@dataclass(frozen=True, eq=False, slots=True)
class Surface3D:
    """A scene's fused cloud, and how each view sees it: (v, n) arrays."""

    cloud: Cloud
    pixels: tuple[np.ndarray, ...]
    seen: np.ndarray
    cosine: np.ndarray


@dataclass(frozen=True, eq=False, slots=True)
class Look:
    """One question asked in some views.

    ``heat`` logits (v, 128, 128) in windows ``crops``; ``maps`` logits at the pictures' size;
    ``presence`` and ``feasible`` logits (v,); ``truth`` (v, p, p) the region.
    """

    asked: Asked
    views: tuple[int, ...]
    crops: tuple[Crop, ...]
    maps: np.ndarray
    presence: np.ndarray
    feasible: np.ndarray
    truth: np.ndarray


def surface_of(pictures: Pictures, scene: int, views: tuple[int, ...]) -> Surface3D:
    """Return the cloud that some views of a scene show."""
    shown = tuple(pictures.view(scene, index) for index in views)
    cloud = object_cloud(shown)
    within_m = tolerance_m(cloud.points_m)
    sights = [sight(view, cloud.points_m, cloud.normals, within_m=within_m) for view in shown]
    return Surface3D(
        cloud,
        tuple(one.pixels for one in sights),
        np.stack([one.seen for one in sights]),
        np.stack([one.cosine for one in sights]),
    )


def looks(
    net: Net,
    pictures: Pictures,
    shapes: np.ndarray,
    asked: list[Asked],
    *,
    views: tuple[int, ...],
    has_depth: bool = True,
) -> Iterator[Look]:
    """Ask questions about one scene; those that share a window are asked together."""
    groups: dict[tuple[int, ...], list[Asked]] = {}
    for one in asked:
        key = () if one.kind == "object" else one.target_surfaces
        groups.setdefault(key, []).append(one)
    for key, group in groups.items():
        crops = tuple(_window(pictures, group[0], view, near=bool(key)) for view in views)
        yield from _asked_in(net, pictures, shapes, group, (views, crops, has_depth))


def _window(pictures: Pictures, asked: Asked, view: int, *, near: bool) -> Crop:
    target = pictures.target(asked, view)
    if near and target.sum() > 1:
        return crop_about(target)
    return whole(pictures.view(asked.scene, view))


def _asked_in(
    net: Net,
    pictures: Pictures,
    shapes: np.ndarray,
    group: list[Asked],
    where: tuple[tuple[int, ...], tuple[Crop, ...], bool],
) -> Iterator[Look]:
    views, crops, has_depth = where
    scene, n = group[0].scene, len(views)
    images = []
    for view, crop in zip(views, crops, strict=True):
        channels = channels_of(pictures.rgb[scene, view], shapes[scene, view])
        channels[-N_SHAPE:] *= has_depth
        images.append(cut(channels, crop))
    tokens = np.repeat(np.stack([phrase_tokens(phrase_of(one)) for one in group]), n, axis=0)
    with torch.no_grad():
        features, pooled = net.encoder(torch.from_numpy(np.stack(images)))
        k = len(group)
        said = net.decoder(
            features.repeat(k, 1, 1, 1), pooled.repeat(k, 1), torch.from_numpy(tokens)
        )
    size = pictures.size_px
    for i, one in enumerate(group):
        rows = slice(i * n, i * n + n)
        prob = expit(said.heat[rows].numpy())
        maps = [
            paste(p, c, height_px=size, width_px=size) for p, c in zip(prob, crops, strict=True)
        ]
        yield Look(
            one,
            views,
            crops,
            logits_of(np.stack(maps)),
            said.presence[rows].numpy(),
            said.feasible[rows].numpy(),
            np.stack([pictures.region(one, view) for view in views]),
        )


def logits_of(prob: np.ndarray) -> np.ndarray:
    """Return the logits of probabilities, as far as they tell anything."""
    return np.asarray(logit(np.clip(prob.astype(np.float64), SURE, 1.0 - SURE)), np.float32)


def lifted(look: Look, surface: Surface3D) -> tuple[np.ndarray, np.ndarray]:
    """Return features (n, f) and truth (n,) of a cloud's points for one question."""
    pairs = list(zip(expit(look.maps), surface.pixels, strict=True))
    votes = np.stack([logits_of(read_map(values, pixels)) for values, pixels in pairs])
    cloud = surface.cloud
    height_m = cloud.points_m[:, 2].astype(np.float32)
    features = point_features(votes, surface.seen, surface.cosine, height_m, look.presence)
    view, column, row = cloud.pixels.T
    return features, look.truth[view, row, column]
