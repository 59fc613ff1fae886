"""Where findings are kept, so that a run of the same reasoner can say that it was examined."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from ivlm_bench.atomic import put_whole
from ivlm_bench.calibration.findings import Report
from ivlm_bench.errors import StoreError
from ivlm_bench.reasoners import REASONERS
from ivlm_bench.records import Calibration, ReasonerCard

#: Environment variable: the folder of the findings.
FOLDER_VARIABLE = "IVLM_BENCH_CALIBRATION"
#: What is said of a run whose reasoner has to be examined and was not.
NEVER = "its conventions were not examined with these parameters; run ivlm-bench doctor --reasoner"


def calibration_folder() -> Path | None:
    """Return ``$IVLM_BENCH_CALIBRATION``, else ``~/.cache/ivlm_bench/calibration``.

    None where there is neither.
    """
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        return Path(named)
    home = Path("~").expanduser() if os.environ.get("HOME") else None
    return None if home is None else home / ".cache" / "ivlm_bench" / "calibration"


def calibration_from(report: Report) -> Calibration:
    """Return what a run says of the findings."""
    today = datetime.now(UTC).date().isoformat()
    deviating = [f"{each.part}: {each.words}" for each in report.deviations]
    if deviating:
        return Calibration(state="deviates", words=f"{'; '.join(deviating)}; examined {today}")
    if not report.is_calibrated:
        words = f"its answers to scenes with one right answer do not tell; examined {today}"
        return Calibration(state="unknown", words=words)
    right = [each.part for each in report.findings if each.state in ("right", "note")]
    return Calibration(state="calibrated", words=f"right: {', '.join(right)}; examined {today}")


def keep(card: ReasonerCard, report: Report) -> Path | None:
    """Keep the findings about a reasoner and its parameters; return the file, None without a home.

    Raises
    ------
    StoreError
        If the folder can't be written.
    """
    folder = calibration_folder()
    if folder is None:
        return None
    path = folder / f"{card.fingerprint}.json"
    try:
        put_whole(path, msgspec.json.encode(calibration_from(report)))
    except OSError as error:
        raise StoreError(
            f"The findings can't be kept in {folder} ({error.strerror or error}); make room there, "
            f"or set {FOLDER_VARIABLE} to another folder."
        ) from None
    return path


def calibration_of(card: ReasonerCard) -> Calibration | None:
    """Return what a run of a reasoner says of its conventions.

    None for one that needs no examination. A file that can't be read counts as none.
    """
    if card.name not in REASONERS or not REASONERS.get(card.name).needs_calibration:
        return None
    never = Calibration(state="unknown", words=f"{NEVER} {card.name}")
    folder = calibration_folder()
    if folder is None:
        return never
    try:
        content = (folder / f"{card.fingerprint}.json").read_bytes()
        return msgspec.json.decode(content, type=Calibration)
    except (OSError, msgspec.DecodeError):
        return never
