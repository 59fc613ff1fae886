"""Which of several parts alike is meant: told by where they are and by their colour.

The network says where all handles of a cabinet are; which of them is the left one is no matter of
learning. What is strong falls into pieces, and the words choose among them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float32, Float64, UInt8
from scipy import ndimage
from scipy.spatial import cKDTree

from ivlm_bench.geometry.camera import project
from ivlm_bench.geometry.cloud import Cloud, cluster_labels
from ivlm_bench.types import View
from ivlm_policies.ivlm.fusing.colours import fits
from ivlm_policies.ivlm.stages import AtomicQuery, Phrase
from ivlm_policies.ivlm.switches import Switches

#: Share of the strongest evidence that a point of a piece has.
STRONG_SHARE = 0.5
#: Cell (m) of the grid that joins points to pieces: fronts of a cabinet lie 6 mm apart.
JOIN_M = 0.004
#: The same for what tells fronts apart: a handle may be seen in pieces.
ANCHOR_JOIN_M = 0.012
#: A piece with less evidence in all than this share of the strongest piece's is noise.
NOISE_SHARE = 0.2
#: A colour that fits this well is surely there, and one that fits no better tells nothing apart.
SURE_FIT = 0.5
#: Where pieces lie this many times farther apart the other way, no place tells them apart.
ACROSS_RATIO = 4.0
#: What is on a thing's front lies at least so far (m) from its middle.
LEAST_FRONT_M = 0.01
#: Keeps of places to the right and downwards what tells how high they are.
UPWARDS_ALONE = np.array([0.0, 1.0])
UP = np.array([0.0, 0.0, 1.0])
#: What is left of the evidence where no piece is as the words say.
LEAST = 0.05
#: Evidence below this (of 1) is not touched: it is none.
FAINT = 0.02
#: Axis (0: to the right, 1: downwards) and direction on it for each word of place.
SIDES = {"left": (0, -1.0), "right": (0, 1.0), "top": (1, -1.0), "bottom": (1, 1.0)}


@dataclass(frozen=True, eq=False, slots=True)
class Pieces:
    """What strong evidence falls into.

    ``places`` (k, 2): mean place to the right and downwards. ``fit`` (k,): how well the colour
    does. ``mass`` (k,): all evidence in the piece.
    """

    places: np.ndarray
    fit: np.ndarray
    mass: np.ndarray


def is_chosen(query: AtomicQuery) -> bool:
    """Tell whether a query's words choose among parts alike; the network does not read them."""
    phrase = query.phrase
    some = bool(phrase.part) and phrase.action != "place" and not query.text
    told = bool(phrase.place or phrase.colour or query.topmost)
    return some and query.role == "contact" and told


def for_network(query: AtomicQuery) -> Phrase:
    """Return what of a query's phrase the network is asked."""
    return replace(query.phrase, place="", colour="") if is_chosen(query) else query.phrase


class Selecting:
    """Chooses by a query's words, as far as the switches let it."""

    def __init__(self, switches: Switches) -> None:
        self._switches = switches

    def points(
        self,
        cloud: Cloud,
        prob: Float32[np.ndarray, " n"],
        query: AtomicQuery,
        *,
        thing: Bool[np.ndarray, " n"],
        views: tuple[View, ...],
        anchor: Float32[np.ndarray, " n"] | None = None,
    ) -> Float32[np.ndarray, " n"]:
        """Return what a query's words leave of the evidence on each point, 0 to 1.

        ``thing``: the points of the asked thing. ``anchor``: evidence for what tells several alike
        apart that lie edge to edge, such as the handles of drawers: each is what is nearest to its
        own. Left and right are those of who stands before it:
        what is asked for is on its front.
        """
        if not self._chooses(query) or prob.max(initial=0.0) < FAINT:
            return np.ones(len(prob), np.float32)
        strong = np.nonzero(prob >= STRONG_SHARE * prob.max())[0]
        right = _rightwards(cloud.points_m[strong], cloud.points_m[thing], views)
        at = cloud.points_m[strong] @ np.stack([right, -UP], axis=1)
        labels = _anchored(cloud.points_m, strong, anchor)
        if labels is None:
            labels = cluster_labels(cloud.points_m[strong], cell_m=JOIN_M)
        weight = self._weights(labels, at, (cloud.colours[strong], prob[strong]), query)
        _, nearest = cKDTree(cloud.points_m[strong]).query(cloud.points_m)
        return np.asarray(weight[nearest], np.float32)

    def pixels(
        self, heat: Float32[np.ndarray, "h w"], rgb: UInt8[np.ndarray, "h w 3"], query: AtomicQuery
    ) -> Float32[np.ndarray, "h w"]:
        """Return what a query's words leave of a map where nothing is known of depth."""
        if not self._chooses(query) or heat.max() < FAINT:
            return np.ones_like(heat)
        strong = heat >= STRONG_SHARE * heat.max()
        row, column = np.nonzero(strong)
        at = np.stack([column, row], axis=1).astype(np.float64)
        labels = ndimage.label(strong)[0][strong] - 1
        out = np.zeros_like(heat)
        out[strong] = self._weights(labels, at, (rgb[strong] / 255.0, heat[strong]), query)
        near = ndimage.distance_transform_edt(~strong, return_distances=False, return_indices=True)
        return np.asarray(out[tuple(near)], np.float32)

    def _chooses(self, query: AtomicQuery) -> bool:
        return self._switches.on("selecting") and is_chosen(query)

    def _weights(
        self,
        labels: np.ndarray,
        at: np.ndarray,
        seen: tuple[np.ndarray, np.ndarray],
        query: AtomicQuery,
    ) -> Float64[np.ndarray, " n"]:
        """Return the weight (n,) of each strong point, from the piece that it belongs to."""
        said = query.phrase if self._switches.on("colours") else replace(query.phrase, colour="")
        pieces = _pieces(labels, at, seen, said)
        weight = _by_colour(pieces, said) * (pieces.mass >= NOISE_SHARE * pieces.mass.max())
        several = np.count_nonzero(weight >= SURE_FIT * weight.max()) > 1
        if said.place and several:
            weight = _by_place(weight, pieces.places, said.place)
        elif query.topmost and several:
            weight = _by_place(weight, pieces.places * UPWARDS_ALONE, "top")
        elif said.place:
            own = labels == int(np.argmax(weight))
            return np.where(own, weight.max() * _half(at, own, said.place), 0.0)
        return np.asarray(weight[labels])


def on_pixels(
    heat: Float32[np.ndarray, "h w"],
    view: View,
    points_m: Float64[np.ndarray, "k 3"],
    weight: Float32[np.ndarray, " k"],
) -> Float32[np.ndarray, "h w"]:
    """Return the weights of surface points at the pixels of a map that are nearest to them."""
    pixels, _ = project(view.camera, points_m)
    ahead = np.isfinite(pixels).all(axis=1)
    out = np.ones_like(heat)
    rows, columns = np.nonzero(heat > FAINT)
    if ahead.any() and len(rows):
        _, nearest = cKDTree(pixels[ahead]).query(np.stack([columns, rows], axis=1))
        out[rows, columns] = weight[ahead][nearest]
    return out


def _anchored(
    points_m: np.ndarray, strong: np.ndarray, anchor: np.ndarray | None
) -> np.ndarray | None:
    """Return to which piece of what is anchored each strong point belongs; None without any."""
    if anchor is None or anchor.max(initial=0.0) < SURE_FIT:
        return None
    sure = np.nonzero(anchor >= STRONG_SHARE * anchor.max())[0]
    labels = cluster_labels(points_m[sure], cell_m=ANCHOR_JOIN_M)
    mass = np.bincount(labels, anchor[sure])
    clear = sure[mass[labels] >= NOISE_SHARE * mass.max()]
    kept = labels[mass[labels] >= NOISE_SHARE * mass.max()]
    _, nearest = cKDTree(points_m[clear]).query(points_m[strong])
    return np.asarray(np.unique(kept[nearest], return_inverse=True)[1])


def _pieces(
    labels: np.ndarray, at: np.ndarray, seen: tuple[np.ndarray, np.ndarray], phrase: Phrase
) -> Pieces:
    """Return where the pieces lie, and how well each has the colour that is said.

    ``at`` (n, 2): places to the right and downwards. ``seen``: colours (n, 3) in [0, 1] and
    evidence (n,) of the points.
    """
    colours, evidence = seen
    count = np.bincount(labels)
    places = np.stack([np.bincount(labels, at[:, axis]) / count for axis in (0, 1)], axis=1)
    fit = np.bincount(labels, fits(colours, phrase.colour)) / count
    return Pieces(places, fit, np.bincount(labels, evidence))


def _rightwards(
    region_m: np.ndarray, thing_m: np.ndarray, views: tuple[View, ...]
) -> Float64[np.ndarray, "3"]:
    """Return the unit vector to the right, level, of who looks at a thing's front.

    The region is on the front; where it lies in the middle, as seen by the first camera.
    """
    front = (_middle(region_m) - _middle(thing_m)) * (1.0 - UP) if len(thing_m) else 0.0 * UP
    if np.linalg.norm(front) < LEAST_FRONT_M:
        front = -views[0].camera.world_from_camera.rotation[:, 2] * (1.0 - UP)
    right = np.cross(UP, front)
    return np.asarray(right / max(float(np.linalg.norm(right)), 1e-9))


def _middle(points_m: np.ndarray) -> np.ndarray:
    """Return the middle of the box about some points: what is seen from one side weighs no more."""
    return np.asarray(0.5 * (points_m.min(axis=0) + points_m.max(axis=0)))


def _by_colour(pieces: Pieces, phrase: Phrase) -> np.ndarray:
    """Return weights (k,) by colour: a button's is its own, a handle's may be the whole thing's."""
    best = float(pieces.fit.max())
    if phrase.action == "press":
        return np.maximum(pieces.fit / max(best, SURE_FIT), LEAST)
    if best < SURE_FIT or not phrase.colour:
        return np.ones(len(pieces.fit))
    return pieces.fit / best


def _by_place(weight: np.ndarray, places: np.ndarray, place: str) -> np.ndarray:
    """Return weights that are left to the piece at a place, among those that stand out."""
    some = np.nonzero(weight >= SURE_FIT * weight.max())[0]
    spread = np.ptp(places[some], axis=0)
    axis, sign = SIDES.get(place, (int(np.argmax(spread)), 0.0))
    if ACROSS_RATIO * spread[axis] < spread[1 - axis]:
        return np.full(len(weight), LEAST)
    order = some[np.argsort(places[some, axis])]
    one = order[len(order) // 2] if sign == 0.0 else order[-1 if sign > 0 else 0]
    return np.where(np.arange(len(weight)) == one, weight, 0.0)


def _half(at: np.ndarray, own: np.ndarray, place: str) -> np.ndarray:
    """Return which points lie in that half, or middle third, of one piece that is all there is."""
    low, high = at[own].min(axis=0), at[own].max(axis=0)
    share = (at - 0.5 * (low + high)) / np.maximum(high - low, 1e-9)
    if place not in SIDES:
        return np.abs(share[:, int(np.argmax(high - low))]) <= 1.0 / 6.0
    axis, sign = SIDES[place]
    return np.asarray(sign * share[:, axis] >= 0.0)
