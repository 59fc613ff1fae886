"""The second renderer: colours and depth by MuJoCo's OpenGL, ids by our own rasteriser.

Its pictures look different in shading, filtering and shadows, which is what it is for: a ranking
that holds under both does not hang on a renderer. OpenGL differs from driver to driver, so rows of
this renderer are never mixed with rows of the default one. Part and face ids come from the default
renderer, so that truth does not depend on how a scene was drawn.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

import mujoco
import numpy as np

from ivlm_bench.errors import ConfigError
from ivlm_bench.protocols import Rendering, Surface
from ivlm_bench.render.gl_backend import choose_backend, new_context
from ivlm_bench.render.gl_model import FAR_M, MAX_BUFFER_PX, NEAR_M, surface_model
from ivlm_bench.render.soft import SoftRenderer
from ivlm_bench.types import Camera

#: Models whose meshes and textures stay uploaded: the views of one scene are drawn in a row.
MODELS_KEPT = 2
#: Side of the context's own surface, pixels; pictures are drawn into buffers of their own.
CONTEXT_PX = 64
#: Share of the far plane's distance from which on a depth means that nothing is there.
NOTHING_FROM = 0.99


class MujocoGLRenderer:
    """Draws with OpenGL off screen.

    Raises
    ------
    MissingDependencyError
        If no headless OpenGL works here.
    """

    name = "mujoco-gl"

    def __init__(self) -> None:
        self.backend = choose_backend()
        self._ids = SoftRenderer(anti_alias=False)

    def render(
        self, surfaces: tuple[Surface, ...], camera: Camera, *, shadows: bool = True
    ) -> Rendering:
        """Return colour and depth by OpenGL, and ids by the default renderer.

        Raises
        ------
        ConfigError
            If the image is larger than the off-screen buffer.
        """
        size_px = max(camera.width_px, camera.height_px)
        if size_px > MAX_BUFFER_PX:
            raise ConfigError(f"mujoco-gl draws images of up to {MAX_BUFFER_PX} px, not {size_px}.")
        ids = self._ids.render(surfaces, camera, shadows=False)
        stage = _stage(self.backend, surfaces, size_px)
        rgb = stage.draw(camera, shadows=shadows)
        depth_m = stage.depth(camera)
        return Rendering(rgb, depth_m, ids.part_ids, ids.face_ids)


@lru_cache(maxsize=MODELS_KEPT)
def _stage(backend: str, surfaces: tuple[Surface, ...], size_px: int) -> _Stage:
    return _Stage(surfaces, _context(backend), size_px)


@cache
def _context(backend: str) -> Any:
    """Return the one context of this process: freeing what one drew would harm another."""
    return new_context(backend, CONTEXT_PX)


class _Stage:
    """Surfaces uploaded to OpenGL, once for smooth colours and once for exact depth."""

    def __init__(self, surfaces: tuple[Surface, ...], context: Any, size_px: int) -> None:
        self._context = context
        context.make_current()
        self._model = surface_model(surfaces, size_px=size_px)
        self._state = mujoco.MjData(self._model)
        mujoco.mj_forward(self._model, self._state)
        self._scene = mujoco.MjvScene(self._model, maxgeom=len(surfaces) + 10)
        self._colour = self._upload()
        self._model.vis.quality.offsamples = 0  # the mean of two depths is no depth
        self._depth = self._upload()

    def draw(self, camera: Camera, *, shadows: bool) -> np.ndarray:
        """Return colours (h, w, 3) uint8."""
        rgb = np.empty((camera.height_px, camera.width_px, 3), np.uint8)
        self._aim(camera)
        self._scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = shadows
        self._scene.flags[mujoco.mjtRndFlag.mjRND_SKYBOX] = True
        self._draw(self._colour, camera)
        mujoco.mjr_readPixels(rgb, None, _rect(camera), self._colour)
        return np.flipud(rgb).copy()

    def depth(self, camera: Camera) -> np.ndarray:
        """Return z-depth (h, w) float32 in metres, 0 where there is nothing."""
        raw = np.empty((camera.height_px, camera.width_px), np.float32)
        self._aim(camera)
        self._scene.flags[mujoco.mjtRndFlag.mjRND_SKYBOX] = False
        self._draw(self._depth, camera)
        mujoco.mjr_readPixels(None, raw, _rect(camera), self._depth)
        # Reversed depth buffer: 1 at the near plane, 0 at the far one; z = n f / (n + d (f - n)).
        depth_m = NEAR_M * FAR_M / (NEAR_M + raw.astype(np.float64) * (FAR_M - NEAR_M))
        depth_m[depth_m >= NOTHING_FROM * FAR_M] = 0.0
        return np.flipud(depth_m.astype(np.float32)).copy()

    def _upload(self) -> mujoco.MjrContext:
        uploaded = mujoco.MjrContext(self._model, mujoco.mjtFontScale.mjFONTSCALE_100.value)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN.value, uploaded)
        uploaded.readDepthMap = mujoco.mjtDepthMap.mjDEPTH_ZEROFAR.value
        return uploaded

    def _draw(self, uploaded: mujoco.MjrContext, camera: Camera) -> None:
        self._context.make_current()
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN.value, uploaded)
        mujoco.mjr_render(_rect(camera), self._scene, uploaded)

    def _aim(self, camera: Camera) -> None:
        """Point the abstract cameras of the scene; OpenGL looks along -z with +y up."""
        mujoco.mjv_updateScene(
            self._model,
            self._state,
            mujoco.MjvOption(),
            None,
            mujoco.MjvCamera(),
            mujoco.mjtCatBit.mjCAT_ALL.value,
            self._scene,
        )
        rotation, eye_m = camera.world_from_camera.rotation, camera.world_from_camera.position_m
        k = camera.intrinsics_px
        left = -(k[0, 2] + 0.5) / k[0, 0] * NEAR_M
        right = (camera.width_px - 0.5 - k[0, 2]) / k[0, 0] * NEAR_M
        top = (k[1, 2] + 0.5) / k[1, 1] * NEAR_M
        bottom = -(camera.height_px - 0.5 - k[1, 2]) / k[1, 1] * NEAR_M
        for view in self._scene.camera:
            view.pos, view.forward, view.up = eye_m, rotation[:, 2], -rotation[:, 1]
            view.frustum_near, view.frustum_far = NEAR_M, FAR_M
            view.frustum_top, view.frustum_bottom = top, bottom
            view.frustum_center = (left + right) / 2.0
            view.frustum_width = (right - left) / 2.0


def _rect(camera: Camera) -> mujoco.MjrRect:
    return mujoco.MjrRect(0, 0, camera.width_px, camera.height_px)
