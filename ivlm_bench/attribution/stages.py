"""The stages that an answer passes through, and which of them an outcome code speaks of."""

from __future__ import annotations

from collections.abc import Iterable

from ivlm_bench.types import Check

#: Stages in their order, each with what is put right there.
STAGES: dict[str, str] = {
    "parse": "the sentence: asked in plain words",
    "label": "what to do, or that nothing can be",
    "localise": "where, in the pictures",
    "lift": "where, in space",
    "reach": "the way there",
    "contact": "what is touched",
    "wrong part": "what is firmly held",
    "hold": "the grip",
    "function": "the motion that has to work",
}
#: An episode whose answer never came, and one that even the right answer does not mend.
ERROR, UNREPAIRED = "error", "unrepaired"
#: All that an episode can be lost in, in the order of tables.
PLACES: tuple[str, ...] = (ERROR, *STAGES, UNREPAIRED)

#: The class of its own: held and stable to the end, but by another part than the asked one.
WRONG_PART = "wrong part"
#: What a failed answer looks like to the judge where no trial failed: it declined to act, held
#: nothing to execute, or acted where nothing can be done.
DECLINED, NOTHING, ACTED = "declined", "nothing to try", "acted"
#: All that a failure can look like, in the order of tables.
LOOKS: tuple[str, ...] = (
    ERROR,
    DECLINED,
    NOTHING,
    ACTED,
    "reach",
    "contact",
    WRONG_PART,
    "hold",
    "function",
)

#: Outcome codes of the protocol's trials by the stage that failed.
_CODES: dict[str, tuple[str, ...]] = {
    "reach": (
        "INVALID",
        "COLLISION_OBJECT",
        "COLLISION_SUPPORT",
        "COLLISION_CLUTTER",
        "INFEASIBLE_PENETRATION",
        "BAD_ANGLE",
    ),
    "contact": ("NO_CONTACT", "WRONG_PART", "FLOATING", "WRONG_SUPPORT"),
    "hold": ("SLIP", "SLIP_LIFT", "SLIP_SHAKE", "TIPPED", "SLID", "MOVING", "OFF_SUPPORT"),
    "function": ("NOT_MOVED", "PARTIAL", "SIDE_EFFECT", "NOT_PRESSED", "BAD_DIRECTION"),
}
STAGE_OF_CODE: dict[str, str] = {code: s for s, codes in _CODES.items() for code in codes}


def failed_in(code: str, checks: Iterable[Check]) -> str:
    """Return the physical stage that an outcome code and its checks say was lost.

    ``reach``: the way there is blocked, or comes in at a wrong angle. ``contact``: nothing, or
    another part, was touched. ``wrong part``: the object was held by another part than the asked
    one, and stayed still in the hand to the end. ``hold``: it slipped, toppled or slid.
    ``function``: the asked joint did not move as it should. An answer that holds nothing to execute
    has not reached anything.
    """
    if code == "WRONG_PART" and any(c.name == "stable" and c.passed for c in checks):
        return WRONG_PART
    return STAGE_OF_CODE.get(code, "reach")
