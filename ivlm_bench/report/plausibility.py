"""The page of ``ivlm-bench plausibility``: the table, and pictures of the worst pairs."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

import ivlm_bench
from ivlm_bench.guard import visible
from ivlm_bench.plausibility.assess import Settings, solids
from ivlm_bench.plausibility.displacement import free_fall_m
from ivlm_bench.plausibility.pairs import Pair
from ivlm_bench.plausibility.sequences import VALUES as SEQUENCE_VALUES
from ivlm_bench.plausibility.table import SHOWN, summarise
from ivlm_bench.plausibility.verdict import (
    BITS,
    HARD_BITS,
    HELD_M,
    LIMITS,
    V1_COLUMNS,
    VALUES,
    Limits,
    PairResult,
)
from ivlm_bench.report.collision import collision_pictures
from ivlm_bench.report.pictures import Picture

#: What this page adds to the style of the run's: words for the eye's help only must not widen it.
EXTRA_STYLE = """
.scroll { position: relative; }
.rates { font-size: .84rem; }
.rates th, .rates td { padding: .3rem; }
.rates thead th { white-space: normal; vertical-align: bottom; }
.rates td.verdict { white-space: normal; min-width: 5.6rem; }
.rates tbody th { white-space: normal; overflow-wrap: anywhere; min-width: 5rem; }
.rates td.verdict, .rates thead th:nth-child(2) { text-align: left; }
"""
#: Rows that the page's table shows at most, the worst; the CSV file has all.
MAX_ROWS = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One value of a card: what it is, the value, its limit, whether it keeps it."""

    name: str
    value: str
    limit: str
    passed: bool | None


@dataclass(frozen=True, slots=True)
class Card:
    """One pair with its pictures."""

    anchor: str
    result: PairResult
    lines: tuple[Line, ...]
    pictures: tuple[Picture, ...]
    failed: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; ``group`` colours its verdict."""

    name: str
    anchor: str | None
    cells: tuple[str, ...]
    bits: tuple[tuple[str, str], ...]
    verdict: str
    group: str


def plausibility_page(
    pairs: Sequence[Pair],
    results: Sequence[PairResult],
    settings: Settings,
    *,
    n_pictures: int,
    sequence: dict[str, float | None] | None = None,
) -> str:
    """Return one self-contained HTML page; ``n_pictures`` of the worst pairs are drawn."""
    numbered = [k for k, result in enumerate(results) if result.error is None]
    numbered.sort(key=lambda k: results[k].badness, reverse=True)
    cards = [_card(k, pairs[k], results[k], settings) for k in numbered[:n_pictures]]
    drawn = {card.result.name: card.anchor for card in cards}
    columns = [(n, t, d) for n, t, d in SHOWN if any(n in r.values for r in results)]
    bits = [bit for bit in BITS if any(bit in r.bits for r in results)]
    style = (Path(__file__).parent / "templates" / "page.css").read_text(encoding="utf-8")
    style += EXTRA_STYLE
    return _template().render(
        kind=settings.kind,
        limits=_limits(LIMITS[settings.kind], results),
        summary=summarise(results),
        columns=[title for _, title, _ in columns],
        bits=bits,
        rows=[_row(results[k], columns, bits, drawn) for k in numbered[:MAX_ROWS]],
        n_hidden=max(len(numbered) - MAX_ROWS, 0),
        means=_means(results, columns, bits),
        errors=[(visible(r.name), visible(r.error)) for r in results if r.error is not None],
        cards=cards,
        sequence=_sequence(sequence),
        version=ivlm_bench.__version__,
        style=Markup(style),
        style_hash=_source_hash(style),
    )


def _card(number: int, pair: Pair, result: PairResult, settings: Settings) -> Card:
    body, obj = solids(pair, settings)
    limits = LIMITS[settings.kind]
    pictures = collision_pictures(body, obj, down=settings.down, contact_m=limits.contact_m)
    lines = tuple(
        Line(text, _told(result.values[name], name), *_limit(name, result, limits))
        for name, text in VALUES.items()
        if name in result.values
    )
    failed = ", ".join(bit for bit in HARD_BITS if result.bits.get(bit) is False)
    return Card(f"pair-{number}", result, lines, pictures, failed)


def _limit(name: str, result: PairResult, limits: Limits) -> tuple[str, bool | None]:
    held = f"< {HELD_M * 100:g} cm"
    if name == "depth_max_mm":
        return f"≤ {limits.depth_m * 1e3:g} mm", result.bits.get("penetration")
    if name == "volume_cm3" and limits.volume_m3 is not None:
        return f"≤ {limits.volume_m3 * 1e6:g} cm³", result.bits.get("volume")
    if name == "contact_vertices":
        return f"any within {limits.contact_m * 1e3:g} mm", result.bits.get("contact")
    if name in ("mujoco_displacement_cm", "pybullet_displacement_cm"):
        value = result.values[name]
        return held, None if value is None else value < HELD_M * 100.0
    if name.endswith("stable_directions"):
        return "6", result.values[name] == 6.0
    return "", None


def _told(value: float | None, name: str) -> str:
    if value is None:
        return "-"
    for suffix, unit in (("_mm", "mm"), ("_cm3", "cm³"), ("_cm", "cm")):
        if name.endswith(suffix):
            return f"{value:.2f} {unit}"
    return f"{value:.0f}" if name.endswith("directions") else f"{value:.3f}"


def _row(
    result: PairResult,
    columns: Sequence[tuple[str, str, int]],
    bits: Sequence[str],
    drawn: dict[str, str],
) -> Row:
    cells = tuple(_number(result.values.get(name), digits) for name, _, digits in columns)
    marks = {True: ("✓", "passed"), False: ("✗", "failed"), None: ("-", "not judged")}
    verdict = "plausible" if result.plausible else "implausible"
    if result.plausible and result.unjudged:
        verdict = f"plausible, {len(HARD_BITS) - len(result.unjudged)} of {len(HARD_BITS)} judged"
    return Row(
        visible(result.name),
        drawn.get(result.name),
        cells,
        tuple(marks[result.bits.get(bit)] for bit in bits),
        verdict,
        "success" if result.plausible else "error",
    )


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _means(
    results: Sequence[PairResult], columns: Sequence[tuple[str, str, int]], bits: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    summary = summarise(results)
    cells = tuple(_number(summary.means.get(name), digits) for name, _, digits in columns)
    rates = tuple(f"{100 * summary.rates[b]:.0f} %" if b in summary.rates else "-" for b in bits)
    whole = summary.rates.get("plausible")
    return cells, rates, "-" if whole is None else f"{100 * whole:.0f} % plausible"


def _limits(limits: Limits, results: Sequence[PairResult]) -> list[str]:
    """Return sentences on what a pass is, and on what was measured only."""
    told = {name for r in results for name, value in r.values.items() if value is not None}
    if not told:
        return []
    lines = [
        f"Penetration passes up to {limits.depth_m * 1e3:g} mm; contact is a vertex within "
        f"{limits.contact_m * 1e3:g} mm of the object or inside it."
    ]
    if limits.volume_m3 is not None:
        lines.append(f"The shared volume passes up to {limits.volume_m3 * 1e6:g} cm³.")
    else:
        lines.append("The shared volume is told; for whole bodies nobody gives a limit.")
    if told.intersection(V1_COLUMNS):
        lines.append(
            f"Displacement v1 passes below {HELD_M * 100:g} cm in every engine after 0.5 s; an "
            f"object that nothing holds falls {free_fall_m() * 100:.1f} cm. Stays/6: in how many "
            "of six directions of gravity it stays."
        )
    if "legacy_displacement_cm" in told:
        lines.append(
            "ObMan's displacement cannot exceed a free fall of 10.7 cm by much, whatever is let "
            "go; it stands here to be compared with printed numbers and decides nothing."
        )
    if not told.intersection((*V1_COLUMNS, "legacy_displacement_cm")):
        lines.append("Nothing was simulated.")
    return lines


def _sequence(values: dict[str, float | None] | None) -> list[tuple[str, str]]:
    if values is None:
        return []
    return [
        (SEQUENCE_VALUES[name], "-" if value is None else f"{value:.3f}")
        for name, value in values.items()
    ]


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("ivlm_bench.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("plausibility.html.jinja")


def _source_hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return "sha256-" + base64.b64encode(digest).decode("ascii")
