"""A miniature of EPIC-KITCHENS-100's annotations: three short videos as CSV and as a pickle."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from ivlm_bench.testing.miniatures.spec import add_miniature

#: Verbs and nouns by their class in EPIC-KITCHENS-100.
_VERBS = {0: "take", 1: "put", 2: "wash", 3: "open"}
_NOUNS = {2: "plate", 4: "knife", 7: "cupboard"}
_VIDEOS = ("P01_11", "P02_102", "P37_101")
_N_ACTIONS = 5
_FRAMES_PER_S = 50


def make(folder: Path, rng: np.random.Generator) -> None:
    """Write the validation table twice, as the owner does, and a training table as CSV."""
    import pandas as pd

    rows = [row for video in _VIDEOS for row in _actions(video, rng)]
    _write(folder / "EPIC_100_validation.csv", rows)
    frame = pd.DataFrame(rows, dtype=object).set_index("narration_id")
    frame.columns, frame.index = frame.columns.astype(object), frame.index.astype(object)
    frame.to_pickle(folder / "EPIC_100_validation.pkl")
    _write(folder / "EPIC_100_train.csv", _actions("P01_01", rng))


def _actions(video: str, rng: np.random.Generator) -> list[dict[str, Any]]:
    rows, end_s = [], 0.0
    for index in range(_N_ACTIONS):
        start_s = end_s + float(rng.uniform(-0.5, 4.0)) if index else 0.3
        end_s = start_s + float(rng.uniform(0.6, 9.0))
        verb, noun = int(rng.choice(list(_VERBS))), int(rng.choice(list(_NOUNS)))
        rows.append(
            {
                "narration_id": f"{video}_{index}",
                "participant_id": video.split("_", maxsplit=1)[0],
                "video_id": video,
                "narration_timestamp": _timestamp(start_s - 0.2),
                "start_timestamp": _timestamp(start_s),
                "stop_timestamp": _timestamp(end_s),
                "start_frame": round(start_s * _FRAMES_PER_S),
                "stop_frame": round(end_s * _FRAMES_PER_S),
                "narration": f"{_VERBS[verb]} {_NOUNS[noun]}",
                "verb": _VERBS[verb],
                "verb_class": verb,
                "noun": _NOUNS[noun],
                "noun_class": noun,
                "all_nouns": [_NOUNS[noun]],
                "all_noun_classes": [noun],
            }
        )
    return rows


def _timestamp(time_s: float) -> str:
    whole = int(max(time_s, 0.0) * 100.0)
    minutes, rest = divmod(whole, 6000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 100:02d}.{rest % 100:02d}"


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


add_miniature("epic", make)
