"""The ablations of our own reasoner: each changes one switch, and none is left out."""

from __future__ import annotations

from ivlm_bench.ablation.settings import offered
from ivlm_policies.ivlm.switches import CHOICES, Switches


def test_each_changes_one_switch_and_every_other_setting_is_there_once() -> None:
    found = offered("ivlm")
    changed = []
    for ablation in found:
        switches = Switches(**ablation.params)
        (name,) = [name for name in CHOICES if not switches.on(name)]
        changed.append((name, getattr(switches, name)))
        assert ablation.name == "=".join(changed[-1])
    assert len(set(changed)) == len(changed)
    assert len(changed) == sum(len(choices) - 1 for choices in CHOICES.values()) - 1
    assert ("text", "minilm") not in changed  # needs an extra
