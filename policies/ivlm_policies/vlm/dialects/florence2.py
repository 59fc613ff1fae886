"""Florence-2: boxes and polygons as location tokens of 1000 bins, x first."""

from __future__ import annotations

import re

from ivlm_policies.vlm.dialect import Asked, Dialect, Found, Mark, UnreadableError, register
from ivlm_policies.vlm.texts import answered, number, paired, read_groups

_PLACE = re.compile(r"((?:<loc_\d{1,3}>){1,400})")
_TAGS = re.compile(r"</?s>|<pad>|</?poly>")


def _ask(asked: Asked) -> str:
    return f"<CAPTION_TO_PHRASE_GROUNDING>{asked.noun}"


def _mark(found: re.Match[str]) -> Mark:
    bins = [number(each) for each in re.findall(r"\d{1,3}", found[1])]
    if len(bins) < 4 or len(bins) % 2:
        raise UnreadableError(f"has {len(bins)} location tokens where 4 or a polygon belong")
    return Mark(paired(bins))


def _read(text: str) -> Found:
    text = _TAGS.sub("", answered(text)).strip()
    if not text:
        return Found(())
    return Found(read_groups(text, _PLACE, _mark).marks)  # the words beside it are the phrase


register(
    Dialect(
        "florence2",
        1,
        r"florence-?2",
        _ask,
        _read,
        full=1000.0,
        highest=999.0,
        shift=0.5,
        sign=r"<loc_\d+>",
        source="huggingface.co/microsoft/Florence-2-large processing_florence2.py",
    ),
)
