"""The report of a training in Markdown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write_report(folder: Path, metrics: Mapping[str, Any]) -> None:
    """Write ``metrics.json`` and ``report.md``."""
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=1, sort_keys=True) + "\n")
    facts = metrics["training"]
    lines = [
        "# Training report",
        "",
        f"Preset `{facts['preset']}`, seed {facts['seed']}, {facts['steps']} steps on "
        f"{facts['n_train_scenes']} scenes; {facts['n_held_scenes']} scenes held back. Pictures "
        f"`{facts['data_hash'][:16]}`. {facts['cpu_s']:.0f} CPU s.",
        "",
        *tracks_table(metrics["tracks"]),
        "",
        *groups_table(metrics["tracks"]["rgbd4"], "kind"),
        "",
        *groups_table(metrics["tracks"]["rgbd4"], "interaction"),
        "",
        *groups_table(metrics["tracks"]["rgbd4"], "part"),
        "",
        *labels_table(metrics["labels"]),
        "",
        "![Losses](curves.png)",
        "",
        "Truth (left of each pair) and answer, over the picture; the frame is the window that the "
        "net looked at:",
        "",
        "![Answers](answers.png)",
        "",
    ]
    (folder / "report.md").write_text("\n".join(lines))


def tracks_table(tracks: Mapping[str, Any]) -> list[str]:
    """Return the table of sensor tracks, as lines of Markdown."""
    lines = [
        "| track | IoU | pointing | IoU in pictures | pointing in pictures | presence AUROC | "
        "feasible AUROC | ECE contact | ECE presence |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, row in tracks.items():
        every, ece = row["all"], row["ece"]
        cells = [every["iou"], every["pointing"], every["iou_2d"], every["pointing_2d"]]
        cells += [row["presence_auroc"], row["feasible_auroc"]]
        cells += [ece.get("contact"), ece.get("presence")]
        lines.append(f"| {name} | " + " | ".join(map(_number, cells)) + " |")
    return lines


def groups_table(row: Mapping[str, Any], key: str) -> list[str]:
    """Return the table of one track's kinds, interactions or parts, as lines of Markdown."""
    lines = [
        f"| {key} | questions | IoU | pointing | IoU in pictures | pointing in pictures |",
        "|---|---|---|---|---|---|",
    ]
    for name, group in row[key].items():
        cells = (group[c] for c in ("iou", "pointing", "iou_2d", "pointing_2d"))
        lines.append(f"| {name} | {group['n']} | " + " | ".join(map(_number, cells)) + " |")
    return lines


def labels_table(labels: Mapping[str, Any]) -> list[str]:
    """Return the table of shares of 3D labels (rgbd4), as lines of Markdown."""
    lines = ["| share of 3D labels | IoU | pointing | ECE contact |", "|---|---|---|---|"]
    for share, row in labels.items():
        cells = (row[name] for name in ("iou", "pointing", "ece"))
        lines.append(f"| {share} | " + " | ".join(map(_number, cells)) + " |")
    return lines


def _number(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.3f}"
