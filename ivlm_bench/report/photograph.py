"""A reasoner's answer drawn on one photograph: a picture with a caption, or a page of both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from markupsafe import Markup
from PIL import Image, ImageDraw, ImageFont

from ivlm_bench.harness.photograph import Tried
from ivlm_bench.posing.photograph import to_photograph
from ivlm_bench.render.overlay import PAPER_COLOUR, draw_interaction
from ivlm_bench.report.images import data_uri
from ivlm_bench.report.told import MAX_LISTED, answer_lines
from ivlm_bench.store.faults import told as told_fault
from ivlm_bench.store.seal import write_whole
from ivlm_bench.types import Interaction

#: Longer side of the picture, px.
PICTURE_PX = 900
#: Size of the caption's letters and its margin, px.
FONT_PX, MARGIN_PX = 17, 14
#: Highest value of a map below which it counts as empty: two decimals are told.
LEAST_SHOWN = 0.005
#: Colours of the caption, sRGB.
INK, PAPER = (32, 34, 40), PAPER_COLOUR

_NOTE = (
    "The camera and the table are guessed: image points and maps are the reasoner's own, metres "
    "and the gripper only hold in the guessed scene."
)
_PAGE = Markup(
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">"
    "<title>{title}</title><style>body{{font:16px/1.5 system-ui,sans-serif;max-width:60rem;"
    "margin:2rem auto;padding:0 1rem;color:#202228;background:#fff}}"
    "img{{max-width:100%;height:auto}}"
    "h1{{font-size:1.4rem}}li{{margin:.2rem 0}}</style></head><body><h1>{title}</h1>"
    '<img src="{uri}" width="{width}" height="{height}" alt="{alt}"><ul>{lines}</ul>'
    "</body></html>\n"
)


def drawn_answer(tried: Tried) -> np.ndarray:
    """Return the photograph's view with the answer on it, in the view's own size."""
    return draw_interaction(
        tried.observation.views[0], tried.answer, tried.observation.gripper, view_index=0
    )


def caption_of(tried: Tried) -> tuple[str, ...]:
    """Return what is said of an answer, one line a fact."""
    query, answer = tried.observation.query, tried.answer
    part = f", part {query.part_name!r}" if query.part_name else ""
    read = f"read as: {query.interaction} {query.object_name or 'something'}{part}"
    time = "" if tried.latency_ms is None else f", {tried.latency_ms:.0f} ms"
    lines = [f"“{query.text}”", read, f"{tried.name}: feasible {answer.feasible_prob:.2f}{time}"]
    shown, empty = _without_empty_maps(answer)
    if empty:
        named = query.part_name or query.object_name
        sought = f"the {named}" if named else "what was asked for"
        what = "map is empty" if len(empty) == 1 else "maps are empty"
        lines.append(f"the {what}: the reasoner did not find {sought}")
    return (*lines, *answer_lines(shown), *_own_pixels(tried), _NOTE)


def _without_empty_maps(answer: Interaction) -> tuple[Interaction, tuple[str, ...]]:
    """Return the answer without maps that hold nothing to see, and the names of those maps."""
    maps = {"affordance_maps": answer.affordance_maps, "functional_maps": answer.functional_maps}
    kept = {
        n: m if m is not None and m.max(initial=0.0) >= LEAST_SHOWN else None
        for n, m in maps.items()
    }
    empty = tuple(name for name in maps if maps[name] is not None and kept[name] is None)
    shown = replace(
        answer, affordance_maps=kept["affordance_maps"], functional_maps=kept["functional_maps"]
    )
    return shown, empty


def _own_pixels(tried: Tried) -> Iterator[str]:
    """Yield where image points lie in the photograph itself, if it was shown reduced."""
    points, view = tried.answer.points_px, tried.observation.views[0]
    if points is None or not len(points) or tried.image_px == view.rgb.shape[:2]:
        return
    height_px, width_px = tried.image_px
    own = to_photograph(points[:, 1:], view, width_px=width_px, height_px=height_px)
    told = ", ".join(f"({x:.0f}, {y:.0f})" for x, y in own[:MAX_LISTED])
    more = f" and {len(own) - MAX_LISTED} more" if len(own) > MAX_LISTED else ""
    yield f"in the photograph's own {width_px} x {height_px} px: {told}{more}"


def write_picture(path: Path, rgb: np.ndarray, lines: Sequence[str]) -> None:
    """Write the picture with its caption below as PNG, or as HTML where the name ends so.

    Raises
    ------
    StoreError
        If the file can't be written.
    """
    image = _sized(rgb)
    with told_fault(path, "writing"):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix.lower() in (".html", ".htm"):
            write_whole(path, _page(np.asarray(image), lines).encode())
        else:
            _captioned(image, lines).save(path, "PNG")


def _sized(rgb: np.ndarray) -> Image.Image:
    image = Image.fromarray(np.ascontiguousarray(rgb))
    share = PICTURE_PX / max(image.size)
    size = max(1, round(image.width * share)), max(1, round(image.height * share))
    return image.resize(size, Image.Resampling.BICUBIC)


def _page(rgb: np.ndarray, lines: Sequence[str]) -> str:
    items = Markup("").join(Markup("<li>{}</li>").format(line) for line in lines[1:])
    return _PAGE.format(
        title=lines[0],
        uri=data_uri(rgb),
        width=rgb.shape[1],
        height=rgb.shape[0],
        alt=f"The photograph with the answer to {lines[0]} drawn on it.",
        lines=items,
    )


def _captioned(image: Image.Image, lines: Sequence[str]) -> Image.Image:
    """Return the image on paper with wrapped lines below it."""
    font = ImageFont.load_default(FONT_PX)
    width = max(image.width, PICTURE_PX // 2)
    room = width - 2 * MARGIN_PX
    rows = [row for line in lines for row in _wrapped(line, font, room)]
    step = FONT_PX + 7
    sheet = Image.new("RGB", (width, image.height + step * len(rows) + 2 * MARGIN_PX), PAPER)
    sheet.paste(image, ((width - image.width) // 2, 0))
    pen = ImageDraw.Draw(sheet)
    for number, row in enumerate(rows):
        pen.text((MARGIN_PX, image.height + MARGIN_PX + number * step), row, fill=INK, font=font)
    return sheet


def _wrapped(
    text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, room: float
) -> list[str]:
    rows = [""]
    for word in text.split():
        longer = f"{rows[-1]} {word}".strip()
        if not rows[-1] or font.getlength(longer) <= room:
            rows[-1] = longer
        else:
            rows.append("    " + word)
    return rows
