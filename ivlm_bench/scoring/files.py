"""``score_files``: from a folder of predictions and a data set to a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypedDict, Unpack

from ivlm_bench.datasets import DATASETS
from ivlm_bench.datasets.spec import DataItem
from ivlm_bench.errors import AssetError, ConfigError, InvalidAnswerError, did_you_mean
from ivlm_bench.metrics.evaluate import checked, told
from ivlm_bench.metrics.intervals import interval_of
from ivlm_bench.metrics.profile import PROFILES, Form, Profile
from ivlm_bench.scoring.beside import shown_rows
from ivlm_bench.scoring.measure import Asked, Gathered, Heard, gather, of_set, silent
from ivlm_bench.scoring.one_file import open_predictions
from ivlm_bench.scoring.predictions import Prediction, Predictions
from ivlm_bench.scoring.scored import Line, Scored
from ivlm_bench.scoring.suspicions import suspicions

#: What the truths of a profile without a data set are, where not the same as its predictions.
TRUTH_FORMS: Mapping[Form, Form] = {"views": "values"}


class Options(TypedDict, total=False):
    """What ``score_files`` may be given by name."""

    split: str | None
    params: Mapping[str, Any]
    setting: str | None
    controls: bool


def score_files(
    profile: str | Profile,
    predictions: Path | str,
    data: Path | str,
    *,
    heard: Heard = silent,
    **options: Unpack[Options],
) -> Scored:
    """Score predictions on disk against a data set on disk, one item at a time.

    Parameters
    ----------
    profile
        Name of a profile (``ivlm-bench list profiles``), or one of your own.
    predictions
        Folder with one file an item, or one file of all; docs/score_files.md tells the forms.
    data
        Folder of the data set as its owner gives it; for a profile without a data set a folder or
        file of truths in the forms of predictions.
    heard
        Called after each item.
    split
        Split of the data set; the usual one if None.
    params
        Parameters of the profile over those of the official pipeline.
    setting
        What the method had to learn from ("weakly supervised"): published rows of this setting
        and the same protocol are shown beside.
    controls
        Whether the truth as prediction and the trivial answers are scored beside (True).

    Returns
    -------
    Scored
        Numbers with intervals and controls, errors, warnings.

    Raises
    ------
    UnknownNameError, ConfigError
        If there is no such profile, split or parameter, or no prediction fits any item.
    AssetError
        If the data set's files are missing.
    InvalidAnswerError
        If the one file of all predictions can't be read.
    """
    chosen = PROFILES.get(profile) if isinstance(profile, str) else profile
    known = checked(chosen, {**chosen.official, **options.get("params", {})})
    items, split = _items(chosen, Path(data), options.get("split"))
    asked = Asked(chosen, known, tuple(chosen.controls) if options.get("controls", True) else ())
    with closing(open_predictions(Path(predictions), chosen.form)) as found:
        gathered = gather(asked, found, items, heard=heard)
        _check_matched(gathered, found)
    scored = _scored(asked, gathered, found.problems, split=split, setting=options.get("setting"))
    return replace(scored, remarks=_remarks(chosen, Path(data), split))


def _items(profile: Profile, data: Path, split: str | None) -> tuple[Iterable[DataItem], str]:
    if profile.dataset is not None:
        dataset = DATASETS.get(profile.dataset)
        name = dataset.splits[0] if split is None else split
        return dataset.read(data, name), name
    if split is not None:
        raise ConfigError(f"{profile.name} has no data set, so no split {split!r}; leave it out.")
    return _truths(open_predictions(data, TRUTH_FORMS.get(profile.form, profile.form))), ""


def _remarks(profile: Profile, data: Path, split: str) -> tuple[str, ...]:
    return () if profile.dataset is None else DATASETS.get(profile.dataset).remarks(data, split)


def _truths(truths: Predictions) -> Iterator[DataItem]:
    """Yield one item for each truth that lies in a folder of the user's own."""
    with closing(truths):
        for name, truth in truths.by_id.items():
            yield DataItem(id=name, truth=partial(_truth, truth))


def _truth(truth: Prediction) -> Any:
    try:
        return truth.read()
    except InvalidAnswerError as error:
        raise AssetError(f"Truth: {error}") from None


def _check_matched(gathered: Gathered, predictions: Predictions) -> None:
    if gathered.n_items == 0:
        raise ConfigError("The split has no item; is this the whole data set?")
    if gathered.n_matched:
        return
    first = gathered.first_items[0]
    hint = did_you_mean(first, list(predictions.by_id)[:1000])
    raise ConfigError(
        f"None of the {len(predictions.by_id)} predictions in {predictions.path} has the id of one "
        f"of the {gathered.n_items} items; name files after ids such as {first!r}."
        + (hint if "mean" in hint else f" The first is {next(iter(predictions.by_id))!r}.")
    )


def _scored(
    asked: Asked,
    gathered: Gathered,
    problems: tuple[str, ...],
    *,
    split: str,
    setting: str | None,
) -> Scored:
    lines = _lines(asked, gathered)
    warnings = suspicions(asked.profile, lines, gathered.samples, sighting=gathered.sighting)
    n_left_out = len(gathered.faults) + len(gathered.missing)
    if n_left_out:
        warnings += (
            f"The numbers are of {gathered.n_scored} of {gathered.n_items} items; those of a part "
            "of a split compare with no published ones.",
        )
    return Scored(
        profile=asked.profile,
        split=split,
        params=asked.params,
        setting=setting,
        lines=lines,
        samples=tuple(gathered.samples),
        groups=gathered.groups,
        n_items=gathered.n_items,
        faults=tuple(gathered.faults),
        missing=tuple(gathered.missing),
        filled=tuple(gathered.filled),
        foreign=tuple(gathered.foreign),
        problems=problems,
        warnings=warnings,
        references=shown_rows(asked.profile, split, setting),
    )


def _lines(asked: Asked, gathered: Gathered) -> tuple[Line, ...]:
    profile = asked.profile
    values, reasons = told(of_set(profile, gathered.own))
    beside = {name: told(of_set(profile, m))[0] for name, m in gathered.controls.items()}
    lines = []
    for quantity in profile.quantities:
        name = quantity.name
        interval, why = interval_of(quantity, values[name], gathered.samples, gathered.groups)
        n_each = sum(sample.scores.get(name) is not None for sample in gathered.samples)
        line = Line(
            quantity=quantity,
            value=values[name],
            reason=reasons.get(name, ""),
            interval=interval,
            no_interval=why,
            n=n_each if quantity.each else len(gathered.own),
            controls={control: numbers[name] for control, numbers in beside.items()},
        )
        lines.append(line)
    return tuple(lines)
