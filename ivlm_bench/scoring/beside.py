"""Which published rows may stand beside a user's own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ivlm_bench.metrics.profile import Profile
from ivlm_bench.reference import ReferenceRow, reference_rows
from ivlm_bench.reference.rows import same_word
from ivlm_bench.scoring.scored import Shown


def shown_rows(profile: Profile, split: str, setting: str | None) -> Shown:
    """Return the rows of one data set, split, setting and protocol, and a word on the others."""
    if profile.dataset is None:
        return Shown()
    rows = reference_rows(profile.dataset, split)
    if not rows:
        known = dict.fromkeys(row.split for row in reference_rows(profile.dataset))
        others = f"; of {', '.join(known)} there are some" if known else ""
        return Shown(left_out=f"No published row of {profile.dataset} {split} is known{others}.")
    fitting = [row for row in rows if _why_not(row, profile, setting) is None]
    reasons = Counter(filter(None, (_why_not(row, profile, setting) for row in rows)))
    return Shown(rows=tuple(fitting), left_out=_told(reasons, rows, setting))


def _why_not(row: ReferenceRow, profile: Profile, setting: str | None) -> str | None:
    if setting is None:
        return "no --setting was given"
    if same_word(row.setting) != same_word(setting):
        return f"another setting ({row.setting})"
    if row.protocol != profile.name:
        return f"protocol {row.protocol}"
    if not {quantity.name for quantity in profile.quantities} & set(row.values):
        return f"no number of {profile.name}"
    return None


def _told(reasons: Counter[str], rows: Sequence[ReferenceRow], setting: str | None) -> str:
    if not reasons:
        return ""
    n = sum(reasons.values())
    if setting is None:
        known = ", ".join(sorted({f"{row.setting!r}" for row in rows}))
        return (
            f"{_rows(n)} left out: no --setting was given; known: {known}. "
            f"'ivlm-bench list references {rows[0].dataset}' prints them all."
        )
    why = ", ".join(f"{count} with {reason}" for reason, count in sorted(reasons.items()))
    return f"{_rows(n)} left out: {why}."


def _rows(n: int) -> str:
    return f"{n} published row{'s' * (n != 1)}"
