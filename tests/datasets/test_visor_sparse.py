"""VISOR's own annotations become hands and touched objects by the owner's rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ivlm_bench.datasets import DATASETS
from ivlm_bench.datasets.visor_sparse import hand_annotations, is_unclear
from ivlm_bench.errors import AssetError
from ivlm_bench.metrics import PROFILES, evaluate
from ivlm_bench.testing.miniatures.visor_sparse import make_sparse

VISOR = DATASETS.get("visor")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    make_sparse(tmp_path, np.random.default_rng(0))
    return tmp_path


def square(x: float, y: float, side: float = 10.0) -> list[list[float]]:
    return [[x, y], [x + side, y], [x + side, y + side], [x, y + side]]


def entity(key: str, name: str, *corners: tuple[float, float], **more: Any) -> dict[str, Any]:
    return {"id": key, "name": name, "segments": [square(*c) for c in corners], **more}


def told(entities: list[dict[str, Any]]) -> list[tuple[int, list[int], int, int]]:
    found = hand_annotations(entities)
    return [(a["category_id"], a["bbox"], a["handside"], a["isincontact"]) for a in found]


def test_frames_with_unclear_hands_are_dropped_and_the_others_numbered(home: Path) -> None:
    items = list(VISOR.read(home))
    assert [item.id for item in items] == ["0", "1", "2", "3", "4", "5"]
    names = [item.image.name for item in items if item.image is not None]
    first = [f"P01_107_frame_{number:010d}.jpg" for number in (1, 2, 3)]
    assert names[:4] == [*first, "P02_09_frame_0000000001.jpg"]
    counts = [len(item.truth()["annotations"]) for item in items]
    assert counts == [3, 2, 1] * 2


def test_the_first_annotation_of_a_split_has_id_0(home: Path) -> None:
    """As in the owner's file, where pycocotools can never match it."""
    items = list(VISOR.read(home))
    ids = [[a["id"] for a in item.truth()["annotations"]] for item in items]
    assert [0 in each for each in ids] == [True, False, False, False, False, False]
    truths = {item.id: item.truth() for item in items}
    oracle = PROFILES.get("visor:hos").controls["oracle"]
    answers = {key: oracle(each, np.random.default_rng(0)) for key, each in truths.items()}
    result = evaluate("visor:hos", answers, truths)
    assert result["bbox_ap_object"] == pytest.approx(1.0)
    assert result["bbox_ar100"] == pytest.approx((7 / 8 + 1.0) / 2)  # all but one of eight hands


def test_only_the_parts_of_an_object_at_the_hand_are_kept() -> None:
    """Outlines 10 steps apart touch (each is grown by 5), outlines 11 steps apart do not."""
    thing = entity("o", "cup", (20, 0), (0, 21), (100, 100))
    hand = entity("h", "left hand", (0, 0), in_contact_object="o")
    assert told([thing, hand]) == [(1, [0, 0, 10, 10], 0, 1), (2, [20, 0, 10, 10], -1, -1)]
    found = hand_annotations([thing, hand])
    assert found[0]["offset"] == pytest.approx([1.0, 0.0, 0.02])
    assert found[1]["segmentation"] == [[20.0, 0.0, 30.0, 0.0, 30.0, 10.0, 20.0, 10.0]]
    assert found[1]["area"] == 11 * 11  # with its outline
    far = entity("o", "cup", (0, 21))
    assert told([far, hand]) == [(1, [0, 0, 10, 10], 0, 1)]


def test_a_worn_glove_belongs_to_its_hand() -> None:
    glove = entity("g", "glove", (8, 0), on_which_hand=["right hand"], in_contact_object="o")
    hand = entity("h", "right hand", (0, 0), in_contact_object="g")
    cup = entity("o", "cup", (20, 0))
    assert told([glove, hand, cup]) == [(1, [0, 0, 18, 10], 1, 1), (2, [20, 0, 10, 10], -1, -1)]


def test_a_held_glove_is_an_object_and_an_empty_worn_one_a_hand() -> None:
    held = entity("g", "glove", (8, 0), on_which_hand=None, in_contact_object=None)
    hand = entity("h", "left hand", (0, 0), in_contact_object="g")
    assert told([held, hand]) == [(1, [0, 0, 10, 10], 0, 1), (2, [8, 0, 10, 10], -1, -1)]
    alone = entity(
        "g",
        "glove",
        (8, 0),
        on_which_hand=["right hand"],
        in_contact_object="glove-not-in-contact",
    )
    assert told([alone]) == [(1, [8, 0, 10, 10], 1, 0)]


@pytest.mark.parametrize(
    ("one", "unclear"),
    [
        (entity("h", "left hand", in_contact_object="none-of-the-above"), True),
        (entity("h", "left hand", in_contact_object="hand-not-in-contact"), False),
        (entity("g", "glove", on_which_hand=["left hand"], in_contact_object="inconclusive"), True),
        (entity("g", "glove", on_which_hand=None, in_contact_object="inconclusive"), False),
        (entity("g", "glove", on_which_hand=["left hand", "x"], in_contact_object="o"), True),
        (entity("o", "cup", in_contact_object="inconclusive"), False),
    ],
)
def test_what_is_unclear(one: dict[str, Any], unclear: bool) -> None:
    assert is_unclear([one]) is unclear


def test_the_owners_corrections_are_applied(home: Path) -> None:
    change = {"P01_107_frame_0000000001.jpg": {"left hand": "hand-not-in-contact"}}
    (home / "correct.json").write_text(json.dumps(change))
    first = next(iter(VISOR.read(home))).truth()
    assert [a["isincontact"] for a in first["annotations"]] == [0, 0]


def test_damage_costs_its_video_or_frame_only(home: Path) -> None:
    broken = home / "annotations" / "val" / "P01_107.json"
    content = json.loads((home / "annotations" / "val" / "P02_09.json").read_text())
    broken.write_text(broken.read_text()[:200])
    content["video_annotations"][2]["annotations"][1]["in_contact_object"] = "gone"
    (home / "annotations" / "val" / "P02_09.json").write_text(json.dumps(content))
    items = list(VISOR.read(home))
    with pytest.raises(AssetError, match=r"P01_107\.json is no JSON"):
        items[0].truth()
    with pytest.raises(AssetError, match=r"P02_09_frame_0000000002\.jpg is malformed.*not there"):
        items[2].truth()
    assert items[3].truth()["annotations"]


def test_a_missing_frame_is_named(home: Path) -> None:
    (home / "rgb_frames/val/P01/P01_107/P01_107_frame_0000000001.jpg").unlink()
    with pytest.raises(AssetError, match=r"P01_107_frame_0000000001\.jpg is missing"):
        next(iter(VISOR.read(home))).truth()
