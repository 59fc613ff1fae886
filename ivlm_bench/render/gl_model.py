"""Surfaces as a MuJoCo model that is drawn and never simulated."""

from __future__ import annotations

import mujoco
import numpy as np

from ivlm_bench.protocols import Surface
from ivlm_bench.render.lights import BACKGROUND, LIGHT_X, LIGHT_Y, LIGHT_Z

#: Distances of the clipping planes, metres: nearer and farther than anything in a scene.
NEAR_M, FAR_M = 0.02, 20.0
#: Light from everywhere, from the viewer, and from the key light, linear: chosen by eye so that
#: pictures look like those of the default renderer.
AMBIENT, HEADLIGHT, KEY_LIGHT = 0.53, 0.08, 0.45
#: Side of the map of shadows, pixels.
SHADOW_MAP_PX = 2048
#: Samples a pixel of colour images.
COLOUR_SAMPLES = 4
#: Distance of the key light's place from the origin, metres; its rays are parallel.
LIGHT_DISTANCE_M = 2.0
#: Largest side of an image, pixels, that the off-screen buffer holds.
MAX_BUFFER_PX = 2048


def surface_model(surfaces: tuple[Surface, ...], *, size_px: int) -> mujoco.MjModel:
    """Return a model with one geom a surface, in order, for images of ``size_px``."""
    spec = mujoco.MjSpec()
    spec.visual.global_.offwidth = spec.visual.global_.offheight = size_px
    spec.visual.quality.offsamples = COLOUR_SAMPLES
    spec.visual.quality.shadowsize = SHADOW_MAP_PX
    spec.stat.extent = 1.0
    spec.stat.center = [0.0, 0.0, 0.0]
    spec.visual.map.znear, spec.visual.map.zfar = NEAR_M, FAR_M
    spec.visual.map.shadowclip, spec.visual.map.shadowscale = 1.0, 0.6
    _light(spec)
    for number, surface in enumerate(surfaces):
        _add_surface(spec, surface, str(number))
    return spec.compile()


def _light(spec: mujoco.MjSpec) -> None:
    spec.visual.headlight.ambient = [AMBIENT] * 3
    spec.visual.headlight.diffuse = [HEADLIGHT] * 3
    spec.visual.headlight.specular = [0.0] * 3
    background = np.array(BACKGROUND) / 255.0
    spec.add_texture(
        name="background",
        type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_FLAT,
        rgb1=background,
        rgb2=background,
        width=16,
        height=16,
    )
    towards = np.array([LIGHT_X, LIGHT_Y, LIGHT_Z])
    light = spec.worldbody.add_light(pos=LIGHT_DISTANCE_M * towards, dir=-towards, castshadow=True)
    light.type = mujoco.mjtLightType.mjLIGHT_DIRECTIONAL
    light.diffuse, light.ambient, light.specular = [KEY_LIGHT] * 3, [0.0] * 3, [0.0] * 3


def _add_surface(spec: mujoco.MjSpec, surface: Surface, name: str) -> None:
    mesh = spec.add_mesh(name=name, inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL)
    faces = np.ascontiguousarray(surface.faces, np.int32)
    mesh.uservert = np.asarray(surface.vertices_m, np.float32).ravel()
    mesh.userface = faces.ravel()
    mesh.usertexcoord = np.asarray(surface.uv, np.float32).ravel()
    mesh.userfacetexcoord = faces.ravel()
    material = spec.add_material(name=name, specular=0.0, shininess=0.0)
    _paint(spec, material, surface.texture, name)
    geom = spec.worldbody.add_geom(
        type=mujoco.mjtGeom.mjGEOM_MESH, meshname=name, material=name, contype=0, conaffinity=0
    )
    geom.mass = 0.0


def _paint(
    spec: mujoco.MjSpec, material: mujoco.MjsMaterial, texture: np.ndarray, name: str
) -> None:
    """Give the material a texture, or a plain colour where the texture is one pixel."""
    if texture.shape[:2] == (1, 1):
        material.rgba = [*(texture[0, 0] / 255.0), 1.0]
        return
    height, width = texture.shape[:2]
    image = spec.add_texture(
        name=name, type=mujoco.mjtTexture.mjTEXTURE_2D, width=width, height=height, nchannel=3
    )
    image.data = np.ascontiguousarray(texture).tobytes()
    role = int(mujoco.mjtTextureRole.mjTEXROLE_RGB)
    material.textures[role] = name
