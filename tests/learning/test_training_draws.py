"""Objects to train on: never held out, never of a pool, and only where they are asked for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from ivlm_bench.errors import AssetError
from ivlm_bench.learning.scene import check_training, draw_scene
from ivlm_bench.learning.sources import SOURCES, Drawn
from ivlm_bench.objects import (
    FIRST_TRAINING_INSTANCE,
    OBJECTS,
    HeldOutError,
    drawing_for_training,
)
from ivlm_bench.types import Scene
from ivlm_envs.held_out import held_out_categories, training_families
from ivlm_envs.staging import draw_object, stage


def _rng() -> np.random.Generator:
    return np.random.default_rng(8)


@pytest.mark.parametrize("family", held_out_categories())
def test_a_held_out_family_raises_where_objects_are_drawn_for_training(family: str) -> None:
    with drawing_for_training(), pytest.raises(HeldOutError, match=family):
        draw_object(family, _rng())
    assert draw_object(family, _rng()).category == family


@pytest.mark.parametrize("family", training_families())
def test_training_instances_are_seen_ones_of_no_pool(family: str) -> None:
    with drawing_for_training():
        model = draw_object(family, _rng())
    assert model.split == "seen"
    assert int(model.name.rsplit("-", 1)[1]) >= FIRST_TRAINING_INSTANCE
    assert max(OBJECTS.get(family).n_seen, OBJECTS.get(family).n_unseen) < FIRST_TRAINING_INSTANCE


def test_outside_the_context_draws_come_from_the_pools_again() -> None:
    before = [draw_object("mug", rng).name for rng in [_rng()] for _ in range(4)]
    with pytest.raises(HeldOutError), drawing_for_training():
        draw_object("tap", _rng())
    assert [draw_object("mug", rng).name for rng in [_rng()] for _ in range(4)] == before


class _Shows:
    """A source that shows an object of a family, training or not."""

    share = 1

    def __init__(self, families: Iterator[str]) -> None:
        self.families = families

    def __call__(self, rng: np.random.Generator, *, number: int, size_px: int) -> Drawn:
        family = next(self.families)
        entry = OBJECTS.get(family)
        model = entry.build(0, "unseen" if entry.n_seen == 0 else "seen")
        return Drawn(stage(family, model, rng, size_px=size_px), family, {})


def _scene(family: str) -> Scene:
    return _Shows(iter([family]))(_rng(), number=0, size_px=160).scene


@pytest.mark.parametrize("family", held_out_categories())
def test_a_scene_that_shows_a_held_out_category_is_refused_and_drawn_anew(family: str) -> None:
    with pytest.raises(HeldOutError, match=family):
        check_training(_scene(family))
    check_training(_scene("mug"))
    drawn = draw_scene(_Shows(iter([family, family, "mug"])), _rng(), number=0, size_px=160)
    assert drawn.task == "mug"


def test_an_unseen_shape_of_a_training_family_is_refused() -> None:
    model = OBJECTS.get("mug").build(0, "unseen")
    with pytest.raises(HeldOutError, match="mug-unseen-0000"):
        check_training(stage("mug", model, _rng(), size_px=160))


def test_a_source_that_never_gives_a_scene_is_given_up() -> None:
    with pytest.raises(AssetError, match="No scene came about in 200 draws"):
        draw_scene(_Shows(iter(["tap"] * 200)), _rng(), number=0, size_px=160)


def test_all_sources_draw_what_may_be_trained_on() -> None:
    for name, source in SOURCES:
        rng = np.random.default_rng(5)
        for number in range(28):
            drawn = draw_scene(source, rng, number=number, size_px=160)
            check_training(drawn.scene)
            assert len(drawn.scene.cameras) == 4, name
            assert set(drawn.called) <= {p.name for p in drawn.scene.placements}
