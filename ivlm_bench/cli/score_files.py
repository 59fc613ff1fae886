"""``ivlm-bench score-files``: predictions on disk, scored as an official code does."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from tyro.conf import Positional, UseAppendAction, arg

from ivlm_bench.cli.parse import parameters, parse
from ivlm_bench.errors import StoreError

#: Endings of a parameter's value that is an array in a file.
_ARRAY_FILES = (".npy", ".npz")


class ScoreFilesFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Score predictions on disk as the official code of a public data set does."""

    profile: Annotated[Positional[str], arg(metavar="PROFILE")]
    """Protocol, such as agd20k:locate; 'ivlm-bench list profiles' names them."""
    predictions: Annotated[Positional[str], arg(metavar="PREDICTIONS")]
    """Folder with one file an item (npy, npz, png, json, txt), or one json, jsonl or npz file of
    all."""
    data: Annotated[Positional[str], arg(metavar="DATA")]
    """Folder of the data set as its owner gives it, or of your own truths where the profile has no
    data set."""
    split: Annotated[str | None, arg(metavar="NAME")] = None
    """Split of the data set; the usual one if left out."""
    param: Annotated[
        UseAppendAction[tuple[str, ...]], arg(aliases=["-P"], metavar="KEY=VALUE")
    ] = ()
    """Parameter of the profile, instead of the official pipeline's; a .npy file is read."""
    format: Literal["table", "markdown", "csv", "latex", "json"] = "table"
    """What is printed."""
    out: Annotated[str | None, arg(aliases=["-o"], metavar="FILE")] = None
    """File to write instead of printing."""
    setting: Annotated[str | None, arg(metavar="TEXT")] = None
    """What the method had to learn from, such as 'weakly supervised': published rows of this
    setting and protocol are shown beside."""
    samples: Annotated[str | None, arg(metavar="FILE")] = None
    """CSV file to write the numbers of every item to."""
    no_controls: bool = False
    """Leave out the truth as prediction and the trivial answers, which take most of the time."""


def command(argv: Sequence[str]) -> int:
    """Print the table; 0 if every item was scored, 5 if some could not be."""
    flags = parse(ScoreFilesFlags, "score-files", argv)
    # Only now, so that --help and a mistyped flag need not wait for the imports.
    from ivlm_bench.cli.progress import counting
    from ivlm_bench.scoring import score_files
    from ivlm_bench.scoring.output import FORMATS, samples_csv, silent_complaints

    with counting("items", None) as heard:
        scored = score_files(
            flags.profile,
            flags.predictions,
            flags.data,
            split=flags.split,
            params=values(flags.param),
            setting=flags.setting,
            controls=not flags.no_controls,
            heard=heard,
        )
    text = FORMATS[flags.format](scored)
    if flags.samples is not None:
        _write(flags.samples, samples_csv(scored))
    if flags.out is None:
        print(text, end="")
    else:
        _write(flags.out, text)
        print(flags.out)
    for line in silent_complaints(scored, flags.format):
        print(f"ivlm-bench: {line}", file=sys.stderr)
    return scored.exit_code


def values(texts: Sequence[str]) -> dict[str, Any]:
    """Return parameters by name: JSON values, arrays of ``.npy`` files, else words.

    Raises
    ------
    ConfigError
        If one is not written as KEY=VALUE.
    InvalidAnswerError
        If an array can't be read.
    """
    return {name: _value(text) for name, text in parameters(texts).items()}


def _value(text: str) -> Any:
    if text.lower().endswith(_ARRAY_FILES):
        from ivlm_bench.scoring.decode import decode_file

        return decode_file(Path(text), "values")
    try:
        return json.loads(text)
    except ValueError:
        return text


def _write(name: str, text: str) -> None:
    try:
        Path(name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(f"The file {name} can't be written: {error.strerror}.") from None
