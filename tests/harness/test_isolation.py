"""Isolated reasoners: an honest one notices nothing, a hostile one costs its own episodes only."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

import ivlm_bench
import ivlm_envs
from ivlm_bench import registry
from ivlm_bench.errors import IvlmBenchError
from ivlm_bench.harness.cache import FOLDER_VARIABLE
from ivlm_bench.harness.config import RunConfig
from ivlm_bench.harness.confine import NOT_ENFORCED
from ivlm_bench.harness.plan import make_plan
from ivlm_bench.harness.pool import Pool
from ivlm_bench.harness.run import RunOutcome, execute
from ivlm_bench.harness.secrecy import clean_environment, hidden_files, readable_files, spared
from ivlm_bench.reasoners import REASONERS

Configure = Callable[..., RunConfig]

#: Seconds that an attack may take: what ends by itself does so on a loaded machine, too.
DEADLINE_S = 5.0

#: What each attack ends as, and what its message says.
ENDS = {
    "HogsMemory": ("reasoner_error", "MemoryError"),
    "ForkBomb": ("reasoner_error", "PermissionError"),
    "AnswersTenGigabytes": ("reasoner_error", "MemoryError"),
    "FloodsTheChannel": ("invalid_answer", "a message of 10737418240 bytes"),
    "TalksNonsense": ("invalid_answer", "no answer"),
    "DripsAnAnswer": ("timeout", "longer than 5 s"),
    "WritesTheObservation": ("reasoner_error", "read-only"),
    "ReadsTheParent": ("reasoner_error", "PermissionError"),
    "TracesTheParent": ("reasoner_error", "PermissionError"),
    "KillsTheParent": ("reasoner_error", "PermissionError"),
    "KillsEverybody": ("reasoner_error", "PermissionError"),
    "PhonesHome": ("reasoner_error", "PermissionError"),
    "FillsTheDisk": ("reasoner_error", "File too large"),
    "LiftsItsLimits": ("reasoner_error", "not allowed to raise maximum limit"),
    "RewritesTheJudge": ("reasoner_error", "PermissionError"),
    "NestsFolders": ("reasoner_error", "hid what it holds"),
    "FillsItsFolder": ("reasoner_error", "more than 256 MiB"),
    "MakesManyFiles": ("reasoner_error", "or 5000 files"),
    "HoldsHiddenMemory": ("reasoner_error", "PermissionError"),
    "SharesMemory": ("reasoner_error", "PermissionError"),
    "SetsTimes": ("reasoner_error", "PermissionError"),
    "MarksFiles": ("reasoner_error", "PermissionError"),
    "Leaves": ("crashed", "died 2 times in the reasoner's predict (exit code 0)"),
    "BlocksForever": ("timeout", "longer than 5 s"),
    "SpinsThreads": ("timeout", "5 s"),
}


SUITE = """
name = "siege-v0"
title = "Siege"
track = "rgbd"
size_px = 16
n_perturbed = 1
[tasks."toy/Push-v0"]
count = {count}
"""


def siege(config: Configure, toy_env: Path, tmp_path: Path, names: list[str]) -> RunOutcome:
    """Run a reasoner that attacks on every other question."""
    suite = tmp_path / "siege.toml"
    suite.write_text(SUITE.format(count=2 * len(names)))
    return execute(
        config(
            suite=str(suite),
            reasoner=f"{toy_env / 'attacks.py'}:Siege",
            params={"names": ",".join(names)},
            isolate=True,
            deadline_s=DEADLINE_S,
        )
    )


def test_each_attack_costs_its_own_episode(
    config: Configure, toy_env: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr("tempfile.tempdir", None)
    names = list(ENDS)
    outcome = siege(config, toy_env, tmp_path, names)
    ended = {result.episode.seed: result.episode for result in outcome.run.results}
    for place, name in enumerate(names):
        record, following = ended[2 * place + 1], ended[2 * place]
        status, words = ENDS[name]
        assert record.status == status, (name, record.message)
        assert words in record.message, (name, record.message)
        assert not record.success
        assert following.status == "ok", "the next episode goes on"
    assert {record.tries for record in ended.values()} == {1}, "no worker died"
    assert {record.worker for record in ended.values()} == {1}
    assert outcome.exit_code == 5
    assert list(scratch.iterdir()) == [], "nested folders are removed, too"


def test_runs_and_truths_can_not_be_read(
    config: Configure, toy_env: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loot = (
        "predictions.parquet",
        "old/predictions.parquet",
        "package/old/predictions.parquet",
        "package/old/deep/answers.parquet",
        "going/journal.sqlite",
        "asked/truth/scenario.truth",
        "package/truth/scenario.truth",
        "asked/seen/episode.obs",
        ".git/objects/ab/cd.object",
    )
    for home in (tmp_path / "mine", tmp_path / "work"):
        for name in loot:
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_text("the truth")
        (home / "package" / "__init__.py").touch()
    mine = tmp_path / "mine" / "mine.py"
    shutil.copy(toy_env / "attacks.py", mine)
    monkeypatch.chdir(tmp_path / "work")
    for alone, words in ((True, "stole 0, refused 18"), (False, "stole 18, refused 0")):
        changes = {"reasoner": f"{mine}:Siege", "params": {"names": "Steals"}, "limit": 2}
        run = attack(config, toy_env, "", isolate=alone, out=str(tmp_path / f"{alone}"), **changes)
        message = run.run.results[1].episode.message
        assert words in message, message


def test_success_is_never_faked(config: Configure, toy_env: Path, tmp_path: Path) -> None:
    names = ["WritesTheObservationByForce", "Patches"]
    outcome = siege(config, toy_env, tmp_path, names)
    ended = {result.episode.seed: result.episode for result in outcome.run.results}
    assert [ended[seed].success for seed in (1, 3)] == [False, False]
    assert ended[1].code == "MISSED"
    fair = execute(config(reasoner=f"{toy_env / 'attacks.py'}:Fair", out=str(tmp_path / "fair")))
    known = {r.episode.seed: r.episode for r in fair.run.results if "Push" in r.episode.task}
    for seed in (0, 2):
        assert ended[seed].scores == known[seed].scores, "others are judged as ever"


def attack(config: Configure, toy_env: Path, name: str, **changes: object) -> RunOutcome:
    values: dict[str, object] = {
        "reasoner": f"{toy_env / 'attacks.py'}:{name}",
        "isolate": True,
        "tasks": ("Push",),
        "limit": 3,
    }
    return execute(config(**(values | changes)))


def test_the_truth_is_not_in_its_process(config: Configure, toy_env: Path, tmp_path: Path) -> None:
    outcome = attack(config, toy_env, "LooksForTheTruth")
    assert [r.episode.code for r in outcome.run.results] == ["MISSED"] * 3
    told = attack(config, toy_env, "LooksForTheTruth", isolate=False, out=str(tmp_path / "open"))
    assert any(r.episode.success for r in told.run.results), "the attack itself must work"


def test_the_tasks_can_not_be_asked_again(config: Configure, toy_env: Path, tmp_path: Path) -> None:
    alone = attack(config, toy_env, "PosesTheQuestionAgain").run
    assert {r.episode.status for r in alone.results} == {"reasoner_error"}
    assert all("PermissionError" in r.episode.message for r in alone.results)
    told = attack(
        config, toy_env, "PosesTheQuestionAgain", isolate=False, out=str(tmp_path / "open")
    )
    assert told.run.episodes.success.all(), "the attack itself must work"


@pytest.mark.parametrize("mind", ["Fair", "GlobalRandom", "PrintsGarbage"])
def test_an_honest_reasoner_gives_the_same_digest(
    config: Configure, toy_env: Path, tmp_path: Path, mind: str
) -> None:
    file = "attacks.py" if mind == "PrintsGarbage" else "minds.py"
    asked = config(reasoner=f"{toy_env / file}:{mind}", limit=4)
    plain = execute(replace(asked, out=str(tmp_path / "plain"))).run
    alone = execute(replace(asked, out=str(tmp_path / "alone"), isolate=True, workers=2)).run
    assert alone.manifest.bit_digest == plain.manifest.bit_digest
    assert alone.manifest.reasoner == plain.manifest.reasoner, "the same fingerprint"
    assert "memory 8 GiB" in alone.manifest.isolation
    lacking = [w for w in alone.manifest.isolation.split("; ") if w.startswith(NOT_ENFORCED)]
    # Some systems keep namespaces from users; sockets are refused there all the same.
    assert not [words for words in lacking if "network" not in words]
    assert plain.manifest.isolation == ""


def test_every_misbehaviour_ends_as_it_does_without_isolation(
    config: Configure, tmp_path: Path
) -> None:
    asked = config("Menagerie", deadline_s=2.0, tasks=("Push",))
    plain = execute(replace(asked, out=str(tmp_path / "plain"))).run
    alone = execute(replace(asked, out=str(tmp_path / "alone"), isolate=True)).run
    assert alone.manifest.n_by_status == plain.manifest.n_by_status
    assert alone.manifest.bit_digest == plain.manifest.bit_digest


def test_a_registered_reasoner_by_name_and_by_module(
    config: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toy_env: Path
) -> None:
    monkeypatch.chdir(toy_env)
    for index, name in enumerate(("random", "minds:Fair", "minds.py:Fair")):
        asked = config(reasoner=name, limit=1)
        runs = [
            execute(replace(asked, out=str(tmp_path / f"{index}-{alone}"), isolate=alone)).run
            for alone in (False, True)
        ]
        assert runs[0].manifest.bit_digest == runs[1].manifest.bit_digest
        assert runs[0].manifest.reasoner == runs[1].manifest.reasoner


@pytest.mark.parametrize(
    ("mind", "words"),
    [
        ("oracle", "shown the truth"),
        ("NotBuilt", "RuntimeError: no weights here"),
        ("Fairr", "Did you mean 'Fair'"),
        ("LeavesWhenBuilt", "ended while the reasoner was built (exit code 0)"),
    ],
)
def test_what_can_not_be_isolated_is_refused(
    config: Configure, tmp_path: Path, mind: str, words: str
) -> None:
    changes = {"reasoner": mind} if mind == "oracle" else {"mind": mind}
    with pytest.raises(IvlmBenchError) as error:
        execute(config(isolate=True, **changes))
    assert words in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "run").exists()


def test_secrets_of_the_environment_stay_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_TOKEN", "secret")
    given = clean_environment(tmp_path)
    assert "secret" not in given.values()
    assert given["HOME"] == str(tmp_path)


REGISTERS = """
import functools
from ivlm_bench.reasoners import REASONERS, ReasonerEntry
from ivlm_bench.types import Interaction


class Fair:
    def __init__(self, reach_m: float = 1.0) -> None:
        self.reach_m = reach_m

    def predict(self, observation):
        return Interaction(feasible_prob=0.5)


REASONERS.register("toy-lambda", ReasonerEntry(lambda: Fair(), "A lambda"))
REASONERS.register("toy-partial", ReasonerEntry(functools.partial(Fair, reach_m=2.0), "Partial"))
"""


@pytest.mark.parametrize("name", ["toy-lambda", "toy-partial"])
def test_one_that_only_its_plugin_can_name_sees_no_judge(
    config: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    plugin = tmp_path / "plugin"
    (plugin / "mine-0.1.dist-info").mkdir(parents=True)
    (plugin / "mine-0.1.dist-info" / "METADATA").write_text("Name: mine\nVersion: 0.1\n")
    entry = "[ivlm_bench.plugins]\nmine = mine_registers\n"
    (plugin / "mine-0.1.dist-info" / "entry_points.txt").write_text(entry)
    (plugin / "mine_registers.py").write_text(REGISTERS)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(plugin), os.environ["PYTHONPATH"]]))
    monkeypatch.setattr("sys.path", [str(plugin), *sys.path])
    monkeypatch.setattr(REASONERS, "_entries", dict(REASONERS._entries))
    monkeypatch.delitem(sys.modules, "mine_registers", raising=False)
    monkeypatch.setattr(registry, "_loaded", set(registry._loaded))
    run = execute(config(reasoner=name, isolate=True, limit=2)).run
    assert {result.episode.status for result in run.results} == {"ok"}
    assert "can be read" not in run.manifest.isolation


def test_what_tells_the_truth_is_hidden(
    config: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "truth").mkdir()
    cache = tmp_path / "observations"
    monkeypatch.setenv(FOLDER_VARIABLE, str(cache))
    setup = replace(make_plan(config()).setup(), folder=str(tmp_path), cache=True)
    hidden = hidden_files(setup, "mine.py:Mine")
    home = Path(ivlm_bench.__file__).parent
    for path in (
        tmp_path / "truth",
        cache,
        Path(ivlm_envs.__file__).parent,
        home / "env.py",
        home / "trials",
    ):
        assert path in hidden
    readable = readable_files(setup, "mine.py:Mine")
    for shut in (tmp_path, Path(ivlm_envs.__file__), home / "env.py", home / "trials"):
        assert not {shut, *shut.parents} & set(readable)
    assert home / "protocols.py" in readable
    assert spared("mine.py:Mine", "mine.py:Mine") == ()
    assert "ivlm_envs" in spared("some", "ivlm_envs.some:Mine")[0]
    own = hidden_files(setup, "ivlm_envs.some:Mine")
    assert Path(ivlm_envs.__file__).parent not in own


def test_nothing_is_left_behind(
    config: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr("tempfile.tempdir", None)
    execute(config("Menagerie", isolate=True, deadline_s=1.0, tasks=("Push",)))
    assert list(scratch.iterdir()) == []
    deadline = time.monotonic() + 10.0
    while cells(scratch) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert cells(scratch) == []


def cells(scratch: Path) -> list[int]:
    """Return the processes that were given a folder below ``scratch``."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if b"ivlm_bench.harness.cell" in words and str(scratch).encode() in words:
                found.append(int(entry.name))
    return found


def test_the_process_dies_with_its_worker(
    config: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    plan = make_plan(config(isolate=True))
    with Pool(plan.setup(), 1, 60.0) as pool:
        pool.start(1)
        assert len(cells(scratch)) == 1
        os.kill(pool._workers[0]._process.pid, signal.SIGKILL)
        deadline = time.monotonic() + 10.0
        while cells(scratch) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert cells(scratch) == []
