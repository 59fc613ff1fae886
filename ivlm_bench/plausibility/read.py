"""Reading meshes that anybody may have written: OBJ, PLY, STL, GLB; errors of one sentence."""

from __future__ import annotations

import io
import json
import logging
import re
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import trimesh

from ivlm_bench.errors import AssetError
from ivlm_bench.geometry.mesh import bounds_m
from ivlm_bench.types import Mesh

SUFFIXES = (".obj", ".ply", ".stl", ".glb")
#: Metres a unit of the file's coordinates.
UNITS = {"m": 1.0, "cm": 0.01, "mm": 0.001}
#: More faces than this are refused: the measures would need more than about 8 GB.
MAX_FACES = 4_000_000
#: Larger files are not read at all.
MAX_BYTES = 1_000_000_000
#: Sizes (m) outside of which the unit of a file must be wrong: the largest extent of its box.
SIZES_M = {"hand": (0.03, 1.0), "body": (0.3, 6.0), "object": (0.002, 100.0)}
#: An object that a hand holds.
HELD_SIZE_M = (0.002, 5.0)

#: What files begin with.
_FIRST = {".glb": b"glTF", ".ply": b"ply"}
#: Header of a GLB, bytes: magic, version, length (glTF 2.0 specification, 4.4.2).
GLB_HEADER = 12
#: The version of glTF that is read, and one beyond which the number is damage and no version.
GLB_VERSION, MAX_LIKELY_VERSION = 2, 9

# Without a handler Python would print what trimesh's readers log of a damaged file.
logging.getLogger("trimesh").addHandler(logging.NullHandler())

#: What trimesh's readers raise on damaged files.
_DAMAGED = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    EOFError,
    NotImplementedError,
    AssertionError,
    UnicodeError,
    ImportError,  # text that is no UTF-8: trimesh would ask another package what it is
    struct.error,
    trimesh.exchange.stl.HeaderError,
)


def read_mesh(path: Path, *, role: str, unit: str = "m") -> Mesh:
    """Read a triangle mesh, vertices in the file's order, and check that it can be measured.

    Polygons become triangles; the parts of a GLB become one mesh in its scene's frame. An STL
    file repeats each corner, so there alone equal vertices become one.

    Parameters
    ----------
    path
        The file; its suffix tells the format.
    role
        ``hand``, ``body``, ``held`` (an object in a hand) or ``object``: how large it may be.
    unit
        ``m``, ``cm`` or ``mm``: what the file's coordinates are in.

    Raises
    ------
    AssetError
        If there is no such file, or it is empty, cut off, damaged, a point cloud, has NaN or
        infinite vertices, too many faces, or a size that its unit cannot explain.
    """
    content = _content(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise AssetError(f"{path} is none of {', '.join(SUFFIXES)}; save it as one of these.")
    vertices, faces = reader(path, content)
    _check(path, vertices, faces)
    mesh = Mesh(vertices * UNITS[unit], faces)
    _check_size(path, mesh, role, unit)
    return mesh


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise AssetError(f"{path} is larger than {MAX_BYTES / 1e9:g} GB; decimate the mesh.")
        content = path.read_bytes()
    except FileNotFoundError:
        raise AssetError(f"{path} does not exist; check the name.") from None
    except OSError as error:
        raise AssetError(f"{path} cannot be read: {error.strerror}.") from None
    if not content.strip():
        raise AssetError(f"{path} is empty; export it again.")
    return content


def _check(path: Path, vertices: np.ndarray, faces: np.ndarray) -> None:
    if not len(vertices):
        raise AssetError(f"{path} holds no vertices; it is cut off or no mesh.")
    if not len(faces):
        raise AssetError(
            f"{path} is a cloud of {len(vertices)} points without faces (or cut off before "
            "them); a surface is needed."
        )
    if len(faces) > MAX_FACES:
        raise AssetError(
            f"{path} has {len(faces)} faces, more than the {MAX_FACES} that can be measured; "
            "decimate it."
        )
    bad = ~np.isfinite(vertices).all(axis=1)
    if bad.any():
        first = int(np.argmax(bad))
        raise AssetError(
            f"{path}: {int(bad.sum())} of {len(vertices)} vertices are NaN or infinite "
            f"(the first is number {first}, counted from 0); mend what wrote it."
        )
    wrong = faces[(faces < 0) | (faces >= len(vertices))]
    if len(wrong):
        raise AssetError(
            f"{path}: a face names vertex {int(wrong[0]) + 1}, but there are {len(vertices)}; the "
            "file is cut off or damaged."
        )


def _check_size(path: Path, mesh: Mesh, role: str, unit: str) -> None:
    low, high = HELD_SIZE_M if role == "held" else SIZES_M[role]
    what = "object in a hand" if role == "held" else role
    extent = bounds_m(Mesh(mesh.vertices_m[np.unique(mesh.faces)], np.zeros((0, 3), np.int32)))
    size = float((extent[1] - extent[0]).max())
    if low <= size <= high:
        return
    if size == 0.0:
        raise AssetError(f"{path}: all its points lie in one place.")
    fits = [name for name, m in UNITS.items() if low <= size / UNITS[unit] * m <= high]
    advice = f"give --units {fits[-1]}" if fits else "check its scale"
    raise AssetError(
        f"{path} is {_length(size)} large, which no {what} is ({low:g} to {high:g} m); if its "
        f"coordinates are not in {unit}, {advice}."
    )


def _length(size_m: float) -> str:
    if size_m >= 1000.0:
        return f"{size_m / 1000.0:.3g} km"
    return f"{size_m:.3g} m" if size_m >= 0.1 else f"{size_m * 1000.0:.3g} mm"


def _read_obj(path: Path, content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Read ``v`` and ``f`` lines and nothing else, so that vertices keep their order and number."""
    lines = _lines(content)
    vertices = _rows([line for line in lines if line[:2] == "v "], np.float64)
    faces = _rows([_CORNER.sub("", line) for line in lines if line[:2] == "f "], np.int64)
    if vertices is None or faces is None or (faces < 1).any():
        return _read_obj_slowly(path, lines)
    return vertices, (faces - 1).astype(np.int32)


def _rows(lines: list[str], dtype: type) -> np.ndarray | None:
    """Return the three numbers of each line at once, or None if a line has more or other words."""
    words = " ".join(lines).split()
    if len(words) != 4 * len(lines) or len(set(words[::4])) > 1:
        return None
    del words[::4]
    try:
        return np.array(words, dtype).reshape(-1, 3)
    except ValueError:
        return None


def _read_obj_slowly(path: Path, lines: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Read polygons, colours and indices from the end; tell the line that is damaged."""
    vertices: list[list[float]] = []
    faces: list[tuple[int, int, int]] = []
    for number, line in enumerate(lines, start=1):
        words = line.split()
        try:
            if words and words[0] == "v":
                x, y, z = words[1:4]
                vertices.append([float(x), float(y), float(z)])
            elif words and words[0] == "f":
                faces.extend(_fan([_index(word, len(vertices)) for word in words[1:]]))
        except ValueError:
            raise AssetError(
                f"{path}: line {number} ({line[:40]!r}) is damaged or cut off."
            ) from None
    return (
        np.array(vertices, np.float64).reshape(-1, 3),
        np.array(faces, np.int32).reshape(-1, 3),
    )


def _lines(content: bytes) -> list[str]:
    try:
        text = content.decode("utf-8", errors="strict")
    except UnicodeDecodeError:
        text = content.decode("latin-1")  # names in an old encoding
    return [line.strip() for line in text.replace("\t", " ").splitlines()]


def _index(word: str, n: int) -> int:
    index = int(word.split("/", maxsplit=1)[0])
    return n + index if index < 0 else index - 1


def _fan(corners: list[int]) -> list[tuple[int, int, int]]:
    if len(corners) < 3:
        raise ValueError("a face has three corners at least")
    return [(corners[0], corners[k], corners[k + 1]) for k in range(1, len(corners) - 1)]


def _read_other(path: Path, content: bytes) -> tuple[np.ndarray, np.ndarray]:
    kind = path.suffix.lower()[1:]
    _check_length(path, content)
    load: Callable[..., object] = trimesh.load
    try:
        scene = load(io.BytesIO(content), file_type=kind, process=False)
        if isinstance(scene, trimesh.Scene):
            scene = scene.to_mesh() if any(_is_mesh(g) for g in scene.geometry.values()) else None
    except _DAMAGED as error:
        raise AssetError(
            f"{path} is cut off or damaged: {_reason(kind, error)}; export it again."
        ) from None
    vertices = np.asarray(getattr(scene, "vertices", np.zeros((0, 3))), np.float64)
    faces = np.asarray(getattr(scene, "faces", np.zeros((0, 3))), np.int64)
    if kind == "stl" and len(vertices) and np.isfinite(vertices).all():
        vertices, index = np.unique(vertices, axis=0, return_inverse=True)
        faces = index.reshape(-1)[faces]
    return vertices.reshape(-1, 3), faces.reshape(-1, 3).astype(np.int32)


def _reason(kind: str, error: Exception) -> str:
    """Return what is wrong with a file, in words that need no knowledge of its reader."""
    said = " ".join(str(error).split())
    if isinstance(error, KeyError) and kind == "ply":
        return f"its header has the unknown word {said}"
    if isinstance(error, (ImportError, UnicodeError)):
        return "its text is no UTF-8"
    if said.endswith("unexpected length"):
        return "its header tells of more or fewer bytes than follow"
    return f"it cannot be read as {kind.upper()}"


def _is_mesh(geometry: object) -> bool:
    return isinstance(geometry, trimesh.Trimesh)


def _check_length(path: Path, content: bytes) -> None:
    """Check what a GLB or PLY begins with, and the length that a GLB or a binary STL tells."""
    kind, wanted = path.suffix.lower(), len(content)
    if kind in _FIRST and not content.startswith(_FIRST[kind]):
        raise AssetError(
            f"{path} is no {kind[1:].upper()} file: it does not begin with "
            f"'{_FIRST[kind].decode()}'; export it again, or mend its suffix."
        )
    if kind == ".glb":
        _check_version(path, content)
        wanted = int.from_bytes(content[8:12], "little")
    elif kind == ".stl" and content[:5] != b"solid" and len(content) >= 84:
        wanted = 84 + 50 * int.from_bytes(content[80:84], "little")
    elif kind == ".stl" and content[:5] == b"solid" and b"endsolid" not in content[-512:]:
        if b"\0" not in content:
            raise AssetError(f"{path} is cut off: it does not end with 'endsolid'.")
        wanted = 84 + 50 * int.from_bytes(content[80:84], "little")
    if wanted > len(content):
        raise AssetError(
            f"{path} is cut off: it has {len(content)} bytes and tells of {wanted} or more."
        )


def _check_version(path: Path, content: bytes) -> None:
    if len(content) < GLB_HEADER:
        raise AssetError(f"{path} is cut off: it ends within its header of {GLB_HEADER} bytes.")
    version = int.from_bytes(content[4:8], "little")
    if version > MAX_LIKELY_VERSION:
        raise AssetError(f"{path} is damaged: the bytes of its header are no glTF version.")
    if version != GLB_VERSION:
        raise AssetError(
            f"{path} is glTF {version}, and only glTF {GLB_VERSION} is read; export it as that."
        )


def read_labels(path: Path, n_vertices: int) -> np.ndarray:
    """Read contact labels (n,) bool of a body's vertices, in the order of its file.

    ``.npy``: booleans or probabilities (n,), contact from 0.5 up. ``.json`` and ``.txt``: the
    numbers of the vertices in contact, counted from 0.

    Raises
    ------
    AssetError
        If the file is missing or damaged or does not fit the mesh.
    """
    content = _content(path)
    try:
        if path.suffix == ".npy":
            values = np.load(io.BytesIO(content), allow_pickle=False)
        elif path.suffix == ".json":
            values = np.asarray(json.loads(content))
        else:
            values = np.array(content.split(), np.int64)
    except (ValueError, EOFError) as error:
        raise AssetError(f"{path} holds no labels: {' '.join(str(error).split())}.") from None
    return _labels(path, values, n_vertices)


def _labels(path: Path, values: np.ndarray, n_vertices: int) -> np.ndarray:
    if path.suffix == ".npy" and values.shape == (n_vertices,) and values.dtype.kind in "bf":
        return values >= 0.5 if values.dtype.kind == "f" else values
    if values.ndim == 1 and (values.dtype.kind in "iu" or not len(values)):
        if not len(values):
            return np.zeros(n_vertices, bool)
        if int(values.min()) >= 0 and int(values.max()) < n_vertices:
            labels = np.zeros(n_vertices, bool)
            labels[values] = True
            return labels
    raise AssetError(
        f"{path}: its labels ({values.dtype}, shape {values.shape}) do not fit a mesh of "
        f"{n_vertices} vertices; give one boolean a vertex or a list of vertex numbers."
    )


#: What follows the vertex number in a corner of a face.
_CORNER = re.compile(r"/\S*")

_READERS: dict[str, Callable[[Path, bytes], tuple[np.ndarray, np.ndarray]]] = {
    ".obj": _read_obj,
    ".ply": _read_other,
    ".stl": _read_other,
    ".glb": _read_other,
}
