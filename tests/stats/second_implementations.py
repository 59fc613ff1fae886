"""Makes second_implementations.json: other programs' answers to the questions of our tests.

python -m venv venv && venv/bin/pip install robostats==0.2.0 fieldtrial==0.3.0
venv/bin/python tests/stats/second_implementations.py > tests/stats/second_implementations.json

Neither program is a dependency; only their answers are kept.
"""

from __future__ import annotations

import importlib
import json
import platform
import random
import sys
from collections.abc import Sequence
from importlib.metadata import version

SIZES = (1, 2, 5, 10, 37, 100, 400, 2000)
ALTERNATIVES = ("two-sided", "less", "greater")
POWERS = (
    (0.05, 0.1, 100, 0.05),
    (0.1, 0.2, 80, 0.05),
    (0.025, 0.075, 339, 0.05),
    (0.04, 0.06, 662, 0.05),
    (0.3, 0.5, 40, 0.01),
    (0.02, 0.01, 60, 0.1),
)

robostats = importlib.import_module("robostats.records")
compare = importlib.import_module("robostats.compare")
kmodel = importlib.import_module("robostats.kmodel")
paired = importlib.import_module("fieldtrial.stats.paired")
power = importlib.import_module("fieldtrial.stats.power")


def records(policy: str, outcomes: Sequence[int]) -> object:
    """Return one record a scenario."""
    return robostats.RecordSet(
        [
            robostats.EpisodeRecord(
                policy_id=policy, task_id="t", success=bool(outcome), scenario_id=f"s{k:04d}"
            )
            for k, outcome in enumerate(outcomes)
        ]
    )


def tables() -> list[tuple[int, int, int]]:
    """Return counts of gained, lost and all pairs."""
    found = []
    for n in SIZES:
        some = {(0, 0), (0, 1), (1, 0), (1, min(1, n - 1)), (n // 3, n // 5), (n // 10, n // 4)}
        every = {(n, 0), (0, n), (n // 2, n - n // 2)}
        found += [(g, lost, n) for g, lost in sorted(some | every) if g + lost <= n]
    return found


def tango(n_gained: int, n_lost: int, n: int, level: float) -> dict[str, object]:
    """Return both programs' intervals of one table; concordant pairs are all right."""
    both = [1] * (n - n_gained - n_lost)
    new = records("new", [1] * n_gained + [0] * n_lost + both)
    old = records("old", [0] * n_gained + [1] * n_lost + both)
    found = compare.paired_difference(robostats.pair(new, old), confidence=level)
    return {
        "n_gained": n_gained,
        "n_lost": n_lost,
        "n": n,
        "level": level,
        "robostats": [found.lower, found.upper],
        "fieldtrial": list(paired.tango_interval(n_gained, n_lost, n, level=level)),
    }


def mcnemar(n_gained: int, n_lost: int, n: int) -> dict[str, object]:
    """Return fieldtrial's three p-values of one table."""
    p_values = {
        name: paired.mcnemar_exact(n_gained, n_lost, alternative=name).pvalue
        for name in ALTERNATIVES
    }
    return {"n_gained": n_gained, "n_lost": n_lost, "n": n, **p_values}


def ranks(rng: random.Random) -> dict[str, object]:
    """Return rank intervals of made-up methods whose outcomes share a part."""
    n_methods, n = rng.choice((2, 3, 4, 6)), rng.choice((30, 80, 150))
    base = [rng.random() for _ in range(n)]
    rates = [rng.choice((0.3, 0.45, 0.5, 0.6, 0.8)) for _ in range(n_methods)]
    outcomes = [[int(0.5 * b + 0.5 * rng.random() < rate) for b in base] for rate in rates]
    sets = [records(f"m{k}", each) for k, each in enumerate(outcomes)]
    found = kmodel.rank_intervals(robostats.align(*sets))
    return {
        "outcomes": ["".join(map(str, each)) for each in outcomes],
        "lower": list(found.lower),
        "upper": list(found.upper),
    }


def main() -> None:
    """Write all answers to stdout."""
    rng = random.Random(5)
    programs = ("robostats", "fieldtrial", "numpy", "scipy")
    made_by = {"python": platform.python_version()} | {name: version(name) for name in programs}
    content = {
        "made_by": made_by,
        "tango": [tango(*table, level) for table in tables() for level in (0.90, 0.95)],
        "mcnemar": [mcnemar(*table) for table in tables() if table[2] <= 100],
        "power": [
            {"gained": g, "lost": lost, "n": n, "alpha": alpha}
            | {"power": power.mcnemar_power(g, lost, n, alpha=alpha).power}
            for g, lost, n, alpha in POWERS
        ],
        "ranks": [ranks(rng) for _ in range(12)],
    }
    text = json.dumps(content, separators=(",", ":"))
    sys.stdout.write(text.replace("},{", "},\n{").replace('],"', '],\n"') + "\n")


if __name__ == "__main__":
    main()
