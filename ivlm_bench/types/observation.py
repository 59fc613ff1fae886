"""What a reasoner may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64

from ivlm_bench.types.spatial import Mesh, View
from ivlm_bench.types.validate import freeze


@dataclass(frozen=True, slots=True)
class GripperSpec:
    """The parallel gripper of protocol IVLM-Phys v1, section 6.1.

    ``pad_size_m`` is (along closing x, along y, along approach z). The palm is a box behind the
    pads: its front face lies ``palm_offset_m`` behind the pad centre.
    """

    max_opening_m: float = 0.080
    pad_size_m: tuple[float, float, float] = (0.010, 0.020, 0.040)
    palm_size_m: tuple[float, float, float] = (0.110, 0.040, 0.040)
    palm_offset_m: float = 0.050
    force_n: float = 20.0
    closing_speed_m_s: float = 0.1


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked. ``interaction`` is a label such as ``grasp``, ``open`` or ``press``."""

    interaction: str
    object_name: str
    part_name: str | None
    text: str


@dataclass(frozen=True, eq=False, slots=True)
class Signal:
    """A further sensor stream (touch, sound): samples (t, c) at ``rate_hz``."""

    samples: Float64[np.ndarray, "t c"]
    rate_hz: float

    def __post_init__(self) -> None:
        freeze(self, "samples", np.float64, (None, None))


@dataclass(frozen=True, eq=False, slots=True)
class Observation:
    """All that a reasoner may see: calibrated views, the query, its gripper, gravity.

    ``gravity_m_s2`` is in the world frame; the table top is the plane z = 0. ``object_mesh``: shape
    of the object at hand where it is seen, world frame; given where the question is where to put
    it, else None.
    """

    views: tuple[View, ...]
    query: Query
    gripper: GripperSpec
    gravity_m_s2: Float64[np.ndarray, "3"]
    object_mesh: Mesh | None = None
    signals: Mapping[str, Signal] = field(default_factory=dict)

    def __post_init__(self) -> None:
        freeze(self, "gravity_m_s2", np.float64, (3,))
