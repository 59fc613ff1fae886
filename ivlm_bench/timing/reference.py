"""Work of a fixed kind that stages are measured against, done beside them in the same process.

What slows a machine for a while slows both, so that their ratio stays: on a busy machine it was
steady within 1 % where plain times scattered by 60 %. Each reference has the mix of its stages.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache

import mujoco
import numpy as np

#: Changes whenever a reference does: ratios to other work can't be compared.
REFERENCE_VERSION = "1"

#: Length of the arrays, and number of small-vector operations, of the numpy mix.
N_VALUES, N_SMALL = 40_000, 2_000
#: Steps of the physics reference.
N_STEPS = 1_500

_SCENE = """
<mujoco><option timestep="0.001" integrator="implicitfast" cone="elliptic"/>
<worldbody><geom type="plane" size="1 1 .1"/>
<body pos="0 0 .05"><freejoint/><geom type="box" size=".03 .04 .05" density="300"/></body>
<body pos=".01 0 .16"><freejoint/><geom type="box" size=".03 .03 .03" density="300"/></body>
<body pos=".2 0 .05"><freejoint/><geom type="capsule" size=".02 .03" density="300"/></body>
<body pos="-.2 0 .1"><joint type="hinge" axis="0 1 0" damping=".01"/>
<geom type="box" size=".05 .01 .01" pos=".05 0 0" density="300"/></body>
</worldbody></mujoco>
"""


def numpy_mix() -> float:
    """Sort, sum, index and transform arrays, and turn many small vectors, always the same."""
    values = np.random.default_rng(0).random(N_VALUES)
    order = np.argsort(values, kind="stable")
    heights = np.exp(-values[order]) * np.sqrt(values)
    total = float(np.cumsum(heights)[:: N_VALUES // 10].sum())
    total += float(np.bincount((values * 64).astype(np.int64), weights=heights).max())
    point, turn = np.array([0.1, 0.2, 0.3]), np.array([[0.0, -1.0, 0.0], [1, 0, 0], [0, 0, 1]])
    for _ in range(N_SMALL):
        point = turn @ point
        total += float(point[0]) + float(np.linalg.norm(point))
    return total


def step_mix() -> float:
    """Let a small pile of bodies fall and settle, always the same."""
    model = _model()
    state = mujoco.MjData(model)
    for _ in range(N_STEPS):
        mujoco.mj_step(model, state)
    return float(state.qpos.sum())


@cache
def _model() -> mujoco.MjModel:
    return mujoco.MjModel.from_xml_string(_SCENE)


#: References by the name that a report gives.
REFERENCES: dict[str, Callable[[], float]] = {"numpy": numpy_mix, "mj_step": step_mix}


def reference_s(name: str) -> float:
    """Return the CPU time (s) that a reference takes now."""
    started = time.process_time()
    REFERENCES[name]()
    return time.process_time() - started
