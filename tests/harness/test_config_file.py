"""What a run is asked to do: flags, ranges, and what a resumed run must agree in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from ivlm_bench.cli.parse import parse
from ivlm_bench.cli.run import RunFlags, config_of
from ivlm_bench.errors import IvlmBenchError, StoreError
from ivlm_bench.harness.config import RunConfig, check_config
from ivlm_bench.harness.plan import make_plan
from ivlm_bench.harness.run import execute

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
