"""One short training for each group of families, each tested on the questions of all groups."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from ivlm_bench.errors import AssetError
from ivlm_bench.learning.trainers import Progress
from ivlm_bench.learning.transfer import Cell, Matrix, TransferOrder
from ivlm_policies.ivlm.training._check import Row
from ivlm_policies.ivlm.training.pictures import Asked, Pictures, read_pictures, split_scenes
from ivlm_policies.ivlm_points._net import Net
from ivlm_policies.ivlm_points.training._check import Material, held_back
from ivlm_policies.ivlm_points.training._run import made_clouds, questions
from ivlm_policies.ivlm_points.training._steps import trained
from ivlm_policies.ivlm_points.training.families import ALL, category_of, only
from ivlm_policies.ivlm_points.training.recipe import Recipe, recipe
from ivlm_policies.ivlm_points.training.samples import CloudSampler
from ivlm_policies.ivlm_points.training.store import FILE, Clouds

Groups = Mapping[str, tuple[str, ...]]
#: Noun of a thing whose own was not among those trained on, as the planner says it.
ANY_THING = "object"


@dataclass(frozen=True, eq=False, slots=True)
class _Ground:
    """What all groups share: pictures, clouds, scenes to learn from, questions about the others."""

    pictures: Pictures
    clouds: Clouds
    learnt: list[int]
    asked: list[Asked]


def run(order: TransferOrder, groups: Groups, progress: Progress) -> Matrix:
    """Train and test as ordered; figures go into ``order.out``."""
    chosen = recipe("transfer")
    if order.n_steps is not None:
        chosen = replace(chosen, n_steps=order.n_steps)
    if order.seed is not None:
        chosen = replace(chosen, seed=order.seed)
    order.out.mkdir(parents=True, exist_ok=True)
    pictures = read_pictures(order.pictures)
    learnt, held = split_scenes(pictures, held_back=chosen.held_back)
    clouds = made_clouds(pictures, order.out / FILE, progress)
    asked = [one for one in questions(pictures, held, chosen.n_checked) if one.present]
    ground = _Ground(pictures, clouds, learnt, asked)
    settings = {"pictures": pictures.content_hash, **asdict(chosen)}
    return {
        name: _row(ground, groups, name, (chosen, settings, order.out), progress)
        for name in order.groups or tuple(groups)
    }


def _row(
    ground: _Ground,
    groups: Groups,
    name: str,
    how: tuple[Recipe, dict[str, Any], Path],
    progress: Progress,
) -> dict[str, Cell | None]:
    """Return the figures of a group's net; from its file where it is there."""
    chosen, settings, out = how
    path = out / f"{name}.json"
    if path.is_file():
        return _read(path, settings)
    own = only(ground.pictures, groups[name])
    sampler = CloudSampler(own, ground.clouds, ground.learnt, families=frozenset(groups[name]))
    with progress(f"steps on {name}", chosen.n_steps) as step:
        net, _ = trained(chosen, sampler, out, step)
    cells = _tested(net, ground, _nouns(own, ground.learnt), groups, progress)
    told = {column: None if cell is None else asdict(cell) for column, cell in cells.items()}
    path.write_text(json.dumps({"settings": settings, "cells": told}, indent=1) + "\n")
    return cells


def _read(path: Path, settings: dict[str, Any]) -> dict[str, Cell | None]:
    found = json.loads(path.read_text())
    if found["settings"] != settings:
        raise AssetError(
            f"{path} is of other settings or pictures; remove it, or name another --out."
        )
    cells: dict[str, dict[str, Any] | None] = found["cells"]
    return {column: None if cell is None else Cell(**cell) for column, cell in cells.items()}


def _nouns(pictures: Pictures, learnt: list[int]) -> set[str]:
    mine = set(learnt)
    return {one.noun for one in pictures.questions if one.scene in mine}


def _tested(
    net: Net, ground: _Ground, nouns: set[str], groups: Groups, progress: Progress
) -> dict[str, Cell | None]:
    """Return the figures on each group's questions; nouns that are not known mean any thing."""
    asked = [
        one if one.noun in nouns else msgspec.structs.replace(one, noun=ANY_THING)
        for one in ground.asked
    ]
    material = Material(ground.pictures, ground.clouds)
    with progress("scenes held back", len({one.scene for one in asked})) as step:
        held, order = held_back(net, material, asked, step=step)
    rows = list(zip(held.rows, order, strict=True))
    return {
        name: _mean([r for r, q in rows if category_of(ground.pictures, q) in families])
        for name, families in groups.items()
        if name != ALL
    }


def _mean(rows: list[Row]) -> Cell | None:
    """Return the means over those rows that have figures."""
    seen = [row for row in rows if row.iou is not None]
    if not seen:
        return None
    iou, pointing, area = (
        float(np.mean([getattr(row, key) for row in seen])) for key in ("iou", "pointing", "area")
    )
    return Cell(len(seen), iou, pointing, area)
