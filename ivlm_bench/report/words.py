"""Codes in words: every status, outcome, check and unit as a reader meets it."""

from __future__ import annotations

import math
import re

from ivlm_bench.records import ERROR_STATUSES, EpisodeRecord

#: Groups of episodes in the order of the page: failures first.
GROUPS: dict[str, str] = {
    "error": "Error",
    "data": "Could not be read",
    "wrong": "Wrong answer",
    "abstention": "Wrong abstention",
    "diverged": "Simulation diverged",
    "success": "Success",
    "scored": "Scored",
}

#: One sentence an outcome code, whatever was tried.
_SENTENCES: dict[str, str] = {
    "INVALID": "The answer can't be executed, so nothing was simulated.",
    "NO_ANSWER": "The answer holds nothing to execute, so nothing was simulated.",
    "ABSTAINED": "The reasoner declined to act.",
    "COLLISION_OBJECT": "The open gripper cuts into the object on its approach.",
    "COLLISION_SUPPORT": "The open gripper cuts into the table on its approach.",
    "COLLISION_CLUTTER": "The open gripper cuts into another object on its approach.",
    "NO_CONTACT": "Nothing of the object was touched.",
    "WRONG_PART": "Another part than the asked one was touched.",
    "SLIP": "The contact slipped: the force points outside of the friction cone.",
    "SLIP_LIFT": "The object slipped out of the gripper during the lift.",
    "SLIP_SHAKE": "The object was lifted but lost in the shake.",
    "DISPLACED": "The object was held to the end but shifted in the hand.",
    "NOT_MOVED": "The asked joint did not move.",
    "PARTIAL": "The asked joint moved, but not far enough.",
    "SIDE_EFFECT": "The asked joint moved, and so did another one.",
    "BAD_ANGLE": "The press came in at too steep an angle to the button's axis.",
    "NOT_PRESSED": "The button was touched but not pressed far enough.",
    "BAD_DIRECTION": "The touched point moved another way than the answered direction.",
    "INFEASIBLE_PENETRATION": "The object would stand inside something.",
    "FLOATING": "The object would hang in the air, so nothing was simulated.",
    "WRONG_SUPPORT": "The object would stand on something else than the asked support.",
    "TIPPED": "The object toppled when it was let go.",
    "SLID": "The object slid away when it was let go.",
    "MOVING": "The object did not come to rest.",
    "OFF_SUPPORT": "The object came to rest without touching the asked support.",
    "SUCCESS": "The trial succeeded.",
    "SCORED": "The answer was scored; nothing was tried.",
    "DATA_ERROR": "The item's files can't be read, so nobody was asked; that is in no number.",
    "SIM_ERROR": "The simulation diverged; that is not held against the reasoner.",
    "INVALID_ANSWER": "The answer has a wrong type, shape or range and could not be tried.",
    "UNPARSED": "What the model wrote can't be read in its dialect.",
    "REFUSED": "The model declined to answer.",
    "OUT_OF_RANGE": "All that the model marked lies outside of the picture.",
    "REASONER_ERROR": "The reasoner raised an exception.",
    "SERVER_LOST": "The reasoner's server was gone, so the question was not answered.",
    "TIMEOUT": "The reasoner did not answer before its deadline.",
    "CRASHED": "The process of the reasoner ended without an answer.",
}

#: Sentences that one kind of trial words in its own way.
_BY_KIND: dict[tuple[str, str], str] = {
    ("grasp", "INVALID"): "The grasp is wider than the gripper opens, so nothing was simulated.",
    ("grasp", "NO_CONTACT"): "The gripper closed without both pads touching the object.",
    ("grasp", "WRONG_PART"): "The pads did not hold the asked part alone.",
    ("grasp", "SUCCESS"): "The object was lifted and still held after the shake.",
    ("articulate", "NO_CONTACT"): "The point lies on no surface of the object.",
    ("articulate", "WRONG_PART"): "The force acted on another part than the asked one.",
    ("articulate", "SUCCESS"): "The asked joint opened far enough and no other one moved.",
    ("press", "NO_CONTACT"): "The probe passed without touching the object.",
    ("press", "WRONG_PART"): "The probe touched something else before the asked button.",
    ("press", "SUCCESS"): "The asked button was pressed home.",
    ("push", "NO_CONTACT"): "The probe passed without touching anything.",
    ("push", "WRONG_PART"): "The probe touched something else before the asked part.",
    ("push", "SUCCESS"): "The push moved the asked joint and no other one.",
    ("place", "SUCCESS"): "The object stayed where it was put down.",
}

#: Stages of an answer and who may have done them.
STAGES = {
    "contact": "where to touch",
    "action": "how to act",
}
STAGE_OWNERS = {
    "own": "by the reasoner",
    "shared": "by the shared executor",
    "none": "missing",
}

#: Names of checks that do not explain themselves; others are shown as they are called.
_CHECKS: dict[str, str] = {
    "width_excess": "room left in gripper",
    "penetration_object": "cut into object",
    "penetration_support": "cut into table",
    "penetration_clutter": "cut into others",
    "penetration_loose": "any cut, loose limit",
    "contact_left": "force, left pad",
    "contact_right": "force, right pad",
    "part_contact": "force on asked part",
    "part_beside": "force beside it",
    "closing_motion": "moved by closing",
    "closing_turn": "turned by closing",
    "grip_lift": "grip after lift",
    "rise_lift": "rise after lift",
    "grip_shake": "grip after shake",
    "rise_shake": "rise after shake",
    "drift": "drift in hand",
    "drift_turn": "turn in hand",
    "surface_distance": "distance to surface",
    "cone_angle": "angle to normal",
    "on_joint_link": "on the asked link",
    "opened": "share of way opened",
    "others_moved": "others moved, share",
    "joint_motion": "motion, any sense",
    "direction_dot": "along direction (cosine)",
    "start_penetration": "start inside",
    "first_on_part": "asked part first",
    "axis_angle": "angle to axis",
    "travel": "share of travel",
    "covered": "share of way covered",
    "penetration": "cuts in",
    "lift": "lifted clear",
    "gap": "gap below",
    "support_gap": "gap to asked support",
    "turned": "turned after release",
    "moved_centre": "moved after release",
    "speed": "speed at the end",
    "spin": "spin at the end",
    "touching": "on the asked support",
    "balance": "centre inside support",
}

#: Display units: factor, unit, decimals.
_DISPLAY: dict[str, tuple[float, str, int]] = {
    "m": (1e3, "mm", 2),
    "m/s": (1e3, "mm/s", 2),
    "rad": (180.0 / math.pi, "°", 1),
    "rad/s": (180.0 / math.pi, "°/s", 1),
    "N": (1.0, "N", 2),
    "": (1.0, "", 2),
}


#: Statuses that are a group of their own.
_OWN_GROUPS: dict[str, str] = {"sim_diverged": "diverged", "data_error": "data"}


def group_of(episode: EpisodeRecord) -> str:
    """Return the key in ``GROUPS`` that an episode belongs to."""
    if episode.status in ERROR_STATUSES:
        return "error"
    if episode.status in _OWN_GROUPS:
        return _OWN_GROUPS[episode.status]
    if episode.code == "SCORED":
        return "scored"
    if episode.success:
        return "success"
    return "abstention" if episode.status == "abstained" else "wrong"


def code_sentence(code: str, kind: str | None = None, *, simulated: bool = True) -> str:
    """Return what an outcome code means; ``kind`` is the trial's, where it is known."""
    if code == "WRONG_PART" and not simulated:
        return "The object has no such part, so nothing was simulated."
    return _BY_KIND.get((kind or "", code)) or _SENTENCES.get(code, f"Ended with the code {code}.")


def outcome_sentence(
    episode: EpisodeRecord, kind: str | None = None, *, simulated: bool = True
) -> str:
    """Return what happened in an episode, in one or two sentences."""
    if episode.status == "abstained":
        if episode.success:
            return "The reasoner declined to act, rightly: this can't be done."
        return "The reasoner declined to act, but this can be done."
    told = code_sentence(episode.code, kind, simulated=simulated)
    if episode.status == "ok" and not episode.answerable:
        return f"This can't be done, yet the reasoner acted. {told}"
    return told


def task_name(task: str) -> str:
    """Return a task's id without its namespace and version, as words: ``Grasp any``."""
    bare = task.rsplit("/", 1)[-1].rsplit("-v", 1)[0]
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", bare).lower()
    return words[:1].upper() + words[1:]


def check_name(name: str) -> str:
    """Return what a check measures, in a few words."""
    return _CHECKS.get(name) or readable(name)


def readable(name: str) -> str:
    """Return an identifier as words."""
    return name.replace("_", " ").strip()


def quantity(value: float, unit: str) -> str:
    """Return a measured value for display, in millimetres and degrees instead of m and rad.

    One more decimal is given where all others would be zero, as in a limit of 0.001 mm.
    """
    factor, shown, decimals = _DISPLAY.get(unit, (1.0, unit, 3))
    scaled = value * factor
    small = 10.0 ** -(decimals + 1) <= abs(scaled) < 10.0**-decimals
    text = f"{scaled:.{decimals + small}f}"
    if float(text) == 0.0:
        text = text.lstrip("-")
    space = "" if shown in ("", "°") else "\N{NO-BREAK SPACE}"
    return f"{text}{space}{shown}".replace("-", "\N{MINUS SIGN}")


def answer(value: float) -> str:
    """Return a check that is met or not, in a word."""
    return "yes" if value >= 1.0 else "no"
