"""Files and folders that results go to: refused before minutes are spent, written whole."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ivlm_bench.errors import ConfigError
from ivlm_bench.store.faults import told
from ivlm_bench.store.seal import write_whole


def check_place(out: Path) -> None:
    """Refuse a file that can't be written; ``ConfigError`` of a folder, ``StoreError`` else."""
    if out.is_dir():
        raise ConfigError(f"--out names the folder {out}; name a file.")
    with told(out, "writing"):
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out.parent):
            pass


def check_folder(out: Path) -> None:
    """Make a folder, and refuse one that can't be written with a ``StoreError``."""
    with told(out, "writing"):
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass


def hand_over(text: str, out: str | None) -> None:
    """Print a report, or write it to a file and print its path."""
    if out is None:
        print(text, end="" if text.endswith("\n") else "\n")
        return
    with told(Path(out), "writing"):
        write_whole(Path(out), text.encode() + b"\n" * (not text.endswith("\n")))
    print(f"written  {out}")
