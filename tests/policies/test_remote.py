"""The reasoner ``remote`` against our own server, and against websockets of every bad kind."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from websockets.sync.server import ServerConnection, serve

from ivlm_bench.codec import encode
from ivlm_bench.codec.ndarrays import pack, unpack
from ivlm_bench.errors import (
    ConfigError,
    InvalidAnswerError,
    IvlmBenchError,
    RemoteError,
    RemoteTimeoutError,
)
from ivlm_bench.harness.predict import predict
from ivlm_bench.reasoners import resolve_reasoner
from ivlm_bench.serving.desk import Desk
from ivlm_bench.serving.server import ReasonerServer, Terms
from ivlm_bench.testing.analytic import Block, Column, table_observation
from ivlm_bench.testing.reasoner import check_reasoner
from ivlm_bench.types import Interaction, Observation, Query
from ivlm_policies.remote.reasoner import RemoteReasoner

MUG = (Column((0.0, 0.0, 0.05), 0.035, 0.10), Block((0.055, 0.0, 0.05), (0.05, 0.010, 0.06)))
SHOWN = (
    table_observation(MUG, Query("grasp", "mug", "handle", "Grasp the mug by its handle.")),
    table_observation(
        MUG, Query("press", "panel", "button_red", "Press the red button."), has_depth=False
    ),
    table_observation((), Query("grasp", "mug", None, "Pick up the mug.")),
)
RIGHT: dict[str, Any] = {"points_px": np.array([[0.0, 3.0, 4.0]])}
SCHEMES = ["ws", "http"]


@contextlib.contextmanager
def served(reasoner: str, port: int = 0, terms: Terms | None = None) -> Iterator[str]:
    """Serve a reasoner from this process; give its place."""
    with ReasonerServer(Desk(reasoner, {}), host="127.0.0.1", port=port, terms=terms) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.place
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def place() -> Iterator[str]:
    with served("random") as at:
        yield at


def points(answer: Interaction) -> list[list[float]]:
    assert answer.points_px is not None
    return [list(map(float, row)) for row in answer.points_px]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", ["geometric", "random", "centre"])
def test_a_served_reasoner_answers_as_it_does_at_home(name: str, scheme: str) -> None:
    home, _ = resolve_reasoner(name)
    with served(name) as at:
        away = RemoteReasoner(f"{scheme}://{at}")
        for number, shown in enumerate(SHOWN):
            here, there = (predict(one, shown, seed=number) for one in (home, away))
            assert there.status == here.status == "ok"
            assert there.blob == here.blob
        away.close()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_it_passes_the_public_check_of_reasoners(place: str, scheme: str) -> None:
    away = RemoteReasoner(f"{scheme}://{place}")
    checks = check_reasoner(away, SHOWN)
    assert [check.name for check in checks if not check.passed] == []
    away.close()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_its_card_tells_who_is_behind_it(place: str, scheme: str) -> None:
    plain = resolve_reasoner("random")[1]
    away, card = resolve_reasoner("remote", {"url": f"{scheme}://{place}"})
    assert card.display == f"Remote: {plain.display}"
    assert isinstance(away, RemoteReasoner)
    assert away.stands_for == (plain.display, plain.fingerprint)
    away.close()
    with served("centre") as at:
        other, others = resolve_reasoner("remote", {"url": f"{scheme}://{at}"})
        assert isinstance(other, RemoteReasoner)
        other.close()
    assert others.fingerprint != card.fingerprint


Talk = Callable[[ServerConnection], None]


@contextlib.contextmanager
def openpi_like(*talks: Talk, metadata: Any = None) -> Iterator[str]:
    """A server by the ``websockets`` package; the n-th connection is talked to by the n-th talk.

    The last talk serves all further connections.
    """
    numbers = iter(range(10**6))

    def handle(connection: ServerConnection) -> None:
        talk = talks[min(next(numbers), len(talks) - 1)]
        connection.send(pack({} if metadata is None else metadata))
        talk(connection)

    with serve(handle, "127.0.0.1", 0, compression=None, max_size=None) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        finally:
            server.shutdown()
            thread.join()


def replies(*messages: str | bytes) -> Talk:
    def talk(connection: ServerConnection) -> None:
        for message in messages:
            connection.recv()
            connection.send(message)
        connection.recv()

    return talk


def hangs_up(connection: ServerConnection) -> None:
    connection.recv()
    connection.socket.shutdown(socket.SHUT_RDWR)


def stalls(connection: ServerConnection) -> None:
    connection.recv()
    with contextlib.suppress(Exception):
        connection.recv()  # until the client has gone


TRACE = "Traceback (most recent call last):\n  File \"policy.py\", line 3\nKeyError: 'prompt'\n"
BAD: list[tuple[str | bytes, type[IvlmBenchError], str]] = [
    (b"\xc1\xc1", InvalidAnswerError, "no msgpack"),
    (pack([1, 2]), InvalidAnswerError, "is a list"),
    (pack({"actions": np.zeros((8, 7))}), InvalidAnswerError, "'actions'"),
    (pack({"contact_points_m": np.full((1, 3), np.nan)}), InvalidAnswerError, "NaN"),
    (pack({"grasps": [{"width_m": 0.1}]}), InvalidAnswerError, "world_from_gripper"),
    (pack({"affordance_maps": np.zeros(10 << 20, np.float32)}), InvalidAnswerError, "32 MiB"),
    (TRACE, RemoteError, "KeyError: 'prompt'"),
    ("", RemoteError, "without words"),
    ("invalid_answer: Grasp.prob is 7.", InvalidAnswerError, "Grasp.prob is 7."),
    ("reasoner_error: out of memory\n\nTraceback", RemoteError, "says: out of memory."),
    ("evil \x1b[2J\u202e words " * 99, RemoteError, "evil  [2J  words"),
]


@pytest.mark.parametrize(("message", "kind", "words"), BAD, ids=range(len(BAD)))
def test_a_bad_answer_costs_its_question_and_no_other(
    message: str | bytes, kind: type[IvlmBenchError], words: str
) -> None:
    good = replies(pack(RIGHT), pack(RIGHT), pack(RIGHT))
    with openpi_like(replies(message, pack(RIGHT)), good) as url:
        away = RemoteReasoner(url)
        with pytest.raises(kind) as caught:
            away.predict(SHOWN[0])
        assert words in str(caught.value)
        assert url in str(caught.value) or kind is InvalidAnswerError
        assert "\n" not in str(caught.value)
        assert "\x1b" not in str(caught.value)
        assert len(str(caught.value)) < 500
        assert points(away.predict(SHOWN[0])) == [[0.0, 3.0, 4.0]]
        away.close()


def test_a_server_of_openpi_is_asked_in_its_own_terms() -> None:
    asked: list[dict[str, Any]] = []

    def talk(connection: ServerConnection) -> None:
        asked.append(unpack(connection.recv()))  # type: ignore[arg-type]
        connection.send(pack(RIGHT | {"server_timing": {"infer_ms": 1.0}}))
        connection.recv()

    with openpi_like(talk, metadata={"policy": "pi0"}) as url:
        away = RemoteReasoner(url)
        away.reset(5)
        assert points(away.predict(SHOWN[0])) == [[0.0, 3.0, 4.0]]
        assert away.stands_for == ("", "")
        away.close()
    assert asked[0]["prompt"] == "Grasp the mug by its handle."
    assert asked[0]["seed"] == 5
    assert np.array_equal(asked[0]["views"][0]["rgb"], SHOWN[0].views[0].rgb)


def test_a_stalled_server_is_left_in_time_and_its_late_answer_is_nobodys() -> None:
    late = pack({"points_px": np.array([[0.0, 9.0, 9.0]])})

    def dawdles(connection: ServerConnection) -> None:
        connection.recv()
        time.sleep(0.5)
        connection.send(late)

    with openpi_like(dawdles, replies(pack(RIGHT))) as url:
        away = RemoteReasoner(url)
        away.answer_within(0.3)
        started = time.monotonic()
        with pytest.raises(RemoteTimeoutError, match=r"gave no answer in 0\.27 s"):
            away.predict(SHOWN[0])
        assert time.monotonic() - started < 5.0
        time.sleep(0.5)
        away.answer_within(30.0)
        assert points(away.predict(SHOWN[0])) == [[0.0, 3.0, 4.0]]
        away.close()


def test_a_stall_is_a_timeout_of_the_episode() -> None:
    with openpi_like(stalls) as url:
        away = RemoteReasoner(url)
        away.answer_within(0.2)
        answer = predict(away, SHOWN[0], seed=0)
        assert (answer.status, answer.message.count("\n")) == ("timeout", 0)
        away.close()


def test_a_server_that_hangs_up_is_asked_once_more() -> None:
    with openpi_like(hangs_up, replies(pack(RIGHT))) as url:
        away = RemoteReasoner(url)
        assert points(away.predict(SHOWN[0])) == [[0.0, 3.0, 4.0]]
        away.close()


def test_a_question_that_ends_the_server_twice_is_given_up() -> None:
    with openpi_like(hangs_up, hangs_up, replies(pack(RIGHT))) as url:
        away = RemoteReasoner(url)
        answer = predict(away, SHOWN[0], seed=0)
        assert answer.status == "reasoner_error"
        assert (
            answer.message == f"The server at {url} hung up 2 times on one question (it hung up)."
        )
        assert points(away.predict(SHOWN[0])) == [[0.0, 3.0, 4.0]]
        away.close()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_killed_server_is_missed_in_one_sentence_and_found_again(scheme: str) -> None:
    with served("centre") as at:
        away = RemoteReasoner(f"{scheme}://{at}", wait_s=0.3)
        before = away.predict(SHOWN[0])
        away.close()  # as if the connection broke with the server
    for _ in range(2):
        with pytest.raises(
            RemoteError, match=rf"No server answers at {scheme}://.*ivlm-bench serve"
        ):
            away.predict(SHOWN[0])
    with served("centre", port=int(at.rpartition(":")[2])):
        assert encode(away.predict(SHOWN[0])) == encode(before)
        away.close()


def test_a_server_that_starts_late_is_waited_for() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    found: list[RemoteReasoner] = []
    waiter = threading.Thread(
        target=lambda: found.append(RemoteReasoner(f"http://127.0.0.1:{port}"))
    )
    waiter.start()
    time.sleep(0.3)
    with served("centre", port=port):
        waiter.join()
        assert [away.stands_for[0] for away in found] == ["Object centre"]
        found[0].close()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_another_reasoner_in_the_place_of_the_first_is_refused(scheme: str) -> None:
    with served("centre") as at:
        away = RemoteReasoner(f"{scheme}://{at}")
        away.close()
    with (
        served("random", port=int(at.rpartition(":")[2])),
        pytest.raises(RemoteError, match="now answers for 'random', no longer for 'centre'"),
    ):
        away.predict(SHOWN[0])
    away.close()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_batch_is_asked_at_once(place: str, scheme: str) -> None:
    home, _ = resolve_reasoner("centre")
    with served("centre") as at:
        away = RemoteReasoner(f"{scheme}://{at}")
        together = [one for one in away.predict_batch(SHOWN) if isinstance(one, Interaction)]
        assert [encode(one) for one in together] == [encode(home.predict(o)) for o in SHOWN]  # type: ignore[union-attr]
        away.close()


def test_one_bad_question_of_a_batch_is_its_own() -> None:
    told = [{"error": "Too dark.", "status": "invalid_answer"}, {"interaction": {}}]
    told.append({"error": "no cuda", "status": "reasoner_error"})
    with openpi_like(replies(pack({"answers": told})), metadata={"predict_batch": True}) as url:
        away = RemoteReasoner(url)
        dark, fine, broken = away.predict_batch(SHOWN)
        away.close()
    assert isinstance(dark, InvalidAnswerError)
    assert "says: Too dark." in str(dark)
    assert isinstance(fine, Interaction)
    assert isinstance(broken, RemoteError)


def test_a_server_that_takes_no_batches_is_asked_one_by_one() -> None:
    with openpi_like(replies(*[pack(RIGHT)] * 3)) as url:
        away = RemoteReasoner(url)
        assert len(away.predict_batch(SHOWN)) == 3
        away.close()


@pytest.mark.parametrize(
    "reply", [{}, {"answers": []}, {"answers": [1, 2, 3]}, {"answers": [{}, {}, {}]}]
)
def test_a_batch_that_is_none_is_refused(reply: dict[str, Any]) -> None:
    with openpi_like(replies(pack(reply)), metadata={"predict_batch": True}) as url:
        away = RemoteReasoner(url)
        with pytest.raises(InvalidAnswerError):
            away.predict_batch(SHOWN)
        away.close()


@pytest.mark.parametrize("metadata", [[1], 3, "hello"])
def test_a_websocket_without_metadata_is_refused(metadata: Any) -> None:
    with (
        openpi_like(stalls, metadata=metadata) as url,
        pytest.raises(RemoteError, match="first message"),
    ):
        RemoteReasoner(url)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_key_is_wanted_and_never_stored(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "s3cret")
    monkeypatch.setenv("NO_KEY", "")
    with served("centre", terms=Terms(key="s3cret")) as at:
        url = f"{scheme}://{at}"
        with pytest.raises(RemoteError, match="api_key_env") as caught:
            RemoteReasoner(url)
        assert "s3cret" not in str(caught.value)
        away, card = resolve_reasoner("remote", {"url": url, "api_key_env": "MY_KEY"})
        assert isinstance(away, RemoteReasoner)
        away.predict(SHOWN[0])
        away.close()
        assert "s3cret" not in json.dumps(card.params) + card.notes
    with pytest.raises(ConfigError, match="'NO_KEY', which is not set"):
        RemoteReasoner(url, api_key_env="NO_KEY")


def test_the_observation_that_arrives_is_the_one_that_was_sent() -> None:
    got: list[Observation] = []

    class Keeps:
        def predict(self, observation: Observation, /) -> Interaction:
            got.append(observation)
            return Interaction()

    desk = Desk("centre", {})
    desk._reasoner = Keeps()
    with ReasonerServer(desk, host="127.0.0.1", port=0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        for scheme in SCHEMES:
            away = RemoteReasoner(f"{scheme}://{server.place}")
            away.predict(SHOWN[0])
            away.close()
        server.shutdown()
        thread.join()
    from ivlm_bench.codec import encode_observation

    assert [encode_observation(one) for one in got] == [encode_observation(SHOWN[0])] * 2
