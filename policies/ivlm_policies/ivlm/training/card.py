"""The card that goes with weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ivlm_policies.ivlm.training.report import groups_table, labels_table, tracks_table


def card(metrics: Mapping[str, Any]) -> str:
    """Return the model card, Markdown."""
    facts = metrics["training"]
    divisors = ", ".join(f"{name} {value:.2f}" for name, value in metrics["temperatures"].items())
    lines = [
        "# Weights of the reasoner `ivlm`",
        "",
        f"{facts['n_parameters']} parameters, trained from {facts['start'] or 'nothing'} with "
        f"`ivlm-bench train --preset {facts['preset']} --steps {facts['steps']} --seed "
        f"{facts['seed']}`: {facts['steps']} steps of stage 1, then the "
        "fusion head with the net standing still, then temperatures "
        f"({divisors}). {facts['cpu_s']:.0f} CPU s.",
        "",
        "- Licence: Apache-2.0, as the package's.",
        f"- Data: {facts['n_train_scenes']} scenes drawn by the suite's own environments, none of "
        f"the categories held out (kettle, microwave, screwdriver, tap); SHA-256 of order, scenes "
        f"and questions `{facts['data_hash']}`.",
        f"- Share of 3D labels used: {facts['label_share']:g}.",
        f"- Figures: {facts['n_held_scenes']} scenes held back, new shapes of known categories, "
        "each question for all parts alike that it may mean; the window about the asked thing is "
        "the true one and the words are canonical, so they say what the net and the fusion can "
        "do, not the whole reasoner, which chooses among parts alike afterwards. On "
        "tracks without depth the net sees colour alone, and the true surface is what its answer "
        "is lifted onto.",
        "",
        *tracks_table(metrics["tracks"]),
        "",
        "rgbd4, by kind of question and by part:",
        "",
        *groups_table(metrics["tracks"]["rgbd4"], "kind"),
        "",
        *groups_table(metrics["tracks"]["rgbd4"], "part"),
        "",
        "rgbd4, by the share of stage 2's scenes with 3D labels (0: the plain mean of logits):",
        "",
        *labels_table(metrics["labels"]),
        "",
        "Trained on rendered pictures of simple shapes only; nothing is known of photographs.",
        "",
    ]
    return "\n".join(lines)
