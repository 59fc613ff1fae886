"""What the network is asked of a labelled scene: all parts alike, whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ivlm_policies.ivlm.training.pictures import Asked, Pictures, SceneLabels, Surface

PARTS = ("cabinet", "front_top", "handle_top", "front_bottom", "handle_bottom", "bar", "buckle")


def _asked(**said: Any) -> Asked:
    common = {"scene": 0, "kind": "part", "interaction": "open", "noun": "cabinet", "text": "x"}
    common |= {"present": True, "part": "handle", "target_surfaces": tuple(range(6)), "map": 0}
    return Asked(**{**common, **said})


@pytest.fixture
def pictures() -> Pictures:
    """One scene of a cabinet with two drawers and a bar, and a strap's buckle elsewhere."""
    surfaces = tuple(
        Surface("box" if name == "buckle" else "chest", name, "cabinet", "target") for name in PARTS
    )
    shown = np.full((1, 1, 4, 8), -1, np.int16)
    shown[0, 0, 0, :7] = range(7)
    return Pictures(
        Path(),
        rgb=np.zeros((1, 1, 4, 8, 3), np.uint8),
        depth=np.zeros((1, 1, 4, 8), np.uint16),
        surface=shown,
        cameras=np.zeros((1, 1, 3, 7)),
        maps=np.full((1, 1, 4, 8), 255, np.uint8),
        scenes=(SceneLabels("toy", "toy", surfaces),),
        questions=(),
    )


def test_all_alike_are_meant_where_words_tell_them_apart(pictures: Pictures) -> None:
    one = _asked(place="top", surfaces=(2,), feasible=True)
    plain = pictures.all_alike(one)
    assert (plain.place, plain.surfaces, plain.map) == ("", (2, 4), None)
    assert (plain.present, plain.feasible) == (True, True)
    assert pictures.region(plain, 0)[0].tolist() == [0, 0, 1, 0, 1, 0, 0, 0]


def test_a_part_of_a_missing_colour_is_there_in_others(pictures: Pictures) -> None:
    none = _asked(kind="absent", colour="red", surfaces=(), present=False, feasible=False, map=None)
    plain = pictures.all_alike(none)
    assert (plain.present, plain.surfaces, plain.feasible) == (True, (2, 4), None)
    front = pictures.all_alike(_asked(part="drawer", place="left", surfaces=(), present=False))
    assert (front.present, front.surfaces) == (True, (1, 3)), "a drawer's front is called so"
    spout = pictures.all_alike(_asked(part="spout", colour="red", surfaces=(), present=False))
    assert (spout.present, spout.colour) == (False, "")


@pytest.mark.parametrize(
    "said",
    [
        {"surfaces": (2, 4)},
        {"part": "", "colour": "red", "surfaces": (0,)},
        {"interaction": "place", "part": "top", "colour": "red", "surfaces": (0,)},
    ],
)
def test_other_questions_stay_as_they_are(pictures: Pictures, said: dict[str, Any]) -> None:
    asked = _asked(**said)
    assert pictures.all_alike(asked) is asked


def test_whether_one_of_several_can_be_shut_is_not_told_of_all(pictures: Pictures) -> None:
    """One drawer is shut and another open; asked alike, nobody knows which is meant."""
    said = {"interaction": "push", "part": "drawer", "place": "top", "surfaces": (1,)}
    assert pictures.all_alike(_asked(**said, feasible=False)).feasible is None
    alone = _asked(**said, feasible=False, target_surfaces=(0, 1, 2))
    assert pictures.all_alike(alone).feasible is False


def test_what_is_easily_taken_for_another_is_asked_for_with_right_and_in_vain(
    pictures: Pictures,
) -> None:
    (bar,) = pictures.look_alikes(_asked(place="top", surfaces=(2,), feasible=False))
    assert (bar.part, bar.interaction, bar.present, bar.surfaces) == ("bar", "find", True, (5,))
    assert (bar.feasible, bar.place, bar.kind) == (None, "", "part")
    (none,) = pictures.look_alikes(_asked(target_surfaces=(0, 1, 2)))
    assert (none.part, none.present, none.surfaces, none.kind) == ("bar", False, (), "absent")
    assert pictures.look_alikes(_asked(target_surfaces=(0, 2))) == []
    assert pictures.look_alikes(_asked(target_surfaces=())) == []


def test_a_named_part_is_meant_whole_whatever_its_map_says(pictures: Pictures) -> None:
    assert pictures.region(_asked(surfaces=(2,)), 0).sum() == 1
    assert pictures.region(_asked(part="", surfaces=None), 0).min() == 1.0
