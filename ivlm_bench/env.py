"""The face to Gymnasium: one question an episode, one answer, physics judges it."""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import gymnasium as gym
import msgspec
import numpy as np

from ivlm_bench import observe
from ivlm_bench.completion import complete
from ivlm_bench.engines import get_engine
from ivlm_bench.errors import ConfigError, InvalidAnswerError
from ivlm_bench.gym_codec import (
    action_space,
    encode_interaction,
    encode_observation,
    interaction_of,
    observation_space,
)
from ivlm_bench.registry import Registry
from ivlm_bench.render import get_renderer
from ivlm_bench.tracks import MAX_SIZE_PX, MIN_SIZE_PX, get_track
from ivlm_bench.trials.judge import judge
from ivlm_bench.types import (
    GripperSpec,
    Interaction,
    Observation,
    Query,
    Scene,
    TrialSpec,
    Truth,
    Verdict,
)

#: Mixed into every scene seed, so that all scenes of this version can be renewed at once.
SCENE_SEED = 20261122


@dataclass(frozen=True, eq=False, slots=True)
class Question:
    """What a task asks of a scene, and the answers that must succeed or fail.

    ``affordance``: label of the object's affordance that the truth maps show. ``region``: name of
    the placement whose affordance and part they show (None: the target). ``region_part``: the
    part of it that they show. ``at_hand``: the target's shape is part of the
    observation, as where the question is where to put it.
    """

    query: Query
    trial: TrialSpec
    oracle: Interaction
    affordance: str
    feasible: bool = True
    wrong: Mapping[str, Interaction] = field(default_factory=dict)
    infeasible_reason: str | None = None
    region: str | None = None
    region_part: str | None = None
    at_hand: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Episode:
    """One posed question: the scene, what may be seen of it, and the truth."""

    task: str
    seed: int
    scene: Scene
    observation: Observation
    truth: Truth

    @property
    def sensed(self) -> Observation:
        """What the shared lifter reads: the observation, with depth even where the track has none.

        A reasoner that points into a colour image is lifted as a robot with a depth camera would
        do it; the record says that its contact stage was shared and that the lifter read depth.
        """
        return observe.with_depth(self.observation, self.truth.depth_m)


class InteractionEnv(gym.Env[dict[str, Any], dict[str, Any]], ABC):
    """A one-step environment; a subclass writes ``sample_scene`` and ``question``.

    ``reset`` draws a scene and returns its images and query, ``step`` executes the answer on
    ``engine`` and ends the episode. Reward 1.0 if the answer is right: the trial succeeds, or the
    reasoner abstains where nothing can succeed. Truth and verdict are in ``step``'s info only.

    Parameters
    ----------
    track
        Sensor track: ``rgb``, ``rgb4``, ``rgbd`` or ``rgbd4``.
    size_px
        Side of the square views.
    engine
        The engine that judges in ``step``.
    renderer
        The renderer that draws the views.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012 (Gymnasium's own declaration)
        "render_modes": ["rgb_array"],
        "render_fps": 1,
    }
    task: ClassVar[str] = ""

    def __init__(
        self,
        *,
        track: str = "rgbd4",
        size_px: int = 224,
        engine: str = "mujoco",
        renderer: str = "soft",
        render_mode: str | None = None,
    ) -> None:
        self.track = get_track(track)
        if not MIN_SIZE_PX <= size_px <= MAX_SIZE_PX:
            raise ConfigError(
                f"size_px is {size_px}; views of {MIN_SIZE_PX} to {MAX_SIZE_PX} px can be drawn."
            )
        self.size_px = size_px
        self.gripper = GripperSpec()
        self.renderer = get_renderer(renderer)
        self.engine_name = engine
        self.render_mode = render_mode
        self.observation_space = observation_space(self.track, size_px)
        self.action_space = action_space(self.track, size_px)
        self._episode: Episode | None = None

    @abstractmethod
    def sample_scene(self, rng: np.random.Generator) -> Scene:
        """Draw a scene: placements, cameras, gravity."""

    @abstractmethod
    def question(self, scene: Scene, rng: np.random.Generator) -> Question:
        """Ask something of the scene, and know the answer."""

    def episode(self, seed: int) -> Episode:
        """Pose the question of ``seed``: the same seed always gives the same episode."""
        entropy = [SCENE_SEED, zlib.crc32(self.task.encode()), seed]
        rng = np.random.default_rng(np.random.SeedSequence(entropy))
        scene = self.sample_scene(rng)
        asked = self.question(scene, rng)
        snapshot = observe.draw(scene, self.renderer, self.track)
        observation = observe.observation_of(
            scene, asked.query, snapshot=snapshot, track=self.track, gripper=self.gripper
        )
        if asked.at_hand:
            observation = replace(observation, object_mesh=observe.world_mesh(scene.target))
        truth = _truth(scene, asked, snapshot, keep_depth=not self.track.has_depth)
        return Episode(self.task, seed, scene, observation, truth)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Pose a question: of ``seed`` itself if given, else of the next random seed."""
        super().reset(seed=seed)
        drawn = int(self.np_random.integers(2**31)) if seed is None else seed
        self._episode = self.episode(drawn)
        return encode_observation(self._episode.observation), {"seed": drawn}

    def step(
        self, action: dict[str, Any]
    ) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """Execute the answer; the episode ends.

        Raises
        ------
        ConfigError
            If called before ``reset`` or twice.
        """
        if self._episode is None:
            raise ConfigError("step() needs reset() first: an episode is one question, one answer.")
        episode, self._episode = self._episode, None
        info: dict[str, Any] = {"truth": plain_truth(episode.truth)}
        try:
            answer = interaction_of(action)
        except InvalidAnswerError as error:
            info |= {"is_success": False, "status": "invalid_answer", "message": str(error)}
            return encode_observation(episode.observation), 0.0, True, False, info
        info |= self._outcome(episode, answer)
        reward = 1.0 if info["is_success"] else 0.0
        return encode_observation(episode.observation), reward, True, False, info

    def _outcome(self, episode: Episode, answer: Interaction) -> dict[str, Any]:
        if answer.abstain:
            right = not episode.truth.feasible
            return {"is_success": right, "status": "abstained", "verdicts": (), "stages": {}}
        completed, stages = complete(episode.sensed, answer)
        verdict = self.judge(episode, completed)
        success = verdict.success and episode.truth.feasible
        return {
            "is_success": success,
            "status": verdict.status,
            "verdicts": (msgspec.to_builtins(verdict),),
            "stages": stages,
        }

    def judge(self, episode: Episode, answer: Interaction) -> Verdict:
        """Return the verdict of this environment's engine on a completed answer, nominal trial."""
        engine = get_engine(self.engine_name)
        verdict, _ = judge(
            engine,
            episode.scene,
            answer,
            episode.truth,
            scenario_seed=episode.seed,
            n_perturbed=0,
        )
        return verdict

    def render(self) -> np.ndarray | None:
        """Return the first view of the current question, (h, w, 3) uint8."""
        if self.render_mode != "rgb_array" or self._episode is None:
            return None
        return self._episode.observation.views[0].rgb


#: Environment classes by Gymnasium id.
TASKS: Registry[type[InteractionEnv]] = Registry("task")


def register(cls: type[InteractionEnv]) -> type[InteractionEnv]:
    """Register a task class, whose ``task`` is its literal id, here and with Gymnasium."""
    TASKS.register(cls.task, cls)
    if cls.task not in gym.registry:
        entry = f"{cls.__module__}:{cls.__qualname__}"
        # A question is one step, so Gymnasium's order enforcement would only hide our own message.
        gym.register(cls.task, entry_point=entry, order_enforce=False)
    return cls


def plain_truth(truth: Truth) -> dict[str, Any]:
    """Return the truth as ``step``'s info tells it: plain values and arrays."""
    return {
        "feasible": truth.feasible,
        "infeasible_reason": truth.infeasible_reason or "",
        "target_part": truth.target_part or "",
        "part_masks": truth.part_masks,
        "affordance_maps": truth.affordance_maps,
        "oracle": encode_interaction(truth.oracle),
    }


def _truth(scene: Scene, asked: Question, snapshot: observe.Snapshot, *, keep_depth: bool) -> Truth:
    placement = scene.target if asked.region is None else scene.placement(asked.region)
    part = asked.region_part if asked.region is not None else asked.trial.part
    by_vertex = observe.vertex_affordance(placement.model, asked.affordance, part)
    pieces = observe.split_by_part(placement.model, by_vertex)
    others = [p for p in scene.placements if p.role == "clutter" and p is not placement]
    named = {f"{placement.name}/{name}" for name in pieces if part is None or name == part}
    values = {f"{placement.name}/{name}": piece for name, piece in pieces.items()}
    return Truth(
        interaction_label=asked.query.interaction,
        feasible=asked.feasible,
        trial=asked.trial,
        oracle=asked.oracle,
        target_part=part,
        part_masks=observe.part_masks(snapshot, named),
        affordance_maps=observe.affordance_maps(snapshot, values),
        vertex_affordance=by_vertex,
        wrong=asked.wrong,
        infeasible_reason=asked.infeasible_reason,
        depth_m=np.stack([r.depth_m for r in snapshot.renderings]) if keep_depth else None,
        asked_thing=observe.world_mesh(placement) if others else None,
        other_things=tuple(map(observe.world_mesh, others)),
        thing_px=tuple(int(seen.sum()) for seen in observe.part_masks(snapshot, set(values))),
    )
