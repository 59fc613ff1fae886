"""``eval_info.json`` as lerobot-eval (lerobot 0.4) writes it.

Keys ``per_task``, ``per_group``, ``overall``; an episode's reward is 1.0 for success, else 0.0.
We add ``pc_success_ci95`` to each aggregate, null where an interval would have no meaning.
"""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from ivlm_bench.leaderboard.rates import Rate
from ivlm_bench.leaderboard.summary import summarise
from ivlm_bench.store import Run


def export(run: Run) -> str:
    """Return successes of each task, the group (our suite), and all of it."""
    summary = summarise(run)
    episodes = run.episodes
    intervals = {row.task: row.rates["strict"] for row in summary.tasks}
    per_task = [
        {
            "task_group": run.manifest.suite,
            "task_id": number,
            "task": str(task),
            "metrics": _metrics(rows),
            "pc_success_ci95": _interval(intervals[str(task)]),
        }
        for number, (task, rows) in enumerate(episodes.groupby("task", sort=True))
    ]
    whole = _aggregate(episodes, summary.macro.rates["strict"])
    seconds = float(episodes[["latency_ms", "render_ms", "simulate_ms"]].sum().sum()) / 1e3
    timing = {"eval_s": seconds, "eval_ep_s": seconds / max(len(episodes), 1)}
    plain = {
        "per_task": per_task,
        "per_group": {run.manifest.suite: whole},
        "overall": {**whole, **timing},
    }
    return json.dumps(plain, indent=2, allow_nan=False) + "\n"


def _metrics(rows: pd.DataFrame) -> dict[str, Any]:
    rewards = [float(success) for success in rows["success"]]
    return {
        "sum_rewards": rewards,
        "max_rewards": rewards,
        "successes": [bool(success) for success in rows["success"]],
        "video_paths": [],
    }


def _aggregate(rows: pd.DataFrame, macro: Rate) -> dict[str, Any]:
    """Return means over episodes, as lerobot takes them; the interval is of our macro rate."""
    mean = float(rows["success"].mean())
    return {
        "avg_sum_reward": mean,
        "avg_max_reward": mean,
        "pc_success": 100.0 * mean,
        "pc_success_macro": None if macro.value is None else 100.0 * macro.value,
        "pc_success_ci95": _interval(macro),
        "n_episodes": len(rows),
        "n_success": int(rows["success"].sum()),
        "video_paths": [],
    }


def _interval(rate: Rate) -> list[float] | None:
    if rate.interval is None:
        return None
    return [100.0 * rate.interval.low, 100.0 * rate.interval.high]
