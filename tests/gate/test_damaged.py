"""Runs with right checksums and wrong contents: each is named, and none is counted."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ivlm_bench.cli.main import main
from ivlm_bench.store import Run
from ivlm_bench.store.seal import write_table

MakeNight = Callable[..., Run]
Toys = Callable[..., list[Any]]
Change = Callable[[pa.Table], pa.Table]


def put(column: str, row: int, value: object) -> Change:
    """Return the change of one cell."""

    def change(table: pa.Table) -> pa.Table:
        cells = table[column].to_pylist()
        cells[row] = value
        place = table.column_names.index(column)
        return table.set_column(place, column, pa.array(cells, table[column].type))

    return change


def doubled(table: pa.Table) -> pa.Table:
    return pa.concat_tables([table.slice(0, 58), table.slice(0, 2)])


def retyped(column: str, kind: pa.DataType) -> Change:
    """Return the change of a column's type, its values written in it as texts where they can't."""

    def change(table: pa.Table) -> pa.Table:
        texts = [str(cell) for cell in table[column].to_pylist()]
        cells = texts if kind == pa.string() else list(range(len(texts)))
        place = table.column_names.index(column)
        return table.set_column(place, column, pa.array(cells).cast(kind))

    return change


def resealed(folder: Path, change: Change) -> None:
    """Change a sealed table and put its new sum into the manifest, as a broken writer would."""
    name = "episodes.parquet"
    entry = write_table(folder, name, change(pq.read_table(folder / name)))
    manifest = json.loads((folder / "manifest.json").read_text())
    for file in manifest["files"]:
        if file["name"] == name:
            file.update(sha256=entry.sha256, rows=entry.rows)
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            put("m_success", 3, float("nan")),
            r"m_success is NaN or infinite in 1 episode \(first: toy/Pull-v0, seed 3\)",
        ),
        (put("m_success", 0, float("inf")), "m_success is NaN or infinite in 1 episode"),
        (put("confidence", 0, float("nan")), "confidence is NaN or infinite in 1 episode"),
        (put("success", 3, None), "empty cells in success"),
        (put("prediction_hash", 3, None), "empty cells in prediction_hash"),
        (put("status", 3, "fine"), "the status 'fine' is unknown"),
        (doubled, "2 episodes stand more than once"),
        (lambda table: table.slice(0, 59), "59 episodes are there, 60 were planned"),
        (lambda table: table.drop_columns(["cluster"]), "has no column cluster"),
        (retyped("success", pa.string()), "column success holds string, not bool"),
        (retyped("m_success", pa.string()), "column m_success holds string, not double"),
        (retyped("latency_ms", pa.string()), "column latency_ms holds string, not double"),
        (retyped("seed", pa.string()), "column seed holds string, not int64"),
        (retyped("cluster", pa.int64()), "column cluster holds int64, not string"),
        (retyped("answerable", pa.float64()), "column answerable holds double, not bool"),
        (
            lambda table: table.append_column("m2", table["seed"]),
            "has the column m2, which no run has",
        ),
    ],
    ids=[
        "nan",
        "inf",
        "nan-confidence",
        "null",
        "null-hash",
        "status",
        "doubled",
        "missing",
        "column",
        "success-text",
        "metric-text",
        "latency-text",
        "seed-text",
        "cluster-number",
        "answerable-number",
        "unknown-column",
    ],
)
@pytest.mark.parametrize("damaged", ["night", "baseline"])
def test_damage_is_named(
    make_night: MakeNight,
    toys: Toys,
    capsys: pytest.CaptureFixture[str],
    change: Change,
    told: str,
    damaged: str,
) -> None:
    runs = {"baseline": make_night(toys(30), "old"), "night": make_night(toys(30), "new")}
    resealed(runs[damaged].folder, change)
    folders = str(runs["night"].folder), "--baseline", str(runs["baseline"].folder)
    assert main(["gate", *folders]) == 5
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert re.search(told, said.err)
    assert str(runs[damaged].folder) in said.err


def test_a_changed_byte_is_named(
    make_night: MakeNight, toys: Toys, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = make_night(toys(9), "old"), make_night(toys(9), "new")
    path = new.folder / "episodes.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert main(["gate", str(new.folder), "--baseline", str(old.folder)]) == 5
    assert "SHA-256" in capsys.readouterr().err


@pytest.mark.parametrize("change", [{"schema_version": 0}, {"schema_version": 0, "older": 1}])
def test_a_baseline_of_an_older_schema_is_not_comparable(
    make_night: MakeNight,
    toys: Toys,
    capsys: pytest.CaptureFixture[str],
    change: dict[str, int],
) -> None:
    old, new = make_night(toys(9), "old"), make_night(toys(9), "new")
    path = old.folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    assert main(["gate", str(new.folder), "--baseline", str(old.folder)]) == 4
    assert "schema version 0" in capsys.readouterr().err
