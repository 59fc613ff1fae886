"""The words of a question: what a model is asked to point at."""

from __future__ import annotations

from ivlm_bench.types import Query
from ivlm_policies.vlm.dialect import Asked

#: Interactions that mark a destination, and what to point at for them.
_PUT_DOWN = "the spot where the thing that the robot holds is to be put down for this:"
_TOUCH = "the one spot that a robot gripper has to touch first to do this:"


def asked_of(query: Query, side_px: int) -> Asked:
    """Return what the prompt of a query is made of."""
    sentence = " ".join(query.text.split())
    lead = _PUT_DOWN if query.interaction == "place" else _TOUCH
    return Asked(sentence, f'{lead} "{sentence}"', noun_of(query), side_px)


def noun_of(query: Query) -> str:
    """Return a short phrase for what is asked about: ``handle of the mug``."""
    name = query.object_name.replace("_", " ").strip()
    part = (query.part_name or "").replace("_", " ").strip()
    if part and name:
        return f"{part} of the {name}"
    return part or name or " ".join(query.text.split()).rstrip(".")
