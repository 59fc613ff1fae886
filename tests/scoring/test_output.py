"""What is printed: the same numbers in every format, and text that no format obeys."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from ivlm_bench.leaderboard.grid import Grid
from ivlm_bench.metrics.profile import PROFILES
from ivlm_bench.metrics.shown import number
from ivlm_bench.scoring import Fault, Line, Scored, score_files
from ivlm_bench.scoring.beside import shown_rows
from ivlm_bench.scoring.latex import escaped, tabular
from ivlm_bench.scoring.output import FORMATS, samples_csv


@pytest.fixture
def scored(agd20k: Path, heat_maps: Path) -> Scored:
    (heat_maps / "hold" / "cup" / "cup_000000.png").write_bytes(b"no picture")
    (heat_maps / "hold" / "cup" / "cup_000001.png").rename(heat_maps / "stray_100%.png")
    return score_files("agd20k:locate", heat_maps, agd20k, setting="weakly supervised")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0.0, "0"),
        (1.0, "1.000"),
        (0.12345, "0.1235"),
        (12.3456, "12.35"),
        (123456.7, "123456.7"),
        (1.5e-7, "1.500e-07"),
        (-0.25, "-0.2500"),
    ],
)
def test_numbers_have_four_digits(value: float | None, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize("form", ["table", "markdown", "latex"])
def test_every_format_to_be_read_has_value_controls_and_published_row(
    scored: Scored, form: str
) -> None:
    text = FORMATS[form](scored)
    for line in scored.lines:
        assert number(line.value) in text
        assert number(line.controls["oracle"]) in text
    assert "13 of 15 items scored" in text
    assert "LOCATE (2023)" in text
    assert "1.226" in text
    assert "13 published rows left out: " in text


@pytest.mark.parametrize("form", ["table", "markdown"])
def test_tables_name_faults_missing_and_strange_files(scored: Scored, form: str) -> None:
    text = FORMATS[form](scored)
    assert "1 item could not be scored:" in text
    assert "cup_000000.png is no readable picture" in text
    assert "1 item without a prediction: hold/cup/cup_000001." in text
    assert "1 prediction of no item of this split: stray_100%." in text


@pytest.mark.parametrize(("n", "told"), [(50, ""), (51, "  and 1 more; --samples FILE writes")])
def test_many_faults_are_told_and_where_the_rest_is(scored: Scored, n: int, told: str) -> None:
    faults = tuple(Fault(f"x{k}", f"{k}.npy", "It is odd.") for k in range(n))
    text = FORMATS["table"](replace(scored, faults=faults, missing=tuple("abcdefg")))
    assert text.count("It is odd.") == 50
    assert "a, b, c, d, e and 2 more (--format json names them all)." in text
    assert told in text
    assert ("--samples" in text) == bool(told)


def test_csv_has_a_line_for_each_number(scored: Scored) -> None:
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"](scored))))
    found = {(row["row"], row["quantity"]): row["value"] for row in rows}
    for line in scored.lines:
        assert float(found["these files", line.quantity.name]) == line.value
    assert float(found["LOCATE (2023)", "nss"]) == 1.177
    assert {row["row"] for row in rows} == {
        *("these files", "oracle", "constant", "centre", "random", "LOCATE (2023)")
    }


def test_json_holds_everything(scored: Scored) -> None:
    found = json.loads(FORMATS["json"](scored))
    assert found["n_scored"] == 13
    assert [q["value"] for q in found["quantities"]] == [line.value for line in scored.lines]
    assert [fault["id"] for fault in found["faults"]] == ["hold/cup/cup_000000"]
    assert found["missing"] == ["hold/cup/cup_000001"]
    assert found["foreign"] == ["stray_100%"]
    assert found["references"][0]["status"] == "second-hand"


def test_latex_is_balanced_and_obeys_nothing(scored: Scored) -> None:
    text = FORMATS["latex"](scored)
    for name in ("table", "tabular"):
        assert text.count(rf"\begin{{{name}}}") == text.count(rf"\end{{{name}}}") == 2
    body = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
    assert body.count("{") == body.count("}")
    assert not re.search(r"(?<!\\)%", body)
    for spec, block in re.findall(r"\\begin\{tabular\}\{(\w+)\}(.*?)\\end", body, re.DOTALL):
        rows = [line for line in block.splitlines() if line.endswith(r"\\")]
        assert {row.count(" & ") for row in rows} == {len(spec) - 1}


def test_latex_writes_every_character_that_it_would_obey() -> None:
    assert escaped(r"50% of a_b & #1 {x} $5 ~ ^ \end") == (
        r"50\% of a\_b \& \#1 \{x\} \$5 \textasciitilde{} \textasciicircum{} "
        r"\textbackslash{}end"
    )
    assert escaped("kld_x $\\downarrow$") == r"kld\_x $\downarrow$"


def test_a_tabular_has_as_many_cells_as_columns() -> None:
    grid = Grid("a_title", ("name", "x"), (("a_b", "1"), ("c", "2")), rules=(1,))
    assert tabular(grid).splitlines()[3:] == [
        r"\begin{tabular}{lr}",
        r"\hline",
        r"name & x \\",
        r"\hline",
        r"a\_b & 1 \\",
        r"\hline",
        r"c & 2 \\",
        r"\hline",
        r"\end{tabular}",
        r"\end{table}",
    ]


def test_samples_have_a_line_each_with_the_reason(scored: Scored) -> None:
    rows = list(csv.DictReader(io.StringIO(samples_csv(scored))))
    assert len(rows) == 15
    by_id = {row["id"]: row for row in rows}
    assert by_id["hold/cup/cup_000001"]["reason"] == "no prediction"
    assert "no readable picture" in by_id["hold/cup/cup_000000"]["reason"]
    good = by_id["hold/cup/cup_000002"]
    assert (good["category"], good["reason"]) == ("hold", "")
    mean = sum(float(row["kld"]) for row in rows if row["kld"]) / 13
    assert mean == pytest.approx(scored.value("kld"), rel=1e-9)


def test_many_published_numbers_are_a_row_each(scored: Scored) -> None:
    damon = shown_rows(PROFILES.get("damon:interactvlm"), "test-semantic", "supervised")
    lines = tuple(
        Line(quantity=quantity, value=0.5, n=3)
        for quantity in PROFILES.get("damon:interactvlm").quantities
    )
    text = FORMATS["markdown"](replace(scored, lines=lines, references=damon))
    row = next(x for x in text.splitlines() if x.startswith("| furniture_f1") and "0.6050" in x)
    assert row == "| furniture_f1 ↑ | 0.5000 | 0.6050 | 0.5890 |"
    assert "| status |  | published | corrected |" in text


@pytest.mark.parametrize(
    ("profile", "split", "setting", "methods", "words"),
    [
        ("agd20k:locate", "seen", "weakly supervised", ["LOCATE"], "9 with protocol unknown"),
        ("agd20k:locate", "seen", "Weakly-Supervised", ["LOCATE"], "2 with protocol agd20k:cvag"),
        ("agd20k:ooal", "unseen", "one-shot", ["OOAL"], "another setting (weakly supervised)"),
        ("agd20k:locate", "seen", None, [], "no --setting was given"),
        ("agd20k:locate", "seen", "one-shot", [], "1 with protocol agd20k:ooal"),
        ("agd20k:locate", "seen-v2", "one-shot", [], "No published row of agd20k seen-v2"),
        ("piad:interactvlm", "unseen", "supervised", ["InteractVLM"], "piad:iagnet"),
        (
            *("damon:interactvlm", "test-semantic", "supervised"),
            ["InteractVLM", "InteractVLM (by category)"],
            "3 with protocol unknown",
        ),
        ("region:ivlm", "", "supervised", [], ""),
    ],
)
def test_a_published_row_is_shown_only_beside_its_like(
    profile: str, split: str, setting: str | None, methods: list[str], words: str
) -> None:
    shown = shown_rows(PROFILES.get(profile), split, setting)
    assert [row.method for row in shown.rows] == methods
    assert words in shown.left_out
