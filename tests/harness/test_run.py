"""Runs on a toy task: hostile reasoners, retries, order, limits, resuming."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from ivlm_bench.digest import bit_digest
from ivlm_bench.errors import ConfigError, IvlmBenchError, StoreError, UnknownNameError
from ivlm_bench.harness import pool as pool_module
from ivlm_bench.harness.config import RunConfig
from ivlm_bench.harness.plan import make_plan
from ivlm_bench.harness.pool import Pool, RefusedError, WorkerError
from ivlm_bench.harness.run import RunOutcome, execute

Configure = Callable[..., RunConfig]

#: Ten questions of one task, five of the other; every fifth can't be answered.
N_PLANNED = 15


def statuses(outcome: RunOutcome) -> Counter[str]:
    return Counter(result.episode.status for result in outcome.run.results)


def test_a_fair_reasoner_ends_with_zero(config: Configure) -> None:
    outcome = execute(config())
    assert statuses(outcome) == {"ok": N_PLANNED}
    assert outcome.exit_code == 0
    episodes = outcome.run.episodes
    assert len(episodes) == N_PLANNED
    # An answer to a question that can't be answered never counts.
    assert sorted(episodes.seed[~episodes.answerable]) == [4, 4, 9]
    assert not episodes[~episodes.answerable].success.any()
    assert 0 < episodes.success.sum() < N_PLANNED
    assert outcome.run.manifest.single_engine
    assert "single-engine" in outcome.run.manifest.notes


#: What each misbehaviour on its question must end as, and what the message must say.
ENDS = {
    1: ("reasoner_error", "ValueError: the moon is full"),
    2: ("reasoner_error", "SystemExit: 0"),
    3: ("invalid_answer", "NaN"),
    5: ("invalid_answer", "predict returned a str"),
    6: ("invalid_answer", "affordance_maps has shape (2, 5, 5)"),
    7: ("timeout", "longer than 1 s"),
    8: ("crashed", "died 2 times, last in the reasoner's predict (exit code 0)"),
}


def test_hostile_calls_cost_only_their_own_episodes(config: Configure) -> None:
    outcome = execute(config("Menagerie", deadline_s=1.0, tasks=("Push",)))
    ended = {result.episode.seed: result.episode for result in outcome.run.results}
    assert len(ended) == 10
    for seed, record in ended.items():
        status, words = ENDS.get(seed, ("ok", ""))
        assert record.status == status, record
        assert words in record.message
        assert record.cluster == f"toy-{seed % 4}"
        assert record.answerable == (seed % 5 != 4)
        if status != "ok":
            assert not record.success
            assert record.code == status.upper()
    assert [ended[seed].tries for seed in (1, 7, 8)] == [1, 1, 2]
    assert outcome.exit_code == 5
    assert "\n" not in outcome.complaint
    assert "ValueError: the moon is full (minds.py, line " in outcome.complaint
    assert outcome.complaint.endswith(f"ivlm-bench view {outcome.run.folder}")
    for words in ("Menagerie", "3 invalid_answer", "2 reasoner_error", "1 timeout", "1 crashed"):
        assert words in outcome.complaint


@pytest.mark.parametrize("isolate", [False, True])
def test_texts_that_no_file_can_hold_are_escaped(config: Configure, isolate: bool) -> None:
    outcome = execute(config("Unspeakable", limit=4, tasks=("Push",), isolate=isolate))
    ended = {result.episode.seed: result.episode for result in outcome.run.results}
    assert ended[0].status == "reasoner_error"
    assert ended[0].message.endswith("ValueError: a lone \\ud800 surrogate")
    assert [ended[k].status for k in (1, 2, 3)] == ["invalid_answer"] * 3
    assert ended[1].message == "a lone \\udfff surrogate"
    assert "can't be read" in ended[2].message
    assert "abstain_reason is not valid Unicode" in ended[3].message


def test_a_nan_planted_behind_the_check_is_caught(config: Configure) -> None:
    outcome = execute(config("NanBehindTheBack", limit=1, tasks=("Pull",)))
    assert statuses(outcome) == {"invalid_answer": 1}
    assert outcome.exit_code == 5


def test_a_worker_that_dies_once_is_retried(config: Configure, tmp_path: Path) -> None:
    mark = tmp_path / "died"
    outcome = execute(config("DiesOnce", params={"mark": str(mark)}))
    assert mark.exists()
    assert statuses(outcome) == {"ok": N_PLANNED}
    assert outcome.exit_code == 0
    assert sorted(r.episode.tries for r in outcome.run.results)[-2:] == [1, 2]


def test_a_forked_child_does_not_answer_for_its_parent(config: Configure) -> None:
    outcome = execute(config("Forks"))
    assert statuses(outcome) == {"ok": N_PLANNED}
    assert {r.episode.tries for r in outcome.run.results} == {1}
    assert len({r.episode.episode_key for r in outcome.run.results}) == N_PLANNED


def test_a_result_of_another_episode_costs_only_the_one_in_hand(config: Configure) -> None:
    outcome = execute(config("AnswersForAnother", limit=3, tasks=("Push",)))
    ended = {r.episode.seed: (r.episode.status, r.episode.tries) for r in outcome.run.results}
    assert ended == {0: ("ok", 1), 1: ("crashed", 2), 2: ("ok", 1)}


def test_workers_and_order_change_no_record(config: Configure, tmp_path: Path) -> None:
    one = execute(config(out=str(tmp_path / "one")))
    two = execute(config(out=str(tmp_path / "two"), workers=2))
    assert one.run.manifest.bit_digest == two.run.manifest.bit_digest
    plan = make_plan(config())
    with Pool(plan.setup(), 2, 60.0) as pool:
        jobs = list(plan.jobs(pool.start(N_PLANNED)))
        random.Random(5).shuffle(jobs)
        shuffled = list(pool.play(jobs))
    assert [r.episode.episode_key for r in shuffled] != [
        r.episode.episode_key for r in one.run.results
    ]
    assert bit_digest(shuffled) == one.run.manifest.bit_digest


def test_the_base_seed_changes_the_answers(config: Configure, tmp_path: Path) -> None:
    zero = execute(config(out=str(tmp_path / "zero"), limit=2))
    one = execute(config(out=str(tmp_path / "one"), limit=2, seed=1))
    assert zero.run.manifest.bit_digest != one.run.manifest.bit_digest


def test_global_generators_repeat_too(config: Configure, tmp_path: Path) -> None:
    runs = [execute(config("GlobalRandom", out=str(tmp_path / n), limit=2)) for n in "ab"]
    assert runs[0].run.manifest.bit_digest == runs[1].run.manifest.bit_digest


def test_the_observation_can_not_be_changed(config: Configure) -> None:
    assert statuses(execute(config("Scribbler", limit=1))) == {"ok": 2}


def test_only_registered_reasoners_see_the_truth(config: Configure) -> None:
    assert execute(config("Peeker")).run.episodes.success.sum() < 12


def test_the_oracle_abstains_where_nothing_can_succeed(config: Configure) -> None:
    outcome = execute(config(reasoner="oracle"))
    assert outcome.run.manifest.reasoner.privileged
    assert statuses(outcome) == {"ok": 12, "abstained": 3}
    assert outcome.run.episodes.success.all()
    assert outcome.exit_code == 0


def test_limit_takes_the_first_questions_of_each_task(config: Configure) -> None:
    outcome = execute(config(limit=2, tasks=("Pull",)))
    assert [(r.episode.task, r.episode.seed) for r in outcome.run.results] == [
        ("toy/Pull-v0", 0),
        ("toy/Pull-v0", 1),
    ]
    assert outcome.run.manifest.notes.startswith("only 1 of 2 tasks, the first 2 questions")


@pytest.mark.parametrize(
    ("mind", "kind", "words"),
    [
        ("NotBuilt", RefusedError, "RuntimeError: no weights here"),
        ("LeavesWhenBuilt", WorkerError, "died while they started"),
        ("Fairr", RefusedError, "Did you mean 'Fair'"),
    ],
)
def test_a_reasoner_that_can_not_be_built_stops_the_run(
    config: Configure, mind: str, kind: type[IvlmBenchError], words: str, tmp_path: Path
) -> None:
    with pytest.raises(kind, match=words):
        execute(config(mind))
    assert not (tmp_path / "run").exists()


def test_a_constructor_that_blocks_ends_the_run(
    config: Configure, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "WAITING_S", 0.1)
    plan = make_plan(config("NeverBuilt"))
    with (
        Pool(plan.setup(), 1, 60.0, start_limit_s=2.0) as pool,
        pytest.raises(WorkerError, match="NeverBuilt' was not built within 2 s") as error,
    ):
        pool.start(1)
    assert error.value.exit_code == 5
    assert "\n" not in str(error.value)
    assert capsys.readouterr().err.count("NeverBuilt to be built") == 1


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"tasks": ("Pul",)}, UnknownNameError, "Did you mean 'Pull'"),
        ({"engines": ("mujco",)}, IvlmBenchError, "Did you mean 'mujoco'"),
        ({"engines": ("mujoco", "mujoco")}, ConfigError, "twice"),
        ({"limit": 0}, ConfigError, "--limit is 0"),
        ({"deadline_s": -1.0}, ConfigError, "--deadline-s is -1"),
        ({"reasoner": "orcale"}, IvlmBenchError, "Did you mean 'oracle'"),
    ],
)
def test_wrong_configurations_are_one_sentence(
    config: Configure, changes: dict[str, object], kind: type[IvlmBenchError], words: str
) -> None:
    with pytest.raises(kind, match=words) as caught:
        execute(config(**changes))
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_an_unknown_task_in_a_suite_file_is_refused(config: Configure, tmp_path: Path) -> None:
    suite = tmp_path / "mine.toml"
    suite.write_text('name="m"\ntitle="m"\ntrack="rgbd"\n[tasks."toy/Pus-v0"]\ncount = 1\n')
    with pytest.raises(RefusedError, match="toy/Push-v0"):
        execute(config(suite=str(suite)))


@pytest.mark.parametrize(
    ("seed", "exit_code", "words"),
    [
        (1, 2, "The file of pictures is not there; fetch it."),
        (2, 5, "ZeroDivisionError: no pixels (toy_tasks.py, line "),
    ],
)
def test_a_question_that_can_not_be_posed_ends_the_run(
    config: Configure, tmp_path: Path, seed: int, exit_code: int, words: str
) -> None:
    suite = tmp_path / "broken.toml"
    suite.write_text(
        'name="b"\ntitle="b"\ntrack="rgbd"\nsize_px=16\n'
        f'[tasks."toy/Broken-v0"]\ncount = 1\nfirst_seed = {seed}\n'
    )
    with pytest.raises(RefusedError) as error:
        execute(config(suite=str(suite)))
    assert words in str(error.value)
    assert "\n" not in str(error.value)
    assert error.value.exit_code == exit_code


def test_two_runs_into_one_folder_are_refused(config: Configure, tmp_path: Path) -> None:
    first = execute(config(limit=1))
    with pytest.raises(StoreError, match="finished run"):
        execute(config(limit=1))
    again = execute(config(limit=1, resume=True))
    assert again.run.manifest == first.run.manifest
    with pytest.raises(StoreError, match="n_planned"):
        execute(config(limit=2, resume=True))


def test_a_finished_run_of_other_questions_is_not_passed_off(config: Configure) -> None:
    execute(config(limit=2, tasks=("Push",)))
    with pytest.raises(StoreError, match="tasks or questions") as error:
        execute(config(limit=2, tasks=("Pull",), resume=True))
    assert error.value.exit_code == 5
    assert "\n" not in str(error.value)


def test_the_default_folder_of_a_second_run_is_another(
    config: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folders = [execute(config(limit=1, out=None)).run.folder for _ in range(2)]
    assert folders[0].parent == Path("runs/toy-v0")
    assert folders[0].name.startswith("Fair-")
    assert folders[1].name == f"{folders[0].name}-2"
    resumed = execute(config(limit=1, out=None, resume=True))
    assert resumed.run.folder == folders[1]


# A shell that runs the tests in the background made them, and so the driver, ignore SIGINT.
DRIVER = """
import signal, sys, msgspec
signal.signal(signal.SIGINT, signal.default_int_handler)
from ivlm_bench.harness.config import RunConfig
from ivlm_bench.harness.run import execute
from ivlm_bench.errors import IvlmBenchError
config = msgspec.json.decode(sys.argv[1], type=RunConfig)
class Watch:
    def started(self, plan, folder, n_recorded): print("started", n_recorded, flush=True)
    def finished(self, result): print("finished", flush=True)
try:
    execute(config, Watch())
except IvlmBenchError as error:
    print(error, file=sys.stderr)
    sys.exit(error.exit_code)
"""


def start(config: RunConfig) -> subprocess.Popen[str]:
    import msgspec

    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, msgspec.json.encode(config).decode()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(driver: subprocess.Popen[str], n_finished: int) -> None:
    assert driver.stdout is not None
    seen = 0
    while seen < n_finished:
        line = driver.stdout.readline()
        assert line, driver.stderr.read() if driver.stderr else ""
        seen += line.startswith("finished")


def children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in listed]


def test_kill_9_and_resume_give_the_digests_of_an_undisturbed_run(
    config: Configure, tmp_path: Path
) -> None:
    slow = config("Slow", params={"pause_s": "0.05"}, workers=2)
    driver = start(slow)
    wait_for(driver, 4)
    workers = children(driver.pid)
    assert len(workers) == 2
    driver.send_signal(signal.SIGKILL)
    driver.communicate()
    with pytest.raises(StoreError, match="--resume"):
        execute(slow)
    resumed = execute(replace(slow, resume=True))
    calm = execute(replace(slow, out=str(tmp_path / "calm")))
    assert resumed.run.manifest.bit_digest == calm.run.manifest.bit_digest
    assert resumed.run.manifest.outcome_digest == calm.run.manifest.outcome_digest
    assert not any(alive(pid) for pid in workers), "workers must end with their driver"


def test_workers_end_with_their_driver_even_while_a_reasoner_blocks(config: Configure) -> None:
    driver = start(config("Slow", params={"pause_s": "3600"}))
    deadline = time.monotonic() + 60
    assert driver.stdout is not None
    assert driver.stdout.readline().startswith("started")
    workers = children(driver.pid)
    driver.kill()
    driver.communicate()
    while any(alive(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert workers
    assert not any(alive(pid) for pid in workers)


def test_ctrl_c_keeps_what_is_recorded(config: Configure) -> None:
    slow = config("Slow", params={"pause_s": "0.3"})
    driver = start(slow)
    wait_for(driver, 2)
    driver.send_signal(signal.SIGINT)
    _, told = driver.communicate(timeout=60)
    assert driver.returncode == 130
    assert "--resume --out" in told
    assert "Traceback" not in told
    resumed = execute(replace(slow, resume=True))
    assert statuses(resumed) == {"ok": N_PLANNED}


def test_a_resumed_run_must_be_the_same(config: Configure) -> None:
    slow = config("Slow", params={"pause_s": "0.3"})
    driver = start(slow)
    wait_for(driver, 1)
    driver.kill()
    driver.communicate()
    with pytest.raises(StoreError, match="another configuration"):
        execute(replace(slow, resume=True, seed=7))
    assert statuses(execute(replace(slow, resume=True))) == {"ok": N_PLANNED}


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
