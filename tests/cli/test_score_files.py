"""``ivlm-bench score-files`` and the lists beside it, as people call them."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ivlm_bench.cli.main import main
from ivlm_bench.cli.score_files import values
from ivlm_bench.errors import ConfigError, InvalidAnswerError

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*argv: object) -> tuple[int, str, str]:
        code = main([str(word) for word in argv])
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


@pytest.fixture
def own(tmp_path: Path) -> tuple[Path, Path]:
    """Return predictions and truths of 12 regions; the first half of each region is predicted."""
    rng = np.random.default_rng(2)
    for k in range(12):
        truth = rng.permutation(np.repeat([1.0, 0.0], 8))
        half = truth * (np.cumsum(truth) <= 4)
        for folder, region in (("p", half), ("t", truth)):
            (tmp_path / folder).mkdir(exist_ok=True)
            np.save(tmp_path / folder / f"item{k:02}.npy", region)
    return tmp_path / "p", tmp_path / "t"


def test_a_whole_set_is_scored(run: Run, own: tuple[Path, Path]) -> None:
    code, out, err = run("score-files", "region:ivlm", *own)
    assert (code, err) == (0, "")
    assert "12 of 12 items scored" in out
    assert re.search(r"region_iou ↑ +0\.5000 +\S.* +12 +1\.000 +0\.5000 ", out)


@pytest.mark.parametrize("form", ["table", "markdown", "csv", "latex", "json"])
def test_faults_are_told_in_every_format(run: Run, own: tuple[Path, Path], form: str) -> None:
    (own[0] / "item03.npy").write_bytes(b"broken")
    code, out, err = run("score-files", "region:ivlm", *own, "--format", form)
    assert code == 5
    whole = form in ("table", "markdown", "json")
    assert "item03.npy is no readable NumPy array" in (out if whole else err)
    assert "0.5" in out
    if whole:
        assert err == ""


def test_what_is_written_is_what_would_be_printed(
    run: Run, own: tuple[Path, Path], tmp_path: Path
) -> None:
    _, printed, _ = run("score-files", "region:ivlm", *own, "--format", "json")
    file, samples = tmp_path / "table.json", tmp_path / "samples.csv"
    code, out, _ = run(
        *("score-files", "region:ivlm", *own, "--format", "json"),
        *("--out", file, "--samples", samples),
    )
    assert (code, out) == (0, f"{file}\n")
    assert file.read_text() == printed
    assert json.loads(printed)["quantities"][0]["value"] == 0.5
    with samples.open() as lines:
        assert [row["region_iou"] for row in csv.DictReader(lines)] == ["0.5"] * 12


def test_a_file_that_can_not_be_written_is_named(run: Run, own: tuple[Path, Path]) -> None:
    code, _, err = run("score-files", "region:ivlm", *own, "--out", "/proc/nowhere/table")
    assert code == 5
    assert "/proc/nowhere/table can't be written" in err


def test_without_controls_the_table_has_none(run: Run, own: tuple[Path, Path]) -> None:
    _, out, _ = run("score-files", "region:ivlm", *own, "--no-controls")
    assert "oracle" not in out


def test_parameters_are_numbers_words_and_arrays(tmp_path: Path) -> None:
    np.save(tmp_path / "dist.npy", np.eye(3))
    found = values(["a=3", "b=0.5", "c=gt", "d=true", f"e={tmp_path / 'dist.npy'}"])
    np.testing.assert_array_equal(found.pop("e"), np.eye(3))
    assert found == {"a": 3, "b": 0.5, "c": "gt", "d": True}
    with pytest.raises(ConfigError, match="KEY=VALUE"):
        values(["novalue"])
    with pytest.raises(InvalidAnswerError, match=r"gone\.npy"):
        values([f"e={tmp_path / 'gone.npy'}"])


def test_a_changed_parameter_is_told(run: Run, own: tuple[Path, Path]) -> None:
    code, _, err = run("score-files", "region:ivlm", *own, "-P", "level=3")
    assert code == 2
    assert "no parameter 'level'" in err


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("profiles", r"^agd20k:locate +AGD20K heat maps.*: kld, sim, nss$"),
        ("datasets", r"^agd20k +AGD20K.*splits seen, unseen"),
        ("metrics", r"'ivlm-bench list profiles' has those of public data sets$"),
        ("metrics", r"^auc +Area under the ROC curve.* ↑, 0 to 1$"),
        ("metrics", r"^contact_distance_m +Mean distance.* ↓, 0 to inf m$"),
        ("references", r"^LOCATE \(2023\) \[\d+\] +weakly supervised +agd20k:locate +1\.226"),
    ],
)
def test_lists(run: Run, kind: str, line: str) -> None:
    code, out, _ = run("list", kind)
    assert code == 0
    assert re.search(line, out, re.MULTILINE)


def test_every_metric_is_told_in_words(run: Run) -> None:
    _, out, _ = run("list", "metrics")
    rows = [row.split(maxsplit=1) for row in out.splitlines()[1:-1]]
    assert len(rows) >= 17
    assert all(re.search(r"[↑↓], \S+ to \S+", what) for _, what in rows)
    assert not [row for row in rows if "Return" in row[1] or "``" in row[1]]


def test_references_of_one_data_set_stand_alone(run: Run) -> None:
    _, out, _ = run("list", "references", "damon")
    assert "InteractVLM" in out
    assert "Withdrawn" in out
    assert "corrected" in out
    assert "LOCATE" not in out
