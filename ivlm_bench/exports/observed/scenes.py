"""A folder a question: pictures, depth, cameras, what is asked, and the fused point cloud.

``KEY/rgb_0.png``; with depth ``depth_0.npy`` (float32, metres), ``depth_0.png`` (16 bits,
millimetres), ``cloud.ply`` and ``cloud.npz`` (world frame, metres: ``points_m``, ``normals``,
``rgb``, ``above_table``); ``question.json``; where something is at hand ``object_mesh.obj``.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from ivlm_bench.exports.observed.images import write_depth_mm, write_obj, write_ply, write_rgb
from ivlm_bench.geometry.cloud import SUPPORT_M, fuse
from ivlm_bench.types import Observation

CONVENTIONS = (
    "metres; world z up, table top z = 0; camera OpenCV (x right, y down, z forward); depth along "
    "z, 0 = no return; pixel (0, 0) is the centre of the top-left pixel"
)


def write(out: Path, key: str, number: int, seen: Observation) -> None:
    """Write one question below ``out``."""
    home = out / key
    home.mkdir()
    for index, view in enumerate(seen.views):
        write_rgb(home / f"rgb_{index}.png", view.rgb)
        if view.depth_m is not None:
            np.save(home / f"depth_{index}.npy", view.depth_m)
            write_depth_mm(home / f"depth_{index}.png", view.depth_m)
    if seen.object_mesh is not None:
        write_obj(home / "object_mesh.obj", seen.object_mesh)
    cloud = fuse(seen.views)
    if len(cloud):
        rgb = np.rint(cloud.colours * 255.0).astype(np.uint8)
        write_ply(home / "cloud.ply", cloud.points_m, cloud.normals, rgb)
        np.savez(
            home / "cloud.npz",
            points_m=cloud.points_m.astype(np.float32),
            normals=cloud.normals.astype(np.float32),
            rgb=rgb,
            above_table=cloud.points_m[:, 2] > SUPPORT_M,
        )
    text = msgspec.json.format(msgspec.json.encode(_question(key, number, seen)), indent=1)
    (home / "question.json").write_bytes(text + b"\n")


def _question(key: str, number: int, seen: Observation) -> dict[str, object]:
    cameras = [
        {
            "intrinsics_px": view.camera.intrinsics_px.tolist(),
            "world_from_camera": view.camera.world_from_camera.matrix.tolist(),
            "width_px": view.camera.width_px,
            "height_px": view.camera.height_px,
        }
        for view in seen.views
    ]
    return {
        "key": key,
        "number": number,
        "conventions": CONVENTIONS,
        "query": msgspec.to_builtins(seen.query),
        "cameras": cameras,
        "gripper": msgspec.to_builtins(seen.gripper),
        "gravity_m_s2": seen.gravity_m_s2.tolist(),
    }
