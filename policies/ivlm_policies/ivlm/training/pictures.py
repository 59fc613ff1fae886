"""Reads a folder of pictures with questions, as ``ivlm_bench.learning`` writes it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np

from ivlm_bench.errors import AssetError
from ivlm_bench.learning.files import ARRAYS, ORDER, QUESTIONS, SCENES, open_pictures
from ivlm_bench.types import Camera, Pose, View

#: Steps of a metre that depth is stored in.
DEPTH_STEPS = 10_000.0
#: Kinds of questions.
KINDS = ("task", "object", "part", "absent", "function")
#: Words for parts that objects call otherwise.
ALSO_CALLED = {"front": "drawer", "buckle": "strap"}
#: Parts that are easily seen where there are none, and beside what: rails in the handles of a
#: front, pins in a lever, straps on a lid, and a handle in a spout.
TAKEN_FOR = {
    "bar": ("front", "door"),
    "pin": ("lever", "knob"),
    "strap": ("lid",),
    "handle": ("spout",),
}


class Surface(msgspec.Struct, frozen=True):
    """A surface of a scene: one part of one placed object."""

    placement: str
    part: str
    category: str
    role: str


class SceneLabels(msgspec.Struct, frozen=True):
    """What stands in a scene; pixels of ``surface`` index ``surfaces``."""

    source: str
    task: str
    surfaces: tuple[Surface, ...]


class Asked(msgspec.Struct, frozen=True):
    """One question about one scene, in canonical words and as a sentence.

    The region is either ``surfaces`` or the graded maps of index ``map``; ``target_surfaces`` is
    all of the object that is meant. ``feasible`` is None where nobody knows.
    """

    scene: int
    kind: str
    interaction: str
    noun: str
    text: str
    present: bool
    part: str = ""
    colour: str = ""
    place: str = ""
    sense: str = ""
    surfaces: tuple[int, ...] | None = None
    map: int | None = None
    feasible: bool | None = None
    target_surfaces: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Pictures:
    """A folder of pictures, its arrays left on disk.

    ``rgb`` uint8 (s, 4, p, p, 3); ``depth`` uint16 (s, 4, p, p) in 0.1 mm, 0 where there is none;
    ``surface`` int16 (s, 4, p, p), -1 where there is none; ``cameras`` (s, 4, 3, 7): the 3 x 4 that
    carries the camera's frame to the world's, then the intrinsics; ``maps`` uint8 (m, 4, p, p).
    """

    folder: Path
    rgb: np.ndarray
    depth: np.ndarray
    surface: np.ndarray
    cameras: np.ndarray
    maps: np.ndarray
    scenes: tuple[SceneLabels, ...]
    questions: tuple[Asked, ...]

    @property
    def size_px(self) -> int:
        """Side of a picture."""
        return int(self.rgb.shape[2])

    def view(self, scene: int, index: int) -> View:
        """Return one view of a scene, with depth."""
        matrix = self.cameras[scene, index]
        pose = Pose.from_rotation(matrix[:, :3], matrix[:, 3])
        camera = Camera(matrix[:, 4:], pose, self.size_px, self.size_px)
        depth_m = (self.depth[scene, index] / DEPTH_STEPS).astype(np.float32)
        return View(camera, np.array(self.rgb[scene, index]), depth_m)

    def region(self, asked: Asked, view: int) -> np.ndarray:
        """Return the region a question asks for in a view, float32 (p, p), 0..1.

        Where a part is named it is all of the part: how good each place of it is for what is done
        there differs between objects, and is known of those alone that a task asks about.
        """
        if not asked.present:
            return np.zeros((self.size_px, self.size_px), np.float32)
        if asked.map is not None and not asked.part:
            return np.asarray(self.maps[asked.map, view] / np.float32(255.0), np.float32)
        shown = self.surface[asked.scene, view]
        return np.isin(shown, asked.surfaces or ()).astype(np.float32)

    def all_alike(self, asked: Asked) -> Asked:
        """Return a question without the words that tell one of several parts alike: all are meant.

        The network is not asked which of them is the left or the red one; that is told afterwards
        by where they are and what colour they have. A part of which there is none of that colour,
        but others, is there.
        """
        if not asked.part or asked.interaction == "place" or not (asked.place or asked.colour):
            return asked
        named = self.scenes[asked.scene].surfaces
        bases = {named[i].part.partition("_")[0] for i in asked.surfaces or ()}
        bases = bases or {asked.part, *(k for k, v in ALSO_CALLED.items() if v == asked.part)}
        alike = tuple(i for i in asked.target_surfaces if named[i].part.partition("_")[0] in bases)
        # Of several, some may stand open and others not: whether one can be shut is its own.
        one_of_many = asked.interaction == "push" and len(alike) > 1
        known = asked.feasible if asked.present and not one_of_many else None
        changes = {"present": bool(alike), "feasible": known} if alike else {}
        plain = {"place": "", "colour": "", "surfaces": alike, "map": None}
        return msgspec.structs.replace(asked, **{**plain, **changes})

    def look_alikes(self, asked: Asked) -> list[Asked]:
        """Return questions for parts that are easily seen where others are, of the asked thing.

        A cabinet is asked for a bar whether it has one or not, a jug with a spout for a handle.
        Those that the thing has come first.
        """
        named = self.scenes[asked.scene].surfaces
        bases = {i: named[i].part.partition("_")[0] for i in asked.target_surfaces}
        found = []
        for part, beside in TAKEN_FOR.items():
            if not set(bases.values()) & set(beside):
                continue
            alike = {part, *(k for k, v in ALSO_CALLED.items() if v == part)}
            own = tuple(i for i, base in bases.items() if base in alike)
            found.append(
                Asked(
                    *(asked.scene, "part" if own else "absent", "find", asked.noun, "", bool(own)),
                    part=part,
                    surfaces=own,
                    target_surfaces=asked.target_surfaces,
                )
            )
        return sorted(found, key=lambda one: not one.present)

    def target(self, asked: Asked, view: int) -> np.ndarray:
        """Return which pixels (p, p) show the object that is meant."""
        return np.isin(self.surface[asked.scene, view], asked.target_surfaces)

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 over the order, the scenes and the questions, which determine the pictures."""
        digest = hashlib.sha256()
        for name in (ORDER, SCENES, QUESTIONS):
            digest.update((self.folder / name).read_bytes())
        return digest.hexdigest()

    @cached_property
    def by_scene(self) -> dict[int, list[int]]:
        """Indices of the questions of each scene."""
        found: dict[int, list[int]] = {}
        for index, asked in enumerate(self.questions):
            found.setdefault(asked.scene, []).append(index)
        return found


def read_pictures(folder: Path) -> Pictures:
    """Open a folder of pictures; ``AssetError`` where a file is missing or does not fit."""
    files = open_pictures(folder)
    try:
        scenes = msgspec.convert(files.scenes, tuple[SceneLabels, ...])
        questions = msgspec.convert(files.questions, tuple[Asked, ...])
    except msgspec.ValidationError as error:
        raise AssetError(f"A line of {folder} cannot be read: {error}. Draw them anew.") from error
    arrays = {name: getattr(files, name) for name in ARRAYS}
    last = max((asked.scene for asked in questions), default=-1)
    lengths = {len(arrays[name]) for name in ARRAYS if name != "maps"}
    if lengths != {len(scenes)} or last >= len(scenes):
        raise AssetError(f"The files of {folder} belong to different scenes; draw them anew.")
    return Pictures(folder, **arrays, scenes=scenes, questions=questions)


def split_scenes(pictures: Pictures, *, held_back: float) -> tuple[list[int], list[int]]:
    """Return the scenes to learn from and those held back, both sorted.

    The same for every seed, so that weights which are trained on never saw what is held back.
    """
    order = np.random.default_rng([0, 7]).permutation(len(pictures.scenes))
    n_held = max(1, round(held_back * len(order)))
    return sorted(order[n_held:].tolist()), sorted(order[:n_held].tolist())
