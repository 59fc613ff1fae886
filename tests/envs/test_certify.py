"""What the rows of a certificate count."""

from __future__ import annotations

from ivlm_bench.certify import ABSTAINS, ORACLE, Trying, rows_of, try_all
from ivlm_bench.env import TASKS
from ivlm_bench.records import EpisodeSpec
from ivlm_bench.tracks import Sensors

TASK = "ivlm/PressButton-v0"


def trying(seed: int, kind: str, *, success: bool) -> Trying:
    return Trying("task", seed, "mujoco", kind, success, "CODE")


def test_abstentions_prop_up_no_rate_of_the_oracle() -> None:
    tried = [trying(0, "naive", success=False), trying(0, ABSTAINS, success=True)]
    tried += [trying(seed, ORACLE, success=seed > 1) for seed in range(1, 11)]
    oracle, abstains, naive = rows_of(tried)
    assert (oracle.kind, oracle.n, oracle.n_success, oracle.failing) == (ORACLE, 10, 9, (1,))
    assert not oracle.passed
    assert (abstains.kind, abstains.n, abstains.passed) == (ABSTAINS, 1, True)
    assert (naive.kind, naive.passed, naive.limit) == ("naive", True, "<= 5 %")


def test_an_oracle_that_does_not_abstain_fails_its_row() -> None:
    (row,) = rows_of([trying(4, ABSTAINS, success=False)])
    assert not row.passed
    assert row.failing == (4,)


def test_each_question_is_counted_as_what_it_is() -> None:
    env = TASKS.get(TASK)(size_px=16)
    for wanted in (True, False):
        seed = next(s for s in range(60) if env.episode(s).truth.feasible is wanted)
        spec = EpisodeSpec(task=TASK, seed=seed, repeat=0)
        sensors = Sensors(track="rgbd", size_px=16)
        kinds = {t.kind: t.success for t in try_all(spec, sensors, ("mujoco",))}
        right = ORACLE if wanted else ABSTAINS
        assert kinds.pop(right)
        assert ORACLE not in kinds
        assert ABSTAINS not in kinds
        assert kinds
        assert not any(kinds.values())
