"""The reasoner: what it says of a cloud, and that all but the grounder is ivlm's own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ivlm_bench.errors import AssetError, ConfigError
from ivlm_bench.fit import checked
from ivlm_bench.reasoners import REASONERS, resolve_reasoner
from ivlm_bench.testing.analytic import Block, Column, table_observation
from ivlm_bench.types import Observation, Query
from ivlm_policies.ivlm.fusing.looking import Looking
from ivlm_policies.ivlm.planning.planner import TemplatePlanner
from ivlm_policies.ivlm_points.clouds import Sample
from ivlm_policies.ivlm_points.grounder import PointGrounder
from ivlm_policies.ivlm_points.network import Said
from ivlm_policies.ivlm_points.reasoner import NO_DEPTH, PointsReasoner
from ivlm_policies.ivlm_points.weights import FACTS_FILE, load_weights, shipped

MUG = (Column((0.0, 0.0, 0.05), 0.035, 0.10), Block((0.055, 0.0, 0.05), (0.05, 0.010, 0.06)))
QUERY = Query("grasp", "mug", "handle", "Grasp the mug by its handle.")


def shown(n_views: int = 4, **how: bool) -> Observation:
    return table_observation(MUG, QUERY, n_views=n_views, **how)


class SaysX:
    """A network that finds sure what lies at x over 4 cm, whatever is asked."""

    def ask(self, one: Sample, tokens: np.ndarray, /) -> Said:
        heat = np.where(one.points_m[:, 0] > 0.04, 8.0, -8.0).astype(np.float32)
        sure = np.full(len(tokens), 4.0, np.float32)
        return Said(np.repeat(heat[None], len(tokens), axis=0), sure, sure)


@pytest.mark.parametrize("n_views", [1, 4])
def test_maps_show_where_the_network_finds_points(n_views: int) -> None:
    observation = shown(n_views)
    grounder = PointGrounder(SaysX(), Looking(guess=False), temperatures={})
    found = grounder.ground(observation.views, TemplatePlanner().plan(QUERY))
    contact = next(one for one in found if one.query.role == "contact")
    for view, heat in zip(observation.views, contact.maps, strict=True):
        there = view.camera.world_from_camera
        rows, columns = np.nonzero(heat > 0.5)
        assert len(rows) > 20
        depth = np.asarray(view.depth_m)[rows, columns]
        pixels = np.stack([columns, rows, np.ones(len(rows))])
        rays = np.linalg.solve(view.camera.intrinsics_px, pixels)
        points = there.rotation @ (rays * depth) + there.position_m[:, None]
        assert points[0].min() > 0.03
        assert points[2].min() > 0.0
    assert contact.presence == pytest.approx(np.full(n_views, 1 / (1 + np.exp(-4.0))))


@pytest.mark.parametrize("n_views", [1, 4])
def test_it_answers_the_same_twice_and_touches_nothing(n_views: int, weights_folder: Path) -> None:
    observation = shown(n_views)
    before = [np.array(view.depth_m, np.float32) for view in observation.views]
    reasoner = PointsReasoner(weights=str(weights_folder), abstention="off")
    one = reasoner.predict(observation)
    reasoner.reset(1)
    other = reasoner.predict(observation)
    checked(one, observation)
    assert one.affordance_maps is not None
    assert one.affordance_maps.shape == (n_views, 224, 224)
    assert (one.affordance_maps == other.affordance_maps).all()
    assert one.contact_points_m == pytest.approx(other.contact_points_m, abs=0.0)
    after = [np.asarray(view.depth_m, np.float32) for view in observation.views]
    assert (np.stack(before) == np.stack(after)).all()


def test_without_depth_it_says_why_it_abstains(weights_folder: Path) -> None:
    answer = PointsReasoner(weights=str(weights_folder)).predict(shown(has_depth=False))
    assert answer.abstain
    assert answer.abstain_reason == NO_DEPTH


def test_an_empty_table_has_nothing_to_take(weights_folder: Path) -> None:
    views = tuple(
        replace(view, depth_m=np.zeros_like(np.asarray(view.depth_m))) for view in shown().views
    )
    reasoner = PointsReasoner(weights=str(weights_folder))
    assert reasoner.predict(replace(shown(), views=views)).abstain


def test_it_is_registered_with_its_switches(weights_folder: Path) -> None:
    entry = REASONERS.get("ivlm-points")
    assert entry.role == "reasoner"
    assert bool(entry.needs) is not bool(shipped()), "weights must be named where none are shipped"
    params = {"weights": str(weights_folder), "text": "blind", "two_pass": "off"}
    reasoner, card = resolve_reasoner("ivlm-points", params)
    assert isinstance(reasoner, PointsReasoner)
    assert card.params == params
    assert reasoner.card() == {"weights": "random", "text": "blind", "two_pass": "off"}
    with pytest.raises(ConfigError, match="blind"):
        PointsReasoner(weights=str(weights_folder), text="blynd")


def test_words_change_what_it_finds(weights_folder: Path) -> None:
    maps = []
    for text in ("on", "blind"):
        reasoner = PointsReasoner(weights=str(weights_folder), abstention="off", text=text)
        found = reasoner.predict(shown()).affordance_maps
        assert found is not None
        maps.append(found)
    assert np.abs(maps[0] - maps[1]).max() > 1e-4


@pytest.mark.parametrize("harm", ["lacking", "damaged", "no facts"])
def test_weights_that_are_not_whole_are_refused(
    tmp_path: Path, weights_folder: Path, harm: str
) -> None:
    for file in weights_folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    if harm == "lacking":
        (tmp_path / "decoder.onnx").unlink()
    elif harm == "damaged":
        (tmp_path / "decoder.onnx").write_bytes(b"no network")
    else:
        (tmp_path / FACTS_FILE).write_text("{}")
    with pytest.raises(AssetError, match=str(tmp_path)):
        load_weights(str(tmp_path))


def test_weights_that_are_not_there_are_told() -> None:
    with pytest.raises(AssetError, match="ivlm-bench train --reasoner ivlm-points"):
        load_weights("smal")


@pytest.mark.parametrize("name", shipped())
def test_shipped_weights_are_small_and_have_a_card(name: str) -> None:
    weights = load_weights(name)
    sizes = [file.stat().st_size for file in weights.encoder.parent.iterdir()]
    assert sum(sizes) < 5_000_000
    card = (weights.encoder.parent / "card.md").read_text(encoding="utf-8")
    assert weights.facts["data_hash"] in card
    assert "Licence: Apache-2.0" in card
