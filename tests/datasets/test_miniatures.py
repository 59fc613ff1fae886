"""Miniatures: the same seed makes the same files, and nothing of a user's is written over."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivlm_bench.errors import ConfigError, UnknownNameError
from ivlm_bench.testing.miniatures import MINIATURES, make_miniature
from ivlm_bench.testing.miniatures.__main__ import main


def contents(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.parametrize("name", MINIATURES.names())
def test_the_seed_decides_the_files(name: str, tmp_path: Path) -> None:
    one, same, other = (
        contents(make_miniature(name, tmp_path / str(index), seed=seed))
        for index, seed in enumerate((3, 3, 4))
    )
    assert list(one) == list(same)
    assert all(_equal(one[path], same[path]) for path in one)
    assert one != other


def _equal(one: bytes, other: bytes) -> bool:
    """Compare two files; an archive holds the time of its making, so only its length counts."""
    return len(one) == len(other) if one.startswith(b"PK") else one == other


def test_the_command_prints_the_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["agd20k", str(tmp_path / "new"), "--seed", "5"]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "new")
    assert (tmp_path / "new" / "Seen" / "testset" / "GT").is_dir()


def test_a_folder_with_files_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert main(["agd20k", str(tmp_path)]) == ConfigError.exit_code
    assert f"{tmp_path} is not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="is a file"):
        make_miniature("agd20k", tmp_path / "file")


def test_an_unknown_miniature_has_near_names(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="agd20k"):
        make_miniature("agd20", tmp_path / "new")
    assert not (tmp_path / "new").exists()
