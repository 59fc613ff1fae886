"""EPIC-KITCHENS-100 annotations are read from CSV and pickles, damaged rows named."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from ivlm_bench.datasets import DATASETS
from ivlm_bench.errors import AssetError
from ivlm_bench.metrics import PROFILES, evaluate
from ivlm_bench.testing.miniatures import make_miniature

EPIC = DATASETS.get("epic")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return make_miniature("epic", tmp_path / "set")


def test_csv_and_pickle_hold_the_same(home: Path) -> None:
    pickled = {item.id: item.truth() for item in EPIC.read(home)}
    (home / "EPIC_100_validation.pkl").unlink()
    assert {item.id: item.truth() for item in EPIC.read(home)} == pickled
    assert list(pickled) == ["P01_11", "P02_102", "P37_101"]
    assert all(len(rows) == 5 for rows in pickled.values())


def test_the_truth_scores_one(home: Path) -> None:
    truths = {item.id: item.truth() for item in EPIC.read(home)}
    oracle = PROFILES.get("epic:c2").controls["oracle"]
    answers = {key: oracle(truth, np.random.default_rng(0)) for key, truth in truths.items()}
    assert set(evaluate("epic:c2", answers, truths).values()) == {1.0}


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [("00:00:00.30", "noon", "noon"), ("P01_11_1,", "P01_11_0,", "has the narration_id of")],
)
def test_a_bad_row_is_named_and_spoils_only_its_video(
    home: Path, old: str, new: str, why: str
) -> None:
    (home / "EPIC_100_validation.pkl").unlink()
    path = home / "EPIC_100_validation.csv"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    items = list(EPIC.read(home))
    with pytest.raises(AssetError, match=rf"EPIC_100_validation\.csv line \d.*{why}"):
        items[0].truth()
    assert len(items[1].truth()) == 5


def test_missing_tables_columns_and_rows_are_named(home: Path) -> None:
    (home / "EPIC_100_validation.pkl").unlink()
    path = home / "EPIC_100_validation.csv"
    path.write_text(path.read_text().replace("verb_class", "verb_clas"))
    with pytest.raises(AssetError, match="has no column verb_class"):
        list(EPIC.read(home))
    path.write_text(",".join(["narration_id", *EPIC.layout[0].split("columns ")[1].split(", ")]))
    with pytest.raises(AssetError, match="has no row"):
        list(EPIC.read(home))
    path.unlink()
    with pytest.raises(AssetError, match="is missing; get epic from its owner"):
        list(EPIC.read(home))


def test_a_pickle_that_would_run_something_is_refused(home: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (exec, ("raise SystemExit",))

    (home / "EPIC_100_validation.pkl").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(AssetError, match="exec"):
        list(EPIC.read(home))
