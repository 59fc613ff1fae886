"""What a measurement of speed leaves: ratios by stage, and on what machine."""

from __future__ import annotations

from pathlib import Path

import msgspec

from ivlm_bench.errors import StoreError
from ivlm_bench.store.faults import told
from ivlm_bench.store.seal import write_whole

#: Version of the file.
SCHEMA_VERSION = 1


class StageTiming(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One stage: CPU time of a pass over all questions over that of the reference beside it.

    ``ratios``: one a repeat, each the median of its rounds. ``reference``: which fixed work.
    """

    reference: str
    ratios: tuple[float, ...]


class SpeedReport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One measurement of speed; ``workload`` tells what was done, and must agree to compare."""

    schema_version: int
    created_at: str
    tool_version: str
    workload: dict[str, str]
    machine: dict[str, str]
    packages: dict[str, str]
    stages: dict[str, StageTiming]


def write_report(report: SpeedReport, path: Path) -> Path:
    """Write a report as JSON and return its path; ``StoreError`` if that can't be done."""
    with told(path, "writing"):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")
    return path


def read_json(path: Path) -> dict[str, object]:
    """Return the JSON object of a file; ``StoreError`` if it can't be read or is none."""
    with told(path, "reading"):
        content = path.read_bytes()
    try:
        return msgspec.json.decode(content, type=dict[str, object])
    except msgspec.DecodeError as error:
        raise StoreError(f"{path} is no measurement of speed ({error}); measure again.") from None
