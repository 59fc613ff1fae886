"""Contact sheets of tasks and of object families, drawn by the soft renderer."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from ivlm_bench.env import Episode
from ivlm_bench.geometry.camera import look_at
from ivlm_bench.objects import OBJECTS, ObjectFamily, Split
from ivlm_bench.render.soft import SoftRenderer
from ivlm_bench.render.surfaces import scene_surfaces
from ivlm_bench.types import ObjectModel, Placement, Pose, Scene

#: Side of a tile of an object and height of its label, pixels.
TILE_PX, LABEL_PX = 160, 14
#: Height of one line of a caption, and its longest line, pixels and letters.
LINE_PX, LINE_LETTERS = 12, 38
#: Instances of a family in one strip.
N_INSTANCES = 6
FOV_RAD = float(np.deg2rad(30.0))
#: Directions that the camera looks from: azimuth and elevation (rad), in turn.
VIEWS_RAD = ((-0.6, 0.45), (0.7, 0.75), (0.5, 0.35))
#: Share of its travel that the first joint of each second instance is open by.
OPEN_SHARE = 0.6
#: Families that are background: shown with something on them.
BACKGROUND = ("table",)
#: Columns of the two sheets that show everything.
N_TASK_COLUMNS, N_FAMILY_COLUMNS = 5, 8

Shown = tuple[int, Split]


def instances(family: ObjectFamily) -> tuple[Shown, ...]:
    """Return which instances stand for a family: three of each pool, or six of the only one."""
    pools: list[Split] = [split for split in ("seen", "unseen") if family.size(split)]
    each = N_INSTANCES // len(pools)
    return tuple((number, pool) for pool in pools for number in range(each))


def family_tile(family: ObjectFamily, shown: Shown, renderer: SoftRenderer) -> Image.Image:
    """Render one instance with its name below; every second one with its first joint open."""
    instance, split = shown
    model = family.build(instance, split)
    table = OBJECTS.get("table").build(instance, "seen")
    background = family.name in BACKGROUND
    if background:
        scene = _scene_of(OBJECTS.get("cup").build(instance, "seen"), model, opened=False)
    else:
        scene = _scene_of(model, table, opened=instance % 2 == 1)
    view = VIEWS_RAD[instance % len(VIEWS_RAD)]
    image = _view_of(scene, renderer, view, wide=background)
    return _captioned(image, model.name, n_lines=1)


def family_strip(family: ObjectFamily, renderer: SoftRenderer) -> Image.Image:
    """Return six instances of a family side by side."""
    return grid([family_tile(family, s, renderer) for s in instances(family)], N_INSTANCES)


def families_sheet(renderer: SoftRenderer) -> Image.Image:
    """Return every family: its first seen and its first unseen instance, or two unseen ones."""
    tiles = []
    for _, family in OBJECTS:
        all_shown = instances(family)
        ends = (all_shown[0], next(s for s in all_shown[1:] if s[1] == "unseen"))
        tiles += [family_tile(family, s, renderer) for s in ends]
    return grid(tiles, N_FAMILY_COLUMNS)


def episode_tile(episode: Episode, *, title: str = "", n_lines: int = 3) -> Image.Image:
    """Return the first view of a question, its sentence below, and a note if it has no answer."""
    said = f"{title} {episode.observation.query.text}".strip()
    note = "" if episode.truth.feasible else " [can't be done: abstain]"
    image = Image.fromarray(episode.observation.views[0].rgb)
    return _captioned(image, said + note, n_lines=n_lines)


def tasks_sheet(episodes: Sequence[Episode]) -> Image.Image:
    """Return the first question of every task with the task's name."""
    tiles = [episode_tile(e, title=f"{e.task.split('/')[-1]}:") for e in episodes]
    return grid(tiles, N_TASK_COLUMNS)


def grid(tiles: Sequence[Image.Image], n_columns: int) -> Image.Image:
    """Return tiles of one size in rows from left to right."""
    width, height = tiles[0].size
    n_columns = min(n_columns, len(tiles))
    size = (width * n_columns, height * math.ceil(len(tiles) / n_columns))
    sheet = Image.new("RGB", size, "white")
    for index, tile in enumerate(tiles):
        sheet.paste(tile, (index % n_columns * width, index // n_columns * height))
    return sheet


def _captioned(image: Image.Image, text: str, *, n_lines: int) -> Image.Image:
    letters = LINE_LETTERS * image.width // 224
    lines = textwrap.wrap(text, letters)
    if len(lines) > n_lines:
        lines = [*lines[: n_lines - 1], lines[n_lines - 1][: letters - 3] + "..."]
    tile = Image.new(
        "RGB", (image.width, image.height + LABEL_PX + LINE_PX * (n_lines - 1)), "white"
    )
    tile.paste(image, (0, 0))
    draw = ImageDraw.Draw(tile)
    for number, line in enumerate(lines):
        draw.text((4, image.height + 1 + number * LINE_PX), line, fill="black")
    return tile


def _scene_of(model: ObjectModel, table: ObjectModel, *, opened: bool) -> Scene:
    joint = model.links[1].joint if opened and len(model.links) > 1 else None
    joints = {} if joint is None else {joint.name: OPEN_SHARE * joint.upper}
    placements = (
        Placement("it", model, Pose.identity(), "target", joints),
        Placement("table", table, Pose.identity(), "support"),
    )
    return Scene("sheet", placements, (), np.array([0.0, 0.0, -9.81]))


def _view_of(
    scene: Scene, renderer: SoftRenderer, view_rad: tuple[float, float], *, wide: bool
) -> Image.Image:
    """Render a scene so that the object fills the tile; ``wide`` shows the table around it."""
    surfaces = scene_surfaces(scene)
    points = np.concatenate([s.vertices_m for s in surfaces if s.name.startswith("it/")])
    low, high = points.min(axis=0), points.max(axis=0)
    radius_m = float(np.linalg.norm(high - low)) / 2 * (4.0 if wide else 1.0)
    azimuth, elevation = view_rad
    level = np.array([np.cos(azimuth), np.sin(azimuth), 0.0])
    outwards = np.cos(elevation) * level + np.sin(elevation) * np.array([0.0, 0.0, 1.0])
    centre = (low + high) / 2
    eye = centre + outwards * radius_m / np.sin(FOV_RAD / 2) * 0.95
    camera = look_at(eye, centre, fov_rad=FOV_RAD, size_px=TILE_PX)
    return Image.fromarray(renderer.render(surfaces, camera).rgb)
