"""The whole training: both stages, temperatures, figures, files."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from functools import partial
from math import ceil
from typing import Any

import numpy as np
import torch
from scipy.special import expit

from ivlm_bench.errors import AssetError, ConfigError
from ivlm_bench.learning.trainers import Progress, Training
from ivlm_policies.ivlm.encoding._build import encoder_facts, net_with
from ivlm_policies.ivlm.encoding.choice import OWN
from ivlm_policies.ivlm.training import _check, _drawing, _stage1, _stage2, card, report
from ivlm_policies.ivlm.training._export import export
from ivlm_policies.ivlm.training._looks import looks
from ivlm_policies.ivlm.training._net import Net
from ivlm_policies.ivlm.training.pictures import Asked, Pictures, read_pictures, split_scenes
from ivlm_policies.ivlm.training.recipe import Recipe, recipe
from ivlm_policies.ivlm.training.samples import Sampler
from ivlm_policies.ivlm.training.shapes import shape_channels
from ivlm_policies.ivlm.weights import CARD_FILE, MODEL_FILE, load_weights, read_tensors

#: Sensor tracks that figures are made for: the views, and whether the net sees shape. The cloud
#: that they are lifted onto comes from depth on every track.
TRACKS: dict[str, tuple[tuple[int, ...], bool]] = {
    "rgbd4": ((0, 1, 2, 3), True),
    "rgbd": ((0,), True),
    "rgb4": ((0, 1, 2, 3), False),
    "rgb": ((0,), False),
}
#: Where what is worked out once of the pictures is kept, in the folder of the training.
SHAPES_FILE, SETTINGS_FILE = "shapes.npy", "settings.txt"
#: Weights that are trained on learn at this share of the rate: what they know is not to be undone.
SECOND_RATE = 0.5
#: Shares of the scenes with 3D labels that are compared.
LABEL_SHARES = (0.0, 0.01, 0.1, 1.0)
#: Answers in the sheet of pictures.
N_SHOWN = 24


@dataclass(frozen=True, eq=False, slots=True)
class _Material:
    """What is learnt from, and what is held back."""

    pictures: Pictures
    shapes: np.ndarray
    learnt: list[int]
    held: list[int]


def run(order: Training, progress: Progress) -> dict[str, Any]:
    """Train as ordered; weights and report go into ``order.out``."""
    started_s = time.process_time()
    chosen = _recipe(order)
    order.out.mkdir(parents=True, exist_ok=True)
    material = _material(order, chosen, progress)
    _same_settings(order, chosen, material.pictures)
    stage1 = _stage1.Stage1(chosen, _start(order.start, chosen.encoder))
    if order.resume and (order.out / _stage1.STATE_FILE).is_file():
        stage1.resume(order.out)
    sampler = Sampler(material.pictures, material.shapes, material.learnt)
    with progress("steps of stage 1", chosen.n_steps - stage1.n_done) as step:
        net = stage1.run(sampler, order.out, step)
    return _finish(order, chosen, material, (net, stage1.curve, started_s), progress)


def _recipe(order: Training) -> Recipe:
    chosen = recipe(order.preset)
    if order.n_steps is not None:
        chosen = replace(chosen, n_steps=order.n_steps)
    if order.seed is not None:
        chosen = replace(chosen, seed=order.seed)
    if order.label_share is not None:
        chosen = replace(chosen, label_share=order.label_share)
    if order.encoder is not None:
        chosen = replace(chosen, encoder=order.encoder)
    if chosen.encoder != OWN:  # a frozen one knows pictures of its own size
        chosen = replace(chosen, small_share=0.0)
    if order.start is not None:
        chosen = replace(chosen, peak_rate=chosen.peak_rate * SECOND_RATE)
    if chosen.n_steps < 1 or not 0.0 <= chosen.label_share <= 1.0:
        raise ConfigError("A training needs at least 1 step and a share of labels from 0 to 1.")
    return chosen


def _material(order: Training, chosen: Recipe, progress: Progress) -> _Material:
    pictures = read_pictures(order.pictures)
    with progress("scenes whose shape is worked out", len(pictures.scenes)) as step:
        path = order.out / SHAPES_FILE
        shapes = shape_channels(pictures, path, seed=chosen.seed, step=step)
    learnt, held = split_scenes(pictures, held_back=chosen.held_back)
    return _Material(pictures, shapes, learnt, held)


def _same_settings(order: Training, chosen: Recipe, pictures: Pictures) -> None:
    """Keep what a training in this folder was begun with; another can't go on from it."""
    mine = sorted(item for item in asdict(chosen).items() if item[0] != "label_share")
    settings = f"{pictures.content_hash}\n{mine}\n{order.start}\n"
    path = order.out / SETTINGS_FILE
    if order.resume and path.is_file() and path.read_text() != settings:
        raise ConfigError(
            f"The training in {order.out} was begun with other settings or pictures; give the "
            "same ones, or leave --resume out."
        )
    path.write_text(settings)


def _start(name: str | None, encoder: str = OWN) -> dict[str, torch.Tensor] | None:
    if name is None:
        return None
    path = load_weights(name).folder / MODEL_FILE
    arrays, said = read_tensors(path)
    net = net_with(encoder)
    wanted = {key: value.shape for key, value in net.state_dict().items()}
    alike = said.get("backbone_sha256") == encoder_facts(net).get("backbone_sha256")
    if not alike or {key: array.shape for key, array in arrays.items()} != wanted:
        raise AssetError(f"{path} is of another form of the net; train from nothing instead.")
    return {key: torch.from_numpy(array) for key, array in arrays.items()}


def _finish(
    order: Training,
    chosen: Recipe,
    material: _Material,
    done: tuple[Net, list[dict[str, float]], float],
    progress: Progress,
) -> dict[str, Any]:
    net, curve, started_s = done
    points = _points(net, chosen, material, progress)
    head, head_losses = _stage2.train_head(_labelled(points, chosen.label_share), chosen)
    asked = _questions(material, chosen)
    held = {name: _held(net, material, asked, (head, name), progress) for name in TRACKS}
    divisors = _check.temperatures(held["rgbd4"])
    facts = _facts(net, chosen, material) | {
        "cpu_s": time.process_time() - started_s,
        "fusion_loss": head_losses[-1] if head_losses else None,
        "start": order.start,
    }
    tracks = {name: _check.figures(one, divisors) for name, one in held.items()}
    metrics: dict[str, Any] = {"training": facts, "temperatures": divisors, "tracks": tracks}
    metrics["labels"] = _label_curve(points, held["rgbd4"], chosen)
    weights = order.out / "weights"
    data = {**_vocabulary(material), **facts, "trained": True, "tracks": _short(tracks)}
    export(net, weights, fusion=head, temperatures=divisors, metadata=data)
    (weights / CARD_FILE).write_text(card.card(metrics))
    _drawing.draw_curves(curve, order.out / "curves.png")
    _drawing.draw_sheet(_tiles(material.pictures, held["rgbd4"]), order.out / "answers.png")
    report.write_report(order.out, metrics)
    return metrics


def _points(
    net: Net, chosen: Recipe, material: _Material, progress: Progress
) -> list[_stage2.Points]:
    """Return the labelled points of the scenes that stage 2 may learn from."""
    rng = np.random.default_rng([chosen.seed, 29])
    some = [int(s) for s in rng.permutation(material.learnt)[: chosen.n_fusion_scenes]]
    with progress("scenes for stage 2", len(some)) as step:
        return _stage2.gather(
            net, material.pictures, material.shapes, some, seed=chosen.seed, step=step
        )


def _labelled(points: list[_stage2.Points], share: float) -> list[_stage2.Points]:
    """Return the scenes that have labels if only a share has; one at least if any."""
    return points[: ceil(share * len(points))]


def _label_curve(
    points: list[_stage2.Points], held: _check.Held, chosen: Recipe
) -> dict[str, dict[str, float]]:
    """Return what the fusion head reaches by the share of scenes with 3D labels."""
    return {
        f"{share:g}": _check.head_figures(
            held, _stage2.train_head(_labelled(points, share), chosen)[0]
        )
        for share in LABEL_SHARES
        if held.points
    }


def _questions(material: _Material, chosen: Recipe) -> list[Asked]:
    """Return the questions that the figures come from, all about scenes held back."""
    pictures = material.pictures
    every = [i for scene in material.held for i in pictures.by_scene.get(scene, [])]
    rng = np.random.default_rng([0, 31])  # the same for every seed, to compare them
    some = sorted(int(i) for i in rng.permutation(every)[: chosen.n_checked])
    return [pictures.all_alike(pictures.questions[i]) for i in some]


def _held(
    net: Net,
    material: _Material,
    asked: list[Asked],
    how: tuple[dict[str, np.ndarray], str],
    progress: Progress,
) -> _check.Held:
    head, track = how
    views, has_depth = TRACKS[track]
    n_scenes = len({one.scene for one in asked})
    with progress(f"scenes held back, {track}", n_scenes) as step:
        ask = partial(looks, net, material.pictures, material.shapes, views=views)
        ask = partial(ask, has_depth=has_depth)
        return _check.held_back(material.pictures, asked, ask, head=head, views=views, step=step)


def _facts(net: Net, chosen: Recipe, material: _Material) -> dict[str, Any]:
    return {
        "preset": chosen.name,
        "seed": chosen.seed,
        "steps": chosen.n_steps,
        "label_share": chosen.label_share,
        "n_train_scenes": len(material.learnt),
        "n_held_scenes": len(material.held),
        "data_hash": material.pictures.content_hash,
        "n_parameters": sum(p.numel() for p in net.parameters()),
        "encoder": chosen.encoder,
        **encoder_facts(net),
    }


def _vocabulary(material: _Material) -> dict[str, list[str]]:
    """Return the words that were trained on, sorted."""
    mine = set(material.learnt)
    asked = [one for one in material.pictures.questions if one.scene in mine]
    categories = {s.category for i in mine for s in material.pictures.scenes[i].surfaces}
    return {
        "nouns": sorted({one.noun for one in asked if one.noun}),
        "parts": sorted({one.part for one in asked if one.part}),
        "interactions": sorted({one.interaction for one in asked}),
        "colours": sorted({one.colour for one in asked if one.colour}),
        "categories": sorted(categories),
    }


def _short(tracks: dict[str, Any]) -> dict[str, Any]:
    """Return the figures over all questions of each track."""
    keys = ("all", "presence_auroc", "feasible_auroc", "ece")
    return {name: {key: row[key] for key in keys} for name, row in tracks.items()}


def _tiles(pictures: Pictures, held: _check.Held) -> list[Any]:
    """Return questions for the sheet, spread over all that were asked."""
    step = max(1, len(held.shown) // N_SHOWN)
    tiles = []
    for look in held.shown[::step][:N_SHOWN]:
        one, k = look.asked, int(look.truth.sum(axis=(1, 2)).argmax())
        words = [one.interaction, one.colour, one.place, one.part, "of", one.noun, one.sense]
        there = expit(look.presence[k])
        text = f"{one.kind}: {' '.join(w for w in words if w)}\nthere: {there:.2f} ({one.present})"
        rgb = np.array(pictures.rgb[one.scene, look.views[k]])
        tiles.append((text, rgb, look.truth[k], expit(look.maps[k]), look.crops[k]))
    return tiles
