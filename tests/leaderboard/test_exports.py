"""What other tools read of a run: each form parsed again by another parser and held to the run."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest

from ivlm_bench.errors import UnknownNameError
from ivlm_bench.exports import FORMS, export
from ivlm_bench.store import Run


@pytest.fixture
def run(toy: Callable[..., Any], make_run: Callable[..., Run]) -> Run:
    """Fourteen episodes of two tasks: 9 successes, one of each kind of other ending."""
    good = [toy(seed=seed) for seed in range(9)]
    press = "ivlm/Press-v0"
    other = [
        toy(task=press, engines=(False, True)),
        toy(task=press, seed=1, status="reasoner_error"),
        toy(task=press, seed=2, status="timeout"),
        toy(task=press, seed=3, status="sim_diverged"),
        toy(task=press, seed=4, status="abstained"),
    ]
    return make_run([*good, *other])


@pytest.mark.parametrize("form", sorted(FORMS))
def test_every_form_is_made_from_the_records_alone(form: str, run: Run) -> None:
    assert export(run, form) == export(run, form)
    assert export(run, form).endswith("\n")


def test_csv_has_one_line_an_episode_and_an_empty_cell_for_what_is_not_there(run: Run) -> None:
    lines = list(csv.DictReader(io.StringIO(export(run, "csv"))))
    assert len(lines) == 14
    by_key = {(line["task"], line["seed"]): line for line in lines}
    assert by_key["ivlm/Press-v0", "0"]["mujoco_code"] == "FAIL"
    assert by_key["ivlm/Press-v0", "0"]["bullet_success"] == "True"
    assert by_key["ivlm/Press-v0", "1"]["mujoco_code"] == ""
    assert [line["success"] for line in lines].count("True") == 9


def test_junit_tells_wrong_answers_from_faults_and_from_diverged_simulations(run: Run) -> None:
    root = ElementTree.fromstring(export(run, "junit"))
    suites = {suite.get("name"): suite for suite in root}
    assert suites["ivlm/Grasp-v0"].get("tests") == "9"
    counts = {n: suites["ivlm/Press-v0"].get(n) for n in ("failures", "errors", "skipped")}
    assert counts == {"failures": "2", "errors": "2", "skipped": "1"}
    assert len(root.findall(".//testcase")) == 14


def test_junit_holds_what_a_reasoner_printed_without_breaking_the_xml(
    toy: Callable[..., Any], make_run: Callable[..., Run]
) -> None:
    run = make_run([toy(status="reasoner_error")], name="evil\x1b<&")
    root = ElementTree.fromstring(export(run, "junit"))
    assert root.get("name") == "toy-v0 evil\ufffd<&"


def test_lerobot_has_its_three_keys_and_its_means_over_episodes(run: Run) -> None:
    told = json.loads(export(run, "lerobot"))
    assert set(told) == {"per_task", "per_group", "overall"}
    assert told["overall"]["pc_success"] == pytest.approx(100 * 9 / 14)
    assert told["overall"]["n_episodes"] == 14
    assert told["per_group"]["toy-v0"]["n_success"] == 9
    grasp, press = told["per_task"]
    assert grasp["metrics"]["successes"] == [True] * 9
    assert press["metrics"]["sum_rewards"] == [0.0] * 5
    # 4 objects (the diverged one counts for nobody) are under ten: no interval.
    assert press["pc_success_ci95"] is None


def test_lerobot_gives_wilsons_interval_from_ten_objects_on(
    toy: Callable[..., Any], make_run: Callable[..., Run]
) -> None:
    run = make_run([toy(seed=seed, engines=(seed < 9, seed < 9)) for seed in range(12)])
    told = json.loads(export(run, "lerobot"))
    # 9 of 12, z = 1.959964: (p + z^2/2n -+ z sqrt(pq/n + z^2/4n^2)) / (1 + z^2/n), by hand.
    wanted = pytest.approx([46.769, 91.106], abs=0.002)
    assert told["per_task"][0]["pc_success_ci95"] == wanted
    assert told["overall"]["pc_success_ci95"] == wanted


def test_every_eval_ever_has_what_its_schema_requires(run: Run) -> None:
    told = json.loads(export(run, "every-eval-ever"))
    required = {"schema_version", "evaluation_id", "retrieved_timestamp", "source_metadata"}
    assert required | {"model_info", "eval_library", "evaluation_results"} <= set(told)
    assert {"name", "id"} <= set(told["model_info"])
    results = {r["evaluation_name"]: r for r in told["evaluation_results"]}
    strict = results["toy-v0/ivlm/Grasp-v0/strict"]
    assert strict["score_details"]["score"] == 1.0
    for result in results.values():
        assert {"source_data", "metric_config", "score_details"} <= set(result)
        config = result["metric_config"]
        assert config["min_score"] <= result["score_details"]["score"] <= config["max_score"]
        strings = result["generation_config"]["additional_details"].values()
        assert all(isinstance(value, str) for value in strings)
    assert results["toy-v0/macro/error"]["metric_config"]["lower_is_better"] is True


def test_an_unknown_form_is_named_with_its_neighbours(run: Run) -> None:
    with pytest.raises(UnknownNameError, match="junit"):
        export(run, "junti")
