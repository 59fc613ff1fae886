"""Results as text, CSV and JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import msgspec

from ivlm_bench.plausibility.verdict import BITS, HARD_BITS, VALUES, PairResult

#: How a bit is written.
BIT_WORDS = {True: "pass", False: "FAIL", None: "-"}
#: Columns of the table on the terminal: value, heading, decimals.
SHOWN = (
    ("depth_max_mm", "depth mm", 2),
    ("depth_mean_mm", "mean mm", 2),
    ("volume_cm3", "vol cm3", 2),
    ("voxel_volume_cm3", "vox cm3", 2),
    ("contact_vertices", "contact", 3),
    ("contact_f1", "F1", 3),
    ("non_collision", "non-coll", 3),
    ("legacy_displacement_cm", "ObMan cm", 2),
    ("mujoco_displacement_cm", "MuJoCo cm", 2),
    ("pybullet_displacement_cm", "Bullet cm", 2),
    ("mujoco_stable_directions", "MuJoCo stays/6", 0),
    ("pybullet_stable_directions", "Bullet stays/6", 0),
)


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A whole set: how many were measured, mean of each value, rate of each bit."""

    n_pairs: int
    n_measured: int
    means: dict[str, float]
    rates: dict[str, float]
    counts: dict[str, int]


def summarise(results: Sequence[PairResult]) -> Summary:
    """Return means over the pairs that have the value, rates over those that have the bit.

    ``rates["contact"]`` is the contact ratio of the literature; ``plausible`` counts measured
    pairs.
    """
    good = [result for result in results if result.error is None]
    means, rates, counts = {}, {}, {}
    for name in VALUES:
        values = [v for r in good if (v := r.values.get(name)) is not None]
        if values:
            means[name], counts[name] = sum(values) / len(values), len(values)
    for bit in BITS:
        bits = [b for r in good if (b := r.bits.get(bit)) is not None]
        if bits:
            rates[bit], counts[bit] = sum(bits) / len(bits), len(bits)
    if good:
        rates["plausible"] = sum(bool(r.plausible) for r in good) / len(good)
        counts["plausible"] = len(good)
    return Summary(
        n_pairs=len(results), n_measured=len(good), means=means, rates=rates, counts=counts
    )


def text_table(results: Sequence[PairResult]) -> str:
    """Return a table of measured pairs, the worst first, with a line of means and rates."""
    good = sorted((r for r in results if r.error is None), key=lambda r: r.badness, reverse=True)
    summary = summarise(results)
    shown = [column for column in SHOWN if any(column[0] in r.values for r in good)]
    bits = [bit for bit in BITS if any(bit in r.bits for r in good)]
    rows = [["pair", *(title for _, title, _ in shown), *bits, "plausible"]]
    for result in good:
        cells = [_cell(result.values.get(name), digits) for name, _, digits in shown]
        words = [BIT_WORDS[result.bits.get(bit)] for bit in bits]
        rows.append([result.name, *cells, *words, _plausible(result)])
    if len(good) > 1:
        cells = [_cell(summary.means.get(name), digits) for name, _, digits in shown]
        rates = [
            f"{100.0 * summary.rates[bit]:.0f} %" if bit in summary.rates else "-" for bit in bits
        ]
        last = f"{100.0 * summary.rates['plausible']:.0f} %"
        rows.append([f"all {len(good)}", *cells, *rates, last])
    return _aligned(rows) if good else ""


def _plausible(result: PairResult) -> str:
    word = "yes" if result.plausible else "NO"
    return (
        f"{word} ({len(HARD_BITS) - len(result.unjudged)} of {len(HARD_BITS)} judged)"
        if (result.unjudged)
        else word
    )


def _cell(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _aligned(rows: list[list[str]]) -> str:
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines = []
    for row in rows:
        first = row[0].ljust(widths[0])
        rest = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join([first, *rest]).rstrip())
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join(lines)


def csv_text(results: Sequence[PairResult]) -> str:
    """Return one row a pair, all columns; what was not measured is empty."""
    out = io.StringIO()
    columns = ["name", "kind", "body", "object", *VALUES, *BITS, "plausible", "unjudged"]
    writer = csv.DictWriter(out, [*columns, "reasons", "notes", "error"], lineterminator="\n")
    writer.writeheader()
    for result in results:
        row: dict[str, object] = {k: v for k, v in result.values.items() if v is not None}
        row |= {k: int(v) for k, v in result.bits.items() if v is not None}
        if result.plausible is not None:
            row["plausible"] = int(result.plausible)
            row["unjudged"] = " ".join(result.unjudged)
        row |= {"name": result.name, "kind": result.kind}
        row |= {"body": result.body, "object": result.object, "error": result.error or ""}
        row["reasons"] = " ".join(f"{k}: {v}." for k, v in result.reasons.items())
        row["notes"] = " ".join(result.notes)
        writer.writerow(row)
    return out.getvalue()


class _Document(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the JSON file."""

    summary: Summary
    pairs: list[dict[str, object]]
    sequence: dict[str, float | None] | None = None


def json_text(
    results: Sequence[PairResult], sequence: dict[str, float | None] | None = None
) -> str:
    """Return summary, pairs and, if given, the measures of a sequence as indented JSON."""
    pairs = [
        {**msgspec.to_builtins(r), "plausible": r.plausible, "unjudged": list(r.unjudged)}
        for r in results
    ]
    document = _Document(summary=summarise(results), pairs=pairs, sequence=sequence)
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"
