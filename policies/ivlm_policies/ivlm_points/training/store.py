"""The clouds of all scenes, worked out once and kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from ivlm_bench.errors import AssetError
from ivlm_bench.geometry.cloud import Cloud, object_cloud
from ivlm_policies.ivlm.training.pictures import Asked, Pictures

#: Views that the clouds of each scene are made of.
VIEWS: tuple[tuple[int, ...], ...] = ((0, 1, 2, 3), (0,))
#: Bytes that stand for 1 in normals and colours.
NORMAL_STEPS, COLOUR_STEPS = 127.0, 255.0
FILE = "clouds.npz"
#: Scenes whose clouds are written at a time, so that little is lost when the making is stopped.
CHUNK = 100


@dataclass(frozen=True, eq=False, slots=True)
class Labelled:
    """A scene's cloud, and the surface (n,) that each point belongs to; -1 for none."""

    cloud: Cloud
    surface: Int64[np.ndarray, " n"]


@dataclass(frozen=True, eq=False)
class Clouds:
    """The clouds of all scenes end to end, ``VIEWS`` of one scene after the other's.

    ``starts`` (2 s + 1,): where each begins. ``points_m`` (n, 3) float32, ``normals`` and
    ``colours`` (n, 3) bytes, ``pixels`` (n, 3) view, column and row, ``surface`` (n,).
    """

    starts: np.ndarray
    points_m: np.ndarray
    normals: np.ndarray
    colours: np.ndarray
    pixels: np.ndarray
    surface: np.ndarray

    def of(self, scene: int, kind: int) -> Labelled:
        """Return one scene's cloud from ``VIEWS[kind]``."""
        at = len(VIEWS) * scene + kind
        rows = slice(int(self.starts[at]), int(self.starts[at + 1]))
        normals = self.normals[rows] / NORMAL_STEPS
        length = np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
        return Labelled(
            Cloud(
                self.points_m[rows].astype(np.float64),
                normals / length,
                self.colours[rows] / COLOUR_STEPS,
                self.pixels[rows].astype(np.int64),
            ),
            self.surface[rows].astype(np.int64),
        )


def clouds_of(pictures: Pictures, path: Path, *, step: Callable[[], None]) -> Clouds:
    """Return the clouds of all scenes; made and written where the file is not there yet.

    ``step`` is called once a scene. ``AssetError`` where the file is of other pictures.
    """
    if not path.is_file():
        _write(pictures, path, step)
    with np.load(path) as opened:
        arrays = {name: opened[name] for name in opened.files}
    if str(arrays.pop("of")) != pictures.content_hash:
        raise AssetError(f"{path} holds the clouds of other pictures; remove it.")
    return Clouds(**arrays)


def _write(pictures: Pictures, path: Path, step: Callable[[], None]) -> None:
    """Make the file, a chunk of scenes after the other; chunks that are there are taken."""
    n, made = len(pictures.scenes), []
    for begin in range(0, n, CHUNK):
        scenes = range(begin, min(begin + CHUNK, n))
        made.append(path.with_name(f"{path.stem}-{pictures.content_hash[:8]}-{begin}.npz"))
        if not made[-1].is_file():
            _write_chunk(pictures, made[-1], scenes, step)
    parts = []
    for chunk in made:
        with np.load(chunk) as opened:
            parts.append({name: opened[name] for name in opened.files})
    arrays = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    starts = np.concatenate([[0], np.cumsum(arrays.pop("sizes"))])
    _save(path, arrays | {"of": np.array(pictures.content_hash), "starts": starts})
    for chunk in made:
        chunk.unlink()


def _write_chunk(pictures: Pictures, path: Path, scenes: range, step: Callable[[], None]) -> None:
    parts: list[dict[str, np.ndarray]] = []
    for scene in scenes:
        views = tuple(pictures.view(scene, index) for index in range(pictures.rgb.shape[1]))
        shown = [tuple(views[v] for v in some) for some in VIEWS]
        parts += [_stored(pictures, scene, object_cloud(some)) for some in shown]
        step()
    arrays = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    _save(path, arrays | {"sizes": np.array([len(part["surface"]) for part in parts])})


def _save(path: Path, arrays: dict[str, np.ndarray]) -> None:
    part = path.with_name(f"{path.stem}.part.npz")
    np.savez(part, allow_pickle=False, **arrays)
    part.replace(path)


def _stored(pictures: Pictures, scene: int, cloud: Cloud) -> dict[str, np.ndarray]:
    view, column, row = cloud.pixels.T
    return {
        "points_m": cloud.points_m.astype(np.float32),
        "normals": np.rint(cloud.normals * NORMAL_STEPS).astype(np.int8),
        "colours": np.rint(cloud.colours * COLOUR_STEPS).astype(np.uint8),
        "pixels": cloud.pixels.astype(np.int16),
        "surface": np.asarray(pictures.surface[scene])[view, row, column].astype(np.int16),
    }


def region_of(pictures: Pictures, asked: Asked, one: Labelled) -> np.ndarray:
    """Return the region (n,) float32, 0..1, that a question asks for, on a cloud's points."""
    if not asked.present:
        return np.zeros(len(one.surface), np.float32)
    if asked.map is not None and not asked.part:
        view, column, row = one.cloud.pixels.T
        graded = np.asarray(pictures.maps[asked.map])[view, row, column]
        return np.asarray(graded / np.float32(255.0), np.float32)
    return np.isin(one.surface, asked.surfaces or ()).astype(np.float32)
