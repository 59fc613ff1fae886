"""Reasoners that look the answer up: grasps, heat maps, points, InteractVLM's vertices."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ivlm_bench.codec import observation_key
from ivlm_bench.errors import ConfigError, InvalidAnswerError, UnknownNameError, did_you_mean
from ivlm_bench.reasoners import REASONERS, ReasonerEntry
from ivlm_bench.types import Grasp, Interaction, Observation, Pose
from ivlm_policies.from_files._conventions import MOST_GRASPS, Found, convention
from ivlm_policies.from_files._finding import FoundFiles

#: Frames that poses of a file may be in.
FRAMES = ("world", "camera")


class GraspFilesReasoner:
    """Answers with the grasps that another method wrote about each question.

    ``ivlm-bench export OBSERVATIONS --form scenes`` writes the questions, each under its key; a
    question without a file counts as an invalid answer.

    Parameters
    ----------
    folder : str
        With the results; the key stands anywhere in a file's path, ``KEY_2`` for view 2.
    form : str
        ``isaac-grasp`` (YAML), ``graspgen`` (JSON), ``graspnet`` (npy, 17 columns) or
        ``contact-graspnet`` (npz).
    gripper : str, optional
        Convention of the poses: ``graspnet``, ``contact-graspnet``, ``graspgen``, ``panda-hand`` or
        ``ivlm``; the form's own if left out.
    frame : str, optional
        ``world`` or ``camera`` (of the view that the file's name tells, else the first); the form's
        own if left out.
    reach_m : float, optional
        Distance (m) along the approach from a pose's origin to the pads' middle; the convention's
        own if left out.
    width_m : float, optional
        Opening (m) where a file tells none; as far as the gripper opens if left out.
    """

    def __init__(
        self,
        folder: str,
        form: str,
        *,
        gripper: str | None = None,
        frame: str | None = None,
        reach_m: float | None = None,
        width_m: float | None = None,
    ) -> None:
        # Readers bring Pillow, SciPy and the data sets' pickles: only for those who ask for them.
        from ivlm_policies.from_files._grasp_files import READERS

        if form not in READERS:
            hint = did_you_mean(form, list(READERS))
            raise UnknownNameError(f"No form of grasp files is called {form!r}.{hint}")
        self._read, suffixes, own_gripper, own_frame = READERS[form]
        self._in = frame or own_frame
        if self._in not in FRAMES:
            raise ConfigError(f"-P frame={frame} is unknown; write world or camera.")
        self._convention = convention(gripper or own_gripper)
        self._reach_m, self._width_m = reach_m, width_m
        self._files = FoundFiles(folder, suffixes, form)

    def predict(self, observation: Observation, /) -> Interaction:
        """Return the grasps of all views' files, best first; abstain if they hold none."""
        grasps = []
        for view, path in self._files.by_view(observation_key(observation)).items():
            frame = self._frame(path, view, observation)
            grasps += [self._ours(frame, found, observation) for found in self._read(path)]
        if not grasps:
            return _nothing(observation, "the results hold no grasp")
        best = sorted(grasps, key=lambda grasp: -grasp.prob)[:MOST_GRASPS]
        return Interaction(label_prob={observation.query.interaction: 1.0}, grasps=tuple(best))

    def _frame(self, path: Path, view: int, shown: Observation) -> Pose:
        """Return ``world_from_file``."""
        if self._in == "world":
            return Pose.identity()
        if view >= len(shown.views):
            raise InvalidAnswerError(
                f"{path} is about view {view}; there are {len(shown.views)} views, counted from 0."
            )
        return shown.views[view].camera.world_from_camera

    def _ours(self, world_from_file: Pose, found: Found, shown: Observation) -> Grasp:
        reach_m = self._reach_m
        if reach_m is None and found.tip_m is not None:
            # The tips go where the file's tips are; ours lie half a pad before the pads' middle.
            reach_m = found.tip_m - 0.5 * shown.gripper.pad_size_m[2]
        pose = self._convention.ours(world_from_file @ found.pose, reach_m=reach_m)
        width_m = found.width_m if found.width_m is not None else self._width_m
        opening_m = shown.gripper.max_opening_m if width_m is None else width_m
        return Grasp(pose, opening_m, float(np.clip(found.score, 0.0, 1.0)))


class MapFilesReasoner:
    """Answers with the heat maps that another method wrote about each question.

    Parameters
    ----------
    folder : str
        With ``KEY.npz`` (one array of maps in [0, 1]) or grey ``KEY_VIEW.png`` of 8 or 16 bits; the
        key may stand anywhere in a file's path.
    """

    def __init__(self, folder: str) -> None:
        from ivlm_policies.from_files._pixel_files import heat_maps

        self._files, self._read = FoundFiles(folder, (".npz", ".png"), "heat maps"), heat_maps

    def predict(self, observation: Observation, /) -> Interaction:
        """Return the maps; views without one have zeros."""
        files = self._files.by_view(observation_key(observation))
        maps = self._read(files, observation.views)
        return Interaction(label_prob={observation.query.interaction: 1.0}, affordance_maps=maps)


class PointFilesReasoner:
    """Answers with the points that another method wrote about each question, as lines of JSON.

    Parameters
    ----------
    folder : str
        With ``*.jsonl``: lines ``{"key": KEY, "view": 0, "points": [[x, y], ...]}``, or with
        ``"abstain": true``.
    scale : str
        ``px``, or the full width and height as ``unit`` (1), ``100`` or ``1000``.
    order : str
        ``xy`` or ``yx``.
    """

    def __init__(self, folder: str, scale: str = "px", order: str = "xy") -> None:
        from ivlm_policies.from_files._pixel_files import PointLines

        self._lines = PointLines(folder, scale=scale, order=order)

    def predict(self, observation: Observation, /) -> Interaction:
        """Return the points of all lines about the question; abstain if they have none."""
        points_px = self._lines.points_px(observation_key(observation), observation.views)
        if points_px is None:
            return _nothing(observation, "the results hold no point")
        return Interaction(label_prob={observation.query.interaction: 1.0}, points_px=points_px)


class InteractVlmReasoner:
    """Answers with the object affordances that InteractVLM (CVPR 2025) predicted.

    Its code and weights may be used for research only and are not part of this package; this reads
    the files that its demo writes (contact type ``oafford``) into the folders that
    ``ivlm-bench export OBSERVATIONS --form interactvlm`` made.

    Parameters
    ----------
    folder : str
        With a folder a question, named by its key.
    threshold : float
        Vertices of at least this probability are contacts; 0.5 is what its own code colours.
    """

    def __init__(self, folder: str, threshold: float = 0.5) -> None:
        from ivlm_policies.from_files._interactvlm import RESULT, read_vertices, seen_maps

        if not 0.0 < threshold <= 1.0:
            raise ConfigError(f"-P threshold={threshold} is no probability above 0; give another.")
        self._read, self._maps = read_vertices, seen_maps
        self._files = FoundFiles(folder, (RESULT,), "interactvlm")
        self._threshold = threshold

    def predict(self, observation: Observation, /) -> Interaction:
        """Return contacts and, where there is depth, maps; abstain where nothing is predicted."""
        path, _ = self._files.one(observation_key(observation))
        vertices_m, prob = self._read(path)
        touched = prob >= self._threshold
        if not touched.any():
            return _nothing(observation, f"no vertex reaches {self._threshold:g}")
        return Interaction(
            label_prob={observation.query.interaction: 1.0},
            affordance_maps=self._maps(observation.views, vertices_m, prob),
            contact_points_m=vertices_m[touched],
            contact_prob=prob[touched].astype(np.float32),
        )


def _nothing(shown: Observation, reason: str) -> Interaction:
    return Interaction(
        label_prob={shown.query.interaction: 1.0},
        feasible_prob=0.0,
        abstain=True,
        abstain_reason=reason,
    )


for _name, _factory, _display, _needs in (
    (
        "grasps-from-files",
        GraspFilesReasoner,
        "Grasps from files",
        ("folder=results", "form=contact-graspnet"),
    ),
    ("maps-from-files", MapFilesReasoner, "Heat maps from files", ("folder=results",)),
    ("points-from-files", PointFilesReasoner, "Points from files", ("folder=results",)),
):
    REASONERS.register(
        _name,
        ReasonerEntry(_factory, _display, notes="looks up what another method wrote", needs=_needs),
    )
REASONERS.register(
    "interactvlm",
    ReasonerEntry(
        InteractVlmReasoner,
        "InteractVLM (from its files)",
        notes="reads what InteractVLM's own demo wrote; its code and weights are not in this "
        "package and may be used for research only",
        needs=("folder=results",),
    ),
)
