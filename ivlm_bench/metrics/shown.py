"""Numbers and their names as tables show them."""

from __future__ import annotations

from ivlm_bench.metrics.profile import Quantity

#: Significant digits of a value; no table of the field prints more.
_DIGITS = 4


def number(value: float | None) -> str:
    """Return a value as it is shown: four significant digits, ``-`` for None."""
    if value is None:
        return "-"
    if value == 0.0 or abs(value) >= 10 ** (_DIGITS - 1):
        return f"{value:.1f}" if value else "0"
    return f"{value:#.{_DIGITS}g}".rstrip(".")


def head_of(quantity: Quantity, *, up: str = "↑", down: str = "↓") -> str:
    """Return the name of a quantity with unit and direction."""
    unit = "" if quantity.unit == "1" else f" ({quantity.unit})"
    return f"{quantity.name}{unit} {up if quantity.higher_is_better else down}"
