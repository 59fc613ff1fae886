from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivlm_bench.errors import ConfigError, UnknownNameError
from ivlm_bench.types import Query
from ivlm_policies.vlm.asking import asked_of
from ivlm_policies.vlm.dialect import DIALECTS, dialect_of
from ivlm_policies.vlm.letterbox import Letterbox
from ivlm_policies.vlm.reading import read_answer


@dataclass(frozen=True)
class Recorded:
    dialect: str
    text: str
    kind: str = "points"
    places: tuple[tuple[float, float], ...] = ()
    flags: tuple[str, ...] = ()
    why: str = ""


ANSWERS = tuple(
    Recorded(name, **fields)
    for name, answers in tomllib.loads(
        Path(__file__).with_name("recorded.toml").read_text(encoding="utf-8")
    ).items()
    for fields in answers
)
SQUARE = Letterbox.of(224, 224)
dialect_of("molmo2")  # registers all of them
QUERY = Query("grasp", "mug", "handle", "Pick up the mug by its handle.")


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda a: f"{a.dialect}: {a.text[:40]!r}")
def test_a_recorded_answer_means_what_its_family_means(answer: Recorded) -> None:
    dialect = DIALECTS[answer.dialect]
    reading = read_answer(dialect, answer.text, SQUARE)
    assert reading.kind == answer.kind, reading.why
    assert answer.why in reading.why
    assert reading.flags == set(answer.flags)
    wanted = np.array(answer.places).reshape(-1, 2)
    if dialect.full is not None:
        wanted = wanted * 224 - 0.5
    assert np.allclose(np.array(reading.points).reshape(-1, 2), wanted, atol=1e-9)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x" * 70000, "has 70000 characters"),
        ("[" * 20000, "no result in JSON"),
        ('[{"a":' * 5000, "breaks off"),
        ('[{"point": [' + "9" * 6000 + ", 1]}]", "breaks off"),
    ],
    ids=["long", "deep", "deeper", "digits"],
)
def test_monstrous_answers_are_refused(text: str, why: str) -> None:
    reading = read_answer(DIALECTS["gemini"], text, SQUARE)
    assert reading.kind == "unparsed"
    assert why in reading.why


def test_every_dialect_has_answers_of_every_kind() -> None:
    for name in sorted(DIALECTS):
        kinds = {answer.kind for answer in ANSWERS if answer.dialect == name}
        assert {"points", "abstained", "unparsed"} <= kinds, name


#: Ids as servers and hubs spell them.
MODELS = {
    "gemini-2.5-flash": "gemini",
    "gemini-robotics-er-2-preview": "gemini",
    "google/gemini-3-pro-preview": "gemini",
    "Qwen/Qwen2-VL-7B-Instruct": "qwen2_vl",
    "Qwen/Qwen2.5-VL-7B-Instruct": "qwen25_vl",
    "qwen2.5-vl-72b-instruct": "qwen25_vl",
    "qwen2_5_vl": "qwen25_vl",
    "Qwen/Qwen3-VL-8B-Instruct": "qwen3_vl",
    "qwen3-vl-plus": "qwen3_vl",
    "Qwen/Qwen3.5-27B": "qwen3_vl",
    "allenai/Molmo-7B-D-0924": "molmo1",
    "allenai/MolmoE-1B-0924": "molmo1",
    "allenai/Molmo2-8B": "molmo2",
    "wentao-yuan/robopoint-v1-vicuna-v1.5-13b": "robopoint",
    "BAAI/RoboBrain2.0-7B": "robobrain",
    "google/paligemma2-3b-mix-448": "paligemma",
    "microsoft/Florence-2-large": "florence2",
    "zai-org/GLM-4.5V": "glm",
    "zai-org/GLM-4.1V-9B-Thinking": "glm",
    "OpenGVLab/InternVL3_5-8B": "internvl",
    "deepseek-ai/deepseek-vl2-small": "deepseek_vl2",
    "vikhyatk/moondream2": "moondream",
    "gpt-5.1": "generic",
    "claude-opus-4-5": "generic",
    "llava-hf/llava-1.5-7b-hf": "generic",
    "/models/runs-with-molmo2/Qwen2.5-VL-7B-Instruct": "qwen25_vl",
    "/cache/models--Qwen--Qwen3-VL-8B-Instruct/snapshots/0c351dd0": "qwen3_vl",
}


@pytest.mark.parametrize(("model", "name"), MODELS.items())
def test_the_id_of_a_model_tells_its_dialect(model: str, name: str) -> None:
    assert dialect_of(model).name == name


@pytest.mark.parametrize("model", ["my-finetune", "BAAI/RoboBrain2.5-8B", "qwen-vl-max", "default"])
def test_an_id_that_tells_nothing_is_refused_with_the_next_step(model: str) -> None:
    with pytest.raises(UnknownNameError, match="-P dialect=generic"):
        dialect_of(model)


def test_an_id_of_two_families_is_refused() -> None:
    with pytest.raises(ConfigError, match="'internvl' and 'qwen25_vl'"):
        dialect_of("InternVL-from-Qwen2.5-VL")


def test_a_name_stands_over_the_id() -> None:
    assert dialect_of("gemini-2.5-pro", "generic").name == "generic"
    with pytest.raises(UnknownNameError, match="Did you mean 'qwen3_vl'"):
        dialect_of("gemini-2.5-pro", "qwen3-vl")


@pytest.mark.parametrize("name", sorted(DIALECTS))
def test_a_prompt_names_what_is_asked_and_every_dialect_is_documented(name: str) -> None:
    dialect = DIALECTS[name]
    prompt = dialect.ask(asked_of(QUERY, 448))
    assert "handle of the mug" in prompt or QUERY.text in prompt
    assert len(prompt) < 600
    assert "." in dialect.source or "this project" in dialect.source
    assert re.compile(dialect.models)
    assert re.compile(dialect.sign)


def test_pixels_are_asked_for_in_the_picture_that_is_sent() -> None:
    assert "448 x 448" in DIALECTS["generic"].ask(asked_of(QUERY, 448))


def test_a_placement_asks_for_the_destination() -> None:
    query = Query("place", "shelf", None, "Put the mug on the shelf.")
    assert "put down" in DIALECTS["generic"].ask(asked_of(query, 224))


@pytest.mark.parametrize("name", sorted(DIALECTS))
@given(text=st.text(max_size=300))
def test_no_text_at_all_breaks_a_parser(name: str, text: str) -> None:
    reading = read_answer(DIALECTS[name], text, SQUARE)
    assert (reading.kind == "points") == bool(reading.points)
    for x, y in reading.points:
        assert -0.5 <= x <= 223.5
        assert -0.5 <= y <= 223.5


@pytest.mark.parametrize("name", sorted(DIALECTS))
@given(
    answer=st.sampled_from(ANSWERS),
    cut=st.integers(0, 120),
    junk=st.text(alphabet='[]{}()<>"0123456789.,- \nabc', max_size=40),
)
def test_nor_do_cut_and_mixed_answers_of_other_families(
    name: str, answer: Recorded, cut: int, junk: str
) -> None:
    text = answer.text[:2000]
    reading = read_answer(DIALECTS[name], text[:cut] + junk + text[cut:], SQUARE)
    assert (reading.kind == "points") == bool(reading.points)


HOSTILE = (
    "[",
    "{",
    "(",
    "<",
    "<point ",
    '<point x="',
    "[[",
    "((",
    '{"points": [',
    "<loc0001>",
    "<loc_1>",
    "1",
    "1,",
    "(1,",
    "-",
    '\\"',
    "<think>",
    "```",
    "[(0.1, ",
    'x1="1" ',
    '<points coords="',
    "<|box_start|>",
    "<ref>",
)


@pytest.mark.parametrize("name", sorted(DIALECTS))
def test_hostile_repetition_is_read_in_time(name: str) -> None:
    for piece in HOSTILE:
        text = piece * (60000 // len(piece))
        assert read_answer(DIALECTS[name], text, SQUARE).kind != "abstained"
