"""``ivlm-bench export``: a run in the forms that other tools read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from tyro.conf import Positional, arg

from ivlm_bench.cli.parse import parse
from ivlm_bench.errors import StoreError
from ivlm_bench.exports import FORMS, export
from ivlm_bench.store import load_run

_FORMS = ", ".join(f"{name} ({form.reader})" for name, form in FORMS.items())


class ExportFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Print a finished run as CSV, JUnit XML, LeRobot's eval_info.json or Every-Eval-Ever JSON."""

    run: Annotated[Positional[str], arg(metavar="RUN")]
    """Folder of a finished run."""
    form: Annotated[str, arg(aliases=["-f"], metavar="FORM", help=f"One of: {_FORMS}.")] = "csv"
    out: Annotated[str | None, arg(aliases=["-o"], metavar="FILE")] = None
    """File to write; printed if left out."""


def command(argv: Sequence[str]) -> int:
    """Print the run in the asked form, or write it and print the file's name."""
    flags = parse(ExportFlags, "export", argv)
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
