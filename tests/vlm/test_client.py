"""One question over HTTP: what is sent, what comes back, and when it is put again."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ivlm_bench.errors import (
    IvlmBenchError,
    RemoteError,
    RemoteLostError,
    RemoteTimeoutError,
)
from ivlm_bench.testing.analytic import Block, table_observation
from ivlm_bench.testing.chat_server import Reply, TalkingServer, failure, said, talking
from ivlm_bench.types import Query

pytest.importorskip("openai")

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


def test_the_package_itself_retries_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with talking(failure(500)) as server, pytest.raises(IvlmBenchError):
        ask(server.url, retries=0)
    assert len(server.asked) == 1
    assert os.environ.get("OPENAI_BASE_URL") is None
