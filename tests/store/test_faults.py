"""Damaged files, full and read-only disks: one sentence, and nothing recorded is lost."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from ivlm_bench.errors import StoreError
from ivlm_bench.records import EpisodeResult, Manifest
from ivlm_bench.store import RunHeader, RunStore, is_sealed, load_run, salvage
from ivlm_bench.store.faults import told
from ivlm_bench.store.journal import JOURNAL

Results = list[EpisodeResult]


@pytest.fixture
def begun(tmp_path: Path, header: RunHeader, results: Results) -> Path:
    """A folder with a complete, unsealed journal."""
    with RunStore(tmp_path) as store:
        store.begin(header)
        for result in results:
            store.append(result)
    return tmp_path


@pytest.fixture
def complete(begun: Path, header: RunHeader, manifest: Manifest) -> Path:
    """A sealed folder."""
    with RunStore(begun) as store:
        store.begin(header, resume=True)
        store.seal(manifest)
    return begun


def one_sentence(error: pytest.ExceptionInfo[StoreError], path: Path) -> None:
    text = str(error.value)
    assert str(path) in text
    assert "\n" not in text
    assert text.endswith((".", "--resume."))
    assert error.value.exit_code == 5


@pytest.mark.parametrize("name", ["episodes.parquet", "verdicts.parquet", "predictions.parquet"])
@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "gone"])
def test_a_damaged_file_is_named(complete: Path, name: str, damage: str) -> None:
    path = complete / name
    content = bytearray(path.read_bytes())
    if damage == "flip":
        content[len(content) // 2] ^= 1
    elif damage == "cut":
        del content[len(content) // 2 :]
    elif damage == "empty":
        content.clear()
    path.write_bytes(bytes(content))
    if damage == "gone":
        path.unlink()
    with pytest.raises(StoreError, match=name) as error:
        load_run(complete)
    one_sentence(error, path)


@pytest.mark.parametrize("text", ["", "{", "{}", '{"schema_version": "x"}'])
def test_a_damaged_manifest_is_named(complete: Path, text: str) -> None:
    (complete / "manifest.json").write_text(text)
    with pytest.raises(StoreError, match=r"manifest\.json is damaged") as error:
        load_run(complete)
    one_sentence(error, complete)


def test_no_run_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no folder"):
        load_run(tmp_path / "typo")
    with pytest.raises(StoreError, match="no sealed run"):
        load_run(tmp_path)


def test_half_sealed_folder_seals_again(begun: Path, header: RunHeader, manifest: Manifest) -> None:
    twin = begun.with_name("twin")
    shutil.copytree(begun, twin)
    with RunStore(twin) as store:
        store.begin(header, resume=True)
        whole = store.seal(manifest)
    (begun / "episodes.parquet").write_bytes((twin / "episodes.parquet").read_bytes()[:50])
    (begun / ".verdicts.parquet.partial").write_bytes(b"x")
    assert not is_sealed(begun)
    with pytest.raises(StoreError, match="--resume"):
        load_run(begun)
    with RunStore(begun) as store:
        assert len(store.begin(header, resume=True)) == 6
        assert store.seal(manifest) == whole
    assert load_run(begun).manifest == whole
    assert sorted(p.name for p in begun.iterdir()) == sorted(p.name for p in twin.iterdir())


def test_a_flipped_row_is_found_and_the_others_are_salvaged(
    begun: Path, header: RunHeader, results: Results
) -> None:
    key = results[3].episode.episode_key
    database = sqlite3.connect(begun / JOURNAL)
    with database:
        sql = "UPDATE results SET payload = zeroblob(10) WHERE episode_key = ?"
        database.execute(sql, (key,))
    database.close()
    with RunStore(begun) as store, pytest.raises(StoreError, match=key) as error:
        store.begin(header, resume=True)
    one_sentence(error, begun / JOURNAL)
    assert "salvage" in str(error.value)
    assert salvage(begun) == (5, 1)
    with RunStore(begun) as store:
        assert store.begin(header, resume=True) == set(header.planned) - {key}
        assert store.append(results[3])
    assert (begun / "journal.damaged-1.sqlite").exists()


def test_a_journal_with_ruined_pages_is_never_deleted(begun: Path, header: RunHeader) -> None:
    path = begun / JOURNAL
    content = bytearray(path.read_bytes())
    content[4096 * 3 :] = b"\xa5" * (len(content) - 4096 * 3)
    path.write_bytes(bytes(content))
    with RunStore(begun) as store, pytest.raises(StoreError, match="damaged") as error:
        store.begin(header, resume=True)
    one_sentence(error, path)
    assert path.read_bytes() == bytes(content)


@pytest.mark.parametrize("content", [b"no database at all" * 500, b"torn" * 30])
def test_a_journal_that_is_none(begun: Path, header: RunHeader, content: bytes) -> None:
    path = begun / JOURNAL
    path.write_bytes(content)
    with RunStore(begun) as store, pytest.raises(StoreError, match="damaged") as error:
        store.begin(header, resume=True)
    one_sentence(error, path)
    assert path.read_bytes() == content
    with pytest.raises(StoreError, match="left as it is"):
        salvage(begun)
    assert path.read_bytes() == content


def test_a_journal_without_its_header_is_damaged(begun: Path, header: RunHeader) -> None:
    database = sqlite3.connect(begun / JOURNAL)
    with database:
        database.execute("DELETE FROM header")
    database.close()
    with RunStore(begun) as store, pytest.raises(StoreError, match="header is missing"):
        store.begin(header, resume=True)


def test_a_run_killed_before_its_header_starts_afresh(tmp_path: Path, header: RunHeader) -> None:
    (tmp_path / JOURNAL).touch()
    with RunStore(tmp_path) as store:
        assert store.begin(header, resume=True) == frozenset()


def test_salvage_needs_a_journal(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="There is no"):
        salvage(tmp_path)


def test_a_header_of_another_version_is_told(begun: Path, header: RunHeader) -> None:
    from ivlm_bench.store.journal import checksum_of

    payload = msgspec.msgpack.encode({"unknown": 1})
    database = sqlite3.connect(begun / JOURNAL)
    with database:
        sql = "UPDATE header SET payload = ?, checksum = ?"
        database.execute(sql, (payload, checksum_of(payload)))
    database.close()
    with RunStore(begun) as store, pytest.raises(StoreError, match="header"):
        store.begin(header, resume=True)


def test_a_full_journal_keeps_what_is_recorded(
    tmp_path: Path, header: RunHeader, results: Results
) -> None:
    """SQLite's own page limit gives the same error as a full disk (SQLITE_FULL)."""
    big = msgspec.structs.replace(results[1], prediction=os.urandom(1 << 20))
    with RunStore(tmp_path) as store:
        store.begin(header)
        store.append(results[0])
        store._connect().execute("PRAGMA max_page_count = 20")
        with pytest.raises(StoreError, match="disk is full") as error:
            store.append(big)
        one_sentence(error, tmp_path / JOURNAL)
        assert [r.episode for r in store.results()] == [results[0].episode]
    with RunStore(tmp_path) as store:
        assert store.begin(header, resume=True) == {results[0].episode.episode_key}
        assert store.append(big)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EDQUOT, "disk is full"),
        (errno.EROFS, "not writable"),
        (errno.EACCES, "not writable"),
        (errno.EIO, "check the disk"),
    ],
)
def test_faults_of_the_disk_are_told_in_one_sentence(number: int, words: str) -> None:
    with pytest.raises(StoreError, match=words) as error, told(Path("/run/a"), "writing"):
        raise OSError(number, os.strerror(number))
    one_sentence(error, Path("/run/a"))


@pytest.mark.parametrize("number", [errno.EEXIST, errno.EROFS, errno.EIO, errno.ENOSPC])
def test_a_sentence_keeps_the_letters_of_a_path(number: int) -> None:
    with pytest.raises(StoreError) as error, told(Path("afile"), "writing", remedy="do so"):
        raise OSError(number, os.strerror(number))
    assert "afile" in str(error.value)
    assert "--resume" not in str(error.value)


def test_the_remedy_of_a_damaged_journal_can_be_run_in_a_shell(
    begun: Path, header: RunHeader, results: Results
) -> None:
    folder = begun / "my run's"
    with RunStore(folder) as store:
        store.begin(header)
        store.append(results[0])
        store._connect().execute("DELETE FROM header")
        store._connect().commit()
    with RunStore(folder) as store, pytest.raises(StoreError) as error:
        store.begin(header, resume=True)
    line = re.search(r"python3 (-c .*), then run again with --resume\.$", str(error.value))
    assert line is not None
    shell = ["bash", "-c", f"{shlex.quote(sys.executable)} {line[1]}"]
    ran = subprocess.run(shell, capture_output=True, text=True, check=False)
    assert f"The header of {folder / JOURNAL} is not readable" in ran.stderr


@pytest.mark.parametrize("file", ["episodes.parquet", "predictions.parquet", "manifest.json"])
def test_a_disk_that_fills_up_while_sealing_loses_nothing(
    begun: Path, header: RunHeader, manifest: Manifest, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    replace = os.replace

    def full(source: Path, target: Path) -> None:
        if Path(target).name == file:
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(source, target)

    with RunStore(begun) as store:
        store.begin(header, resume=True)
        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", full)
            with pytest.raises(StoreError, match="disk is full"):
                store.seal(manifest)
        assert not is_sealed(begun)
        assert len(list(store.results())) == 6
        store.seal(manifest)
    assert len(load_run(begun).episodes) == 6


def test_a_read_only_journal_is_told(begun: Path, header: RunHeader, results: Results) -> None:
    with RunStore(begun) as store:
        store.begin(header, resume=True)
        store._connect().execute("PRAGMA query_only = ON")
        with pytest.raises(StoreError, match="not writable"):
            store.append(results[0])


@pytest.mark.parametrize("below", ["file", "file/run"])
def test_a_file_in_the_way_of_a_folder(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="a file is in the way"):
        RunStore(tmp_path / below)


def test_a_disk_without_locks_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(StoreError, match="choose a folder on a local disk"):
        RunStore(tmp_path)
