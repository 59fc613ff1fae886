"""Whole runs by the command line, against a server on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pyarrow import parquet

from ivlm_bench.codec import decode
from ivlm_bench.testing.chat_server import TalkingServer, failure, said, talking

pytest.importorskip("openai")

SECRET = "sk-secret-0123456789abcdef"
BENCH = (sys.executable, "-m", "ivlm_bench.cli.main")
HERE = '[{"point": [112, 112]}]'


def run(
    server: TalkingServer | str, home: Path, out: str, *more: str
) -> subprocess.CompletedProcess[str]:
    """Run one question; the key lies in the environment, as a person would put it there."""
    url = server if isinstance(server, str) else server.url
    model = ["-P", f"base_url={url}", "-P", "model=llava", "-P", "key_env=LAB_KEY"]
    small = ["--tasks", "GraspAny", "--limit", "1", "--n-perturbed", "0", "--engine", "mujoco"]
    small += ["--workers", "1", "--track", "rgb", "--size", "96", "--no-page", "--out", out]
    kept = {"LAB_KEY": SECRET, "OMP_NUM_THREADS": "1", "HOME": str(home)}
    kept |= {name: str(home / name) for name in ("IVLM_BENCH_VLM_CACHE", "IVLM_BENCH_CACHE")}
    return subprocess.run(
        [*BENCH, "run", "--reasoner", "vlm", *model, *small, *more],
        cwd=home,
        env=os.environ | kept,
        capture_output=True,
        text=True,
        check=False,
    )


def manifest(folder: Path) -> dict[str, object]:
    return dict(json.loads((folder / "manifest.json").read_text()))


def texts(folder: Path) -> dict[str, str]:
    """Return all that lies in a folder, unpacked, by file."""
    return {str(p.relative_to(folder)): unpacked(p) for p in folder.rglob("*") if p.is_file()}


def unpacked(path: Path) -> str:
    if path.suffix != ".parquet":
        return path.read_bytes().decode("utf-8", "replace")
    rows = parquet.read_table(path).to_pylist()
    blobs = [row["prediction"] for row in rows if row.get("prediction")]
    captions = [each.caption for blob in blobs for each in decode(blob).evidence]
    return str(rows) + str(captions)


def test_a_run_keeps_no_key_though_the_server_echoes_it_and_a_second_one_is_free(
    tmp_path: Path,
) -> None:
    with talking(said(f"{HERE} Bearer {SECRET}")) as server:
        url = server.url
        first = run(server, tmp_path, "first")
        assert first.returncode == 0, first.stderr
        assert server.headers[0]["authorization"] == f"Bearer {SECRET}"
        assert len(server.asked) == 1
    again = run(url, tmp_path, "again")  # the server is gone
    assert again.returncode == 0, again.stderr
    digests = [manifest(tmp_path / name)["bit_digest"] for name in ("first", "again")]
    assert digests[0] == digests[1]
    with talking(failure(401, f"wrong key {SECRET}")) as server:
        wrong = run(server, tmp_path, "wrong", "-P", "max_tokens=9")
    assert wrong.returncode == 5
    assert "-P key_env=NAME" in wrong.stderr
    assert "Traceback" not in wrong.stderr
    told = "".join(done.stdout + done.stderr for done in (first, again, wrong))
    assert SECRET not in told
    searched = texts(tmp_path)
    assert [name for name, text in searched.items() if SECRET in text] == []
    # The search sees what a run keeps of an answer and of an error.
    assert "[key]" in searched["first/predictions.parquet"]
    assert "key_env=NAME" in searched["wrong/episodes.parquet"]
    assert any(name.startswith("IVLM_BENCH_VLM_CACHE/") for name in searched)


def test_an_isolated_process_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with talking(HERE) as server:
        done = run(server, tmp_path, "alone", "--isolate")
        assert server.asked == []
    assert done.returncode == 2, done.stderr
    assert "an isolated process has no network; leave --isolate out." in done.stderr
    assert "Traceback" not in done.stderr
