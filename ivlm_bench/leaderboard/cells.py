"""Numbers of a run as the cells of a sheet: plain values, one column each."""

from __future__ import annotations

from ivlm_bench.leaderboard.rates import Rate
from ivlm_bench.leaderboard.standings import Standing
from ivlm_bench.leaderboard.summary import Row, metric_unit


def flat_stated(row: Row) -> dict[str, object]:
    """Return which things were taken, and what was stated, as cells of a sheet."""
    line: dict[str, object] = {}
    for name, rate in row.things.items():
        line |= flat_rate(name, rate)
    if row.stated is not None:
        line["feasible_auroc"] = number_cell(row.stated.auroc)
        line["feasible_ece"] = number_cell(row.stated.ece)
    return line


def flat_standing(standing: Standing | None) -> dict[str, object]:
    """Return where a run stands as cells of a sheet."""
    if standing is None:
        return {}
    interval = standing.interval
    return {
        "place_best": standing.place.best,
        "place_worst": standing.place.worst,
        "with_best": standing.place.with_best,
        "gap": number_cell(standing.gap),
        "gap_low": number_cell(interval.low if interval else None),
        "gap_high": number_cell(interval.high if interval else None),
        "p_best": number_cell(standing.p),
        "p_best_holm": number_cell(standing.p_holm),
    }


def flat_rate(name: str, rate: Rate) -> dict[str, object]:
    """Return a rate and its interval as cells of a sheet."""
    interval = rate.interval
    return {
        name: number_cell(rate.value),
        f"{name}_low": number_cell(interval.low if interval else None),
        f"{name}_high": number_cell(interval.high if interval else None),
        f"{name}_method": interval.method if interval else "n/a",
        f"{name}_n": rate.n,
        f"{name}_clusters": rate.n_clusters,
    }


def mean_head(name: str) -> str:
    """Return what stands above the mean of a metric, with its unit."""
    unit = metric_unit(name)
    plain = unit == "1" or name.endswith(f"_{unit}")
    return f"mean_{name}" if plain else f"mean_{name}_{unit}"


def number_cell(value: float | None) -> str:
    """Return a number with six digits; an empty cell where there is none."""
    return "" if value is None else f"{value:.6g}"
