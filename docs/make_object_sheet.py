"""Draw the contact sheet of all object families: python docs/make_object_sheet.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from ivlm_bench.geometry.camera import look_at
from ivlm_bench.objects import OBJECTS, ObjectFamily, Split
from ivlm_bench.render.soft import SoftRenderer
from ivlm_bench.render.surfaces import scene_surfaces
from ivlm_bench.types import ObjectModel, Placement, Pose, Scene

OUT = Path(__file__).parent / "objects.png"
TILE_PX, LABEL_PX = 160, 14
#: Instances of each pool in a row.
N_EACH = 3
FOV_RAD = np.deg2rad(30.0)
#: Directions that the camera looks from: azimuth and elevation (rad), in turn.
VIEWS_RAD = ((-0.6, 0.45), (0.7, 0.75), (0.5, 0.35))
#: Share of its travel that the first drawer of each second cabinet is open by.
OPEN_SHARE = 0.6


def scene_of(model: ObjectModel, table: ObjectModel, *, opened: bool) -> Scene:
    """Stand a model on a table, its first drawer pulled out where it can be."""
    first = model.links[1].joint if opened and model.category == "cabinet" else None
    joints = {} if first is None else {first.name: OPEN_SHARE * first.upper}
    placements = (
        Placement("it", model, Pose.identity(), "target", joints),
        Placement("table", table, Pose.identity(), "support"),
    )
    return Scene("sheet", placements, (), np.array([0.0, 0.0, -9.81]))


def tile(
    scene: Scene, renderer: SoftRenderer, view_rad: tuple[float, float], *, wide: bool = False
) -> Image.Image:
    """Render a scene so that the object fills the tile; ``wide`` shows the table around it."""
    surfaces = scene_surfaces(scene)
    shown = [s.vertices_m for s in surfaces if s.name.startswith("it/")]
    low, high = (f(np.concatenate(shown), axis=0) for f in (np.min, np.max))
    radius, centre = float(np.linalg.norm(high - low)) / 2, (low + high) / 2
    if wide:
        radius *= 4.0
    azimuth, elevation = view_rad
    outwards = np.array(
        [
            np.cos(elevation) * np.cos(azimuth),
            np.cos(elevation) * np.sin(azimuth),
            np.sin(elevation),
        ]
    )
    eye = centre + outwards * radius / np.sin(FOV_RAD / 2) * 0.95
    camera = look_at(eye, centre, fov_rad=FOV_RAD, size_px=TILE_PX)
    return Image.fromarray(renderer.render(surfaces, camera).rgb)


def row(family: ObjectFamily, renderer: SoftRenderer) -> Image.Image:
    """Render a family: seen instances, then unseen ones, each with its name below."""
    splits: tuple[Split, Split] = ("seen", "unseen")
    strip = Image.new("RGB", (TILE_PX * 2 * N_EACH, TILE_PX + LABEL_PX), "white")
    draw = ImageDraw.Draw(strip)
    for column in range(2 * N_EACH):
        instance = column % N_EACH
        model = family.build(instance, splits[column // N_EACH])
        table = OBJECTS.get("table").build(column, "seen")
        scene = scene_of(model, table, opened=column % 2 == 1)
        bare = family.name == "table"
        if bare:
            scene = scene_of(OBJECTS.get("cup").build(instance, "seen"), model, opened=False)
        image = tile(scene, renderer, VIEWS_RAD[column % len(VIEWS_RAD)], wide=bare)
        strip.paste(image, (column * TILE_PX, 0))
        draw.text((column * TILE_PX + 4, TILE_PX + 2), model.name, fill="black")
    return strip


def main() -> None:
    """Write the sheet beside this script."""
    renderer = SoftRenderer()
    rows = [row(family, renderer) for _, family in OBJECTS]
    sheet = Image.new("RGB", (rows[0].width, sum(r.height for r in rows)), "white")
    for index, strip in enumerate(rows):
        sheet.paste(strip, (0, index * strip.height))
    sheet.save(OUT, optimize=True)


if __name__ == "__main__":
    main()
