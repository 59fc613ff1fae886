"""Predictions out of the range of their form are faults of files, not of evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ivlm_bench.datasets import DATASETS
from ivlm_bench.errors import InvalidAnswerError
from ivlm_bench.metrics import profiles  # noqa: F401  # registers the protocols
from ivlm_bench.metrics.evaluate import evaluate
from ivlm_bench.metrics.profile import PROFILES
from ivlm_bench.scoring import score_files
from ivlm_bench.scoring.ranges import refuse_out_of_range
from ivlm_bench.testing.miniatures import make_miniature


@pytest.mark.parametrize(
    ("profile", "change", "words"),
    [
        ("agd20k:locate", lambda a: a - 1.0, "reaches from -1 to "),
        ("agd20k:locate", lambda a: 255 * a, ""),
        ("piad:iagnet", lambda a: -a, "to 0; [0, 1] was expected"),
        ("piad:iagnet", lambda a: 100 * a, "reaches from 0 to "),
        ("laso", lambda a: 2 * a - 1, "reaches from -1 to 1"),
        ("laso", lambda a: a, ""),
    ],
)
def test_a_prediction_out_of_range_is_a_fault_that_names_file_and_range(
    tmp_path: Path, profile: str, change: Any, words: str
) -> None:
    name = str(PROFILES.get(profile).dataset)
    home = make_miniature(name, tmp_path / "data", seed=3)
    oracle, rng = PROFILES.get(profile).controls["oracle"], np.random.default_rng(0)
    items = list(DATASETS.get(name).read(home))
    for k, item in enumerate(items):
        right = np.asarray(oracle(item.truth(), rng), dtype=np.float64)
        right = right / max(1.0, right.max())
        path = tmp_path / "p" / f"{item.id}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, right if k else change(right))
    scored = score_files(profile, tmp_path / "p", home)
    assert [fault.id for fault in scored.faults] == ([items[0].id] if words else [])
    assert scored.exit_code == (5 if words else 0)
    for fault in scored.faults:
        assert f"{items[0].id}.npy reaches" in fault.cause
        assert words in fault.cause


def test_what_evaluate_scores_stays_official() -> None:
    result = evaluate("piad:iagnet", [np.array([-10.0, 90.0])], [np.array([0.0, 1.0])])
    assert result["auc"] == 100.0


def test_contact_in_a_mapping_is_checked_and_ids_and_lengths_are_not() -> None:
    refuse_out_of_range({"chair": [17, 18], "centre_m": np.array([-1.0, 2, 3])}, "values", "f")
    refuse_out_of_range(np.array([-3.0, 4]), "masks", "f")
    refuse_out_of_range({"contact": np.array([0.0, 1.0 + 1e-7])}, "values", "f")
    with pytest.raises(InvalidAnswerError, match=r"^f \(contact\) reaches from 0 to 1\.5"):
        refuse_out_of_range({"contact": [0, 1.5]}, "values", "f")
