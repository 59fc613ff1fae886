"""Tasks that sort other tasks' questions: what they draw, and what they say."""

from __future__ import annotations

import re
import tomllib
import zlib
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import pytest

from ivlm_bench.env import SCENE_SEED, TASKS, Question
from ivlm_bench.learning import wording
from ivlm_bench.learning.scene import check_training, draw_scene
from ivlm_bench.learning.sources import SOURCES as SOURCES_TO_LEARN_FROM
from ivlm_bench.learning.words import Words, asked_words
from ivlm_bench.objects import HeldOutError
from ivlm_bench.suite import load_suite
from ivlm_bench.types import Scene
from ivlm_envs.drills import tasks
from ivlm_envs.held_out import held_out_categories
from ivlm_envs.reasoning import wordings
from ivlm_envs.reasoning.mixing import SOURCES, asked_thing
from ivlm_envs.reasoning.paraphrase import retold

SUITE = "reasoner-v0"
#: Seeds whose scenes are looked at, without a picture.
N_SEEDS = 24


@cache
def drawn(kind: str) -> tuple[tuple[Scene, Question], ...]:
    name = f"ivlm/Reason{kind}-v0"
    env, found = TASKS.get(name)(size_px=16), []
    for seed in range(N_SEEDS):
        entropy = [SCENE_SEED, zlib.crc32(name.encode()), seed]
        rng = np.random.default_rng(np.random.SeedSequence(entropy))
        scene = env.sample_scene(rng)
        found.append((scene, env.question(scene, rng)))
    return tuple(found)


def test_suite_asks_240_questions_of_each_kind() -> None:
    suite = load_suite(SUITE)
    assert suite.tasks == tuple(
        f"ivlm/Reason{kind}-v0"
        for kind in ("Seen", "Unseen", "Novel", "Two", "Paraphrase", "Infeasible")
    )
    assert len(suite.episodes()) == 6 * 240


@pytest.mark.parametrize(
    ("kind", "split", "is_held_out"),
    [("Seen", "seen", False), ("Unseen", "unseen", False), ("Novel", "unseen", True)],
)
def test_asked_objects_are_of_the_split(kind: str, split: str, is_held_out: bool) -> None:
    for scene, _ in drawn(kind):
        model = asked_thing(scene).model
        assert model.split == split
        assert (model.category in held_out_categories()) is is_held_out


@pytest.mark.parametrize("kind", ["Seen", "Unseen", "Paraphrase", "Infeasible"])
def test_many_tasks_are_drawn_from(kind: str) -> None:
    names = {scene.name.split()[0] for scene, _ in drawn(kind)}
    assert names <= set(SOURCES)
    # Of 24 draws from 12 all alike, fewer than 7 different ones come up once in 20,000.
    assert len(names) >= 7


def test_held_out_tools_are_asked_for_what_they_lack() -> None:
    assert not all(asked.feasible for _, asked in drawn("Novel") if asked.trial.kind == "grasp")
    for scene, asked in drawn("Novel"):
        parts = {part.name for _, part in scene.target.model.parts}
        if asked.trial.kind == "grasp":
            assert asked.feasible is (asked.trial.part in parts)


def test_the_other_thing_has_the_asked_part_too() -> None:
    for scene, asked in drawn("Two"):
        (other,) = (p for p in scene.placements if p.role == "clutter")
        assert "handle" in {part.name for _, part in other.model.parts}
        assert asked.query.part_name == "handle"
        has_it = "handle" in {part.name for _, part in scene.target.model.parts}
        assert asked.feasible is has_it


def test_half_of_the_questions_can_not_be_done() -> None:
    doable = [asked.feasible for _, asked in drawn("Infeasible")]
    # Binomial(24, 0.5) is outside of 5 to 19 once in 600.
    assert 5 <= sum(doable) <= 19
    for scene, asked in drawn("Infeasible"):
        assert asked.feasible is not scene.name.endswith("undoable")


def test_no_training_scene_comes_from_these_tasks() -> None:
    names = tasks._task_names()
    assert len(names) >= 12
    assert not [name for name in names if "Reason" in name]


@pytest.mark.parametrize("kind", ["Novel", "Unseen"])
def test_training_refuses_every_scene_that_asks_for_what_it_has_not_seen(kind: str) -> None:
    for scene, _ in drawn(kind):
        with pytest.raises(HeldOutError):
            check_training(scene)


def test_no_source_to_learn_from_draws_or_names_a_never_trained_category() -> None:
    asked = {scene.target.model.category for scene, _ in drawn("Novel")}
    assert asked == set(held_out_categories())
    rng = np.random.default_rng(11)
    for _, source in SOURCES_TO_LEARN_FROM:
        for number in range(12):
            found = draw_scene(source, rng, number=number, size_px=16)
            assert not asked & {p.model.category for p in found.scene.placements}
            assert not asked & {called.noun for called in found.called.values()}
            if found.asked is not None:
                assert not asked & set(tokens(found.asked.query.text))


def all_wordings() -> list[str]:
    groups = (value for name, value in vars(wordings).items() if name.isupper())
    return [text for group in groups for text in group]


def test_wordings_are_none_of_the_tasks_own() -> None:
    own = {asked.query.text for kind in ("Seen", "Unseen", "Novel") for _, asked in drawn(kind)}
    said = {asked.query.text for _, asked in drawn("Paraphrase")}
    assert not own & said
    assert len(all_wordings()) == len(set(all_wordings())) >= 60


def tokens(text: str) -> list[str]:
    """Words of a sentence in small letters, what is filled in as one mark."""
    marked = re.sub(r"\{[^}]*\}", "_", text.lower()).replace("'", " ")
    return re.sub(r"[^a-z_ ]", " ", marked).split()


def runs_of(text: str, n: int) -> set[tuple[str, ...]]:
    words = tokens(text)
    return {tuple(words[i : i + n]) for i in range(len(words) - n + 1)}


def texts_in(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, (dict, list, tuple)):
        for item in content.values() if isinstance(content, dict) else content:
            yield from texts_in(item)


def planning_data() -> list[str]:
    folder = resources.files("ivlm_policies.ivlm.planning")
    files = [path for path in folder.iterdir() if path.name.endswith(".toml")]
    return [text for path in files for text in texts_in(tomllib.loads(path.read_text("utf-8")))]


def training_wordings() -> list[str]:
    return list(texts_in([wording.OBJECT, wording.PART, wording.FUNCTION]))


@pytest.mark.parametrize(
    ("known", "least"), [(planning_data, 1000), (training_wordings, 50)], ids=["plan", "train"]
)
def test_paraphrases_are_unknown_to_the_planner_and_to_training(known: Any, least: int) -> None:
    """Single verbs are known, as they must be; sentences, and five words on end, are not."""
    texts = known()
    assert len(texts) >= least  # nothing would be shared with nothing
    whole = {tuple(tokens(text)) for text in texts}
    longer = set[tuple[str, ...]]().union(*(runs_of(text, 5) for text in texts))
    assert longer
    for text in all_wordings():
        assert tuple(tokens(text)) not in whole
        assert not runs_of(text, 5) & longer, text


def test_a_paraphrase_names_the_thing_the_place_the_colour_and_the_sense() -> None:
    rng = np.random.default_rng(5)
    for _, asked in drawn("Seen"):
        told = retold(asked.query, rng)
        words: Words = asked_words(asked)
        assert told.part_name is None
        assert told.interaction == asked.query.interaction
        low = told.text.lower()
        for word in (words.colour, words.place, words.sense):
            assert word in low, (asked.query.text, told.text)
        assert "{" not in told.text
        assert told.text[0].isupper()


def test_what_a_scene_asks_is_what_its_own_task_asks() -> None:
    env = TASKS.get("ivlm/ReasonSeen-v0")(size_px=16)
    for scene, _ in drawn("Seen")[:6]:
        own = TASKS.get(SOURCES[scene.name])(size_px=16)
        asked, same = (e.question(scene, np.random.default_rng(7)) for e in (env, own))
        assert asked.query == same.query
        assert asked.trial == same.trial
