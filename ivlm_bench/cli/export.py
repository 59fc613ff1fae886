"""``ivlm-bench export``: a run, or a folder of observations, in the forms that others read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from tyro.conf import Positional, arg

from ivlm_bench.calibration.probes import all_probes
from ivlm_bench.cli.parse import parse
from ivlm_bench.errors import ConfigError, StoreError, UnknownNameError, did_you_mean
from ivlm_bench.exports import FORMS, export
from ivlm_bench.exports.observed import (
    OBSERVED_FORMS,
    export_observations,
    export_questions,
)
from ivlm_bench.harness.observations import load_observations
from ivlm_bench.store import load_run

#: Stands for the questions of 'ivlm-bench doctor --reasoner' in place of a folder.
CALIBRATION = "calibration"

_OF_RUNS = ", ".join(f"{name} ({form.reader})" for name, form in FORMS.items())
_OF_QUESTIONS = ", ".join(f"{name} ({form.reader})" for name, form in OBSERVED_FORMS.items())


class ExportFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Print a finished run for other tools, or write its questions for other methods."""

    run: Annotated[Positional[str], arg(metavar="RUN|OBSERVATIONS")]
    """Folder of a finished run, or of observations that 'ivlm-bench render' made; the word
    calibration for the questions of 'ivlm-bench doctor --reasoner'."""
    form: Annotated[
        str,
        arg(
            aliases=["-f"],
            metavar="FORM",
            help=f"Of a run: {_OF_RUNS}. Of observations: {_OF_QUESTIONS}.",
        ),
    ] = "csv"
    out: Annotated[str | None, arg(aliases=["-o"], metavar="FILE|FOLDER")] = None
    """File to write, printed if left out; for observations the folder, which is needed."""


def command(argv: Sequence[str]) -> int:
    """Print the run in the asked form, or write it and print the file's name."""
    flags = parse(ExportFlags, "export", argv)
    if flags.form in OBSERVED_FORMS:
        return _questions(flags)
    if flags.form not in FORMS:
        hint = did_you_mean(flags.form, [*FORMS, *OBSERVED_FORMS])
        raise UnknownNameError(f"No export form is called {flags.form!r}.{hint}")
    text = export(load_run(flags.run), flags.form)
    if flags.out is None:
        print(text, end="")
        return 0
    path = Path(flags.out)
    if path.is_dir():
        path = path / FORMS[flags.form].file_name
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(f"The file {path} can't be written: {error.strerror}.") from None
    print(path)
    return 0


def _questions(flags: ExportFlags) -> int:
    if flags.out is None:
        raise ConfigError(f"The form {flags.form!r} is many files; name their folder with --out.")
    out = Path(flags.out)
    if flags.run == CALIBRATION and not Path(flags.run).exists():
        asked = ((CALIBRATION, probe.observation) for probe in all_probes())
        n = export_questions(asked, flags.form, out)
    else:
        n = export_observations(load_observations(flags.run), flags.form, out)
    print(f"{n} questions  {flags.out}")
    return 0
