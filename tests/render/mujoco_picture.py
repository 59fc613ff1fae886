"""Draws the meshes of an npz file with MuJoCo's GL renderer: run by the comparison test.

It runs in a process of its own because MUJOCO_GL is read when mujoco is first imported.
"""

from __future__ import annotations

import sys

import mujoco
import numpy as np

#: Metres; far nearer than anything in the picture, near enough for a fine depth buffer.
Z_NEAR_M = 0.05


def build(scene: dict[str, np.ndarray], *, samples: int) -> mujoco.MjModel:
    """Return a model with one geom a mesh, in order, one camera and one light."""
    spec = mujoco.MjSpec()
    size = int(scene["size_px"])
    spec.visual.global_.offwidth = spec.visual.global_.offheight = size
    spec.visual.quality.offsamples = samples
    spec.stat.extent = 1.0
    spec.visual.map.znear, spec.visual.map.zfar = Z_NEAR_M, 10.0
    spec.visual.headlight.ambient = [0.53] * 3
    spec.visual.headlight.diffuse = [0.08] * 3
    spec.visual.headlight.specular = [0.0] * 3
    spec.add_texture(
        name="sky",
        type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_FLAT,
        rgb1=scene["background"] / 255.0,
        rgb2=scene["background"] / 255.0,
        width=16,
        height=16,
    )
    towards = scene["light"]
    light = spec.worldbody.add_light(pos=1.5 * towards, dir=-towards, castshadow=True)
    light.type = mujoco.mjtLightType.mjLIGHT_DIRECTIONAL
    light.diffuse, light.ambient, light.specular = [0.45] * 3, [0.0] * 3, [0.0] * 3
    for i in range(int(scene["count"])):
        mesh = spec.add_mesh(name=f"mesh{i}", inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL)
        mesh.uservert = scene[f"vertices{i}"].ravel().tolist()
        mesh.userface = scene[f"faces{i}"].ravel().tolist()
        material = spec.add_material(name=f"material{i}", specular=0.0, shininess=0.0)
        material.rgba = [*(scene[f"colour{i}"] / 255.0), 1.0]
        spec.worldbody.add_geom(
            type=mujoco.mjtGeom.mjGEOM_MESH, meshname=f"mesh{i}", material=f"material{i}"
        )
    # OpenGL cameras look along -z with +y up.
    turned = scene["rotation"] @ np.diag([1.0, -1.0, -1.0])
    quat = np.empty(4)
    mujoco.mju_mat2Quat(quat, turned.ravel())
    fov = 2 * np.rad2deg(np.arctan(0.5 * size / float(scene["focal_px"])))
    spec.worldbody.add_camera(name="view", pos=scene["eye_m"], quat=quat, fovy=fov)
    return spec.compile()


def draw(scene: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return colour, depth in metres and mesh numbers."""
    size = int(scene["size_px"])
    images = {}
    for samples in (0, 4):
        model = build(scene, samples=samples)
        state = mujoco.MjData(model)
        mujoco.mj_forward(model, state)
        with mujoco.Renderer(model, size, size) as renderer:
            renderer.update_scene(state, camera="view")
            if samples:
                images["rgb"] = renderer.render().copy()
                continue
            renderer.enable_depth_rendering()
            images["depth_m"] = renderer.render().copy()
            renderer.disable_depth_rendering()
            renderer.enable_segmentation_rendering()
            images["part_ids"] = renderer.render()[:, :, 0].copy()
    return images


if __name__ == "__main__":
    np.savez(sys.argv[2], allow_pickle=False, **draw(dict(np.load(sys.argv[1]))))
