from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

import msgspec
import numpy as np
import pytest

from ivlm_bench import digest
from ivlm_bench.records import VOLATILE, EpisodeRecord, EpisodeResult, VerdictRecord

Make = Callable[[int], EpisodeResult]


def test_canonical_json_by_hand() -> None:
    assert digest.canonical_json({"b": [1, 0.1], "a": "é"}) == '{"a":"é","b":[1,0.1]}'.encode()


def test_scenario_key_by_hand() -> None:
    want = hashlib.blake2b(b'["p","ivlm/Grasp-v0",7]', digest_size=16).hexdigest()
    assert digest.scenario_key("p", "ivlm/Grasp-v0", np.int64(7)) == want  # type: ignore[arg-type]


def test_keys_tell_all_their_parts_apart() -> None:
    scenarios = {
        digest.scenario_key(*parts)
        for parts in (("p", "a", 1), ("q", "a", 1), ("p", "b", 1), ("p", "a", 2))
    }
    answers = {
        digest.episode_key(*parts)
        for parts in (("s", "f", 0), ("t", "f", 0), ("s", "g", 0), ("s", "f", 1))
    }
    assert len(scenarios | answers) == 8


def changed(value: object) -> object:
    """Return another value of the same type."""
    table: dict[type, Callable[[object], object]] = {
        bool: lambda v: not v,
        int: lambda v: v + 1,  # type: ignore[operator]
        float: lambda v: np.nextafter(v, 2.0).item(),  # type: ignore[call-overload]
        str: lambda v: f"{v}x",
        bytes: lambda v: v + b"x",  # type: ignore[operator]
        dict: lambda v: {k: "shared" if x == "own" else 0.25 for k, x in v.items()},  # type: ignore[attr-defined]
        tuple: lambda v: (*v, "x"),  # type: ignore[misc]
        type(None): lambda v: 0.5,
    }
    return table[type(value)](value)


@pytest.mark.parametrize("field", EpisodeRecord.__struct_fields__)
def test_every_column_but_the_volatile_ones_counts(make_result: Make, field: str) -> None:
    result = make_result(0)
    value = "timeout" if field == "status" else changed(getattr(result.episode, field))
    episode = msgspec.structs.replace(result.episode, **{field: value})
    other = msgspec.structs.replace(result, episode=episode)
    assert (digest.det_digest(other) == digest.det_digest(result)) == (field in VOLATILE)


@pytest.mark.parametrize("field", VerdictRecord.__struct_fields__)
def test_every_column_of_a_verdict_counts(make_result: Make, field: str) -> None:
    result = make_result(0)
    value = changed(getattr(result.verdicts[0], field))
    verdict = msgspec.structs.replace(result.verdicts[0], **{field: value})
    other = msgspec.structs.replace(result, verdicts=(verdict, result.verdicts[1]))
    assert digest.det_digest(other) != digest.det_digest(result)


def test_one_bit_of_the_answer_counts(make_result: Make) -> None:
    result = make_result(0)
    other = msgspec.structs.replace(result, prediction=b"1")
    assert digest.det_digest(other) != digest.det_digest(result)
    assert digest.outcome_digest([other]) == digest.outcome_digest([result])


def test_representation_does_not_count(make_result: Make) -> None:
    result = make_result(1)
    episode = msgspec.structs.replace(
        result.episode, scores={"success": np.float64(1)}, success=np.True_, seed=np.int64(1)
    )
    other = msgspec.structs.replace(result, episode=episode, verdicts=result.verdicts[::-1])
    assert digest.det_digest(other) == digest.det_digest(result)


def test_run_digests_ignore_order_and_see_repeats(make_result: Make) -> None:
    results = [make_result(i) for i in range(4)]
    for run_digest in (digest.bit_digest, digest.outcome_digest):
        assert run_digest(results) == run_digest(results[::-1])
        assert run_digest(results) != run_digest(results[:3])
        assert run_digest(results) != run_digest([*results, results[0]])


@pytest.mark.parametrize(
    ("field", "value", "counts"),
    [("status", "timeout", True), ("success", False, True), ("confidence", 0.1, False)],
)
def test_outcome_digest_sees_outcomes_only(
    make_result: Make, field: str, value: object, counts: bool
) -> None:
    result = make_result(0)
    episode = msgspec.structs.replace(result.episode, **{field: value})
    other = msgspec.structs.replace(result, episode=episode)
    assert (digest.outcome_digest([other]) != digest.outcome_digest([result])) == counts


@pytest.mark.parametrize("field", ["code", "success", "status"])
def test_outcome_digest_sees_each_engine(make_result: Make, field: str) -> None:
    result = make_result(0)
    value = changed(getattr(result.verdicts[1], field))
    verdict = msgspec.structs.replace(result.verdicts[1], **{field: value})
    other = msgspec.structs.replace(result, verdicts=(result.verdicts[0], verdict))
    assert digest.outcome_digest([other]) != digest.outcome_digest([result])


def test_what_is_no_number_is_refused(make_result: Make) -> None:
    result = make_result(0)
    episode = msgspec.structs.replace(result.episode, confidence=object())
    with pytest.raises(NotImplementedError, match="object"):
        digest.encode_result(msgspec.structs.replace(result, episode=episode))


@pytest.mark.parametrize(
    "number", [0.1, 1 / 3, -0.0, 1e-4, 9.9e-05, 1e-5, 1.00001, 5e-324, 1e15, 1e16, -1.5e300, None]
)
@pytest.mark.parametrize("text", ["", 'a"\\/\n\x1f\x7f', "é\u2028😀"])
def test_a_digest_is_that_of_the_canonical_text(
    make_result: Make, number: float | None, text: str
) -> None:
    """Whatever encoder is used, it writes what ``json.dumps`` with sorted keys writes."""
    result = make_result(0)
    verdict = msgspec.structs.replace(result.verdicts[0], code=text, robust_prob=number)
    episode = msgspec.structs.replace(
        result.episode, query_text=text, confidence=number, scores={"x": number, text: 0.5}
    )
    changed_result = EpisodeResult(episode=episode, verdicts=(verdict,), prediction=b"\xff\x00")
    columns = msgspec.to_builtins(episode)
    kept = {k: v for k, v in columns.items() if k not in VOLATILE}
    kept["scores"] = {k: v for k, v in columns["scores"].items() if v is not None}
    answer = hashlib.blake2b(b"\xff\x00", digest_size=16).hexdigest()
    value = [kept, [msgspec.to_builtins(verdict)], answer]
    told = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    want = hashlib.blake2b(told.encode(), digest_size=16).hexdigest()
    assert digest.det_digest(changed_result) == want


def test_nan_has_no_digest(make_result: Make) -> None:
    result = make_result(0)
    episode = msgspec.structs.replace(result.episode, confidence=float("nan"))
    with pytest.raises(ValueError, match="JSON"):
        digest.det_digest(msgspec.structs.replace(result, episode=episode))


def test_the_digest_of_a_run_is_that_of_all_pairs_in_one_text() -> None:
    pairs = [(f"{k:05d}", f"d{k}") for k in range(20_005)]
    text = json.dumps(pairs, separators=(",", ":")).encode()
    assert digest.run_digest(reversed(pairs)) == hashlib.sha256(text).hexdigest()
    assert digest.run_digest([]) == hashlib.sha256(b"[]").hexdigest()
