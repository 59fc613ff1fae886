"""Reference vectors are read as they lie on disk."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from ivlm_bench.errors import AssetError
from ivlm_bench.testing.vectors import read_cases

VECTORS = Path(__file__).parents[1] / "vectors"
README = (VECTORS / "README.md").read_text()


def test_arrays_rows_and_numbers_that_json_lacks(tmp_path: Path) -> None:
    np.savez(tmp_path / "g.npz", whole=np.arange(3), many=np.arange(6).reshape(2, 3))
    case = {
        "id": "g/1",
        "source": "s",
        "inputs": {"a": "whole", "b": "many[1]", "c": [1], "d": "text", "e": "other[0]"},
        "outputs": {"x": ["nan", {"y": "-inf"}], "z": 2.5, "word": "A"},
    }
    (tmp_path / "g.json").write_text(json.dumps({"cases": [case]}))
    (read,) = read_cases(tmp_path / "g.json")
    assert read.inputs["a"].tolist() == [0, 1, 2]
    assert read.inputs["b"].tolist() == [3, 4, 5]
    assert (read.inputs["c"], read.inputs["d"], read.inputs["e"]) == ([1], "text", "other[0]")
    assert math.isnan(read.outputs["x"][0])
    assert read.outputs["x"][1] == {"y": -math.inf}
    assert (read.outputs["z"], read.outputs["word"]) == (2.5, "A")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=r"none\.json"):
        read_cases(tmp_path / "none.json")


@pytest.mark.parametrize("path", sorted(VECTORS.glob("*.json")), ids=lambda path: path.stem)
def test_every_group_is_read_with_all_its_arrays(path: Path) -> None:
    cases = read_cases(path)
    assert len(cases) == json.loads(path.read_text())["n_cases"]
    if path.with_suffix(".npz").is_file():
        with np.load(path.with_suffix(".npz")) as archive:
            names = set(archive.files)
        for case in cases:
            for value in case.inputs.values():
                assert not (isinstance(value, str) and value.split("[")[0] in names), case.id


@pytest.mark.parametrize("path", sorted(VECTORS.glob("*.json")), ids=lambda path: path.stem)
def test_the_table_names_every_official_output(path: Path) -> None:
    section = README.split(f"## {path.stem}\n")[1].split("\n## ")[0]
    for case in read_cases(path):
        names = {"bbox": "bbox_", "segm": "segm_"} if path.stem == "hos_coco_ap" else {}
        for output in case.outputs:
            if path.stem != "physbench":
                assert f"`{names.get(output, output)}" in section, output


def test_the_example_of_the_table_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(VECTORS.parents[1])
    example = README.split("```python\n")[1].split("```")[0]
    exec(compile(example, "README.md", "exec"), {})
