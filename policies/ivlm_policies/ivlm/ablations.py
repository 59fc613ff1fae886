"""What ``ivlm-bench ablate`` changes of the reasoner: each switch to each other setting it has."""

from __future__ import annotations

from ivlm_policies.ivlm.switches import CHOICES


def ablations() -> tuple[tuple[str, dict[str, str]], ...]:
    """Return one entry a setting that is not a switch's default, in the order of the switches.

    ``text=minilm`` is left out: it needs an extra, and changes sentences with unknown verbs alone.
    """
    return tuple(
        (f"{switch}={value}", {switch: value})
        for switch, (_, *others) in CHOICES.items()
        for value in others
        if value != "minilm"
    )
