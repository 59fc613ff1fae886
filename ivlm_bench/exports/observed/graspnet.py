"""Folders like GraspNet-1Billion's: a scene a question, an annotation a view.

``scenes/scene_0000/kinect/{rgb,depth}/0000.png``, ``meta/0000.mat`` (``intrinsic_matrix``,
``factor_depth``), ``camK.npy``, ``camera_poses.npy`` (camera 0 from camera i) and
``cam0_wrt_table.npy`` (world from camera 0). Nothing that only the data set's makers know is there:
no ``label``, no ``annotations``. ``scenes.json`` tells which scene is which question.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from scipy.io import savemat

from ivlm_bench.exports.observed.images import MM_PER_M, write_depth_mm, write_rgb
from ivlm_bench.types import Observation

#: Camera of the folders; the data set has kinect and realsense.
CAMERA = "kinect"
#: Where scenes are told apart.
SCENES = "scenes.json"


def write(out: Path, key: str, number: int, seen: Observation) -> None:
    """Write one question as a scene."""
    name = f"scene_{number:04d}"
    home = out / "scenes" / name / CAMERA
    for folder in ("rgb", "depth", "meta"):
        (home / folder).mkdir(parents=True)
    for index, view in enumerate(seen.views):
        assert view.depth_m is not None
        write_rgb(home / "rgb" / f"{index:04d}.png", view.rgb)
        write_depth_mm(home / "depth" / f"{index:04d}.png", view.depth_m)
        savemat(
            home / "meta" / f"{index:04d}.mat",
            {
                "intrinsic_matrix": view.camera.intrinsics_px,
                "factor_depth": np.array([[MM_PER_M]]),
            },
        )
    world_from_camera = [view.camera.world_from_camera for view in seen.views]
    first = world_from_camera[0].inverse()
    np.save(home / "camK.npy", seen.views[0].camera.intrinsics_px)
    np.save(home / "camera_poses.npy", np.stack([(first @ p).matrix for p in world_from_camera]))
    np.save(home / "cam0_wrt_table.npy", world_from_camera[0].matrix)
    path = out / SCENES
    scenes = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    path.write_text(json.dumps(scenes | {name: key}, indent=1) + "\n", encoding="utf-8")
