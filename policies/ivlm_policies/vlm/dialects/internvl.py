"""InternVL: boxes in double square brackets, thousandths; servers may leave the tags out."""

from __future__ import annotations

import re

from ivlm_policies.vlm.dialect import Asked, Dialect, Found, Mark, register
from ivlm_policies.vlm.texts import LIST, answered, paired, read_groups, split_numbers

_NAMED = re.compile(r"<ref>[^<]{0,200}</ref>|</?box>")


def _ask(asked: Asked) -> str:
    return (
        "Please provide the bounding box coordinates of the region this sentence describes: "
        f"<ref>{asked.noun}</ref>"
    )


def _mark(found: re.Match[str]) -> Mark:
    return Mark(paired(split_numbers(found[1], (4,))))


def _read(text: str) -> Found:
    return read_groups(_NAMED.sub("", answered(text)), LIST, _mark)


register(
    Dialect(
        "internvl",
        1,
        r"internvl",
        _ask,
        _read,
        full=1000.0,
        sign=r"<box>\s*\[\[",
        source="internvl.readthedocs.io, grounding format of InternVL2",
    ),
)
