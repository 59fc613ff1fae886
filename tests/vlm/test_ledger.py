from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from ivlm_bench.errors import RemoteError
from ivlm_policies.vlm.client import Completion, Request
from ivlm_policies.vlm.ledger import Ledger, Prices

REQUEST = Request("m", "?" * 100, np.zeros((28, 28, 3), np.uint8), {"max_tokens": 50})
#: 100 letters, 2 x 2 patches, 300 about them, and 50 written, at 1 a token.
BOUND = 100 + 4 + 300 + 50
MILLION = 1e6


def test_the_bound_counts_a_token_a_letter_and_a_patch() -> None:
    assert Prices(MILLION, MILLION).bound(REQUEST) == BOUND
    assert Prices(2 * MILLION, 0.0).bound(REQUEST) == 2 * (BOUND - 50)


def test_ledgers_of_one_file_share_one_budget(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    ledgers = [Ledger(path, Prices(MILLION, MILLION, max_cost=2000.0)) for _ in range(8)]
    answered, refused = [], []

    def spend(ledger: Ledger) -> None:
        for _ in range(10):
            try:
                answered.append(
                    ledger.counted(REQUEST, lambda: Completion("", "stop", False, 90, 10))
                )
            except RemoteError as error:
                refused.append(str(error))

    threads = [threading.Thread(target=spend, args=(ledger,)) for ledger in ledgers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = ledgers[0].spent()
    assert spent.n_requests == len(answered)
    assert spent.cost == 100 * len(answered) <= 2000.0
    # The last may start while its bound fits: 1500 spent, 454 bound.
    assert spent.cost + BOUND > 2000.0
    assert len(answered) + len(refused) == 80
    assert spent.reserved == pytest.approx(0.0)


def test_a_shorter_count_leaves_nothing_of_a_longer_one(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text('{"model": "' + "m" * 900 + '", "n_requests": 41}')
    ledger = Ledger(path, Prices())
    ledger.counted(REQUEST, lambda: Completion("", "stop", False, 1, 1))
    assert ledger.spent().n_requests == 42
    assert ledger.spent().model == "m"


def test_what_fails_gives_its_share_back(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "run.json", Prices(MILLION, MILLION, max_cost=500.0))

    def fail() -> Completion:
        raise RemoteError("down")

    for _ in range(3):
        with pytest.raises(RemoteError, match="down"):
            ledger.counted(REQUEST, fail)
    assert ledger.spent().reserved == 0.0
    assert ledger.spent().n_requests == 0


def test_a_file_cut_off_counts_anew(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text('{"model": "m", "n_req')
    assert Ledger(path, Prices()).spent().n_requests == 0


def test_what_runs_spent_is_printed(tmp_path: Path) -> None:
    folder = tmp_path / "spent"
    folder.mkdir()
    ledger = Ledger(folder / "1.json", Prices(3.0, 15.0))
    ledger.counted(REQUEST, lambda: Completion("", "stop", False, 1000, 200))
    done = subprocess.run(
        [sys.executable, "-m", "ivlm_policies.vlm.ledger"],
        env={"IVLM_BENCH_VLM_CACHE": str(tmp_path), "PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "m: 1 requests, 1000 tokens read, 200 written, cost 0.006\n"
