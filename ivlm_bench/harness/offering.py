"""What a reasoner is offered before it is asked: its deadline, and imagination if it wants it."""

from __future__ import annotations

from typing import Any

from ivlm_bench.errors import ConfigError
from ivlm_bench.harness.messages import Places, Setup
from ivlm_bench.protocols import Imagination
from ivlm_bench.tracks import get_track

#: Attribute by which a reasoner declares it, and the method that takes what it is handed.
WANTS, TAKES = "wants_imagination", "imagine_with"


def prepared(reasoner: Any, deadline_s: float) -> str:
    """Tell a reasoner its deadline, and offer it an imagination; return what is said of its runs.

    One that answers through somebody else (``answer_within``) can so give up before it is stopped,
    and says itself where that one imagines (``imagines_at``).
    """
    within = getattr(reasoner, "answer_within", None)
    if callable(within):
        within(deadline_s)
    return with_imagination(reasoner) or str(getattr(reasoner, "imagines_at", ""))


def places_of(reasoner: Any, setup: Setup) -> Places:
    """Return how many questions a worker asks at the same time, and tell the reasoner its share.

    Raises
    ------
    ConfigError
        If the run wants several in flight of a reasoner that answers one by one.
    """
    batch = getattr(reasoner, "batch_size", None) or 1
    declared = getattr(reasoner, "in_flight", None)
    if not declared and setup.in_flight is not None:
        raise ConfigError(
            f"{setup.reasoner!r} answers by itself, one question after another; leave --in-flight "
            "out, and say --workers for more processes."
        )
    if not declared:
        return Places(at_once=batch, batch=batch)
    total = setup.in_flight or declared
    share = max(total // setup.n_workers, 1)
    told = getattr(reasoner, "at_once", None)
    if callable(told):
        share = told(share, get_track(setup.sensors.track).n_views)
    return Places(in_flight=total, at_once=max(share, batch), batch=batch)


def wants(reasoner: object) -> bool:
    """Tell whether a reasoner declares that it wants to try its grasps."""
    return bool(getattr(reasoner, WANTS, False))


def with_imagination(reasoner: Any) -> str:
    """Offer a reasoner an imagination of this process; return what is said of its runs.

    Empty for one that does not declare that it wants it, and no engine is loaded then.
    ``ConfigError`` if it can't take it.
    """
    if not wants(reasoner):
        return ""
    from ivlm_bench.harness.imagination import WORDS, LocalImagination

    offer(reasoner, LocalImagination())
    return WORDS


def offer(reasoner: Any, service: Imagination) -> bool:
    """Hand ``service`` to a reasoner that declares it; tell whether it did.

    Raises
    ------
    ConfigError
        If it declares it and has no method that takes it.
    """
    if not wants(reasoner):
        return False
    take = getattr(reasoner, TAKES, None)
    if not callable(take):
        raise ConfigError(
            f"{type(reasoner).__name__} declares {WANTS} and has no method {TAKES}(service); add it"
            f", or leave {WANTS} out."
        )
    take(service)
    return True
