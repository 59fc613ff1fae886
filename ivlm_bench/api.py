"""The Python face: what the command line does, as two functions."""

from __future__ import annotations

import warnings
from pathlib import Path

from ivlm_bench.harness.config import RunConfig
from ivlm_bench.harness.run import RunOutcome, Watcher, execute
from ivlm_bench.harness.submission import Submission
from ivlm_bench.store import Run, load_run

__all__ = ["RunConfig", "evaluate", "load_run", "run_suite"]


def evaluate(config: RunConfig) -> Run:
    """Run a reasoner over a suite and return the sealed run, with pandas DataFrames.

    A ``RuntimeWarning`` names the reasoner and the statuses if an episode ended in an error.

    Parameters
    ----------
    config : RunConfig
        What to run; ``RunConfig(suite="smoke-v0", reasoner="my_file.py:MyReasoner")`` will do.

    Returns
    -------
    Run
        ``episodes`` and ``verdicts`` are DataFrames, ``manifest`` and ``folder`` tell the rest.

    Raises
    ------
    IvlmBenchError
        If the configuration is not fit, or the run can't be finished.
    """
    outcome, _ = run_suite(config)
    if outcome.complaint:
        warnings.warn(outcome.complaint, RuntimeWarning, stacklevel=2)
    return outcome.run


def run_suite(
    config: RunConfig, watcher: Watcher | None = None, *, submission: Submission | None = None
) -> tuple[RunOutcome, Path | None]:
    """Run, seal, and write the HTML page if ``config`` wants one; return run and page.

    With a ``submission`` its answers are judged, and no reasoner is asked.
    """
    outcome = execute(config, watcher, submission=submission)
    if not config.page:
        return outcome, None
    from ivlm_bench.report import write_page

    return outcome, write_page(outcome.run.folder)
