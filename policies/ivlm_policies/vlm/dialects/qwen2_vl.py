"""Qwen2-VL: boxes between special tokens, in thousandths; servers may leave the tokens out."""

from __future__ import annotations

import re

from ivlm_policies.vlm.dialect import Asked, Dialect, Found, Mark, register
from ivlm_policies.vlm.texts import paired, read_groups, split_numbers

_BOX = re.compile(
    r"(?:<\|object_ref_start\|>[^<]{0,200}<\|object_ref_end\|>)?(?:<\|box_start\|>)?"
    r"\(([^()]{1,60})\)\s*,\s*\(([^()]{1,60})\)(?:<\|box_end\|>)?"
)


def _ask(asked: Asked) -> str:
    return (
        f"Detect the bounding box of the {asked.noun}, the part that a robot gripper has to touch "
        f'to do this: "{asked.sentence}" If it can not be done, answer "none".'
    )


def _mark(found: re.Match[str]) -> Mark:
    corners = [*split_numbers(found[1], (2,)), *split_numbers(found[2], (2,))]
    return Mark(paired(corners))


def _read(text: str) -> Found:
    return read_groups(text.replace("<|im_end|>", ""), _BOX, _mark)


register(
    Dialect(
        "qwen2_vl",
        1,
        r"qwen-?2[-_]?vl|qvq",
        _ask,
        _read,
        full=1000.0,
        step_px=28,
        sign=r"<\|box_start\|>",
        source="github.com/QwenLM/Qwen3-VL issues 866 and 721",
    ),
)
