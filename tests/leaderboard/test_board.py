"""Boards, tables and their check."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq
import pytest

from ivlm_bench.errors import StoreError
from ivlm_bench.leaderboard import (
    boards,
    boards_csv,
    boards_json,
    find_runs,
    leaderboard_tables,
    run_table,
    verify,
)
from ivlm_bench.leaderboard.grid import Grid, terminal_width
from ivlm_bench.stats.cross_checks import NAMES
from ivlm_bench.store import Run, load_run

MakeRun = Callable[..., Run]
Toy = Any


@pytest.fixture
def three(make_run: MakeRun, toy: Toy) -> list[Run]:
    """Two fair runs, 3/12 and 9/12, and a privileged one, 12/12, on one board."""

    def toys(n_right: int) -> list[Any]:
        return [toy(seed=i, engines=(i < n_right,) * 2, robust=0.5) for i in range(12)]

    return [
        make_run(toys(3), "weak"),
        make_run(toys(12), "oracle", privileged=True),
        make_run(toys(9), "strong"),
    ]


def names(board: Any) -> list[str]:
    return [row.manifest.reasoner.name for row in board.rows]


def test_rows_are_sorted_and_privileged_ones_apart(three: list[Run]) -> None:
    (board,) = boards(three)
    assert names(board) == ["strong", "weak", "oracle"]
    assert [row.manifest.reasoner.name for row in board.privileged] == ["oracle"]


def test_a_part_of_a_suite_is_never_ranked_beside_all_of_it(
    three: list[Run], make_run: MakeRun, toy: Toy
) -> None:
    part = make_run([toy(seed=0)], "lucky", notes="only the first 1 questions of a task")
    whole, other = boards([*three, part])
    assert names(whole) == ["strong", "weak", "oracle"]
    assert names(other) == ["lucky"]


@pytest.mark.parametrize(
    "field",
    [
        {"suite_hash": "b" * 16},
        {"track": "rgbd"},
        {"suite": "toy-v1"},
        {"protocol_hash": "q"},
        {"base_seed": 1},
        {"engines": {"mujoco": "4.1", "bullet": "3.2"}},
    ],
)
def test_what_can_not_be_compared_is_never_mixed(
    make_run: MakeRun, toy: Toy, field: dict[str, Any]
) -> None:
    one = make_run([toy(seed=0)], "one")
    other = make_run([toy(seed=0)], "other", **field)
    assert [len(board.rows) for board in boards([one, other])] == [1, 1]
    assert len(leaderboard_tables([one, other])) == 2


def test_of_equal_results_the_newest_is_kept(make_run: MakeRun, toy: Toy) -> None:
    def run(run_id: str, created_at: str, *, won: bool = True) -> Run:
        toys = [toy(seed=0, engines=(won, won))]
        return make_run(toys, "same", run_id=run_id, created_at=created_at)

    runs = [run("old", "2026-01-01"), run("new", "2026-02-01")]
    (board,) = boards(runs[::-1])
    assert [row.manifest.run_id for row in board.rows] == ["new"]
    (board,) = boards([*runs, run("other", "2026-01-15", won=False)])
    assert [row.manifest.run_id for row in board.rows] == ["new", "other"]


@pytest.mark.parametrize(
    ("params", "shown"),
    [
        ({}, "toy"),
        ({"region": "ivlm"}, "toy region=ivlm"),
        ({"b": "2", "a": "1"}, "toy a=1,b=2"),
        ({"weights": "somewhere/far/away"}, "toy weights=somewhere/f…"),
    ],
)
def test_rows_tell_what_a_reasoner_was_given(
    make_run: MakeRun, toy: Toy, params: dict[str, str], shown: str
) -> None:
    run = make_run([toy(seed=k) for k in range(3)], params=params)
    assert leaderboard_tables([run])[0].rows[0][0] == shown


def test_find_runs_sees_sealed_runs_only(three: list[Run], tmp_path: Path) -> None:
    (tmp_path / "unfinished").mkdir()
    (tmp_path / "unfinished" / "journal.sqlite").touch()
    assert find_runs(tmp_path) == sorted(run.folder for run in three)
    with pytest.raises(StoreError, match="no folder"):
        find_runs(tmp_path / "typo")


def test_tables_fit_a_hundred_columns(three: list[Run]) -> None:
    texts = [run_table(three[0]).text(), *(g.text() for g in leaderboard_tables(three))]
    for text in texts:
        assert max(len(line) for line in text.splitlines()) <= 100
        assert "…" not in text
    assert "25.0 [8.9, 53.2]" in texts[0]
    assert "oracle*: privileged: it was shown the truth" in texts[1]


def whole_width(grid: Grid) -> int:
    """Return the columns of a table in one part, two blanks between cells."""
    columns = zip(grid.headers, *grid.rows, strict=True)
    widest = [max(len(line) for cell in cells for line in cell.split("\n")) for cells in columns]
    return sum(widest) + 2 * (len(widest) - 1)


@pytest.mark.parametrize("width", [60, 80, 100, 240])
def test_narrow_tables_go_on_below_and_lose_nothing(three: list[Run], width: int) -> None:
    for grid in (run_table(three[0]), *leaderboard_tables(three)):
        text = grid.text(width=width)
        assert max(len(line) for line in text.splitlines()) <= width
        parts = grid.fitted(width)
        shown = {header for part in parts for header in part.headers}
        assert shown == set(grid.headers)
        assert (len(parts) > 1) == (width < whole_width(grid))
        for part in parts:
            assert part.headers[0] == grid.headers[0]
            for row in part.rows:  # no rate is folded
                assert any(all(cell in line for cell in row) for line in text.splitlines()), row
        assert all(note in " ".join(text.split()) for note in grid.notes)
        assert text.count(grid.title) == 1


def test_what_an_answer_costs_by_hand(make_run: MakeRun, toy: Toy) -> None:
    # 10 answers of 20 ms and 10 of 60 ms: 0.040 s each, 4.0 s a hundred.
    runs = [make_run([toy(seed=i, latency_ms=20.0 + 40.0 * (i % 2)) for i in range(20)], "a")]
    runs.append(make_run([toy(seed=i, latency_ms=None) for i in range(20)], "silent"))
    runs.append(make_run([toy(seed=i, latency_ms=0.5) for i in range(20)], "swift"))
    (grid,) = leaderboard_tables(runs)
    place = grid.headers.index("cost\ns/100")
    assert {row[0]: row[place] for row in grid.rows} == {
        "a": "4.0",
        "silent": "n/a",
        "swift": "<0.1",
    }
    (board,) = json.loads(boards_json(boards(runs)))
    costs = {run["reasoner"]["name"]: run["cost"] for run in board["runs"]}
    assert costs["a"]["answer_s"] == pytest.approx(0.04)
    assert costs["silent"]["answer_s"] is None
    assert costs["a"]["charged"] is None
    lines = csv.DictReader(io.StringIO(boards_csv(boards(runs))))
    told = {line["reasoner"]: line["cost_answer_s"] for line in lines if line["task"] == "macro"}
    assert told == {"a": "0.04", "silent": "", "swift": "0.0005"}


@pytest.mark.parametrize(
    ("is_terminal", "columns", "width"),
    [
        (True, "72", 72),
        (True, "240", 240),
        (False, "72", 72),
        (False, "", 100),
        (False, "wide", 100),
    ],
)
def test_width_is_that_of_the_terminal(
    monkeypatch: pytest.MonkeyPatch, is_terminal: bool, columns: str, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr("sys.stdout.isatty", lambda: is_terminal)
    assert terminal_width() == width


def test_terminal_and_markdown_show_the_same_cells(three: list[Run]) -> None:
    (grid,) = leaderboard_tables(three)
    lines = grid.markdown().splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 2 + 3
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]
    assert [tuple(row) for row in cells] == list(grid.rows)
    assert all(cell in grid.text(width=100) for row in grid.rows for cell in row)


def test_csv_and_json_hold_the_same_numbers(three: list[Run]) -> None:
    found = boards(three)
    lines = list(csv.DictReader(io.StringIO(boards_csv(found))))
    assert [(line["reasoner"], line["task"]) for line in lines] == [
        (name, task) for name in ("strong", "weak", "oracle") for task in ("macro", "ivlm/Grasp-v0")
    ]
    plain = json.loads(boards_json(found))
    rows = [row for run in plain[0]["runs"] for row in run["rows"]]
    for line, row in zip(lines, rows, strict=True):
        for name, rate in row["rates"].items():
            want = "" if rate["value"] is None else f"{rate['value']:.6g}"
            assert line[name] == want
    assert float(lines[0]["strict"]) == 0.75
    assert lines[1]["strict_method"] == "wilson"
    assert lines[0]["agreement"] == "1"


def test_json_has_every_interval_of_strict_success(three: list[Run]) -> None:
    (plain,) = json.loads(boards_json(boards(three)))
    for run in plain["runs"]:
        assert list(run["intervals"]) == [row["task"] for row in run["rows"]]
        for row in run["rows"]:
            beside, shown = run["intervals"][row["task"]], row["rates"]["strict"]["interval"]
            assert tuple(beside) == NAMES
            assert beside["wilson"] == shown
            assert beside["jeffreys"]["n"] == shown["n"]


def test_csv_is_reproducible_whatever_the_order(three: list[Run]) -> None:
    assert boards_csv(boards(three)) == boards_csv(boards(three[::-1]))


def test_verify_accepts_what_is_intact(three: list[Run], tmp_path: Path) -> None:
    (tmp_path / "leaderboard.csv").write_text(boards_csv(boards(three)))
    assert verify(tmp_path) == []
    assert verify(three[0].folder) == []


def test_verify_names_a_table_that_is_not_of_these_runs(three: list[Run], tmp_path: Path) -> None:
    path = tmp_path / "leaderboard.csv"
    path.write_text(boards_csv(boards(three)).replace("0.25", "0.95"))
    assert verify(tmp_path) == [f"{path} is not what the runs give; generate it again."]


def test_verify_names_a_damaged_file(three: list[Run], tmp_path: Path) -> None:
    path = three[0].folder / "episodes.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    (difference,) = verify(tmp_path)
    assert str(path) in difference


def forged(run: Run, episodes: dict[str, Any], **fields: Any) -> Path:
    """Rewrite columns of a run's episodes and make hashes and digests of the files match."""
    import hashlib

    import pyarrow as pa

    path = run.folder / "episodes.parquet"
    table = pq.read_table(path)
    for name, values in episodes.items():
        index = table.column_names.index(name)
        table = table.set_column(index, name, pa.array(values, table.schema.field(name).type))
    pq.write_table(table, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    entries = tuple(
        msgspec.structs.replace(e, sha256=digest) if e.name == path.name else e
        for e in run.manifest.files
    )
    manifest = msgspec.structs.replace(run.manifest, files=entries, **fields)
    (run.folder / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    sums = "".join(f"{entry.sha256}  {entry.name}\n" for entry in entries)
    (run.folder / "SHA256SUMS").write_text(sums)
    return run.folder


def test_verify_sees_through_a_forged_success(make_run: MakeRun, toy: Toy) -> None:
    """Hashes and digests fit, but the verdicts say that the second episode failed."""
    from ivlm_bench.digest import bit_digest, outcome_digest

    run = make_run([toy(seed=0), toy(seed=1, engines=(False, False))])
    columns = {"success": [True, True], "code": ["SUCCESS"] * 2, "m_success": [1.0, 1.0]}
    results = load_run(forged(run, columns)).results
    digests = {"bit_digest": bit_digest(results), "outcome_digest": outcome_digest(results)}
    differences = verify(forged(run, columns, **digests))
    key = run.episodes["episode_key"][1]
    assert len(differences) == 3
    assert all(key in difference for difference in differences)
    assert any("True as success, its verdict gives False" in d for d in differences)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"bit_digest": "0"}, "bit digest"),
        ({"outcome_digest": "0"}, "outcome digest"),
        ({"n_by_status": {"ok": 9}}, "count by status"),
        ({"n_planned": 3}, "1 episodes are there, 3 were planned"),
        ({"schema_version": 0}, "its schema version is 0"),
        ({"config": {"tasks": "toy/Turn-v0"}}, "no episode of toy/Turn-v0"),
    ],
)
def test_verify_recomputes_the_manifest(
    make_run: MakeRun, toy: Toy, fields: dict[str, Any], word: str
) -> None:
    (difference,) = verify(forged(make_run([toy(seed=0)]), {}, **fields))
    assert word in difference


@pytest.mark.parametrize(
    ("columns", "word"),
    [
        ({"m_success": [float("nan")]}, "m_success is NaN or infinite"),
        ({"latency_ms": [float("inf")]}, "latency_ms is NaN or infinite"),
        ({"success": [None]}, "empty cells in success"),
        ({"tries": [None]}, "a record is none: Expected `int`, got `null`"),
        ({"status": ["weird"]}, "the status 'weird' is unknown"),
    ],
)
def test_verify_names_what_can_not_be_counted(
    make_run: MakeRun, toy: Toy, columns: dict[str, Any], word: str
) -> None:
    (difference,) = verify(forged(make_run([toy(seed=0)]), columns))
    assert word in difference


@pytest.mark.parametrize(
    ("columns", "word"),
    [
        ({"success": [True, True], "m_success": [1.0, 1.0]}, "its records give another digest"),
        ({"m_success": [1.0, float("nan")]}, "m_success is NaN or infinite"),
        ({"latency_ms": [1.0, float("inf")]}, "latency_ms is NaN or infinite"),
        ({"cluster": ["a", None]}, "empty cells in cluster"),
    ],
)
@pytest.mark.parametrize("newer", [True, False], ids=["damaged is newer", "damaged is older"])
def test_a_damaged_copy_of_a_run_is_named(
    make_run: MakeRun, toy: Toy, columns: dict[str, Any], word: str, newer: bool
) -> None:
    """It bears the digest of the whole one; that one is shown, whichever is newer."""
    toys = [toy(seed=0), toy(seed=1, engines=(False, False))]
    whole = make_run(toys, run_id="whole", created_at="2026-01-02T00:00:00Z")
    made = {"created_at": f"2026-01-0{3 if newer else 1}T00:00:00Z"}
    copy = make_run(toys, run_id="copy", **made)
    assert copy.manifest.bit_digest == whole.manifest.bit_digest
    damaged: list[StoreError] = []
    (board,) = boards([whole, load_run(forged(copy, columns))], damaged=damaged)
    assert [row.manifest.run_id for row in board.rows] == ["whole"]
    (error,) = damaged
    assert word in str(error)
    assert str(copy.folder) in str(error)


def test_verify_checks_the_sums_file(make_run: MakeRun, toy: Toy) -> None:
    run = make_run([toy(seed=0)])
    sums = run.folder / "SHA256SUMS"
    sums.write_text(sums.read_text().replace("verdicts", "others"))
    assert verify(run.folder) == [f"{run.folder}: SHA256SUMS has another sum for verdicts.parquet"]
    sums.unlink()
    assert verify(run.folder) == [f"{run.folder}: SHA256SUMS is missing"]


def test_verify_hands_each_run_to_the_simulation(three: list[Run], tmp_path: Path) -> None:
    seen = []

    def resimulate(run: Run) -> list[str]:
        seen.append(run.manifest.reasoner.name)
        return ["differs"] if run.manifest.reasoner.name == "weak" else []

    (difference,) = verify(tmp_path, resimulate=resimulate)
    assert sorted(seen) == ["oracle", "strong", "weak"]
    assert difference.endswith("weak-1: differs")


def test_verify_needs_a_run(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no sealed run"):
        verify(tmp_path)
