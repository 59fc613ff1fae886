"""Which convention the poses of grasps, points in the world and directions follow."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from ivlm_bench.calibration.findings import FEWEST, Finding, joined, not_told
from ivlm_bench.calibration.frames import FRAMES, READINGS, UNITS, PoseReading, outside_m
from ivlm_bench.calibration.probes import Probe
from ivlm_bench.types import Grasp

#: A closing direction may be this far off, and an approach, which scenes leave freer, that far.
RIGHT_CLOSING_RAD, RIGHT_APPROACH_RAD = np.deg2rad(20.0), np.deg2rad(70.0)
#: Share of the answers that have to be right for the convention to be ours.
RIGHT_SHARE = 0.6
#: Under another convention both directions must be this near to the only right ones, in most
#: answers: what is named must not be there by chance.
NAMED_RAD, NAMED_SHARE = np.deg2rad(15.0), 0.8
#: A point this far (m) outside of what has to be touched is still right.
RIGHT_M, NAMED_M = 0.03, 0.025
#: Distances along the approach (m) that tell a wrist from a grasp that is a little deep.
LEAST_REACH_M, MOST_REACH_M = 0.04, 0.35
#: A direction of motion this far off is right; under another convention it must be nearer.
RIGHT_DIRECTION_RAD = np.deg2rad(35.0)

#: What stands between words for a deviation.
_AND = ", "


def judge_axes(
    told: Sequence[tuple[Probe, Grasp]], n_asked: int
) -> tuple[Finding, PoseReading | None]:
    """Return what the rotations of grasps tell, and how they are to be read if that is known."""
    part = "grasp axes"
    if len(told) < FEWEST:
        return not_told(part, len(told), n_asked), None
    of = f"{len(told)} of {n_asked} answers"
    ours = READINGS[0]
    away = _off(ours, told)
    right = (away[:, 0] <= RIGHT_APPROACH_RAD) & (away[:, 1] <= RIGHT_CLOSING_RAD)
    if float(right.mean()) >= RIGHT_SHARE:
        return Finding(part, "right", f"z approaches, x closes, world frame ({of})"), ours
    near = [(float((_off(r, told).max(axis=1) <= NAMED_RAD).mean()), r) for r in READINGS[1:]]
    fitting = [(share, reading) for share, reading in near if share >= NAMED_SHARE]
    if not fitting:
        return Finding(part, "no finding", f"they do not follow the scene ({of})"), None
    most = max(share for share, _ in fitting)
    best = min((r for share, r in fitting if share == most), key=lambda r: len(r.words))
    return Finding(part, "deviation", f"poses look like {_AND.join(best.words)} ({of})"), best


def judge_origins(
    told: Sequence[tuple[Probe, Grasp]], reading: PoseReading | None, n_asked: int
) -> Finding:
    """Return what the origins of grasps tell; ``reading`` is how their rotations are meant."""
    part = "grasp origins"
    if len(told) < FEWEST:
        return not_told(part, len(told), n_asked)
    probes = [probe for probe, _ in told]
    origins_m = np.array([grasp.world_from_gripper.position_m for _, grasp in told])
    plain = judge_points(part, origins_m, probes, n_asked=n_asked)
    if plain.state != "no finding" or reading is None:
        return plain
    quats = [grasp.world_from_gripper.quat_wxyz for _, grasp in told]
    approaches = np.array([reading.axes(q, p)[0] for q, p in zip(quats, probes, strict=True)])
    return _reach(part, origins_m, approaches, probes, n_asked) or plain


def judge_points(
    part: str, points_m: np.ndarray, probes: Sequence[Probe], *, n_asked: int
) -> Finding:
    """Return what points (n, 3) of the world tell, one a probe."""
    if len(points_m) < FEWEST:
        return not_told(part, len(points_m), n_asked)
    of = f"{len(points_m)} of {n_asked} answers"
    if float((outside_m(points_m, probes) <= RIGHT_M).mean()) >= RIGHT_SHARE:
        return Finding(part, "right", f"metres, world frame ({of})")
    for frame, unit in sorted(product(FRAMES, UNITS), key=lambda pair: sum(map(bool, pair))):
        meant_m = _placed(points_m, probes, frame, unit)
        if float((outside_m(meant_m, probes) <= NAMED_M).mean()) >= NAMED_SHARE:
            words = joined([w for w in (unit, frame) if w])
            return Finding(part, "deviation", f"they look as if {words} ({of})")
    return Finding(part, "no finding", f"they do not follow the scene ({of})")


def judge_directions(told: Sequence[tuple[Probe, np.ndarray]], n_asked: int) -> Finding:
    """Return what the directions of motions tell."""
    part = "motion"
    if len(told) < FEWEST:
        return not_told(part, len(told), n_asked)
    of = f"{len(told)} of {n_asked} answers"
    for frame, sign in sorted(
        product(FRAMES, (1.0, -1.0)), key=lambda p: (p[0] != "") + (p[1] < 0)
    ):
        angles = np.array([_angle(sign * FRAMES[frame](p).turn(d), p.approach) for p, d in told])
        if not frame and sign > 0:
            if float((angles <= RIGHT_DIRECTION_RAD).mean()) >= RIGHT_SHARE:
                return Finding(part, "right", f"along the motion, world frame ({of})")
        elif float((angles <= NAMED_RAD).mean()) >= NAMED_SHARE:
            back = "against the motion (the surface's normal?)" if sign < 0 else ""
            words = joined([w for w in (back, frame) if w])
            return Finding(part, "deviation", f"directions look as if {words} ({of})")
    return Finding(part, "no finding", f"directions do not follow the scene ({of})")


def _off(reading: PoseReading, told: Sequence[tuple[Probe, Grasp]]) -> np.ndarray:
    """Return (n, 2): how far (rad) approach and closing direction are off under a reading."""
    away = []
    for probe, grasp in told:
        approach, closing = reading.axes(grasp.world_from_gripper.quat_wxyz, probe)
        aside = _angle(closing, probe.closing)
        away.append((_angle(approach, probe.approach), min(aside, np.pi - aside)))
    return np.array(away)


def _reach(
    part: str,
    origins_m: np.ndarray,
    approaches: np.ndarray,
    probes: Sequence[Probe],
    n_asked: int,
) -> Finding | None:
    """Return the finding that origins lie a constant way before the pads, if they do."""
    middles_m = np.array([probe.point_m for probe in probes])
    for frame, unit in sorted(product(FRAMES, UNITS), key=lambda pair: sum(map(bool, pair))):
        start_m = _placed(origins_m, probes, frame, unit)
        reach_m = float(np.median(((middles_m - start_m) * approaches).sum(axis=1)))
        outside = outside_m(start_m + reach_m * approaches, probes)
        fits = float((outside <= NAMED_M).mean()) >= NAMED_SHARE
        if fits and LEAST_REACH_M <= abs(reach_m) <= MOST_REACH_M:
            side = "behind" if reach_m > 0 else "beyond"
            words = f"they lie {1e3 * abs(reach_m):.0f} mm {side} the pads' middle"
            words += " (a wrist or flange?)" if reach_m > 0 else ""
            more = joined([w for w in (unit, frame) if w]) if unit or frame else ""
            of = f"{len(probes)} of {n_asked} answers"
            return Finding(part, "deviation", f"{words}{', ' if more else ''}{more} ({of})")
    return None


def _placed(points_m: np.ndarray, probes: Sequence[Probe], frame: str, unit: str) -> np.ndarray:
    """Return the world points (n, 3) m that points mean in a frame and a unit."""
    pairs = zip(points_m * UNITS[unit], probes, strict=True)
    return np.array([FRAMES[frame](probe).apply(point) for point, probe in pairs])


def _angle(one: np.ndarray, other: np.ndarray) -> float:
    cosine = float(one @ other) / float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(np.arccos(np.clip(cosine, -1.0, 1.0)))
