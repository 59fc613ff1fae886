"""An answer drawn on its image, and images in a row: for people, never scored.

Everything is drawn at twice the size and averaged back, so that lines are smooth while a pixel
that nothing touches keeps its exact colour.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64, UInt8
from PIL import Image, ImageDraw, ImageFont

from ivlm_bench.render.surfaces import gripper_poses, palm_box_pose
from ivlm_bench.types import Camera, Grasp, GripperSpec, Interaction, Motion, Pose, View

#: Canvas pixels an image pixel.
SCALE = 2

#: Colours, sRGB.
GRIPPER_COLOUR = (255, 122, 0)
CONTACT_COLOUR = (0, 200, 255)
POINT_COLOUR = (255, 0, 200)
ARROW_COLOUR = (60, 220, 40)
BANNER_COLOUR = (176, 16, 32)
OUTLINE_COLOUR = (16, 16, 20)
LABEL_COLOUR = (40, 42, 48)
PAPER_COLOUR = (255, 255, 255)

#: Widths and radii in image pixels.
LINE_PX, OUTLINE_PX, DOT_PX, HEAD_PX = 1.5, 0.75, 2.5, 7.0
FONT_PX, GAP_PX = 11, 4

#: Length (m) of the arrow of a motion whose amount is no length or is zero.
ARROW_M = 0.08

#: Opacity of the heat where the affordance is 1.
HEAT_OPACITY = 0.6

#: Lines are cut where they come nearer than this (m) to the camera plane.
NEAR_M = 0.02

#: Corners of a box of unit size about its centre, and the pairs that its edges join.
_CORNERS = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)])
_EDGES = [(i, i | bit) for i in range(8) for bit in (1, 2, 4) if not i & bit]


def draw_interaction(
    view: View, interaction: Interaction, gripper: GripperSpec, *, view_index: int = 0
) -> UInt8[np.ndarray, "h w 3"]:
    """Return the view's image with an answer on it.

    Drawn are the affordance map of this view, the first grasp as a wireframe, the motion as an
    arrow, contact points, image points, and a banner if it abstains.

    Parameters
    ----------
    view
        The image and its camera.
    interaction
        The answer.
    gripper
        Sizes of the gripper that the first grasp is drawn with.
    view_index
        Number of this view in ``points_px`` and in ``affordance_maps``.
    """
    rgb = view.rgb
    maps = interaction.affordance_maps
    if maps is not None and view_index < len(maps):
        rgb = _heated(rgb, maps[view_index])
    canvas = Image.fromarray(np.repeat(np.repeat(rgb, SCALE, axis=0), SCALE, axis=1))
    pen = ImageDraw.Draw(canvas)
    if interaction.grasps:
        segments = gripper_wireframe(interaction.grasps[0], gripper)
        _lines(pen, _pixels(view.camera, segments), GRIPPER_COLOUR)
    if interaction.motion is not None:
        _arrow(pen, view.camera, interaction.motion)
    spots = np.repeat(interaction.contact_points_m[:, None], 2, axis=1)
    _dots(pen, _pixels(view.camera, spots)[:, 0], CONTACT_COLOUR)
    if interaction.points_px is not None:
        mine = interaction.points_px[:, 0] == view_index
        _dots(pen, interaction.points_px[mine, 1:].astype(np.float64), POINT_COLOUR)
    if interaction.abstain:
        _banner(pen, f"ABSTAINS: {interaction.abstain_reason or 'no reason given'}", canvas.width)
    return np.array(canvas.reduce(SCALE))


def film_strip(
    frames: Sequence[tuple[str, UInt8[np.ndarray, "h w 3"]]],
) -> UInt8[np.ndarray, "h2 w2 3"]:
    """Return labelled images side by side, each label above its image.

    Raises
    ------
    ValueError
        If there are no frames.
    """
    if not frames:
        raise ValueError("A film strip needs at least one frame.")
    head = FONT_PX + 2 * GAP_PX
    height = head + max(image.shape[0] for _, image in frames)
    width = sum(image.shape[1] for _, image in frames) + GAP_PX * (len(frames) - 1)
    strip = Image.new("RGB", (width, height), PAPER_COLOUR)
    left = 0
    for label, image in frames:
        title = Image.new("RGB", (SCALE * image.shape[1], SCALE * head), PAPER_COLOUR)
        font = ImageFont.load_default(SCALE * FONT_PX)
        text = _fitted(label, font, title.width - 2 * GAP_PX)
        pen = ImageDraw.Draw(title)
        pen.text((GAP_PX, SCALE * GAP_PX // 2), text, fill=LABEL_COLOUR, font=font)
        strip.paste(title.reduce(SCALE), (left, 0))
        strip.paste(Image.fromarray(np.ascontiguousarray(image)), (left, head))
        left += image.shape[1] + GAP_PX
    return np.array(strip)


def gripper_wireframe(grasp: Grasp, spec: GripperSpec) -> Float64[np.ndarray, "s 2 3"]:
    """Return the line segments (world frame, m) of palm, pads and the bars that join them."""
    poses = gripper_poses(grasp.world_from_gripper, grasp.width_m, spec)
    segments = [_box_edges(palm_box_pose(grasp.world_from_gripper, spec), spec.palm_size_m)]
    for name in ("gripper/left", "gripper/right"):
        segments.append(_box_edges(poses[name], spec.pad_size_m))
        bar = np.array([[0, 0, -spec.pad_size_m[2] / 2], [0, 0, -spec.palm_offset_m]])
        segments.append(poses[name].apply(bar)[None])
    return np.concatenate(segments)


def arrow_length_m(motion: Motion) -> float:
    """Return how long a motion is drawn: its amount if that is a length, else ``ARROW_M``."""
    is_length = motion.kind == "translate" and motion.amount != 0.0
    return abs(motion.amount) if is_length else ARROW_M


def _box_edges(pose: Pose, size_m: tuple[float, float, float]) -> np.ndarray:
    return pose.apply(_CORNERS * np.array(size_m))[np.array(_EDGES)]


def _pixels(camera: Camera, segments: np.ndarray) -> np.ndarray:
    """Project segments (s, 2, 3), cut at the near plane, to pixels (s', 2, 2)."""
    local = camera.world_from_camera.inverse().apply(segments)
    local = local[(local[..., 2] > NEAR_M).any(axis=1)]
    for end in (0, 1):
        a, b = local[:, end], local[:, 1 - end]
        cut = a[:, 2] < NEAR_M
        share = (NEAR_M - a[cut, 2]) / (b[cut, 2] - a[cut, 2])
        local[cut, end] = a[cut] + share[:, None] * (b[cut] - a[cut])
    k = camera.intrinsics_px
    x = k[0, 0] * local[..., 0] / local[..., 2] + k[0, 2]
    y = k[1, 1] * local[..., 1] / local[..., 2] + k[1, 2]
    return np.stack([x, y], axis=-1)


def _on_canvas(pixels: np.ndarray) -> np.ndarray:
    """Map image pixels, whose centres are whole numbers, to those of the canvas."""
    return SCALE * (pixels + 0.5) - 0.5


def _lines(pen: ImageDraw.ImageDraw, pixels: np.ndarray, colour: tuple[int, int, int]) -> None:
    """Draw segments (s, 2, 2) in image pixels, the outlines of all below the colours of all."""
    ends = [[tuple(point) for point in line] for line in _on_canvas(pixels).tolist()]
    for paint, width in ((OUTLINE_COLOUR, LINE_PX + 2 * OUTLINE_PX), (colour, LINE_PX)):
        for line in ends:
            pen.line(line, fill=paint, width=round(SCALE * width))


def _dots(pen: ImageDraw.ImageDraw, pixels: np.ndarray, colour: tuple[int, int, int]) -> None:
    for x, y in _on_canvas(pixels).tolist():
        for paint, radius in ((OUTLINE_COLOUR, DOT_PX + OUTLINE_PX), (colour, DOT_PX)):
            r = SCALE * radius
            pen.ellipse((x - r, y - r, x + r, y + r), fill=paint)


def _arrow(pen: ImageDraw.ImageDraw, camera: Camera, motion: Motion) -> None:
    """Draw a motion from its point along its direction; a negative amount turns it round."""
    sign = -1.0 if motion.kind == "translate" and motion.amount < 0 else 1.0
    tip = motion.point_m + sign * arrow_length_m(motion) * motion.direction
    pixels = _pixels(camera, np.stack([motion.point_m, tip])[None])
    if not len(pixels):
        return
    tail, head = pixels[0]
    length = float(np.hypot(*(head - tail)))
    lines = [pixels[0]]
    if length > 0:
        back = min(HEAD_PX, length) * (tail - head) / length
        side = np.array([-back[1], back[0]])
        lines += [np.stack([head, head + 0.9 * back + turn * side]) for turn in (0.5, -0.5)]
    _lines(pen, np.stack(lines), ARROW_COLOUR)
    _dots(pen, tail[None], ARROW_COLOUR)


def _heated(rgb: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Lay a map in [0, 1], stretched over the image, as yellow to red; zero leaves it as it is."""
    size = (rgb.shape[1], rgb.shape[0])
    stretched = Image.fromarray(np.ascontiguousarray(heat, np.float32))
    if stretched.size != size:
        stretched = stretched.resize(size, Image.Resampling.BILINEAR)
    value = np.clip(np.asarray(stretched), 0.0, 1.0)[..., None]
    paint = np.concatenate([np.full_like(value, 255), 210 * (1 - value), 0 * value], axis=2)
    mixed = rgb + HEAT_OPACITY * value * (paint - rgb)
    return np.round(mixed).astype(np.uint8)


def _fitted(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: float) -> str:
    """Shorten a text to a width in canvas pixels."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "...") > width:
        text = text[:-1]
    return text + "..."


def _wrapped(
    text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: float
) -> list[str]:
    """Break a text between words into lines of at most a width, three at the most."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    kept = lines[:2] + ([" ".join(lines[2:])] if len(lines) > 2 else [])
    return [_fitted(line, font, width) for line in kept]


def _banner(pen: ImageDraw.ImageDraw, text: str, width: int) -> None:
    """Write a text on a strip across the top of the canvas."""
    font = ImageFont.load_default(SCALE * FONT_PX)
    step = SCALE * (FONT_PX + 3)
    lines = _wrapped(text, font, width - 4 * GAP_PX)
    pen.rectangle((0, 0, width, step * len(lines) + 2 * GAP_PX), fill=BANNER_COLOUR)
    for i, line in enumerate(lines):
        pen.text((2 * GAP_PX, GAP_PX + i * step), line, fill=PAPER_COLOUR, font=font)
