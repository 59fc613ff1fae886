"""What ``ivlm-bench ablate`` changes of the reasoner: each switch to each other setting it has."""

from __future__ import annotations

from ivlm_policies.ivlm.switches import CHOICES


def ablations() -> tuple[tuple[str, dict[str, str]], ...]:
    """Return one entry a setting that is not a switch's default, in the order of the switches."""
    return tuple(
        (f"{switch}={value}", {switch: value})
        for switch, (_, *others) in CHOICES.items()
        for value in others
    )
