"""The reasoner that asks by HTTP: the answer of all views, kept answers, cost, parameters."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ivlm_bench.errors import (
    ConfigError,
    InvalidAnswerError,
    MissingDependencyError,
    RemoteError,
)
from ivlm_bench.testing.analytic import Block, table_observation
from ivlm_bench.testing.chat_server import Reply, failure, said, talking
from ivlm_bench.testing.reasoner import check_reasoner
from ivlm_bench.types import Observation, Query

pytest.importorskip("openai")

import ivlm_policies.vlm
from ivlm_policies.vlm.client import Request
from ivlm_policies.vlm.reasoner import VlmReasoner

QUERY = Query("grasp", "box", None, "Pick up the box.")
OBSERVATION = table_observation((Block((0.03, -0.02, 0.03), (0.06, 0.06, 0.06)),), QUERY)
REQUEST = Request("m", "Where?", np.zeros((28, 28, 3), np.uint8), {"max_tokens": 5})
HERE = '[{"point": [100, 50]}]'
LOGIN = Reply(
    b"<!DOCTYPE html><html><body>Sign in</body></html>", headers={"Content-Type": "text/html"}
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IVLM_BENCH_VLM_CACHE", str(tmp_path / "answers"))
    return tmp_path / "answers"


def reasoner(url: str, **more: Any) -> VlmReasoner:
    return VlmReasoner(**({"base_url": url, "model": "llava", "retries": 0} | more))


# The answer of all views.


def replies(*each: Reply) -> Callable[[dict[str, Any]], Reply]:
    left = list(each)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def by_view(*texts: str) -> Callable[[dict[str, Any]], Reply]:
    """Say one text to the first picture that is seen, and so on."""
    seen: dict[str, str] = {}
    lock = threading.Lock()

    def talk(body: dict[str, Any]) -> Reply:
        picture = body["messages"][0]["content"][0]["image_url"]["url"]
        with lock:
            return said(seen.setdefault(picture, texts[len(seen) % len(texts)]))

    return talk


def test_views_with_points_stand_for_those_without() -> None:
    with talking(by_view("[]", HERE, "nonsense", "[]")) as server:
        answer = reasoner(server.url, in_flight=1).predict(OBSERVATION)
    assert answer.points_px is not None
    assert answer.points_px.tolist() == [[1.0, 100.0, 50.0]]
    kinds = [each.caption.split(":")[1].split()[0] for each in answer.evidence]
    assert kinds == ["abstained", "points", "unparsed", "abstained"]


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (("[]", "nonsense"), "unparsed"),
        (('[{"point": [900, 50]}]',), "out of range"),
        (("I can't help with that.",), "refused"),
        (('[{"point": [NaN, 50]}]',), "unparsed"),
        (('[{"bbox_2d": [1, 2, 3, 4]}]',), "unparsed"),
    ],
)
def test_answers_without_a_place_are_invalid_and_say_of_which_kind(
    texts: tuple[str, ...], kind: str
) -> None:
    with talking(by_view(*texts)) as server, pytest.raises(InvalidAnswerError) as error:
        reasoner(server.url).predict(OBSERVATION)
    assert str(error.value).startswith(f"{kind}: in the dialect 'generic' the answer ")


def test_only_an_answer_that_marks_nothing_abstains() -> None:
    with talking("[]") as server:
        answer = reasoner(server.url).predict(OBSERVATION)
    assert answer.abstain
    assert answer.feasible_prob == 0.0


# The cache.


def test_a_question_that_was_asked_before_costs_nothing_and_changes_no_bit(folder: Path) -> None:
    with talking(HERE) as server:
        url = server.url
        first = reasoner(url).predict(OBSERVATION)
        assert len(server.asked) == 4
    again = reasoner("http://127.0.0.1:9/v1").predict(OBSERVATION)  # nothing listens there
    assert first.points_px is not None
    assert again.points_px is not None
    assert np.array_equal(first.points_px, again.points_px)
    assert [e.caption for e in first.evidence] == [e.caption for e in again.evidence]


@pytest.mark.parametrize(
    "changed",
    [{"model": "llava-2"}, {"dialect": "gemini"}, {"max_tokens": 9}, {"side_px": 448}],
    ids=lambda changed: next(iter(changed)),
)
def test_whatever_decides_the_answer_is_part_of_its_key(changed: dict[str, Any]) -> None:
    with talking(HERE) as server:
        reasoner(server.url, max_views=1).predict(OBSERVATION)
        reasoner(server.url, max_views=1, **changed).predict(OBSERVATION)
        assert len(server.asked) == 2
        other = Query("grasp", "box", None, "Lift the box.")
        reasoner(server.url, max_views=1).predict(
            Observation(OBSERVATION.views, other, OBSERVATION.gripper, OBSERVATION.gravity_m_s2)
        )
        assert len(server.asked) == 3


def test_a_damaged_entry_is_asked_for_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with talking(HERE) as server:
        mind = reasoner(server.url, max_views=1)
        mind.predict(OBSERVATION)
        path = next(folder.glob("??/*.json"))
        for content in (path.read_text().replace("100, 50", "101, 50"), "", "{"):
            path.write_text(content)
            answer = mind.predict(OBSERVATION)
            assert answer.points_px is not None
            assert answer.points_px.tolist() == [[0.0, 100.0, 50.0]]
        assert len(server.asked) == 4
    assert capsys.readouterr().err.count("was damaged and is asked for again") == 3


def test_faults_are_not_kept(folder: Path) -> None:
    with talking(replies(failure(400), said(HERE))) as server:
        mind = reasoner(server.url, max_views=1)
        with pytest.raises(RemoteError):
            mind.predict(OBSERVATION)
        assert mind.predict(OBSERVATION).points_px is not None


# What it costs.


def test_tokens_and_their_price_are_counted() -> None:
    with talking(HERE) as server:
        mind = reasoner(server.url, price_in=3.0, price_out=15.0)
        mind.predict(OBSERVATION)
        mind.predict(OBSERVATION)  # from the cache
    spent = mind.ledger.spent()
    assert (spent.n_requests, spent.n_prompt_tokens, spent.n_written_tokens) == (4, 400, 28)
    assert spent.cost == pytest.approx((400 * 3 + 28 * 15) / 1e6)
    assert spent.reserved == pytest.approx(0.0, abs=1e-12)


def test_no_request_is_made_that_might_pass_the_budget() -> None:
    usage = {"prompt_tokens": 900, "completion_tokens": 100}
    with talking(said(HERE, usage=usage)) as server:
        mind = reasoner(
            server.url, cache=False, price_in=1e3, price_out=1e3, max_cost=12.0, max_tokens=100
        )
        with pytest.raises(RemoteError, match=r"The budget is spent: .* of max_cost 12 .*max_cost"):
            mind.predict_batch([OBSERVATION] * 10)
        mind.close()
    # Each costs 1, and might cost its bound: letters of the prompt, 256 patches, 400 more.
    assert 8 <= len(server.asked) <= 12


def test_where_no_tokens_are_told_the_most_is_counted() -> None:
    with talking(said(HERE, usage=None)) as server:
        mind = reasoner(server.url, cache=False, price_in=1.0, price_out=1.0, max_views=1)
        mind.predict(OBSERVATION)
    prompt = server.asked[0]["messages"][0]["content"][1]["text"]
    assert mind.ledger.spent().cost == pytest.approx((len(prompt) + 16**2 + 300 + 512) / 1e6)


# Many at once.


def test_a_batch_answers_as_one_by_one_and_keeps_to_the_limit() -> None:
    with talking(Reply(said(HERE).body, wait_s=0.05)) as server:
        mind = reasoner(server.url, cache=False, in_flight=5)
        batch = mind.predict_batch([OBSERVATION] * 4)
    assert 2 <= server.most_at_once <= 5
    assert len(batch) == 4
    for answer in batch:
        assert answer.points_px is not None
        assert answer.points_px.tolist() == [[i, 100.0, 50.0] for i in range(4)]


def test_the_public_check_of_reasoners_finds_nothing() -> None:
    with talking(by_view(HERE, "[]", '[{"point": [0, 0]}]', '[{"point": [223, 223]}]')) as server:
        checks = check_reasoner(reasoner(server.url), [OBSERVATION])
    assert [check.name for check in checks if not check.passed] == []


# Parameters.


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"base_url": "127.0.0.1:8000"}, "no http:// or https:// address"),
        ({"base_url": "http://me:secret@host/v1"}, "holds a name, password or query"),
        ({"base_url": "https://host/v1?key=secret"}, "holds a name, password or query"),
        ({"key_env": "sk-secret-key"}, "not the name of an environment variable"),
        ({"key_env": "NOT_SET_SECRET_FREE"}, "NOT_SET_SECRET_FREE holds no key for 127.0.0.1"),
        ({"base_url": "https://api.openai.com/v1"}, "OPENAI_API_KEY holds no key"),
        ({"model": " "}, "model is empty"),
        ({"side_px": 3}, "side of 28 to 4096 px"),
        ({"max_cost": 5.0}, "-P price_in=PRICE"),
        ({"in_flight": 0}, "in_flight is 0"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"extra": "{"}, "no JSON object"),
        ({"extra": '{"model": "x"}'}, "no JSON object"),
    ],
)
def test_a_parameter_that_does_not_fit_is_told(
    given: dict[str, Any], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ConfigError) as error:
        VlmReasoner(**({"base_url": "http://127.0.0.1:9/v1", "model": "llava"} | given))
    assert told in str(error.value)
    assert "secret" not in str(error.value)


def test_without_the_package_one_sentence_tells_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    monkeypatch.delitem(sys.modules, "ivlm_policies.vlm._wire", raising=False)
    monkeypatch.delattr(ivlm_policies.vlm, "_wire", raising=False)
    with pytest.raises(MissingDependencyError, match="pip install openai"):
        reasoner("http://127.0.0.1:9/v1")


def test_nothing_of_it_is_loaded_before_it_is_asked_for() -> None:
    code = (
        "import sys, ivlm_policies.vlm.reasoner; "
        "from ivlm_policies.vlm.dialect import dialect_of; "
        "print([m for m in ('openai', 'httpx2', 'httpx', 'PIL') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
