"""Warnings: values that can't be, or that hint at a slip, each in one sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ivlm_bench.metrics.evaluate import SampleScores
from ivlm_bench.metrics.profile import Profile, Quantity
from ivlm_bench.reference import reference_rows
from ivlm_bench.scoring.scored import Line
from ivlm_bench.scoring.sighting import Sighting

#: Slack of a bound: official codes pass it by their epsilons and in single precision.
_BOUND_RTOL = 1e-5

#: A printed error that is this many times too large is the usual slip (a table in tenths).
_SCALE = 10.0

#: How far a plausible error may lie outside the range of published ones.
_RANGE_SLACK = 2.0

#: Precision and recall this far apart say which way a prediction errs ...
_CLEAR_GAP = 0.1
#: ... and a geodesic error this many times the other says so too.
_CLEAR_RATIO = 2.0

#: Errors that some tables print tenfold, by data set (PIAD: InteractVLM, CVPR 2025, Table 3).
_TENFOLD = {"piad": ("mae",)}

#: Controls that know nothing of the item but its shape or size.
_TRIVIAL = ("constant", "centre", "empty", "random")


def suspicions(
    profile: Profile,
    lines: Sequence[Line],
    samples: Sequence[SampleScores],
    *,
    sighting: Sighting,
) -> tuple[str, ...]:
    """Return every warning on the numbers of a set and what they were made of."""
    found = [*_of_answers(sighting)]
    for line in lines:
        found += _out_of_bounds(line, samples)
        found += _tenfold(line, profile.dataset)
    return (*found, *_swapped(lines), *_beaten(lines))


def _of_answers(seen: Sighting) -> Iterator[str]:
    if seen.n and seen.n_empty == seen.n:
        every = "The only truth marks" if seen.n == 1 else f"All {seen.n} truths mark"
        yield f"{every} nothing; is this the right folder of truths?"
    elif seen.n_empty:
        yield f"{seen.n_empty} of {seen.n} truths mark nothing; they follow the protocol's rule."
    if seen.n > 1 and seen.all_same:
        yield f"All {seen.n} predictions are identical; was one answer saved under every name?"
    if seen.n_constant:
        every = "Every prediction is" if seen.n_constant == seen.n else "Some predictions are"
        yield f"{every} one number all over ({seen.n_constant} of {seen.n}); nothing is marked."


def _out_of_bounds(line: Line, samples: Sequence[SampleScores]) -> Iterator[str]:
    quantity = line.quantity
    if line.value is not None and _outside(quantity, line.value):
        yield (
            f"{quantity.name} is {line.value:.4g}, outside its bounds {_bounds(quantity)}: "
            "this is impossible of a right implementation and must not be compared."
        )
        return
    wrong = [s.id for s in samples if _outside(quantity, s.scores.get(quantity.name))]
    if wrong:
        yield (
            f"{quantity.name} is outside its bounds {_bounds(quantity)} in {len(wrong)} "
            f"sample{'s' * (len(wrong) != 1)}, {wrong[0]} the first."
        )


def _outside(quantity: Quantity, value: float | None) -> bool:
    if value is None:
        return False
    slack = _BOUND_RTOL * max(1.0, abs(quantity.high or 1.0))
    too_low = quantity.low is not None and value < quantity.low - slack
    return too_low or (quantity.high is not None and value > quantity.high + slack)


def _bounds(quantity: Quantity) -> str:
    low = "-inf" if quantity.low is None else f"{quantity.low:g}"
    high = "inf" if quantity.high is None else f"{quantity.high:g}"
    return f"[{low}, {high}]"


def _tenfold(line: Line, dataset: str | None) -> Iterator[str]:
    name, value = line.quantity.name, line.value
    if dataset is None or name not in _TENFOLD.get(dataset, ()) or value is None:
        return
    known = [row.values[name] for row in reference_rows(dataset) if name in row.values]
    low, high = min(known) / _RANGE_SLACK, max(known) * _RANGE_SLACK
    if value > high and low <= value / _SCALE <= high:
        yield (
            f"{name} is {value:.4g}, and a tenth of it, {value / _SCALE:.4g}, would be ordinary "
            f"({min(known):.3g} to {max(known):.3g}): are the predictions scaled by ten? Some "
            f"tables print {name} x 10; this one does not."
        )


def _swapped(lines: Sequence[Line]) -> Iterator[str]:
    """Compare which way precision and recall, and both geodesic errors, say a prediction errs."""
    values = {line.quantity.name: line.value for line in lines}
    named = [values.get(name) for name in ("precision", "recall", "fp_geo", "fn_geo")]
    precision, recall, fp_geo, fn_geo = named
    if precision is None or recall is None or fp_geo is None or fn_geo is None:
        return
    too_much = recall - precision > _CLEAR_GAP and fn_geo > _CLEAR_RATIO * fp_geo
    too_little = precision - recall > _CLEAR_GAP and fp_geo > _CLEAR_RATIO * fn_geo
    if too_much or too_little:
        yield (
            f"fp_geo {fp_geo:.4g} and fn_geo {fn_geo:.4g} look exchanged: precision "
            f"{precision:.3f} and recall {recall:.3f} say the opposite; are predictions and truths "
            "exchanged?"
        )


def _beaten(lines: Sequence[Line]) -> Iterator[str]:
    """Name the numbers in which an answer that knows nothing is as good or better.

    A number that such an answer brings to its bound, or to the truth's own, tells nothing by
    itself, as recall where everything is predicted, and is left out.
    """
    for line in lines:
        if line.value is None:
            continue
        for control in _TRIVIAL:
            other = line.controls.get(control)
            if other is None or _tells_nothing(line, other):
                continue
            if _signed(line.quantity, line.value) <= _signed(line.quantity, other):
                yield (
                    f"{line.quantity.name} {line.value:.4g} is no better than the {control} "
                    f"answer's {other:.4g}."
                )
                break


def _tells_nothing(line: Line, other: float) -> bool:
    bound = line.quantity.high if line.quantity.higher_is_better else line.quantity.low
    best = [value for value in (bound, line.controls.get("oracle")) if value is not None]
    return any(_signed(line.quantity, other) >= _signed(line.quantity, value) for value in best)


def _signed(quantity: Quantity, value: float) -> float:
    return value if quantity.higher_is_better else -value
