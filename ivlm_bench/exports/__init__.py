"""A sealed run in the forms that other tools read; every form is text made from the records."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass

from ivlm_bench.errors import ConfigError, UnknownNameError, did_you_mean
from ivlm_bench.store import Run


@dataclass(frozen=True, slots=True)
class ExportForm:
    """A form: the module whose ``export`` makes it, its usual file name, what reads it."""

    module: str
    file_name: str
    reader: str


#: Forms by name.
FORMS: dict[str, ExportForm] = {
    "csv": ExportForm("sheet", "episodes.csv", "one line an episode, for spreadsheets and pandas"),
    "junit": ExportForm("junit", "junit.xml", "one test case an episode, for CI servers"),
    "lerobot": ExportForm("lerobot", "eval_info.json", "what lerobot-eval writes"),
    "every-eval-ever": ExportForm(
        "every_eval_ever", "every_eval_ever.json", "the shared schema of the EvalEval Coalition"
    ),
}


def export(run: Run, form: str) -> str:
    """Return ``run`` as text in the form called ``form``.

    Raises
    ------
    UnknownNameError
        If there is no such form; the message lists near names.
    """
    if form not in FORMS:
        raise UnknownNameError(
            f"No export form is called {form!r}.{did_you_mean(form, list(FORMS))}"
        )
    if run.manifest.data is not None and form != "csv":
        raise ConfigError(
            f"{run.folder} is a run on a public data set, where nothing succeeds or fails, which "
            f"the form {form!r} is about; export it as csv."
        )
    module = importlib.import_module(f"ivlm_bench.exports.{FORMS[form].module}")
    write: Callable[[Run], str] = module.export
    return write(run)
