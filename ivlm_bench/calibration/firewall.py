"""Ask a reasoner what has one right answer, and tell which conventions its answers follow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ivlm_bench.calibration.findings import Finding, Report
from ivlm_bench.calibration.pixels import judge_pixels
from ivlm_bench.calibration.poses import judge_axes, judge_directions, judge_origins, judge_points
from ivlm_bench.calibration.probes import (
    Probe,
    button_probes,
    fin_probes,
    picture_probes,
    ridge_probes,
)
from ivlm_bench.calibration.widths import judge_widths
from ivlm_bench.errors import ConfigError, InvalidAnswerError, IvlmBenchError
from ivlm_bench.guard import guarded, in_brief
from ivlm_bench.types import Interaction

#: Seed that ``reset`` is given before the first question; each further one gets the next.
SEED = 11
#: Questions in the world that may pass without anything of the world before no more are put: they
#: cost a model that only points four pictures each.
PATIENCE = 2
#: Values of a map from this share of its largest one on are what it points at.
TOP_SHARE = 0.8

_Told = list[tuple[Probe, Interaction]]


@dataclass
class _Asked:
    """Who is asked, and what came of it so far."""

    reasoner: Any
    n_asked: int = 0
    faults: list[str] = field(default_factory=list)

    def about(self, probes: Sequence[Probe], *, wanted: Callable[[Interaction], bool]) -> _Told:
        """Return the answers; stop early where none of the first ones has what is wanted."""
        told: _Told = []
        n_wanted = 0
        for n_before, probe in enumerate(probes):
            if n_before >= PATIENCE and not n_wanted and probe.kind != "picture":
                break
            answer = self._answer(probe)
            if answer is not None and not answer.abstain:
                told.append((probe, answer))
                n_wanted += wanted(answer)
        return told

    def _answer(self, probe: Probe) -> Interaction | None:
        """Return the answer, or None if it raised; a server that is gone ends all."""
        seed = SEED + self.n_asked
        self.n_asked += 1
        reset = getattr(self.reasoner, "reset", None)
        if reset is not None:
            _, error = guarded(lambda: reset(seed))
            _stop_at(error)
        answer, error = guarded(lambda: self.reasoner.predict(probe.observation))
        _stop_at(error)
        if error is None and isinstance(answer, Interaction):
            return answer
        wrong = in_brief(error) if error is not None else f"it returned {type(answer).__name__}"
        self.faults.append(wrong)
        return None


def examine(reasoner: object) -> Report:
    """Return which conventions a reasoner's answers follow.

    Only its public ``predict`` is called, and ``reset`` where it has one. It is asked about
    pictures first, and about grasps and presses as long as its answers hold something of the
    world.

    Raises
    ------
    ConfigError
        If it has no ``predict``: one that is shown the truth has no convention to find.
    IvlmBenchError
        What it raises on purpose, but for an invalid answer: a server that is gone, for one.
    """
    if not callable(getattr(reasoner, "predict", None)):
        raise ConfigError(
            f"{type(reasoner).__name__} has no method predict; its conventions can't be examined."
        )
    asked = _Asked(reasoner)
    pictures = asked.about(picture_probes(), wanted=_any)
    n_pictures = asked.n_asked
    findings = [
        _in_pictures("points", _pointed, pictures, n_pictures),
        _in_pictures("maps", _mapped, pictures, n_pictures),
    ]
    grasps = asked.about((*ridge_probes(), *fin_probes()), wanted=_in_world)
    n_grasps = asked.n_asked - n_pictures
    buttons = asked.about(button_probes(), wanted=_in_world)
    findings += _of_grasps(grasps, n_grasps)
    findings += _of_contacts(grasps + buttons, asked.n_asked - n_pictures)
    findings += _of_motions(buttons, asked.n_asked - n_pictures - n_grasps)
    first = asked.faults[0] if asked.faults else ""
    return Report(tuple(findings), asked.n_asked, len(asked.faults), first)


def _stop_at(error: BaseException | None) -> None:
    """Raise what is no fault of one answer."""
    ours = isinstance(error, IvlmBenchError) and not isinstance(error, InvalidAnswerError)
    if error is not None and (ours or isinstance(error, KeyboardInterrupt)):
        raise error


def _any(_: Interaction) -> bool:
    return True


def _in_world(answer: Interaction) -> bool:
    """Tell whether an answer holds something that is not in a picture."""
    return bool(answer.grasps) or answer.motion is not None or len(answer.contact_points_m) > 0


def _in_pictures(
    part: str, read: Callable[[Interaction], np.ndarray | None], told: _Told, n_asked: int
) -> Finding:
    """Return what the places in pictures tell that ``read`` finds in answers."""
    found = [(probe, read(answer)) for probe, answer in told]
    there = [(probe, pixel) for probe, pixel in found if pixel is not None]
    sizes = [p.observation.views[0].rgb.shape[1::-1] for p, _ in there]
    return judge_pixels(
        part,
        np.array([pixel for _, pixel in there], np.float64).reshape(-1, 2),
        np.array([probe.pixel for probe, _ in there]).reshape(-1, 2),
        np.array(sizes, np.float64).reshape(-1, 2),
        n_asked=n_asked,
    )


def _pointed(answer: Interaction) -> np.ndarray | None:
    """Return the middle (x, y) of the points in the first view."""
    if answer.points_px is None:
        return None
    first = answer.points_px[answer.points_px[:, 0] == 0, 1:]
    return np.median(first, axis=0) if len(first) else None


def _mapped(answer: Interaction) -> np.ndarray | None:
    """Return the middle (x, y) of the top of the first view's map."""
    if answer.affordance_maps is None or not len(answer.affordance_maps):
        return None
    first = answer.affordance_maps[0]
    if float(np.ptp(first)) < 1e-6:
        return None
    rows, columns = np.nonzero(first >= TOP_SHARE * first.max())
    return np.array([columns.mean(), rows.mean()])


def _of_grasps(told: _Told, n_asked: int) -> list[Finding]:
    grasps = [(probe, answer.grasps[0]) for probe, answer in told if answer.grasps]
    axes, reading = judge_axes(grasps, n_asked)
    origins = judge_origins(grasps, reading, n_asked)
    follows = reading is not None or origins.state in ("right", "deviation")
    return [axes, origins, judge_widths(grasps, n_asked, follows=follows)]


def _of_contacts(told: _Told, n_asked: int) -> list[Finding]:
    there = [(probe, a.contact_points_m) for probe, a in told if len(a.contact_points_m)]
    middles_m = np.array([np.median(points_m, axis=0) for _, points_m in there]).reshape(-1, 3)
    probes = [probe for probe, _ in there]
    return [judge_points("contacts", middles_m, probes, n_asked=n_asked)]


def _of_motions(told: _Told, n_asked: int) -> list[Finding]:
    motions = [(probe, answer.motion) for probe, answer in told if answer.motion is not None]
    points_m = np.array([motion.point_m for _, motion in motions]).reshape(-1, 3)
    points = judge_points("motion points", points_m, [p for p, _ in motions], n_asked=n_asked)
    return [points, judge_directions([(p, m.direction) for p, m in motions], n_asked)]
