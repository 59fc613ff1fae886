"""Questions that nobody was there to answer are asked again by a resumed run, and no others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from ivlm_bench.errors import StoreError
from ivlm_bench.harness.config import RunConfig
from ivlm_bench.harness.pool import RefusedError
from ivlm_bench.harness.run import RunOutcome, execute

Configure = Callable[..., RunConfig]

MIND = """
from pathlib import Path

from ivlm_bench.errors import RemoteError, RemoteLostError, RemoteTimeoutError
from ivlm_bench.types import Interaction

HOME = Path(__file__).parent


class Away:
    def predict(self, observation):
        with (HOME / "asked").open("a") as file:
            file.write("x")
        n = (HOME / "asked").stat().st_size
        if n == 2:
            raise RemoteError("The server says: no.")
        if n == 3:
            raise RemoteTimeoutError("The server gave no answer.")
        if n > 5 and (HOME / "gone").exists():
            raise RemoteLostError("No server answers; start it.")
        return Interaction()
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "away.py").write_text(MIND)
    (tmp_path / "gone").touch()
    return tmp_path


def counted(outcome: RunOutcome) -> Counter[tuple[str, str]]:
    records = [result.episode for result in outcome.run.results]
    return Counter((record.status, record.code) for record in records if record.status != "ok")


def n_asked(home: Path) -> int:
    return (home / "asked").stat().st_size


def test_a_resumed_run_asks_what_was_lost_and_keeps_the_rest(config: Configure, home: Path) -> None:
    asked = config(reasoner=f"{home / 'away.py'}:Away")
    first = execute(asked)
    assert counted(first) == {
        ("reasoner_error", "REASONER_ERROR"): 1,
        ("timeout", "TIMEOUT"): 1,
        ("reasoner_error", "SERVER_LOST"): 10,
    }
    assert (first.exit_code, n_asked(home)) == (5, 15)
    assert first.complaint.endswith(f"with --resume --out {asked.out}.")
    before = {r.episode.episode_key: r for r in first.run.results}

    # Still gone: ten are asked in vain, and what was there stays there.
    again = execute(config(reasoner=asked.reasoner, resume=True))
    assert counted(again) == counted(first)
    assert n_asked(home) == 25

    (home / "gone").unlink()
    last = execute(config(reasoner=asked.reasoner, resume=True))
    assert n_asked(home) == 35
    assert counted(last) == {
        ("reasoner_error", "REASONER_ERROR"): 1,
        ("timeout", "TIMEOUT"): 1,
    }
    assert "--resume" not in last.complaint
    kept = [
        r for r in last.run.results if before[r.episode.episode_key].episode.code != "SERVER_LOST"
    ]
    assert kept == [before[r.episode.episode_key] for r in kept]
    assert len(kept) == 5
    assert sorted(p.name for p in home.iterdir() if "run" in p.name) == ["run"]

    # Nothing is lost any more: nobody is asked.
    assert execute(config(reasoner=asked.reasoner, resume=True)).run.results == last.run.results
    assert n_asked(home) == 35


def test_only_a_resumed_run_does_that(config: Configure, home: Path) -> None:
    asked = config(reasoner=f"{home / 'away.py'}:Away")
    execute(asked)
    with pytest.raises(StoreError, match="holds a finished run"):
        execute(asked)
    assert n_asked(home) == 15


ONCE = """
import os
import time
from pathlib import Path

from ivlm_bench.errors import RemoteLostError
from ivlm_bench.types import Interaction

HOME = Path(__file__).parent


class Once:
    def __init__(self):
        try:
            os.close(os.open(HOME / "built", os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            time.sleep(3.0)  # the other one works by then
            raise RemoteLostError("No server answers; start it.") from None

    def predict(self, observation):
        time.sleep(0.5)
        return Interaction()
"""


def test_a_worker_that_can_not_be_built_any_more_is_done_without(
    config: Configure, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "once.py").write_text(ONCE)
    outcome = execute(config(reasoner=f"{tmp_path / 'once.py'}:Once", workers=2))
    assert (outcome.exit_code, len(outcome.run.results)) == (0, 15)
    told = "going on with 1 workers: No server answers; start it.\n"
    assert capsys.readouterr().err.count(told) == 1


def test_a_reasoner_that_can_not_be_built_at_all_ends_the_run(
    config: Configure, tmp_path: Path
) -> None:
    (tmp_path / "once.py").write_text(ONCE)
    (tmp_path / "built").touch()
    with pytest.raises(RefusedError, match="No server answers"):
        execute(config(reasoner=f"{tmp_path / 'once.py'}:Once", workers=2))
