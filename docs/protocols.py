"""The text of the generated pages of metric profiles and data sets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ivlm_bench.datasets import DataSet
from ivlm_bench.metrics.profile import PROFILES, Param, Profile, Quantity
from ivlm_bench.reference import reference_rows
from ivlm_bench.scoring.decode import SUFFIXES

_MARK = "<!-- Made by docs/generate.py; change the code it describes, not this page. -->"


def page_name(profile: str) -> str:
    """Return the name of a profile's page: a colon is no part of a file's name everywhere."""
    return profile.replace(":", "-")


def named(index: str) -> str:
    """Return the index of profiles with their names instead of those of their pages."""
    for name in PROFILES.names():
        index = index.replace(f"[{page_name(name)}](", f"[{name}](")
    return index


def profile_page(profile: Profile) -> str:
    """Return the page of a metric profile."""
    dataset = profile.dataset
    linked = f"[{dataset}](../datasets/{dataset}.md)" if dataset else "none"
    files = ", ".join(f"`{suffix}`" for suffix in SUFFIXES[profile.form])
    data = f"{dataset.upper()}_FOLDER" if dataset else "TRUTHS"
    parts = [
        f"# {profile.name}",
        f"**{profile.title}**",
        f"* Source: {profile.source}.\n"
        f"* Data set: {linked}.\n"
        f"* A prediction is {profile.prediction}.\n"
        f"* A truth is {profile.truth}.\n"
        f"* Files of predictions: {files} ([forms](../score_files.md)).",
        "## Numbers",
        _table(
            ("name", "unit", "bounds", "better", "of a sample", "where nothing is true"),
            [_quantity_row(quantity) for quantity in profile.quantities],
        ),
        *_params(profile),
        *_quirks(profile),
        *_published(profile),
        "## Score files",
        f"```sh\nivlm-bench score-files {profile.name} PREDICTIONS {data}\n```",
    ]
    return _page(parts)


def dataset_page(dataset: DataSet) -> str:
    """Return the page of a data set."""
    linked = [
        (f"[{name}](../profiles/{page_name(name)}.md)", PROFILES.get(name).title)
        for name in dataset.profiles
        if name in PROFILES
    ]
    first = dataset.profiles[0]
    parts = [
        f"# {dataset.name}",
        f"**{dataset.title}**",
        f"* From its owner: {dataset.where}.\n"
        f"* Licence: {dataset.licence}.\n"
        f"* Splits: {', '.join(f'`{split}`' for split in dataset.splits)}; the first one is taken "
        f"if none is named.\n* Published rows that are known: {_known(dataset.name)}.",
        "## Layout",
        "\n".join(f"* {_code(line)}" for line in dataset.layout),
        "## Protocols",
        _table(("profile", "what it is"), linked),
        "## Try it on a miniature",
        "```sh\n"
        f"python -m ivlm_bench.testing.miniatures {dataset.name} miniature\n"
        f"ivlm-bench score-files {first} PREDICTIONS miniature\n```",
    ]
    return _page(parts)


def _known(dataset: str) -> str:
    n = len(reference_rows(dataset))
    return f"{n} (`ivlm-bench list references {dataset}`)" if n else "none"


def _quantity_row(quantity: Quantity) -> tuple[str, ...]:
    low = "unbounded" if quantity.low is None else f"{quantity.low:g}"
    high = "unbounded" if quantity.high is None else f"{quantity.high:g}"
    return (
        f"`{quantity.name}`",
        "none" if quantity.unit == "1" else quantity.unit,
        f"{low} to {high}",
        "higher" if quantity.higher_is_better else "lower",
        "yes" if quantity.each else "no, of the set only",
        quantity.empty_truth + (f" ({quantity.source})" if quantity.source else ""),
    )


def _params(profile: Profile) -> list[str]:
    if not profile.params:
        return []
    rows = [_param_row(profile, param) for param in profile.params]
    return ["## Parameters", _table(("name", "if left out", "score-files", "meaning"), rows)]


def _param_row(profile: Profile, param: Param) -> tuple[str, ...]:
    official = profile.official.get(param.name, param.default)
    return (f"`{param.name}`", f"`{param.default}`", f"`{official}`", param.meaning)


def _quirks(profile: Profile) -> list[str]:
    if not profile.quirks:
        return []
    return ["## To read the numbers", "\n".join(f"* {quirk}" for quirk in profile.quirks)]


def _published(profile: Profile) -> list[str]:
    rows = [row for row in reference_rows(protocol=profile.name) if row.dataset == profile.dataset]
    if not rows:
        return []
    table = [(row.method, row.split, row.setting, _values(row.values), row.status) for row in rows]
    return [
        "## Published rows of this protocol",
        "Sources and notes: [Reference rows](../reference_rows.md).",
        _table(("method", "split", "setting", "numbers", "status"), table),
    ]


def _values(values: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in values.items())


def _code(line: str) -> str:
    """Return a line of a layout with what Markdown would obey as code."""
    return f"`{line}`" if any(mark in line for mark in "{}<>_*") else line


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines
    )


def _page(blocks: Iterable[str]) -> str:
    return "\n\n".join([_MARK, *blocks]) + "\n"
