"""The whole training: steps, temperatures, figures, files."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ivlm_bench.errors import ConfigError
from ivlm_bench.learning.trainers import Progress, Training
from ivlm_policies.ivlm.training import _check as ivlm_check
from ivlm_policies.ivlm.training._drawing import draw_curves
from ivlm_policies.ivlm.training.pictures import Asked, Pictures, read_pictures, split_scenes
from ivlm_policies.ivlm_points._net import Net
from ivlm_policies.ivlm_points.training import card
from ivlm_policies.ivlm_points.training._check import Material, held_back
from ivlm_policies.ivlm_points.training._export import export
from ivlm_policies.ivlm_points.training._steps import trained
from ivlm_policies.ivlm_points.training.recipe import Recipe, recipe
from ivlm_policies.ivlm_points.training.samples import CloudSampler
from ivlm_policies.ivlm_points.training.store import FILE, VIEWS, Clouds, clouds_of
from ivlm_policies.ivlm_points.weights import CARD_FILE, TEMPERATURES

#: Sensor tracks that figures are made for, as indices of the clouds that they show.
TRACKS = {"rgbd4": VIEWS.index((0, 1, 2, 3)), "rgbd": VIEWS.index((0,))}
#: Flags of the command that mean nothing here.
NOT_TAKEN = {"label_share": "--labels", "start": "--start", "encoder": "--encoder"}


def run(order: Training, progress: Progress) -> dict[str, Any]:
    """Train as ordered; weights and report go into ``order.out``."""
    started_s = time.process_time()
    chosen = chosen_recipe(order)
    order.out.mkdir(parents=True, exist_ok=True)
    pictures = read_pictures(order.pictures)
    clouds = made_clouds(pictures, order.out / FILE, progress)
    learnt, held = split_scenes(pictures, held_back=chosen.held_back)
    sampler = CloudSampler(pictures, clouds, learnt)
    with progress("steps", chosen.n_steps) as step:
        net, curve = trained(chosen, sampler, order.out, step)
    asked = questions(pictures, held, chosen.n_checked)
    found = {
        name: _held(net, Material(pictures, clouds, kind), asked, name, progress)
        for name, kind in TRACKS.items()
    }
    every = ivlm_check.temperatures(found["rgbd4"])
    divisors = {name: every[name] for name in TEMPERATURES}
    facts = _facts(net, chosen, pictures, (len(learnt), len(held)))
    facts["cpu_s"] = time.process_time() - started_s
    tracks = {name: ivlm_check.figures(one, divisors) for name, one in found.items()}
    metrics = {"training": facts, "temperatures": divisors, "tracks": tracks}
    _write(order.out, net, metrics)
    draw_curves(curve, order.out / "curves.png")
    return metrics


def chosen_recipe(order: Training) -> Recipe:
    """Return the preset with what an order changes of it."""
    for name, flag in NOT_TAKEN.items():
        if getattr(order, name) is not None:
            raise ConfigError(f"ivlm-points is not trained with {flag}; leave it out.")
    if order.resume:
        raise ConfigError("A training of ivlm-points is short and is not resumed; start it anew.")
    chosen = recipe(order.preset)
    if order.n_steps is not None:
        chosen = replace(chosen, n_steps=order.n_steps)
    if order.seed is not None:
        chosen = replace(chosen, seed=order.seed)
    if chosen.n_steps < 1:
        raise ConfigError("A training needs at least 1 step.")
    return chosen


def made_clouds(pictures: Pictures, path: Path, progress: Progress) -> Clouds:
    """Return the clouds of all scenes; made where the file is not there yet."""
    with progress("scenes whose clouds are made", len(pictures.scenes)) as step:
        return clouds_of(pictures, path, step=step)


def questions(pictures: Pictures, held: list[int], n: int) -> list[Asked]:
    """Return the questions that figures come from, all about scenes held back.

    The very ones that ``ivlm``'s card is about, for the same pictures and number.
    """
    every = [i for scene in held for i in pictures.by_scene.get(scene, [])]
    some = sorted(int(i) for i in np.random.default_rng([0, 31]).permutation(every)[:n])
    return [pictures.all_alike(pictures.questions[i]) for i in some]


def _held(
    net: Net, material: Material, asked: list[Asked], name: str, progress: Progress
) -> ivlm_check.Held:
    with progress(f"scenes held back, {name}", len({one.scene for one in asked})) as step:
        return held_back(net, material, asked, step=step)[0]


def _facts(net: Net, chosen: Recipe, pictures: Pictures, sizes: tuple[int, int]) -> dict[str, Any]:
    return {
        "preset": chosen.name,
        "seed": chosen.seed,
        "steps": chosen.n_steps,
        "n_train_scenes": sizes[0],
        "n_held_scenes": sizes[1],
        "data_hash": pictures.content_hash,
        "n_parameters": sum(p.numel() for p in net.parameters()),
    }


def _write(out: Path, net: Net, metrics: dict[str, Any]) -> None:
    """Write weights, their card, and the figures."""
    keys = ("all", "presence_auroc", "feasible_auroc", "ece")
    short = {name: {key: row[key] for key in keys} for name, row in metrics["tracks"].items()}
    facts = {**metrics["training"], "tracks": short}
    export(net, out / "weights", temperatures=metrics["temperatures"], facts=facts)
    text = card.card(metrics)
    (out / "weights" / CARD_FILE).write_text(text)
    (out / "report.md").write_text(text)
    (out / "metrics.json").write_text(json.dumps(metrics, indent=1, sort_keys=True) + "\n")
