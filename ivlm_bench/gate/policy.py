"""What the gate may say, and the limits by which it decides."""

from __future__ import annotations

from typing import Literal

import msgspec

#: What the gate says of a night, the best first. ``first-night``: there is no baseline yet.
#: ``identical``: every record equals the baseline's. ``drift``: the same answers and outcomes from
#: other numbers, as on another kind of machine. ``improved``/``pass``: worse by more than the
#: margin is refuted. ``inconclusive``: neither shown nor refuted. ``suspect``: a loss that fresh
#: questions must confirm. ``regressed``: a confirmed loss.
Verdict = Literal[
    "first-night", "identical", "drift", "improved", "pass", "inconclusive", "suspect", "regressed"
]

#: Exit codes; ``inconclusive`` may be told to pass.
EXIT_CODES: dict[Verdict, int] = {
    "first-night": 0,
    "identical": 0,
    "drift": 0,
    "improved": 0,
    "pass": 0,
    "inconclusive": 3,
    "suspect": 3,
    "regressed": 1,
}


class GatePolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits of the gate.

    The two stages were chosen by simulation (10 tasks of 100 scenarios, 10 % of them discordant):
    a screen at 0.20 followed by fresh questions at 0.01 raises 0.2 false alarms a year and finds a
    task that lost ten points in 1.5 nights; a single test at 0.05 raises 77.

    Attributes
    ----------
    measure
        What counts as right; see ``pair_runs``.
    screen_task_p
        A task whose Holm-adjusted one-sided p is at most this is suspect.
    screen_macro_p
        All tasks together are suspect where the one-sided p of the macro mean is at most this.
    confirm_p
        A suspect is confirmed where its Holm-adjusted one-sided p on fresh questions is at most
        this.
    confirm_factor
        Fresh questions a task, as a multiple of the suite's.
    margin_macro, margin_task
        Losses (share of questions) that "pass" must refute at one-sided 95 %.
    most_crashed
        Share of episodes that may crash; beyond, the night is no measurement of the method.
    """

    measure: str = "right"
    screen_task_p: float = 0.20
    screen_macro_p: float = 0.01
    confirm_p: float = 0.01
    confirm_factor: int = 4
    margin_macro: float = 0.02
    margin_task: float = 0.05
    most_crashed: float = 0.05
