from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ivlm_bench.errors import (
    ConfigError,
    InvalidAnswerError,
    IvlmBenchError,
    MissingDependencyError,
    RemoteError,
    RemoteLostError,
    RemoteTimeoutError,
)
from ivlm_bench.testing.analytic import Block, table_observation
from ivlm_bench.testing.chat_server import Reply, TalkingServer, failure, said, talking
from ivlm_bench.testing.reasoner import check_reasoner
from ivlm_bench.types import Observation, Query

pytest.importorskip("openai")

import ivlm_policies.vlm
from ivlm_policies.vlm.client import Client, Completion, Request, open_wire
from ivlm_policies.vlm.patience import Patience
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


@contextmanager
def client_of(url: str, *, retries: int = 0, **more: Any) -> Iterator[Client]:
    patience = Patience(retries, first_pause_s=0.01)
    wire = open_wire(url, more.get("key", ""))
    try:
        yield Client(wire, url, patience=patience, **more)
    finally:
        wire.close()


def ask(url: str, *, within_s: float = 20.0, **more: Any) -> Completion:
    with client_of(url, **more) as client:
        return client.complete(REQUEST, until_s=time.monotonic() + within_s)


def reasoner(url: str, **more: Any) -> VlmReasoner:
    return VlmReasoner(**({"base_url": url, "model": "llava", "retries": 0} | more))


# What is sent.


def test_a_question_is_one_picture_and_one_prompt() -> None:
    with talking(HERE) as server:
        answer = reasoner(
            server.url, cache=False, extra='{"top_p": 0.5, "max_tokens": null}'
        ).predict(OBSERVATION)
    assert answer.points_px is not None
    assert answer.points_px.tolist() == [[i, 100.0, 50.0] for i in range(4)]
    body = server.asked[0]
    picture, prompt = body["messages"][0]["content"]
    assert picture["image_url"]["url"].startswith("data:image/png;base64,iVBOR")
    assert QUERY.text in prompt["text"]
    assert {k: v for k, v in body.items() if k != "messages"} == {
        "model": "llava",
        "temperature": 0.0,
        "top_p": 0.5,
    }
    assert set(server.paths) == {"/v1/chat/completions"}


def test_no_key_of_the_environment_reaches_a_server_that_it_is_not_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY"):
        monkeypatch.setenv(name, "sk-of-somebody-else")
    with talking(HERE) as server:
        ask(server.url)
    assert "sk-of-somebody-else" not in str(server.headers)
    assert "authorization" not in server.headers[0]


def test_a_named_key_is_sent_and_blotted_out_of_what_comes_back(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setenv("LAB_KEY", "sk-secret-0123456789")
    echo = said(f"{HERE} Bearer sk-secret-0123456789")
    with talking(echo) as server:
        answer = reasoner(server.url, key_env="LAB_KEY").predict(OBSERVATION)
    assert server.headers[0]["authorization"] == "Bearer sk-secret-0123456789"
    assert "[key]" in answer.evidence[0].caption
    kept = [path.read_text() for path in folder.rglob("*") if path.is_file()]
    assert kept
    assert "sk-secret" not in str(answer.evidence) + "".join(kept)
    with talking(failure(500, "wrong key sk-secret-0123456789")) as server:
        mind = reasoner(server.url, key_env="LAB_KEY", cache=False)
        with pytest.raises(RemoteError) as told:
            mind.predict(OBSERVATION)
    assert "[key]" in str(told.value)
    assert "sk-secret" not in str(told.value)


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with talking(HERE) as server:
        assert ask(server.url).text == HERE


def test_a_seed_is_sent_only_to_a_model_that_samples() -> None:
    with talking(HERE) as server:
        for temperature in (0.0, 0.7):
            mind = reasoner(server.url, temperature=temperature, max_views=1)
            for seed in (1, 2, 1):
                mind.reset(seed)
                mind.predict(OBSERVATION)
    assert [body.get("seed") for body in server.asked] == [None, 1, 2]


# What comes back.


def test_counts_parts_and_reasons_of_a_completion_are_read() -> None:
    parts: Any = [{"type": "text", "text": "[]"}, {"type": "text", "text": " x"}]
    with talking(said(parts, finish="length")) as server:
        assert ask(server.url) == Completion("[] x", "length", False, 100, 7)
    with talking(said(None, refusal="I will not.", usage={})) as server:
        assert ask(server.url) == Completion("I will not.", "stop", True, None, None)


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (failure(401), "key_env=NAME"),
        (failure(403, "no entry"), "key_env=NAME"),
        (failure(404, "no such model"), "/models lists its models"),
        (failure(400, "This model's maximum context length is 2048 tokens"), "-P side_px"),
        (failure(413, "prompt is too long: 210000 tokens"), "-P side_px"),
        (failure(400, "image input is not supported"), "'image input is not supported'"),
        (failure(429, "slow down"), "--in-flight"),
        (failure(429, "You exceeded your quota: insufficient_quota"), "no credit"),
        (failure(500, "CUDA out of memory"), "'CUDA out of memory'"),
        (failure(500, "x" * 9000), "see its log"),
        (failure(302, Location="http://login.example/?next=secret"), "http://login.example/, per"),
        (LOGIN, "a web page, not with a chat completion"),
        (Reply(b""), "with nothing"),
        (Reply(b'{"choices": []}'), "JSON of another kind"),
        (Reply(b'{"choices": [{"message": {"content": 7}}]}'), "JSON of another kind"),
        (Reply(b'{"choices": NaN}'), "JSON of another kind"),
        (Reply(b"[" * 100000), "JSON of another kind"),
        (Reply(b"{" + b" " * (40 << 20) + b"}"), "more than 4 MiB"),
        (Reply(b"x" * (40 << 20), 500), "status 500"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_is_no_answer_is_told_in_one_sentence(reply: Reply, told: str) -> None:
    with talking(reply) as server, pytest.raises(RemoteError) as error:
        ask(server.url)
    sentence = str(error.value)
    assert told in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 600
    assert "secret" not in sentence


def test_a_server_that_is_off_or_unknown_is_told() -> None:
    with talking(HERE) as server:
        url = server.url
    with pytest.raises(RemoteLostError, match="Nothing answers at http"):
        ask(url)
    with pytest.raises(RemoteError, match="is not known here"):
        ask("http://no-such-host.invalid/v1")


def test_a_server_that_stalls_or_drips_costs_its_time_and_no_more() -> None:
    slow = said(HERE)
    for reply in (Reply(slow.body, wait_s=3.0), Reply(slow.body, pause_s=0.05)):
        began = time.monotonic()
        with talking(reply) as server:
            with pytest.raises(RemoteTimeoutError, match="--deadline-s"):
                ask(server.url, within_s=0.5)
            assert time.monotonic() - began < 2.5, "it waited for more than it was given"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 429, 500, 503])
def test_a_resumed_run_asks_again_where_nobody_answered(status: int) -> None:
    with talking(failure(status)) as server, pytest.raises(RemoteError) as error:
        ask(server.url)
    lost = isinstance(error.value, RemoteLostError)
    assert lost == (status in (401, 403, 429, 500, 503))


# Patience.


def replies(*each: Reply) -> Callable[[dict[str, Any]], Reply]:
    waiting = list(each)
    return lambda _: waiting.pop(0) if len(waiting) > 1 else waiting[0]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 529])
def test_what_may_pass_is_asked_again(status: int) -> None:
    with talking(replies(failure(status), failure(status), said(HERE))) as server:
        assert ask(server.url, retries=2).text == HERE
    assert len(server.asked) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_what_does_not_pass_is_not(status: int) -> None:
    with talking(failure(status)) as server, pytest.raises(RemoteError):
        ask(server.url, retries=5)
    assert len(server.asked) == 1


def test_the_pause_that_a_server_asks_for_is_kept_or_told() -> None:
    with talking(replies(failure(429, Retry_After="1"), said(HERE))) as server:
        began = time.monotonic()
        ask(server.url, retries=1)
        assert time.monotonic() - began >= 1.0
    with talking(failure(429, Retry_After="3600")) as server:
        began = time.monotonic()
        with pytest.raises(RemoteError, match="429"):
            ask(server.url, retries=5)
        assert len(server.asked) == 1


def test_a_server_that_is_started_anew_is_waited_for() -> None:
    with talking(HERE) as server:
        port = server.port
    revived: list[TalkingServer] = []

    def revive() -> None:
        time.sleep(0.4)
        revived.append(TalkingServer(lambda _: said(HERE), port=port))

    thread = threading.Thread(target=revive)
    thread.start()
    try:
        assert ask(f"http://127.0.0.1:{port}/v1", retries=12).text == HERE
    finally:
        thread.join()
        revived[0].close()


def test_a_server_that_fails_for_a_whole_question_has_one_try_for_each_further_one() -> None:
    talk = [failure(500)]
    with talking(lambda _: talk[0]) as server, client_of(server.url, retries=3) as client:
        for _ in range(3):
            with pytest.raises(RemoteError):
                client.complete(REQUEST, until_s=time.monotonic() + 20)
        assert len(server.asked) == 4 + 1 + 1
        talk[0] = said(HERE)
        client.complete(REQUEST, until_s=time.monotonic() + 20)
        talk[0] = failure(500)
        with pytest.raises(RemoteError):
            client.complete(REQUEST, until_s=time.monotonic() + 20)
        assert len(server.asked) == 6 + 1 + 4


# The answer of all views.


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


def test_the_package_itself_retries_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with talking(failure(500)) as server, pytest.raises(IvlmBenchError):
        ask(server.url, retries=0)
    assert len(server.asked) == 1
    assert os.environ.get("OPENAI_BASE_URL") is None
