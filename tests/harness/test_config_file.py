"""What a run is asked to do: flags, files, ranges, and what a resumed run must agree in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from ivlm_bench.cli.parse import parse
from ivlm_bench.cli.run import RunFlags, config_of
from ivlm_bench.errors import ConfigError, IvlmBenchError, StoreError
from ivlm_bench.harness.config import RunConfig, check_config
from ivlm_bench.harness.plan import make_plan
from ivlm_bench.harness.run import execute
from ivlm_bench.harness.settings import CONFIG, config_toml, read_config

Configure = Callable[..., RunConfig]

EVERY_FLAG = (
    "--track rgb4 --views 2 --size 128 --renderer soft --repeats 3 --cross-check-share 0.25 "
    "--shard 2/4 --isolate --no-cache --limit 5 --seed 7 --no-page -P reach_m=2"
)


def test_every_flag_reaches_the_configuration() -> None:
    config = config_of(parse(RunFlags, "run", EVERY_FLAG.split()))
    wanted = {
        "track": "rgb4",
        "views": 2,
        "size_px": 128,
        "renderer": "soft",
        "repeats": 3,
        "cross_check_share": 0.25,
        "shard": "2/4",
        "isolate": True,
        "cache": False,
        "limit": 5,
        "seed": 7,
        "page": False,
        "params": {"reach_m": "2"},
    }
    assert {name: getattr(config, name) for name in wanted} == wanted
    assert config_of(RunFlags()) == RunConfig()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"views": 0}, "--views is 0; a whole number from 1 to 4"),
        ({"views": 5}, "--views is 5; a whole number from 1 to 4"),
        ({"size_px": 8}, "--size is 8; a whole number from 16 to 2048"),
        ({"size_px": 4096}, "--size is 4096"),
        ({"repeats": 0}, "--repeats is 0; a whole number of at least 1"),
        ({"cross_check_share": 1.5}, "--cross-check-share is 1.5; a share between 0 and 1"),
        ({"cross_check_share": float("nan")}, "--cross-check-share is nan"),
        ({"track": "rgbb"}, "Did you mean 'rgb'"),
        ({"deadline_s": float("nan")}, "--deadline-s is nan"),
    ],
)
def test_what_is_out_of_range_is_one_sentence(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(IvlmBenchError) as error:
        check_config(RunConfig(**changes))
    assert words in str(error.value)
    assert "\n" not in str(error.value)
    assert error.value.exit_code == 2


def test_an_unknown_renderer_ends_the_run_before_it_begins(config: Configure) -> None:
    with pytest.raises(IvlmBenchError, match="soft"):
        execute(config(renderer="sofd"))


def test_sensors_asked_for_stand_before_the_suite(config: Configure) -> None:
    plan = make_plan(config(track="rgb", views=3, size_px=32))
    assert (plan.sensors.track, plan.sensors.size_px) == ("rgb3", 32)
    assert make_plan(config()).sensors.track == "rgbd"


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"deadline_s": 30.0}, "deadline_s"),
        ({"size_px": 32}, "sensors"),
        ({"cross_check_share": 0.5}, "cross-check share"),
    ],
)
def test_a_finished_run_of_another_configuration_is_not_passed_off(
    config: Configure, changes: dict[str, Any], name: str
) -> None:
    asked = config(limit=1)
    execute(asked)
    execute(replace(asked, resume=True))
    with pytest.raises(StoreError, match=name) as error:
        execute(replace(asked, resume=True, **changes))
    assert "\n" not in str(error.value)


def config_from(file: Path, *argv: str) -> RunConfig:
    words = ["--config", str(file), *argv]
    return config_of(parse(RunFlags, "run", words), words)


@pytest.mark.parametrize("named", ["flag", "file"])
def test_a_suite_beside_a_data_set_is_refused_even_if_it_is_the_usual_one(
    named: str, tmp_path: Path
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('dataset = "agd20k"\n' if named == "file" else "workers = 1\n")
    words = ["--dataset", "agd20k"] if named == "flag" else []
    with pytest.raises(ConfigError, match="--suite is smoke-v0 and --dataset names"):
        config_from(file, "--suite", "smoke-v0", *words)
    assert config_from(file, *words).dataset == "agd20k"


def test_flags_stand_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        'suite = "core-v0"\ntasks = ["A", "B"]\nengine = "mujoco"\nsize = 128\n'
        "deadline-s = 5\nno_page = true\ncross_check_share = 0.25\nworkers = 2\n"
        '[params]\nreach_m = 2.5\nname = "x"\ngreedy = true\n'
    )
    config = config_from(file)
    assert config == RunConfig(
        suite="core-v0",
        tasks=("A", "B"),
        engines=("mujoco",),
        size_px=128,
        deadline_s=5.0,
        page=False,
        cross_check_share=0.25,
        workers=2,
        params={"reach_m": "2.5", "name": "x", "greedy": "true"},
    )
    over = config_from(file, "--workers=1", "--tasks", "C,D", "-P", "name=y", "--suite", "smoke-v0")
    assert over == replace(
        config,
        workers=1,
        tasks=("C", "D"),
        suite="smoke-v0",
        params=config.params | {"name": "y"},
    )
    # A flag that says what the default is stands over the file all the same.
    assert config_from(file, "--deadline_s", "60").deadline_s == 60.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('suite = "x"\n\nsiz = 3\n', "line 3: there is no key 'siz'. Did you mean 'size'"),
        ('suite = "x"\nlimit = "three"\n', "line 2: limit is 'three'; a whole number is needed."),
        ("isolate = 1\n", "line 1: isolate is 1; true or false is needed."),
        ("\n[params]\nx = [1]\n", "line 2: params is {'x': [1]}; a text in quotes is needed in"),
        ("tasks = 3\n", "line 1: tasks is 3; a list of texts is needed."),
        ("track = 4\n", "line 1: track is 4; a text in quotes is needed."),
        ("size = 64\nsize_px = 64\n", "line 2: 'size_px' sets 'size_px' a second time"),
        ("suite = x\n", "no valid TOML"),
    ],
)
def test_a_slip_in_the_file_is_named_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(IvlmBenchError) as error:
        read_config(file)
    assert str(file) in str(error.value)
    assert words in str(error.value)
    assert "\n" not in str(error.value)
    assert error.value.exit_code == 2


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(IvlmBenchError, match=r"nowhere\.toml can't be read: No such file"):
        read_config(tmp_path / "nowhere.toml")


def test_the_configuration_of_a_run_can_be_used_again(config: Configure, tmp_path: Path) -> None:
    asked = config(limit=1, params={"reach_m": "1.5"}, size_px=32, shard="1/1")
    run = execute(asked).run
    again = RunConfig(**read_config(run.folder / CONFIG))
    assert replace(again, out=asked.out) == asked
    second = execute(replace(again, out=str(tmp_path / "again"))).run
    assert second.manifest.bit_digest == run.manifest.bit_digest
    assert run.manifest.config["sensors"] == "rgbd 32 px soft"
    odd = replace(asked, reasoner='a "b"\\c.py:Ä', out=None)
    (tmp_path / "odd.toml").write_text(config_toml(odd), encoding="utf-8")
    assert RunConfig(**read_config(tmp_path / "odd.toml")) == odd
