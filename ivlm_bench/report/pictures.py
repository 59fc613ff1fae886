"""The pictures of an episode: its views with the answer on them, and the film of its trial."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from ivlm_bench.engines.clearance import nearest_surface
from ivlm_bench.env import Episode
from ivlm_bench.geometry.camera import project
from ivlm_bench.geometry.kinematics import body_poses
from ivlm_bench.keyframes import decode_keyframes
from ivlm_bench.protocols import Renderer, Surface
from ivlm_bench.records import VerdictRecord
from ivlm_bench.render import get_renderer
from ivlm_bench.render.overlay import draw_interaction
from ivlm_bench.render.surfaces import (
    gripper_poses,
    gripper_surfaces,
    probe_surface,
    scene_surfaces,
)
from ivlm_bench.report.images import FULL_COLOUR, HALF_COLOUR, data_uri, enlarged
from ivlm_bench.report.marks import arrow, outline
from ivlm_bench.report.posed import Posed
from ivlm_bench.report.vantage import film_camera
from ivlm_bench.trials.grasp import opening_m
from ivlm_bench.trials.protocol import PROTOCOL
from ivlm_bench.types import Camera, Interaction, Keyframe, Pose

#: Side of a film frame, px.
FRAME_PX = 192
#: Most frames of a film; from longer ones these are taken evenly, first and last included.
MAX_FRAMES = 6
#: Least side of a view on the page, px: smaller views are enlarged by a whole factor.
VIEW_PX = 224
#: How far before its goal the gripper is shown where nothing was simulated, m: the approach.
APPROACH_M = PROTOCOL.grasp.approach_m

#: Room (m) shown around the probe of a press: the asked button and its neighbours.
PRESS_ROOM_M = 0.045
#: Labels of the pictures of a grasp that was refused before any simulation.
STILLS = ("before the approach", "where it was to close")
#: Length of the arrow that shows a force, m.
FORCE_ARROW_M = 0.08
#: Key frames of a trial on a joint before its force acts.
UNFORCED = ("start", "settled")


@dataclass(frozen=True, slots=True)
class Picture:
    """An image of the page: data URI, side lengths (px), text for who can't see it, caption.

    ``simulated`` tells a frame of a trial from a picture of what was only planned.
    """

    uri: str
    width_px: int
    height_px: int
    alt: str
    caption: str
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """A colour of the drawings (its name in the style sheet) and what it stands for."""

    key: str
    text: str


def legend() -> tuple[LegendEntry, ...]:
    """Return what is drawn on the views."""
    return (
        LegendEntry("gripper", "gripper as it was to close"),
        LegendEntry("motion", "motion: pull, or way of the probe"),
        LegendEntry("contact", "contact points"),
        LegendEntry("point", "image points"),
        LegendEntry("heat", "affordance map"),
        LegendEntry("truth", "true region, outlined in one view"),
    )


def views(posed: Posed) -> tuple[Picture, ...]:
    """Return the views of the question with the answer that was tried drawn on them.

    The true region is outlined in the view that shows most of it.
    """
    episode = posed.episode
    if episode is None:
        return ()
    masks = episode.truth.part_masks
    outlined = int(np.argmax(masks.reshape(len(masks), -1).sum(axis=1)))
    return tuple(
        _view(posed, index, outlined=index == outlined and bool(masks[index].any()))
        for index in range(len(episode.observation.views))
    )


def film(posed: Posed, reference: VerdictRecord | None) -> tuple[Picture, ...]:
    """Return the film of the reference engine's nominal trial, at most six frames.

    Where a grasp was refused before any simulation, two pictures show the gripper before its
    approach and where it was to close.
    """
    episode, tried = posed.episode, posed.tried
    if episode is None or tried is None or tried.abstain or reference is None:
        return ()
    frames = _thinned(decode_keyframes(reference.keyframes)) or _stills(episode, tried)
    if not frames:
        return ()
    points_m = filmed_points(episode, tried, frames)
    camera = film_camera(episode, points_m, tried, size_px=FRAME_PX)
    return tuple(frame_picture(episode, tried, frame, camera) for frame in frames)


def filmed_points(episode: Episode, tried: Interaction, frames: tuple[Keyframe, ...]) -> np.ndarray:
    """Return the world points (n, 3), m, that a film must hold: target, tool, force, all frames.

    A press moves by millimetres: there it is what lies around the probe.
    """
    target = f"{episode.scene.target.name}/"
    tips = [f.world_from_body["probe/tip"] for f in frames if "probe/tip" in f.world_from_body]
    if tips:
        room = PRESS_ROOM_M * np.concatenate([np.eye(3), -np.eye(3)])
        return np.concatenate([tip.position_m + room for tip in tips])
    shown = [
        surface.vertices_m
        for frame in frames
        for surface in _surfaces(episode, frame)
        if surface.name.startswith((target, "gripper/"))
    ]
    return np.concatenate(shown + [_force_ends(episode, tried, frame) for frame in frames])


def _view(posed: Posed, index: int, *, outlined: bool) -> Picture:
    episode, tried = posed.episode, posed.tried
    assert episode is not None
    view, mask = episode.observation.views[index], episode.truth.part_masks[index]
    rgb = view.rgb
    if tried is not None and not tried.abstain:
        shown = as_executed(tried, pressing=episode.truth.trial.kind == "press")
        rgb = draw_interaction(view, shown, episode.observation.gripper, view_index=index)
    factor = -(-VIEW_PX // view.camera.width_px)
    rgb = enlarged(outline(rgb, mask) if outlined else rgb, factor)
    caption = f"View {index + 1}" + (", true region outlined" if outlined else "")
    drawn = "with the answer drawn on it" if tried is not None and not tried.abstain else "as seen"
    alt = f"{caption}: {episode.observation.query.object_name} on a table, {drawn}."
    uri = data_uri(rgb, colour=HALF_COLOUR if factor > 1 else FULL_COLOUR)
    return Picture(uri, rgb.shape[1], rgb.shape[0], alt, caption)


def as_executed(tried: Interaction, *, pressing: bool) -> Interaction:
    """Return an answer for drawing: a press is shown as the way of the probe to its point."""
    if not pressing or tried.motion is None:
        return tried
    motion, start_m = tried.motion, PROTOCOL.press.start_m
    path = replace(motion, point_m=motion.point_m - start_m * motion.direction, amount=start_m)
    return replace(tried, motion=path)


def _thinned(frames: tuple[Keyframe, ...]) -> tuple[Keyframe, ...]:
    if len(frames) <= MAX_FRAMES:
        return frames
    picks = np.rint(np.linspace(0, len(frames) - 1, MAX_FRAMES)).astype(int)
    return tuple(frames[i] for i in picks)


def _stills(episode: Episode, tried: Interaction) -> tuple[Keyframe, ...]:
    if not tried.grasps or episode.truth.trial.kind != "grasp":
        return ()
    spec, grasp = episode.observation.gripper, tried.grasps[0]
    goal, width_m = grasp.world_from_gripper, opening_m(grasp, spec)
    before = goal @ Pose.at(0.0, 0.0, -APPROACH_M)
    start = body_poses(episode.scene)
    return tuple(
        Keyframe(label, 0.0, {**start, **gripper_poses(pose, width_m, spec)})
        for label, pose in zip(STILLS, (before, goal), strict=True)
    )


def frame_picture(episode: Episode, tried: Interaction, frame: Keyframe, camera: Camera) -> Picture:
    """Return one frame of a film strip."""
    rgb = frame_rgb(episode, tried, frame, camera)
    caption = frame.label.replace("-", " ")
    if frame.time_s > 0:
        caption += f", {frame.time_s:.2f} s"
    alt = f"Picture of the trial: {caption}."
    return Picture(data_uri(rgb), FRAME_PX, FRAME_PX, alt, caption, frame.label not in STILLS)


def frame_rgb(episode: Episode, tried: Interaction, frame: Keyframe, camera: Camera) -> np.ndarray:
    """Return one frame of a film (h, w, 3), drawn by the software renderer without shadows."""
    rendering = _renderer().render(_surfaces(episode, frame), camera, shadows=False)
    return _with_force(rendering.rgb, episode, tried, frame, camera)


def _with_force(
    rgb: np.ndarray, episode: Episode, tried: Interaction, frame: Keyframe, camera: Camera
) -> np.ndarray:
    """Draw the force of a trial on a joint as an arrow."""
    ends_m = _force_ends(episode, tried, frame)
    if len(ends_m) == 0:
        return rgb
    start_px, end_px = project(camera, ends_m)[0]
    return arrow(rgb, start_px, end_px)


def _force_ends(episode: Episode, tried: Interaction, frame: Keyframe) -> np.ndarray:
    """Return tail and tip (2, 3), m, of the arrow of a force, carried by the link; or none (0, 3).

    The force acts at the surface point that is nearest to the answered one, as in the trial.
    """
    forced = episode.truth.trial.kind == "articulate" and frame.label not in UNFORCED
    if tried.motion is None or not forced:
        return np.zeros((0, 3))
    near = nearest_surface(episode.scene, tried.motion.point_m)
    if near.body not in frame.world_from_body:
        return np.zeros((0, 3))
    moved = frame.world_from_body[near.body] @ body_poses(episode.scene)[near.body].inverse()
    tail_m = moved.apply(near.point_m)
    return np.stack([tail_m, tail_m + FORCE_ARROW_M * moved.turn(tried.motion.direction)])


def _surfaces(episode: Episode, frame: Keyframe) -> tuple[Surface, ...]:
    poses = frame.world_from_body
    surfaces = scene_surfaces(episode.scene, {**body_poses(episode.scene), **poses})
    if "gripper/palm" in poses:
        surfaces += gripper_surfaces(poses, episode.observation.gripper)
    if "probe/tip" in poses:
        surfaces += (probe_surface(poses, PROTOCOL.press.radius_m),)
    return surfaces


@cache
def _renderer() -> Renderer:
    return get_renderer("soft")
