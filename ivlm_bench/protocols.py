"""The seams: what a reasoner, an engine, a renderer and a metric must offer.

And what a reasoner may ask of the harness: to try its grasps on what it believes to be there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, Float64, Int32, UInt8

from ivlm_bench.errors import InvalidAnswerError
from ivlm_bench.types import (
    Camera,
    Conditions,
    Contact,
    Grasp,
    GripperProgram,
    Interaction,
    JointState,
    Observation,
    Pose,
    Scene,
    Tool,
    Truth,
    Verdict,
)
from ivlm_bench.types.validate import frozen_points


@runtime_checkable
class Reasoner(Protocol):
    """Maps one observation to one interaction: the only thing a submitter writes.

    Optional methods: ``reset(seed)`` before each episode, ``predict_batch(observations)``,
    ``card()``, ``explain(observation)`` (a tuple of ``Evidence``: how it comes to its answer; never
    called in a run), ``answer_within(seconds)`` (called once, with the run's deadline). One whose
    attribute ``wants_imagination`` is true has a method ``imagine_with(service)``, which is called
    once, before the first question, with an ``Imagination``; its runs are marked.

    One that waits for somebody else's answers says by the attribute ``in_flight`` how many requests
    a run may have open at once. It is asked in as many threads as ``at_once(n_requests, n_views)``
    returns (without this method in ``n_requests``, the share of its process); ``reset`` comes from
    the thread of the ``predict`` that it is for. One that answers several questions in less time
    than one by one says by ``batch_size`` how many: ``predict_batch(observations)`` is called then,
    from one thread, an exception in place of an answer being that question's alone; before it
    ``reset_batch(seeds)``, without which one that has ``reset`` is asked one by one. Neither may
    change an answer.
    """

    def predict(self, observation: Observation, /) -> Interaction:
        """Answer the observation's query."""
        ...


@dataclass(frozen=True, eq=False, slots=True)
class Reconstruction:
    """What a reasoner believes to stand on the table z = 0: all of it is its own guess.

    ``pieces_m``: point sets (k, 3), world frame, metres; each stands for its convex hull, all
    together for one rigid thing. ``others_m``: the same for what else is there and stays in place.
    """

    pieces_m: tuple[Float64[np.ndarray, "k 3"], ...]
    others_m: tuple[Float64[np.ndarray, "k 3"], ...] = ()

    def __post_init__(self) -> None:
        for name in ("pieces_m", "others_m"):
            sets = tuple(getattr(self, name))
            label = f"Reconstruction.{name}"
            frozen = tuple(frozen_points(f"{label}[{i}]", one) for i, one in enumerate(sets))
            object.__setattr__(self, name, frozen)
        if not self.pieces_m:
            raise InvalidAnswerError(
                "Reconstruction.pieces_m is empty; give the thing at least one piece."
            )


@dataclass(frozen=True, slots=True)
class ImaginedGrasp:
    """How a grasp fared in imagination.

    ``code``: outcome of the unperturbed try (``SUCCESS``, ``NO_CONTACT`` ...; docs/protocol.md).
    ``held_prob``: share of all tries, the unperturbed one among them, in which the thing was held.
    """

    code: str
    held_prob: float


@runtime_checkable
class Imagination(Protocol):
    """Tries grasps on a reasoner's own reconstruction; it knows nothing of the true scene."""

    def try_grasps(
        self,
        solid: Reconstruction,
        grasps: tuple[Grasp, ...],
        *,
        mass_kg: float,
        friction: float,
        n_perturbed: int = 0,
    ) -> tuple[ImaginedGrasp, ...]:
        """Close, lift and shake with each grasp, once as given and ``n_perturbed`` times perturbed.

        Perturbed are grasp, friction and mass, in the same ways for every grasp. The same call
        gives the same answer on the same machine; its cost is bounded by the number of tries.

        Raises
        ------
        InvalidAnswerError
            If the reconstruction, a number or the number of tries is not fit; the message says
            which and what to do.
        """
        ...


@runtime_checkable
class Simulation(Protocol):
    """One loaded scene in one engine; a context manager that frees native memory on exit.

    Bodies are called ``placement/link``, ``gripper/palm``, ``gripper/left``, ``gripper/right``,
    ``probe/tip``; joints ``placement/joint``. Poses are those of link frames. A simulation
    raises ``EngineError`` when its state is not finite or the solver warns.
    """

    timestep_s: float
    n_steps: int

    def __enter__(self) -> Simulation: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def step(self, n_steps: int) -> None:
        """Advance; tools hold their last command (a probe keeps being driven)."""
        ...

    def drive(self, program: GripperProgram) -> None:
        """Run an open-loop gripper program, one row a step, at native speed."""
        ...

    def pose(self, body: str) -> Pose:
        """Return ``world_from_body``."""
        ...

    def poses(self) -> Mapping[str, Pose]:
        """Return ``world_from_body`` of every body, tools included."""
        ...

    def speed(self, body: str) -> tuple[float, float]:
        """Return linear speed of the centre of mass (m/s) and angular speed (rad/s)."""
        ...

    def set_velocity(self, body: str, linear_m_s: np.ndarray, angular_rad_s: np.ndarray) -> None:
        """Set the world-frame velocity of a free body's centre of mass."""
        ...

    def joint(self, name: str) -> JointState:
        """Return the state of ``placement/joint``."""
        ...

    def contacts(self, body: str) -> tuple[Contact, ...]:
        """Return the contacts of ``body`` (as ``body_a``) after the last step, in a fixed order."""
        ...

    def apply_wrench(
        self, body: str, point_m: np.ndarray, force_n: np.ndarray, torque_nm: np.ndarray
    ) -> None:
        """Apply force and torque at a point, all in the link frame, carried by the link.

        They act in every following step until replaced; zeros end them.
        """
        ...


@runtime_checkable
class Engine(Protocol):
    """A physics backend. Each ``load`` gives a fresh simulation; there is no save and restore."""

    name: str
    version: str
    timestep_s: float

    def load(
        self,
        scene: Scene,
        conditions: Conditions,
        *,
        tool: Tool | None = None,
        timestep_s: float | None = None,
    ) -> Simulation:
        """Build the scene, with at most one tool; ``timestep_s`` defaults to the engine's own."""
        ...


@dataclass(frozen=True, eq=False, slots=True)
class Rendering:
    """One rendered view. ``part_ids`` and ``face_ids`` are -1 where nothing was hit.

    ``part_ids`` index the renderer's list of surfaces, ``face_ids`` the faces of that surface.
    """

    rgb: UInt8[np.ndarray, "h w 3"]
    depth_m: Float32[np.ndarray, "h w"]
    part_ids: Int32[np.ndarray, "h w"]
    face_ids: Int32[np.ndarray, "h w"]


@dataclass(frozen=True, eq=False, slots=True)
class Surface:
    """A textured mesh placed in the world: what a renderer draws.

    ``vertices_m`` (n, 3) are world coordinates, ``uv`` as in ``Part``. ``corner_normals``
    (m, 3, 3), unit and in the world frame, one for each corner of each face, spare a renderer
    the work of finding them from the mesh.
    """

    name: str
    vertices_m: np.ndarray
    faces: np.ndarray
    uv: np.ndarray
    texture: np.ndarray
    smooth: bool = True
    corner_normals: Float32[np.ndarray, "m 3 3"] | None = None


@runtime_checkable
class Renderer(Protocol):
    """Draws surfaces; never knows objects, engines or truth."""

    name: str

    def render(
        self, surfaces: tuple[Surface, ...], camera: Camera, *, shadows: bool = True
    ) -> Rendering:
        """Return colour, depth and ids of one view."""
        ...


#: A score in one episode, or None where the metric does not apply.
Metric = Callable[[Interaction, Truth, tuple[Verdict, ...]], float | None]
