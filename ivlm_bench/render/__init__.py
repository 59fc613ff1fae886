"""Renderers behind one protocol; each is imported only when its name is asked for."""

from __future__ import annotations

import importlib

from ivlm_bench.errors import UnknownNameError, did_you_mean
from ivlm_bench.protocols import Renderer

#: Module and class of each renderer.
RENDERERS = {
    "soft": ("ivlm_bench.render.soft", "SoftRenderer"),
    "mujoco-gl": ("ivlm_bench.render.gl", "MujocoGLRenderer"),
}


def get_renderer(name: str) -> Renderer:
    """Return a new renderer called ``name``.

    Raises
    ------
    UnknownNameError
        If there is none of that name; the message lists near names.
    """
    if name not in RENDERERS:
        hint = did_you_mean(name, list(RENDERERS))
        raise UnknownNameError(f"No renderer is called {name!r}.{hint}")
    module, attribute = RENDERERS[name]
    renderer: Renderer = getattr(importlib.import_module(module), attribute)()
    return renderer
