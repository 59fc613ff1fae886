"""Random in every field: the level that chance alone reaches."""

from __future__ import annotations

import numpy as np

from ivlm_bench.geometry import se3
from ivlm_bench.reasoners import REASONERS, ReasonerEntry
from ivlm_bench.types import Grasp, Interaction, Motion, Observation, Pose

#: Half extents (m) of the work space above the table: where objects of a table scene may be.
WORKSPACE_HALF_M = np.array([0.15, 0.15, 0.0])
#: Height (m) of that work space.
WORKSPACE_HEIGHT_M = 0.30
#: Share of the questions that it abstains on, whatever is asked: that of the shipped tasks'
#: questions which can't be done.
ABSTAIN_PROB = 1.0 / 6.0
#: Interactions among which it spreads its belief, beside the one that is asked for.
LABELS = ("grasp", "open", "press", "pull", "push", "turn")
#: Largest distance (m) and angle (rad) of a random motion.
MAX_DISTANCE_M, MAX_ANGLE_RAD = 0.3, np.pi
#: Side (px) of the coarse grid that a random map is drawn on before it is enlarged.
MAP_CELLS = 14


class RandomReasoner:
    """Draws each field from its whole range; ``seed`` and the harness's reset decide which."""

    def __init__(self, seed: int = 0) -> None:
        self._base_seed = seed
        self.reset(0)

    def reset(self, seed: int) -> None:
        """Start the random stream of an episode."""
        self._rng = np.random.default_rng([self._base_seed, seed])

    def predict(self, observation: Observation, /) -> Interaction:
        """Answer at random in every field; abstain on one question in six."""
        rng = self._rng
        point_m = _workspace_point(rng)
        abstain = bool(rng.random() < ABSTAIN_PROB)
        return Interaction(
            label_prob=_random_labels(observation, rng),
            affordance_maps=_random_maps(observation, rng),
            functional_maps=_random_maps(observation, rng),
            points_px=_random_pixels(observation, rng),
            vertex_prob=_random_vertices(observation, rng),
            contact_points_m=point_m[None],
            contact_prob=rng.uniform(size=1),
            grasps=(_random_grasp(observation, rng),),
            motion=_random_motion(point_m, rng),
            placement=Pose.from_rotation(_random_rotation(rng), _workspace_point(rng)),
            feasible_prob=float(rng.uniform()),
            abstain=abstain,
            abstain_reason="drawn at random" if abstain else None,
        )


def _workspace_point(rng: np.random.Generator) -> np.ndarray:
    low = -WORKSPACE_HALF_M
    return rng.uniform(low, WORKSPACE_HALF_M + np.array([0.0, 0.0, WORKSPACE_HEIGHT_M]))


def _random_direction(rng: np.random.Generator) -> np.ndarray:
    direction = rng.normal(size=3)
    return direction / np.linalg.norm(direction)


def _random_rotation(rng: np.random.Generator) -> np.ndarray:
    return se3.frame_from_axes(z=_random_direction(rng), x=_random_direction(rng))


def _random_labels(observation: Observation, rng: np.random.Generator) -> dict[str, float]:
    """Return probabilities of all labels, uniform among those that sum to one."""
    labels = sorted({*LABELS, observation.query.interaction})
    drawn = rng.dirichlet(np.ones(len(labels)))
    return {
        label: float(np.clip(prob, 0.0, 1.0)) for label, prob in zip(labels, drawn, strict=True)
    }


def _random_vertices(observation: Observation, rng: np.random.Generator) -> np.ndarray | None:
    """Return one value a vertex; None where the track shows no mesh."""
    mesh = observation.object_mesh
    return None if mesh is None else rng.uniform(size=len(mesh.vertices_m)).astype(np.float32)


def _random_motion(point_m: np.ndarray, rng: np.random.Generator) -> Motion:
    """Return a translation or a rotation, equally often."""
    direction = _random_direction(rng)
    if rng.random() < 0.5:
        amount_m = float(rng.uniform(0.0, MAX_DISTANCE_M))
        return Motion(point_m, direction, kind="translate", amount=amount_m)
    return Motion(
        point_m,
        direction,
        kind="rotate",
        amount=float(rng.uniform(0.0, MAX_ANGLE_RAD)),
        axis_point_m=_workspace_point(rng),
    )


def _random_grasp(observation: Observation, rng: np.random.Generator) -> Grasp:
    width_m = float(rng.uniform(0.0, observation.gripper.max_opening_m))
    pose = Pose.from_rotation(_random_rotation(rng), _workspace_point(rng))
    return Grasp(pose, width_m, prob=float(rng.uniform()))


def _random_maps(observation: Observation, rng: np.random.Generator) -> np.ndarray:
    """Return one map of blocks a view; views of a track share one size."""
    height, width = observation.views[0].rgb.shape[:2]
    cells = rng.uniform(size=(len(observation.views), MAP_CELLS, MAP_CELLS))
    rows = np.arange(height) * MAP_CELLS // height
    columns = np.arange(width) * MAP_CELLS // width
    return cells[:, rows][:, :, columns].astype(np.float32)


def _random_pixels(observation: Observation, rng: np.random.Generator) -> np.ndarray:
    return np.array(
        [
            (index, rng.integers(view.camera.width_px), rng.integers(view.camera.height_px))
            for index, view in enumerate(observation.views)
        ],
        np.float32,
    )


REASONERS.register(
    "random",
    ReasonerEntry(RandomReasoner, "Random", notes="random in every field", role="baseline"),
)
