"""CSV: one line an episode, with every score and every engine's outcome."""

from __future__ import annotations

import pandas as pd

from ivlm_bench.store import Run


def export(run: Run) -> str:
    """Return the episodes' columns, then ``<engine>_code`` and ``<engine>_success``.

    Metrics are called ``m_<metric>``, stages ``stage_<name>``; what does not apply is empty.
    """
    sheet = run.episodes
    for engine in run.manifest.engines:
        rows = run.verdicts[run.verdicts["engine"] == engine]
        told = rows[["episode_key", "code", "success"]].rename(
            columns={"code": f"{engine}_code", "success": f"{engine}_success"}
        )
        sheet = pd.merge(sheet, told, on="episode_key", how="left", validate="one_to_one")
    return sheet.to_csv(index=False, lineterminator="\n")
