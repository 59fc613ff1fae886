"""Write docs/data/ from a run that both engines judged in full, and from a certificate.

ivlm-bench run --suite core-v0 --reasoner oracle --cross-check-share 1 --out runs/oracle
python docs/measure.py runs/oracle
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from ivlm_bench.leaderboard import summarise
from ivlm_bench.leaderboard.rates import Rate
from ivlm_bench.leaderboard.summary import Row
from ivlm_bench.store import load_run

OUT = Path(__file__).resolve().parent / "data" / "engine_rates.json"


def main(folder: str) -> None:
    """Write one entry a task: each engine's rate, their agreement, and whether they differ."""
    run = load_run(folder)
    manifest = run.manifest
    told = (
        f"ivlm-bench run --suite {manifest.suite} --reasoner {manifest.reasoner.name} "
        f"--cross-check-share {manifest.cross_check_share:g}"
    )
    tasks = {row.task: _entry(row) for row in summarise(run).tasks}
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({"command": told, "tasks": tasks}, indent=2) + "\n", encoding="utf-8")
    print(f"{OUT}: {len(tasks)} tasks, {sum(t['fragile'] for t in tasks.values())} engine-fragile")


def _entry(row: Row) -> dict[str, Any]:
    rates = list(row.engines.values())
    return {
        "n": row.n_answerable,
        "agree": row.agreement.value,
        "fragile": any(_outside(a, b) for a in rates for b in rates),
        "success": {name: rate.value for name, rate in row.engines.items()},
    }


def _outside(a: Rate, b: Rate) -> bool:
    """Whether ``a`` lies outside of the interval of ``b``."""
    if a.value is None or b.interval is None:
        return False
    return not b.interval.low <= a.value <= b.interval.high


if __name__ == "__main__":
    main(sys.argv[1])
