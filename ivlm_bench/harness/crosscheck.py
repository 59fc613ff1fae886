"""Which questions the engines after the reference judge, too."""

from __future__ import annotations

#: Hex digits of a scenario key that decide; as many as a float holds exactly (52 bits).
DIGITS = 13


def is_cross_checked(scenario_key: str, share: float) -> bool:
    """Tell whether a question belongs to the cross-checked ``share`` in [0, 1].

    Only the question decides: the same questions for every reasoner, order and shard.
    """
    return int(scenario_key[:DIGITS], 16) / 16**DIGITS < share


def judging(engines: tuple[str, ...], scenario_key: str, share: float) -> tuple[str, ...]:
    """Return the engines that judge a question, the reference first."""
    return engines if is_cross_checked(scenario_key, share) else engines[:1]
