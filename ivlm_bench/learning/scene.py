"""From a drawn scene to its pictures and questions."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ivlm_bench import observe
from ivlm_bench.env import Question
from ivlm_bench.errors import AssetError
from ivlm_bench.learning.derived import derived_questions
from ivlm_bench.learning.sources import Drawn, SceneSource
from ivlm_bench.learning.things import Asked, Thing, named
from ivlm_bench.learning.words import asked_words
from ivlm_bench.objects import OBJECTS, HeldOutError, drawing_for_training
from ivlm_bench.protocols import Renderer
from ivlm_bench.tracks import get_track
from ivlm_bench.types import Camera, Scene

#: Views of a scene.
N_VIEWS = 4
#: Steps of depth in a metre: 0.1 mm each.
DEPTH_STEPS_M = 10_000.0
#: Greatest value of a graded map.
MAP_STEPS = 255.0
#: Draws of a scene before its source is given up.
MOST_DRAWS = 200


@dataclass(frozen=True, eq=False, slots=True)
class Pictured:
    """One scene as files hold it: arrays of all views, and plain records.

    ``map``: graded truth of the task's own question, (v, h, w) uint8, if there is any.
    """

    rgb: np.ndarray
    depth: np.ndarray
    surface: np.ndarray
    cameras: np.ndarray
    map: np.ndarray | None
    scene: dict[str, Any]
    questions: list[dict[str, Any]]


def draw_scene(
    source: SceneSource, rng: np.random.Generator, *, number: int, size_px: int
) -> Drawn:
    """Return a scene of a source, drawn anew until one comes about.

    Raises
    ------
    AssetError
        If none does in 200 draws; the message tells why the last one did not.
    """
    last: AssetError | None = None
    with drawing_for_training():
        for _ in range(MOST_DRAWS):
            try:
                drawn = source(rng, number=number, size_px=size_px)
                check_training(drawn.scene)
            except AssetError as error:
                last = error
                continue
            return drawn
    raise AssetError(f"No scene came about in {MOST_DRAWS} draws: {last} Mend its source.")


def check_training(scene: Scene) -> None:
    """Raise ``HeldOutError`` if a scene shows what no training may see."""
    for placement in scene.placements:
        model = placement.model
        held_out = model.category in OBJECTS and OBJECTS.get(model.category).n_seen == 0
        if held_out or model.split != "seen":
            raise HeldOutError(
                f"Scene {scene.name!r} shows {model.name!r}, which is held out of training; "
                "draw another object."
            )


def picture(drawn: Drawn, rng: np.random.Generator, *, source: str, renderer: Renderer) -> Pictured:
    """Render a scene's views and ask of it what can be asked."""
    snapshot = observe.draw(drawn.scene, renderer, get_track("rgbd4"))
    ids = np.stack([r.part_ids for r in snapshot.renderings]).astype(np.int16)
    records = _surface_records(drawn.scene)
    seen = np.bincount(ids[ids >= 0], minlength=len(records))
    taken, graded = _task_question(drawn, snapshot, records)
    asked = taken + derived_questions(_things(drawn, records, seen), taken, rng)
    depth = np.stack([r.depth_m for r in snapshot.renderings]) * DEPTH_STEPS_M
    return Pictured(
        rgb=np.stack([r.rgb for r in snapshot.renderings]),
        depth=np.clip(np.rint(depth), 0, np.iinfo(np.uint16).max).astype(np.uint16),
        surface=ids,
        cameras=np.stack([_camera_row(c) for c in drawn.scene.cameras[:N_VIEWS]]),
        map=graded,
        scene={"source": source, "task": drawn.task, "surfaces": records},
        questions=[_record(q) for q in asked],
    )


def _camera_row(camera: Camera) -> np.ndarray:
    """Return (3, 7): world_from_camera [R|t], then the intrinsics K."""
    pose = camera.world_from_camera.matrix[:3]
    return np.concatenate([pose, camera.intrinsics_px], axis=1)


def _surface_records(scene: Scene) -> list[dict[str, str]]:
    return [
        {
            "placement": placement.name,
            "part": part.name,
            "category": placement.model.category,
            "role": placement.role,
        }
        for placement in scene.placements
        for _, part in placement.model.parts
    ]


def _things(drawn: Drawn, records: list[dict[str, str]], seen_px: np.ndarray) -> list[Thing]:
    rows = list(enumerate(records))
    return [
        Thing(
            called,
            tuple(
                named(i, r["part"], drawn.colours.get(f"{name}/{r['part']}", ""), int(seen_px[i]))
                for i, r in rows
                if r["placement"] == name
            ),
            is_shut=not any(drawn.scene.placement(name).joints.values()),
        )
        for name, called in drawn.called.items()
    ]


def _task_question(
    drawn: Drawn, snapshot: observe.Snapshot, records: list[dict[str, str]]
) -> tuple[list[Asked], np.ndarray | None]:
    """Return what the task asks, if it asks, and the graded truth where there is any."""
    asked = drawn.asked
    if asked is None:
        return [], None
    scene = drawn.scene
    place = scene.target if asked.region is None else scene.placement(asked.region)
    part = asked.region_part if asked.region is not None else asked.trial.part
    own = [i for i, r in enumerate(records) if r["placement"] == place.name]
    surfaces = tuple(i for i in own if part in (None, records[i]["part"]))
    # A task that asks for what is not there at all asks for a part of that name.
    there = part is None or part != asked.query.object_name or bool(surfaces)
    question = Asked(
        "task",
        asked_words(asked),
        asked.query.text,
        surfaces,
        tuple(own) if there else (),
        present=bool(surfaces),
        feasible=asked.feasible,
    )
    graded = _graded(scene, asked, snapshot, part=part) if surfaces else None
    return [question], graded


def _graded(
    scene: Scene, asked: Question, snapshot: observe.Snapshot, *, part: str | None
) -> np.ndarray | None:
    """Return how good each pixel is for what is asked, (v, h, w) uint8; None if none is."""
    place = scene.target if asked.region is None else scene.placement(asked.region)
    by_vertex = observe.vertex_affordance(place.model, asked.affordance, part)
    pieces = observe.split_by_part(place.model, by_vertex)
    values = {f"{place.name}/{name}": piece for name, piece in pieces.items()}
    maps = np.rint(observe.affordance_maps(snapshot, values) * MAP_STEPS).astype(np.uint8)
    return maps if maps.any() else None


def _record(asked: Asked) -> dict[str, Any]:
    return {
        "kind": asked.kind,
        **asdict(asked.words),
        "text": asked.text,
        "surfaces": list(asked.surfaces),
        "present": asked.present,
        "feasible": asked.feasible,
        "target_surfaces": list(asked.target),
    }
