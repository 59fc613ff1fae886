"""A forest plot as inline SVG: one rate with its interval a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

#: Layout in SVG units: width, height of a row, left edge and right edge of the scale, top, foot.
WIDTH, ROW, LEFT, RIGHT, TOP, FOOT = 640, 34, 185, 550, 10, 44
#: Half the height of an interval's end strokes, and radius of a rate's mark.
WHISKER, RADIUS = 5, 5
#: How far a text's baseline lies below its middle.
BASELINE = 4.5
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class ForestRow:
    """A rate in [0, 1] with its interval, either of which may be missing; ``strong`` is a mean."""

    label: str
    rate: float | None
    low: float | None
    high: float | None
    strong: bool = False


def forest(rows: Sequence[ForestRow], *, title: str) -> Markup:
    """Return the plot; its numbers must also stand in a table beside it."""
    height = TOP + ROW * len(rows) + FOOT
    told = "; ".join(f"{row.label} {_told(row)}" for row in rows)
    head = Markup(
        '<svg class="forest" viewBox="0 0 {w} {h}" role="img" aria-label="{label}">'
    ).format(w=WIDTH, h=height, label=f"{title}: {told}.")
    body = Markup("").join(_row(row, TOP + ROW * i + ROW / 2) for i, row in enumerate(rows))
    return head + _axis(height, title) + body + Markup("</svg>")


def _axis(height: int, title: str) -> Markup:
    bottom = height - FOOT
    parts = [
        Markup(
            '<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{bottom}"/>'
            '<text class="tick" x="{x:.1f}" y="{label}" text-anchor="middle">{text}</text>'
        ).format(x=_x(tick), top=TOP, bottom=bottom, label=bottom + 16, text=f"{100 * tick:.0f} %")
        for tick in TICKS
    ]
    name = Markup('<text class="tick" x="{x:.1f}" y="{y}" text-anchor="middle">{title}</text>')
    parts.append(name.format(x=_x(0.5), y=height - 6, title=title))
    return Markup("").join(parts)


def _row(row: ForestRow, y: float) -> Markup:
    kind = "mean" if row.strong else "task"
    value = "n/a" if row.rate is None else f"{100 * row.rate:.0f} %"
    parts = [_text(kind, row.label, x=LEFT - 14, y=y, anchor="end")]
    if row.low is not None and row.high is not None:
        parts.append(_interval(kind, _x(row.low), _x(row.high), y))
    if row.rate is not None:
        parts.append(_diamond(_x(row.rate), y) if row.strong else _disc(_x(row.rate), y))
    parts.append(_text(kind, value, x=RIGHT + 14, y=y, anchor="start"))
    return Markup("").join(parts)


def _text(kind: str, text: str, *, x: float, y: float, anchor: str) -> Markup:
    element = '<text class="{kind}" x="{x}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'
    return Markup(element).format(kind=kind, x=x, y=y + BASELINE, anchor=anchor, text=text)


def _disc(x: float, y: float) -> Markup:
    return Markup('<circle cx="{x:.1f}" cy="{y:.1f}" r="{r}"/>').format(x=x, y=y, r=RADIUS)


def _diamond(x: float, y: float) -> Markup:
    element = (
        '<rect x="{left:.1f}" y="{top:.1f}" width="{side}" height="{side}" '
        'transform="rotate(45 {x:.1f} {y:.1f})"/>'
    )
    return Markup(element).format(left=x - RADIUS, top=y - RADIUS, side=2 * RADIUS, x=x, y=y)


def _interval(kind: str, low: float, high: float, y: float) -> Markup:
    ends = "".join(f"M{x:.1f} {y - WHISKER:.1f}v{2 * WHISKER}" for x in (low, high))
    path = f"M{low:.1f} {y:.1f}H{high:.1f}{ends}"
    return Markup('<path class="{kind}" d="{path}"/>').format(kind=kind, path=path)


def _x(rate: float) -> float:
    return LEFT + (RIGHT - LEFT) * min(max(rate, 0.0), 1.0)


def _told(row: ForestRow) -> str:
    if row.rate is None:
        return "n/a"
    interval = (
        "without interval"
        if row.low is None or row.high is None
        else f"from {100 * row.low:.0f} to {100 * row.high:.0f} %"
    )
    return f"{100 * row.rate:.0f} % ({interval})"
