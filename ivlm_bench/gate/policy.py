"""What the gate may say, and the limits by which it decides."""

from __future__ import annotations

from typing import Literal

import msgspec

#: What the gate says of a night, the best first. ``first-night``: there is no baseline yet.
#: ``identical``: every record equals the baseline's. ``drift``: the same answers and outcomes from
#: other numbers, or other ones on another kind of machine. ``improved``/``pass``: worse by more
#: than the margin is refuted. ``inconclusive``: neither shown nor refuted. ``suspect``: a loss that
#: fresh questions must confirm. ``regressed``: a confirmed loss.
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

    The two stages were chosen by simulation (10 tasks of 100 scenarios, 10 % of them discordant).
    The screen asks the same questions every night, so a method that always answers alike has one
    chance to be noticed, not one a night: it lets much pass on. Fresh questions, other ones each
    night, bound the false alarms. A single test at 0.05 would raise 77 of them a year.

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
    screen_macro_p: float = 0.10
    confirm_p: float = 0.002
    confirm_factor: int = 4
    margin_macro: float = 0.02
    margin_task: float = 0.05
    most_crashed: float = 0.05
