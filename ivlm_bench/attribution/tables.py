"""The waterfall as tables for a terminal or a page, and as JSON."""

from __future__ import annotations

import msgspec

from ivlm_bench.attribution.shares import Shares, overall, shares_by_task
from ivlm_bench.attribution.stages import ERROR, LOOKS, PLACES, STAGES, UNREPAIRED, WRONG_PART
from ivlm_bench.attribution.waterfall import Attributed, Waterfall
from ivlm_bench.leaderboard.grid import Grid
from ivlm_bench.leaderboard.rates import Rate

#: What is put right in places that are no stage.
_OTHERWISE = {ERROR: "nothing: no answer came", UNREPAIRED: "all of it, in vain"}
#: What a look is, in words.
_LOOKS = {
    ERROR: "no answer that can be tried came",
    "declined": "the reasoner declined to act",
    "nothing to try": "the answer held nothing to execute",
    "acted": "it acted where nothing can be done",
    "reach": "the way there is blocked, or comes in at a wrong angle",
    "contact": "nothing, or another part, was touched",
    WRONG_PART: "held and stable to the end, but by another part than the asked one",
    "hold": "it slipped, toppled or slid",
    "function": "the asked joint did not move as it should",
}


def tables(found: Waterfall) -> tuple[Grid, ...]:
    """Return the waterfall, the losses of each task, and what the failures looked like."""
    return waterfall_table(found), task_table(found), looks_table(found)


def waterfall_table(found: Waterfall) -> Grid:
    """Return a row a stage: what is put right, what was lost there, success from there on."""
    whole = overall(found)
    rows = [("as it is", "nothing", "", "", whole.solved.text())]
    for place in PLACES:
        right = STAGES.get(place) or _OTHERWISE[place]
        after = whole.mended[place].text() if place in STAGES else ""
        n, lost = str(whole.n_lost[place]), whole.lost[place].text()
        rows.append((place, right, n, lost, after))
    card = found.manifest.reasoner
    return Grid(
        f"Where {card.display or card.name} loses success on {found.manifest.suite} "
        f"({found.manifest.track})",
        ("stage", "put right", "lost n", "lost %", "solved then %"),
        tuple(rows),
        notes=_notes(found, whole),
        rules=(1, len(rows) - 1),
    )


def _notes(found: Waterfall, whole: Shares) -> tuple[str, ...]:
    n_failed = whole.n - sum(one.stage is None for one in found.episodes)
    notes = [
        f"{whole.n} episodes, {n_failed} of them failed; the truth is put in stage by stage, and "
        f"each repair is tried in {found.engine}.",
        "An episode is lost in the first stage whose repair makes it succeed.",
        "Per cent: means over tasks, with 95 % intervals as on the leaderboard.",
    ]
    notes += [f"{stage} was not put right: {why}" for stage, why in found.skipped.items()]
    if found.n_diverged:
        notes.append(f"{found.n_diverged} episodes whose simulation diverged are left out.")
    return tuple(notes)


def task_table(found: Waterfall) -> Grid:
    """Return a row a task: episodes, success, and how many were lost where any was lost."""
    whole = overall(found)
    places = [place for place in PLACES if whole.n_lost[place]]
    by_task = {task.rsplit("/", 1)[-1]: shares for task, shares in shares_by_task(found).items()}
    rows = [_task_row(name, shares, places) for name, shares in (by_task | {"all": whole}).items()]
    return Grid(
        "Lost episodes of each task, by stage",
        ("task", "n", "solved %", *places),
        tuple(rows),
        notes=("Stages in which nothing was lost are left out.",),
        rules=(len(rows) - 1,),
    )


def _task_row(name: str, shares: Shares, places: list[str]) -> tuple[str, ...]:
    counts = (str(shares.n_lost[place] or "·") for place in places)
    return (name, str(shares.n), shares.solved.text(interval=False), *counts)


def looks_table(found: Waterfall) -> Grid:
    """Return a row for each look of a failure that occurs: what the judge saw, unrepaired."""
    whole = overall(found)
    n_failed = max(sum(whole.n_looks.values()), 1)
    rows = tuple(
        (look, _LOOKS[look], str(n), f"{100 * n / n_failed:.1f}")
        for look in LOOKS
        if (n := whole.n_looks[look])
    )
    return Grid(
        "What the failures looked like to the judge, as they are",
        ("look", "which is", "n", "% of failures"),
        rows or (("none", "every episode succeeded", "0", "0.0"),),
    )


def attribution_json(found: Waterfall) -> str:
    """Return shares with intervals and every episode with all that was tried, as JSON."""
    card = found.manifest.reasoner
    plain = {
        "run_id": found.manifest.run_id,
        "suite": found.manifest.suite,
        "track": found.manifest.track,
        "reasoner": {"name": card.name, "params": card.params},
        "engine": found.engine,
        "skipped": dict(found.skipped),
        "n_diverged": found.n_diverged,
        "overall": _plain_shares(overall(found)),
        "tasks": {task: _plain_shares(s) for task, s in shares_by_task(found).items()},
        "episodes": [_plain_episode(one) for one in found.episodes],
    }
    return msgspec.json.format(msgspec.json.encode(plain), indent=2).decode() + "\n"


def _plain_shares(shares: Shares) -> dict[str, object]:
    return {
        "n": shares.n,
        "solved": _plain_rate(shares.solved),
        "lost": {place: _plain_rate(rate) for place, rate in shares.lost.items()},
        "solved_once_mended": {stage: _plain_rate(rate) for stage, rate in shares.mended.items()},
        "n_lost": dict(shares.n_lost),
        "n_looked_like": dict(shares.n_looks),
    }


def _plain_rate(rate: Rate) -> dict[str, object]:
    interval = None if rate.interval is None else [rate.interval.low, rate.interval.high]
    method = None if rate.interval is None else rate.interval.method
    return {"value": rate.value, "interval": interval, "method": method, "n": rate.n}


def _plain_episode(one: Attributed) -> dict[str, object]:
    record = one.record
    return {
        "task": record.task,
        "seed": record.seed,
        "repeat": record.repeat,
        "answerable": record.answerable,
        "success": record.success,
        "code": record.code,
        "lost_in": one.stage,
        "looked_like": one.look,
        "stable_on_wrong_part": one.look == WRONG_PART,
        "tried": [{"repair": t.repair, "success": t.success, "code": t.code} for t in one.tried],
    }
