"""Pictures, depth and meshes as files of common formats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from ivlm_bench.types import Mesh

#: Depth images hold millimetres: 16 bits reach 65.5 m.
MM_PER_M = 1000.0


def write_rgb(path: Path, rgb: np.ndarray) -> None:
    """Write an (h, w, 3) uint8 image as PNG."""
    Image.fromarray(np.ascontiguousarray(rgb)).save(path, "PNG")


def write_depth_mm(path: Path, depth_m: np.ndarray) -> None:
    """Write z-depth (h, w) in metres as a grey PNG of 16 bits, in millimetres; 0 is no return."""
    mm = np.rint(np.clip(depth_m * MM_PER_M, 0.0, 65535.0)).astype(np.uint16)
    Image.fromarray(mm).save(path, "PNG")


def write_obj(path: Path, mesh: Mesh) -> None:
    """Write a mesh as Wavefront OBJ, in metres; vertices keep their order, faces count from 1."""
    vertices = "".join(f"v {x:.9g} {y:.9g} {z:.9g}\n" for x, y, z in mesh.vertices_m.tolist())
    faces = "".join(f"f {a} {b} {c}\n" for a, b, c in (mesh.faces + 1).tolist())
    path.write_text(vertices + faces, encoding="ascii")


def write_ply(path: Path, points_m: np.ndarray, normals: np.ndarray, rgb: np.ndarray) -> None:
    """Write oriented points (n, 3) with colours (n, 3) uint8 as binary PLY, little-endian."""
    fields = [(name, "<f4") for name in ("x", "y", "z", "nx", "ny", "nz")]
    fields += [(name, "u1") for name in ("red", "green", "blue")]
    rows = np.empty(len(points_m), dtype=fields)
    for columns, values in (("xyz", points_m), (("nx", "ny", "nz"), normals)):
        for name, column in zip(columns, values.T, strict=True):
            rows[name] = column
    for name, column in zip(("red", "green", "blue"), rgb.T, strict=True):
        rows[name] = column
    kinds = {"<f4": "float", "u1": "uchar"}
    head = ["ply", "format binary_little_endian 1.0", f"element vertex {len(rows)}"]
    head += [f"property {kinds[kind]} {name}" for name, kind in fields]
    path.write_bytes("\n".join([*head, "end_header", ""]).encode("ascii") + rows.tobytes())
