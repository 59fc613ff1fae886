"""The card that goes with weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Columns of the tables, and their names in the figures.
COLUMNS = {"IoU": "iou", "pointing": "pointing", "area": "area"}


def card(metrics: Mapping[str, Any]) -> str:
    """Return the model card, Markdown."""
    facts = metrics["training"]
    divisors = ", ".join(f"{name} {value:.2f}" for name, value in metrics["temperatures"].items())
    lines = [
        "# Weights of the reasoner `ivlm-points`",
        "",
        f"{facts['n_parameters']} parameters, trained from nothing with `ivlm-bench train "
        f"--reasoner ivlm-points --preset {facts['preset']} --steps {facts['steps']} --seed "
        f"{facts['seed']}`: {facts['steps']} steps, then temperatures ({divisors}). "
        f"{facts['cpu_s']:.0f} CPU s.",
        "",
        "- Licence: Apache-2.0, as the package's.",
        f"- Data: {facts['n_train_scenes']} scenes drawn by the suite's own environments, none of "
        "the categories held out (kettle, microwave, screwdriver, tap); SHA-256 of order, scenes "
        f"and questions `{facts['data_hash']}`.",
        f"- Figures: {facts['n_held_scenes']} scenes held back, new shapes of known categories, "
        "each question for all parts alike that it may mean; the window about the asked thing is "
        "the true one and the words are canonical, so they say what the network can do, not the "
        "whole reasoner. `area` is the region's mean share of the points: what pointing anywhere "
        "would hit.",
        "",
        *tracks_table(metrics["tracks"]),
        "",
        "rgbd4, by kind of question and by part:",
        "",
        *groups_table(metrics["tracks"]["rgbd4"], "kind"),
        "",
        *groups_table(metrics["tracks"]["rgbd4"], "part"),
        "",
        "Trained on rendered pictures of simple shapes only; nothing is known of other sensors.",
        "",
    ]
    return "\n".join(lines)


def tracks_table(tracks: Mapping[str, Any]) -> list[str]:
    """Return the table of sensor tracks, as lines of Markdown."""
    names = ("track", "questions", *COLUMNS, "presence AUROC", "feasible AUROC", "ECE heat")
    lines = [f"| {' | '.join(names)} |", "|" + "---|" * len(names)]
    for name, row in tracks.items():
        told = [row["all"][key] for key in COLUMNS.values()]
        told += [row["presence_auroc"], row["feasible_auroc"], row["ece"].get("heat")]
        cells = " | ".join(map(_number, told))
        lines.append(f"| {name} | {row['all']['n_iou']} | {cells} |")
    return lines


def groups_table(row: Mapping[str, Any], key: str) -> list[str]:
    """Return the table of one track's kinds or parts that have figures, as lines of Markdown."""
    lines = [f"| {key} | questions | {' | '.join(COLUMNS)} |", "|---|---|---|---|---|"]
    for name, group in row[key].items():
        if group["n_iou"]:
            cells = " | ".join(_number(group[column]) for column in COLUMNS.values())
            lines.append(f"| {name} | {group['n_iou']} | {cells} |")
    return lines


def _number(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.3f}"
