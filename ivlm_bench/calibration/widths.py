"""Which convention the widths of grasps follow."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ivlm_bench.calibration.findings import FEWEST, Finding, not_told
from ivlm_bench.calibration.probes import Probe
from ivlm_bench.types import Grasp

#: Slack at both ends of what fits, m.
SLACK_M = 0.001
#: Share of the answers that have to fit as they are, and under another convention.
RIGHT_SHARE, NAMED_SHARE = 0.8, 0.95

#: The width (m) that a number means with a gripper that opens so far (m), by the words for it.
MEANINGS: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "in millimetres": lambda w, _: w * 1e-3,
    "in centimetres": lambda w, _: w * 1e-2,
    "half the opening (one finger's way)": lambda w, _: 2.0 * w,
    "half the opening, in millimetres": lambda w, _: 2e-3 * w,
    "a share of the largest opening, 1 open": lambda w, most: w * most,
    "how far the fingers close, 0 open": lambda w, most: most - w,
    "how far the fingers close, in millimetres, 0 open": lambda w, most: most - w * 1e-3,
    "a share of the way that the fingers close, 0 open": lambda w, most: (1.0 - w) * most,
}


def judge_widths(told: Sequence[tuple[Probe, Grasp]], n_asked: int, *, follows: bool) -> Finding:
    """Return what widths tell; ``follows``: whether the poses beside them follow the scene."""
    part = "grasp width"
    if len(told) < FEWEST:
        return not_told(part, len(told), n_asked)
    of = f"{len(told)} of {n_asked} answers"
    thick_m = np.array([probe.thickness_m for probe, _ in told])
    widths = np.array([grasp.width_m for _, grasp in told])
    most_m = told[0][0].observation.gripper.max_opening_m
    if not follows:
        return Finding(part, "no finding", f"the poses beside them do not follow the scene ({of})")
    if _fitting(widths, thick_m, most_m) >= RIGHT_SHARE:
        return Finding(part, "right", f"metres between the pads before closing ({of})")
    fitting = []
    for words, meaning in MEANINGS.items():
        meant_m = meaning(widths, most_m)
        if _fitting(meant_m, thick_m, most_m) >= NAMED_SHARE:
            fitting.append((float((meant_m - thick_m).std()), words))
    if not fitting:
        return Finding(part, "no finding", f"they fit no known convention ({of})")
    return Finding(part, "deviation", f"widths look like {min(fitting)[1]} ({of})")


def _fitting(widths_m: np.ndarray, thick_m: np.ndarray, most_m: float) -> float:
    """Return the share of widths that let the thing in and that the gripper can open to."""
    fits = (widths_m >= thick_m - SLACK_M) & (widths_m <= most_m + SLACK_M)
    return float(fits.mean())
