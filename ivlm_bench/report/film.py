"""A trial as a moving picture: frames with captions, written as GIF or MP4."""

from __future__ import annotations

import importlib
import importlib.util
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from ivlm_bench.errors import ConfigError, MissingDependencyError, StoreError
from ivlm_bench.geometry.kinematics import body_poses
from ivlm_bench.harness.replay import FRAME_S, Replay
from ivlm_bench.render.surfaces import PAD_COLOUR, gripper_poses
from ivlm_bench.report.marks import CASING, FORCE_COLOUR
from ivlm_bench.report.pictures import filmed_points, frame_rgb
from ivlm_bench.report.vantage import film_camera
from ivlm_bench.trials.grasp import opening_m
from ivlm_bench.trials.programs import min_jerk
from ivlm_bench.trials.protocol import PROTOCOL
from ivlm_bench.types import Keyframe, Pose

#: Side of a picture, and height of the caption below it, px; both even, as MP4 wants them.
PICTURE_PX, CAPTION_PX = 360, 24
#: Colours of the caption, sRGB: ground, words, and the outcome.
GROUND, WORDS, GOOD, BAD = (28, 30, 34), (226, 228, 232), (120, 206, 130), (240, 140, 110)
#: Colours that a film must hold, however few pixels have them.
DRAWN = (GROUND, WORDS, GOOD, BAD, FORCE_COLOUR, CASING, PAD_COLOUR)
#: How long the last frame of a GIF stands, s.
LAST_S = 1.5
#: Every so many frames count when the camera is placed.
CAMERA_STRIDE = 5
#: Length of the approach that is shown where a grasp was refused before any simulation, s.
PLANNED_S = 1.5
_N_PLANNED = round(PLANNED_S / FRAME_S)
#: Caption of what was not simulated.
PLANNED = "planned, not simulated"

#: What happens on the way to each key frame.
_DOING = {
    "start": "start",
    "closed": "closing",
    "held": "holding",
    "lifted": "lifting",
    "shaken": "shaking",
    "settled": "settling",
    "contact": "approaching",
    "approach": "approaching",
    "pushed": "pushing",
    "pressed": "pressing",
}
#: What happens before the end, by kind of trial.
_LAST = {"articulate": "pushing", "press": "pressing", "push": "pushing"}

Write = Callable[[Path, Sequence[np.ndarray]], None]


def writer(path: Path) -> Write:
    """Return what writes a film to ``path``, by its suffix.

    Raises
    ------
    ConfigError
        If the suffix is neither .gif nor .mp4, or there is no such folder.
    MissingDependencyError
        If there is no program that writes MP4.
    """
    if path.suffix not in (".gif", ".mp4"):
        raise ConfigError(
            f"A film is written as .gif or .mp4, which {str(path)!r} does not end in."
        )
    if not path.parent.is_dir():
        raise ConfigError(f"There is no folder {path.parent} to write {path.name} into.")
    if path.suffix == ".gif":
        return write_gif
    program = _ffmpeg()
    return lambda where, frames: write_mp4(where, frames, program=program)


def draw_film(made: Replay) -> list[np.ndarray]:
    """Return the frames (h, w, 3) uint8 of a replayed trial, one each ``FRAME_S`` of it.

    Where nothing was simulated, the planned approach of the gripper is shown, or one still.
    """
    frames = made.frames or _planned(made)
    seen = (*frames[::CAMERA_STRIDE], frames[-1])
    points_m = filmed_points(made.episode, made.tried, seen)
    camera = film_camera(made.episode, points_m, made.tried, size_px=PICTURE_PX)
    pictures = []
    for frame in frames:
        picture = frame_rgb(made.episode, made.tried, frame, camera)
        pictures.append(_captioned(picture, made, frame, is_last=frame is frames[-1]))
    return pictures


def write_gif(path: Path, frames: Sequence[np.ndarray]) -> None:
    """Write a GIF that plays in the time of the trial and rests on its last frame.

    Raises
    ------
    StoreError
        If the file can't be written.
    """
    palette = _palette(frames)
    images = [
        Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE)
        for frame in frames
    ]
    durations_ms = [round(1000 * FRAME_S)] * (len(images) - 1) + [round(1000 * LAST_S)]
    try:
        images[0].save(
            path, "GIF", save_all=True, append_images=images[1:], duration=durations_ms, loop=0
        )
    except OSError as error:
        raise _unwritten(path, error) from None


def _palette(frames: Sequence[np.ndarray]) -> Image.Image:
    """Return the 256 colours of a film: those of some frames, and all that is drawn on them."""
    some = np.concatenate([frames[0], frames[len(frames) // 2], frames[-1]])
    own = Image.fromarray(some).quantize(256 - len(DRAWN), dither=Image.Dither.NONE)
    palette = Image.new("P", (1, 1))
    seen = (own.getpalette() or [])[: 3 * (256 - len(DRAWN))]
    palette.putpalette(seen + [value for colour in DRAWN for value in colour])
    return palette


def write_mp4(path: Path, frames: Sequence[np.ndarray], *, program: str) -> None:
    """Write an H.264 MP4 with an ffmpeg program.

    Raises
    ------
    StoreError
        If the program fails.
    """
    height, width = frames[0].shape[:2]
    command = [program, "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24"]
    command += ["-s", f"{width}x{height}", "-r", f"{1 / FRAME_S:g}", "-i", "-"]
    command += ["-an", "-pix_fmt", "yuv420p", str(path)]
    content = b"".join(frame.tobytes() for frame in frames)
    try:
        subprocess.run(command, input=content, check=True, capture_output=True)
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()
        raise _unwritten(path, said[-1] if said else f"exit code {error.returncode}") from None
    except OSError as error:
        raise _unwritten(path, error) from None


def _unwritten(path: Path, reason: object) -> StoreError:
    return StoreError(f"{path} can't be written ({reason}); give another file with --out.")


def _ffmpeg() -> str:
    if importlib.util.find_spec("imageio_ffmpeg") is not None:
        return str(importlib.import_module("imageio_ffmpeg").get_ffmpeg_exe())
    found = shutil.which("ffmpeg")
    if found is None:
        raise MissingDependencyError(
            "MP4 needs ffmpeg ('pip install imageio-ffmpeg' brings one); or end --out in .gif."
        )
    return found


def _planned(made: Replay) -> tuple[Keyframe, ...]:
    """Return the way that the gripper was to go, or the scene as it stood."""
    still = body_poses(made.episode.scene)
    if not made.tried.grasps or made.episode.truth.trial.kind != "grasp":
        return (Keyframe(PLANNED, 0.0, still),)
    spec, grasp = made.episode.observation.gripper, made.tried.grasps[0]
    back_m = PROTOCOL.grasp.approach_m * (1.0 - min_jerk(np.linspace(0.0, 1.0, _N_PLANNED)))
    return tuple(
        Keyframe(
            PLANNED,
            0.0,
            still
            | gripper_poses(
                grasp.world_from_gripper @ Pose.at(0.0, 0.0, -float(back)),
                opening_m(grasp, spec),
                spec,
            ),
        )
        for back in back_m
    )


def _captioned(picture: np.ndarray, made: Replay, frame: Keyframe, *, is_last: bool) -> np.ndarray:
    """Return a picture above its caption: time and phase, at the end the outcome."""
    height, width = picture.shape[:2]
    image = Image.new("RGB", (width, height + CAPTION_PX), GROUND)
    image.paste(Image.fromarray(picture))
    draw = ImageDraw.Draw(image)
    phase = "end" if is_last else doing(frame.label, made.episode.truth.trial.kind)
    said = PLANNED if frame.label == PLANNED else f"{frame.time_s:4.2f} s   {phase}"
    draw.text((8, height + 6), said, fill=WORDS)
    end = made.outcome.code if is_last else made.engine
    colour = WORDS if not is_last else GOOD if made.outcome.success else BAD
    draw.text((width - 8 - draw.textlength(end), height + 6), end, fill=colour)
    return np.asarray(image)


def doing(label: str, kind: str) -> str:
    """Return what happens on the way to a key frame of a kind of trial."""
    if label == "end":
        return _LAST.get(kind, "resting")
    stem = re.sub(r"-\d+$", "", label)
    return _DOING.get(stem, stem.replace("-", " "))
