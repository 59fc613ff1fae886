"""One picture for each thing that is told: heat, votes, rejected points, surface, answer."""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8

from ivlm_bench.types import Grasp, GripperSpec, Interaction, Motion, Observation, View
from ivlm_policies.ivlm.explaining import colours
from ivlm_policies.ivlm.explaining._canvas import Tile, sheet
from ivlm_policies.ivlm.grounding.channels import whole
from ivlm_policies.ivlm.grounding.windows import window_about_points
from ivlm_policies.ivlm.stages import Crop, Field, Grounding

Picture = UInt8[np.ndarray, "h w 3"]

#: Room about the thing in a window, as a share of its side.
ROOM = 0.35
#: How far pictures are mixed with white below points.
FADE = 0.55
#: Length (m) of the arrow of a motion whose amount is no length, and of its head.
ARROW_M, HEAD_M = 0.06, 0.015
#: Grasps that are drawn beside the best, thin.
N_BESIDE = 3
#: Most points of a thing that is put somewhere.
N_PLACED = 300
#: Most views that are shown.
MAX_VIEWS = 4


def heat_panel(views: tuple[View, ...], one: Grounding) -> Picture:
    """Return the heat of one question in each view; its window is outlined, or fills the tile."""
    tiles = []
    for index, view in enumerate(views[:MAX_VIEWS]):
        sure = f"view {index + 1}: shown {one.presence[index]:.0%}"
        if one.query.role == "contact":
            sure += f", can be done {one.feasible[index]:.0%}"
        crop = one.crops[index]
        tile = Tile(view, _roomy(crop) if one.query.scope == "object" else whole(view), sure)
        tile.heat(one.maps[index], colours.scale(one.maps[index]))
        if one.query.scope == "object":
            tile.frame(crop)
        tiles.append(tile)
    return sheet(tiles, colours.scale_legend())


def votes_panel(views: tuple[View, ...], fused: Field) -> Picture:
    """Return what each view says of each point of the surface; points it does not see are grey."""
    tiles = []
    for index, view in enumerate(views[:MAX_VIEWS]):
        seen = fused.seen[index]
        tile = _on_surface(view, fused, f"view {index + 1} sees {int(seen.sum())} points")
        grey = np.broadcast_to(np.array(colours.UNSEEN), (int((~seen).sum()), 3))
        tile.points(fused.points_m[~seen], grey)
        tile.points(fused.points_m[seen], colours.scale(fused.votes[index][seen]))
        tiles.append(tile)
    return sheet(tiles, (*colours.scale_legend(), ("not seen by the view", colours.UNSEEN)))


def rejected_panel(views: tuple[View, ...], fused: Field) -> Picture:
    """Return which points each constraint took out, by colour; a point has its last one's."""
    paint = np.tile(np.array(colours.KEPT), (len(fused.points_m), 1))
    legend = [("kept", colours.KEPT)]
    for place, (name, points) in enumerate(fused.rejected.items()):
        colour = colours.NAMED[place % len(colours.NAMED)]
        paint[points] = colour
        legend.append((f"{name} ({int(points.sum())})", colour))
    tiles = [_on_surface(v, fused, f"view {k + 1}") for k, v in enumerate(views[:MAX_VIEWS])]
    for tile in tiles:
        tile.points(fused.points_m, paint)
    return sheet(tiles, legend)


def surface_panel(views: tuple[View, ...], fused: Field, prob: np.ndarray) -> Picture:
    """Return values in [0, 1], one a point of the surface, where each view sees it."""
    tiles = []
    for index, view in enumerate(views[:MAX_VIEWS]):
        seen = fused.seen[index]
        tile = _on_surface(
            view, fused, f"view {index + 1} (highest of all: {prob.max(initial=0.0):.2f})"
        )
        tile.points(fused.points_m[seen], colours.scale(prob[seen]))
        tiles.append(tile)
    return sheet(tiles, colours.scale_legend())


def answer_panel(shown: Observation, answer: Interaction, about_m: np.ndarray) -> Picture:
    """Return grasps, motion, placement and contact points in each view; the map if that is all."""
    gripper, contacts = shown.gripper, answer.contact_points_m
    placed_m = _placed(shown, answer)
    points = np.concatenate([about_m, contacts, placed_m, _reach(answer, gripper)])
    tiles = []
    for index, view in enumerate(shown.views[:MAX_VIEWS]):
        window = _roomy(window_about_points(view, points)) if len(points) else whole(view)
        tile = Tile(view, window, f"view {index + 1}")
        if answer.affordance_maps is not None and not len(contacts):
            heat = answer.affordance_maps[index]
            tile.heat(heat, colours.scale(heat))
        for grasp in answer.grasps[1 : 1 + N_BESIDE]:
            tile.lines(_wireframe(grasp, gripper), colours.GRIPPER, 1)
        tile.points(placed_m, np.tile(np.array(colours.ARROW), (len(placed_m), 1)))
        tile.points(contacts, np.tile(np.array(colours.CONTACT), (len(contacts), 1)))
        for grasp in answer.grasps[:1]:
            tile.lines(_wireframe(grasp, gripper), colours.GRIPPER, 3)
        if answer.motion is not None:
            tile.lines(_arrow(answer.motion), colours.ARROW, 3)
        tiles.append(tile)
    legend = [("contact points", colours.CONTACT)] * bool(len(contacts))
    legend += [("gripper", colours.GRIPPER)] * bool(answer.grasps)
    legend += [("motion", colours.ARROW)] * (answer.motion is not None)
    legend += [("where the thing is put", colours.ARROW)] * bool(len(placed_m))
    return sheet(tiles, legend)


def _placed(shown: Observation, answer: Interaction) -> np.ndarray:
    """Return points (n, 3) of the thing at hand where it is put; none where nothing is put."""
    if answer.placement is None or shown.object_mesh is None:
        return np.zeros((0, 3))
    vertices = shown.object_mesh.vertices_m
    return np.asarray(answer.placement.apply(vertices[:: len(vertices) // N_PLACED + 1]))


def _on_surface(view: View, fused: Field, title: str) -> Tile:
    kept = ~fused.rejected.get("another thing", np.zeros(len(fused.points_m), bool))
    points = fused.points_m[kept] if kept.any() else fused.points_m
    tile = Tile(view, _roomy(window_about_points(view, points)), title)
    tile.fade(FADE)
    return tile


def _roomy(window: Crop) -> Crop:
    room = ROOM * window.side_px
    return Crop(window.left_px - room / 2, window.top_px - room / 2, window.side_px + room)


def _reach(answer: Interaction, gripper: GripperSpec) -> np.ndarray:
    """Return the world points (n, 3) that the best action reaches."""
    shown = [_wireframe(grasp, gripper).reshape(-1, 3) for grasp in answer.grasps[:1]]
    if answer.motion is not None:
        shown.append(_arrow(answer.motion).reshape(-1, 3))
    return np.concatenate([np.zeros((0, 3)), *shown])


def _wireframe(grasp: Grasp, gripper: GripperSpec) -> np.ndarray:
    """Return lines (s, 2, 3) in the world frame: two fingers, the bar that joins them, a stem."""
    half, tip = grasp.width_m / 2.0, gripper.pad_size_m[2] / 2.0
    back, end = -gripper.palm_offset_m, -gripper.palm_offset_m - gripper.palm_size_m[2]
    corners = np.array(
        [
            [[-half, 0, tip], [-half, 0, back]],
            [[half, 0, tip], [half, 0, back]],
            [[-half, 0, back], [half, 0, back]],
            [[0, 0, back], [0, 0, end]],
        ]
    )
    return np.asarray(grasp.world_from_gripper.apply(corners))


def _arrow(motion: Motion) -> np.ndarray:
    """Return the lines (3, 2, 3) of an arrow from the point along the direction."""
    is_length = motion.kind == "translate" and motion.amount != 0.0
    tip = motion.point_m + (motion.amount if is_length else ARROW_M) * motion.direction
    along = (tip - motion.point_m) / np.linalg.norm(tip - motion.point_m)
    aside = np.cross(along, np.eye(3)[int(np.argmin(np.abs(along)))])
    aside = aside / np.linalg.norm(aside)
    barbs = [tip - HEAD_M * along + turn * HEAD_M * 0.6 * aside for turn in (-1.0, 1.0)]
    return np.array([[motion.point_m, tip], [barbs[0], tip], [barbs[1], tip]])
