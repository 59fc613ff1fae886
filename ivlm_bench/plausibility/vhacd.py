"""V-HACD as it is compiled into PyBullet, with ObMan's parameters."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from ivlm_bench.types import Mesh

#: V-HACD's parameters as ObMan calls it; gamma, which it leaves alone, is V-HACD 2.2's default.
VHACD_PARAMETERS = {
    "resolution": 1000,
    "concavity": 0.001,
    "planeDownsampling": 4,
    "convexhullDownsampling": 4,
    "alpha": 0.05,
    "beta": 0.0,
    "gamma": 0.00125,
    "maxNumVerticesPerCH": 64,
    "minVolumePerCH": 0.0001,
}

#: Longest that V-HACD may take, s; a tenth of a second is usual.
TIME_LIMIT_S = 120.0


def vhacd(mesh: Mesh) -> list[Mesh]:
    """Return the convex pieces that V-HACD finds at ObMan's resolution; none if it fails.

    It runs in a process of its own: V-HACD ends the process that it is in on meshes as flat as
    paper, and takes minutes on some others.
    """
    with tempfile.TemporaryDirectory(prefix="ivlm_bench_vhacd_") as name:
        folder = Path(name)
        write_obj(folder / "in.obj", [mesh])
        command = [sys.executable, "-m", "ivlm_bench.plausibility.vhacd", name]
        try:
            subprocess.run(command, timeout=TIME_LIMIT_S, capture_output=True, check=True)
        except subprocess.SubprocessError:
            return []
        out = folder / "out.obj"
        return _pieces_of(out.read_text()) if out.exists() else []


def _main(folder: str) -> None:
    """Split ``in.obj`` of a folder into ``out.obj``."""
    from ivlm_bench.engines.bullet_native import pybullet

    names = [str(Path(folder) / name) for name in ("in.obj", "out.obj", "log.txt")]
    pybullet.vhacd(*names, **VHACD_PARAMETERS)


def write_obj(path: Path, pieces: list[Mesh]) -> None:
    """Write meshes to one OBJ file, an object each."""
    lines, first = [], 1
    for number, piece in enumerate(pieces):
        lines.append(f"o piece{number}")
        lines += [f"v {x:.9g} {y:.9g} {z:.9g}" for x, y, z in piece.vertices_m.tolist()]
        lines += [f"f {a} {b} {c}" for a, b, c in (piece.faces + first).tolist()]
        first += len(piece.vertices_m)
    path.write_text("\n".join(lines) + "\n")


def _pieces_of(text: str) -> list[Mesh]:
    """Return the objects of an OBJ file that numbers its vertices through."""
    pieces: list[Mesh] = []
    vertices: list[list[float]] = []
    faces: list[list[int]] = []
    total = 0
    for line in [*text.splitlines(), "o end"]:
        words = line.split()
        if not words:
            continue
        if words[0] == "o" and vertices:
            pieces.append(Mesh(np.array(vertices), np.array(faces, np.int32) - 1 - total))
            total += len(vertices)
            vertices, faces = [], []
        elif words[0] == "v":
            vertices.append([float(word) for word in words[1:4]])
        elif words[0] == "f":
            faces.append([int(word.split("/")[0]) for word in words[1:4]])
    return pieces


if __name__ == "__main__":
    _main(sys.argv[1])
