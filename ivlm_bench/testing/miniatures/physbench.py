"""A miniature of PhysBench: questions on drawn images, one on a video, some without answers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from ivlm_bench.testing.miniatures.spec import add_miniature
from ivlm_bench.testing.miniatures.tabletops import tabletop

#: Task, kind and ability of the questions with answers.
_KINDS = (
    ("property", "color", "identify"),
    ("relationships", "size", "comparison"),
    ("scene", "light", "reasoning"),
    ("dynamics", "collision", "prediction"),
)
_N_HIDDEN = 2


def make(folder: Path, rng: np.random.Generator) -> None:
    """Write four questions with answers and two without; the last with an answer has a video."""
    (folder / "image").mkdir()
    (folder / "video").mkdir()
    questions, answers = [], []
    for index in range(len(_KINDS) + _N_HIDDEN):
        is_val = index < len(_KINDS)
        is_video = index == len(_KINDS) - 1
        name = f"{index}.mp4" if is_video else f"{index}.png"
        if is_video:
            (folder / "video" / name).write_bytes(b"")
        else:
            Image.fromarray(tabletop(rng).picture).save(folder / "image" / name)
        questions.append(
            {
                "idx": index,
                "question": "Which block is largest?\nA. red\nB. blue\nC. green\nD. all the same",
                "file_name": [name],
                "mode": "image&video" if is_video else "image-only",
                "split": "val" if is_val else "test",
            }
        )
        if is_val:
            task, kind, ability = _KINDS[index]
            letter = str(rng.choice(list("ABCD")))
            types = {"task_type": task, "sub_type": kind, "ability_type": ability}
            answers.append({"idx": index, "answer": letter, **types, "mode": questions[-1]["mode"]})
    (folder / "test.json").write_text(json.dumps(questions, indent=2))
    (folder / "val_answer.json").write_text(json.dumps(answers, indent=2))


add_miniature("physbench", make)
