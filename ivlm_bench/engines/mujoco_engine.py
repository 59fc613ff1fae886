"""MuJoCo, the reference engine of IVLM-Phys v1 (docs/protocol.md)."""

from __future__ import annotations

import copy
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import mujoco

from ivlm_bench.engines import rig
from ivlm_bench.engines.mujoco_model import (
    apply_conditions,
    build_spec,
    compile_spec,
    mount_tool,
)
from ivlm_bench.engines.mujoco_simulation import MujocoSimulation, start_state
from ivlm_bench.engines.overlap import links_that_never_touch
from ivlm_bench.types import Conditions, GripperMount, GripperSpec, ProbeMount, Scene, Tool

#: Time step of the protocol, seconds: 2 ms would change 13 % of outcomes (docs/protocol.md).
TIMESTEP_S = 0.001
#: Compiled models kept; a worker handles one scene at a time, with at most two kinds of tool.
CACHED_MODELS = 8

ToolKind = GripperSpec | float | None


@dataclass(frozen=True, eq=False, slots=True)
class _Compiled:
    model: Any
    parts: tuple[str, ...]


class MujocoEngine:
    """Satisfies ``ivlm_bench.protocols.Engine``.

    A scene is compiled once for each kind of tool and copied for each trial; friction, mass and
    mount are set in the copy, so a cached model and a new one give the same bits.
    """

    name = "mujoco"
    version: str = mujoco.__version__
    timestep_s = TIMESTEP_S

    def __init__(self, *, cached_models: int = CACHED_MODELS) -> None:
        self._cached_models = cached_models
        self._cache: OrderedDict[tuple[Scene, ToolKind], _Compiled] = OrderedDict()

    def load(
        self,
        scene: Scene,
        conditions: Conditions,
        *,
        tool: Tool | None = None,
        timestep_s: float | None = None,
    ) -> MujocoSimulation:
        """Return a fresh simulation; ``AssetError`` if MuJoCo refuses an object."""
        compiled = self._compiled(scene, tool)
        model = copy.copy(compiled.model)
        model.opt.timestep = self.timestep_s if timestep_s is None else timestep_s
        apply_conditions(model, scene, conditions)
        mount_tool(model, tool)
        closure_m = rig.start_closure_m(tool) if isinstance(tool, GripperMount) else 0.0
        speed_m_s = tool.speed_m_s if isinstance(tool, ProbeMount) else 0.0
        # Inverse weights of constraints follow from mass and mount: bring them up to date.
        mujoco.mj_setConst(model, mujoco.MjData(model))
        state = start_state(model, closure_m, speed_m_s)
        for placement in scene.placements:
            for name, position in placement.joints.items():
                state.joint(f"{placement.name}/{name}").qpos[0] = position
        return MujocoSimulation(model, state, compiled.parts)

    def _compiled(self, scene: Scene, tool: Tool | None) -> _Compiled:
        kind: ToolKind = None
        if isinstance(tool, GripperMount):
            kind = tool.spec
        elif isinstance(tool, ProbeMount):
            kind = tool.radius_m
        key = (scene, kind)
        if key not in self._cache:
            self._cache[key] = _compile(scene, kind)
            while len(self._cache) > max(1, self._cached_models):
                self._cache.popitem(last=False)
        self._cache.move_to_end(key)
        return self._cache[key]


def _compile(scene: Scene, kind: ToolKind) -> _Compiled:
    spec = build_spec(
        scene,
        spec=kind if isinstance(kind, GripperSpec) else None,
        probe_radius_m=kind if isinstance(kind, float) else None,
        overlaps=links_that_never_touch(scene),
    )
    model = compile_spec(spec, scene.name)
    return _Compiled(model, tuple(_part(model, g) for g in range(model.ngeom)))


def _part(model: Any, geom: int) -> str:
    """Return the part of an object's geom ``body:part:index``, or a tool's body name."""
    name = str(model.geom(geom).name)
    pieces = name.rsplit(":", 1)[0]
    body = model.body(int(model.geom_bodyid[geom])).name
    return pieces[len(body) + 1 :] if pieces != body else body
