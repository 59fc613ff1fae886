from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy.special import logit

from ivlm_bench.geometry.camera import project
from ivlm_bench.geometry.cloud import object_cloud
from ivlm_bench.testing.analytic import Block, table_observation
from ivlm_bench.types import Query
from ivlm_policies.ivlm.fusing.looking import Looking
from ivlm_policies.ivlm.grounding.channels import whole
from ivlm_policies.ivlm.grounding.onnx_grounder import OnnxGrounder
from ivlm_policies.ivlm.grounding.tokens import phrase_tokens, text_tokens
from ivlm_policies.ivlm.grounding.windows import (
    MARGIN,
    thing_of,
    window_about_heat,
    window_about_points,
)
from ivlm_policies.ivlm.stages import AtomicQuery, Grounding, Phrase, Plan
from ivlm_policies.ivlm.switches import Switches

ASKED = Query("grasp", "box", None, "Grasp the red box.")
RED = Block((0.0, -0.10, 0.04), (0.05, 0.05, 0.08), rgb=(220, 30, 30))
BLUE = Block((0.0, 0.10, 0.04), (0.05, 0.05, 0.08), rgb=(30, 30, 220))
FIND = Phrase("find", "box", colour="red")
HOLD = Phrase("grasp", "box", "body", colour="red")
PLAN = Plan(
    "grasp.v1",
    "grasp",
    HOLD,
    (AtomicQuery("object", FIND, "image"), AtomicQuery("contact", HOLD)),
    "grasp",
)


class RedNetwork:
    """Says yes where a picture is rather red, and remembers what it was shown and asked."""

    def __init__(self) -> None:
        self.images: list[np.ndarray] = []
        self.tokens: list[np.ndarray] = []

    def encode(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.images.append(images)
        return images, images.mean(axis=(2, 3))

    def decode(
        self, features: np.ndarray, pooled: np.ndarray, tokens: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        self.tokens.append(tokens)
        heat = np.where(features[:, 0] > features[:, 2] + 0.15, 6.0, -6.0).astype(np.float32)
        n = len(heat)
        return heat, np.full(n, 2.0, np.float32), np.full(n, -1.0, np.float32)


def ground(
    *, has_depth: bool = True, plan: Plan = PLAN, temperature: float = 1.0, **given: str
) -> tuple[RedNetwork, tuple[Grounding, ...]]:
    network = RedNetwork()
    grounder = OnnxGrounder(
        network,
        Looking(guess=False),
        switches=Switches(**given),
        temperatures={"presence": temperature},
    )
    views = table_observation((RED, BLUE), ASKED, has_depth=has_depth).views
    return network, grounder.ground(views, plan)


@pytest.mark.parametrize("has_depth", [True, False])
def test_each_map_lies_on_what_was_asked_for_in_every_view(has_depth: bool) -> None:
    _, found = ground(has_depth=has_depth)
    views = table_observation((RED, BLUE), ASKED).views
    assert [one.query.role for one in found] == ["object", "contact"]
    for one, least in zip(found, (0.85, 0.92), strict=True):  # the second look is sharper
        assert one.maps.shape == (4, 224, 224)
        for view, values in zip(views, one.maps, strict=True):
            truth = view.rgb[..., 0] > 60.0 + view.rgb[..., 2]
            said = values > 0.5
            assert (said & truth).sum() / (said | truth).sum() > least


@pytest.mark.parametrize("has_depth", [True, False])
def test_the_second_look_is_a_window_about_the_thing(has_depth: bool) -> None:
    _, (_, contact) = ground(has_depth=has_depth)
    for view, crop in zip(table_observation((RED, BLUE), ASKED).views, contact.crops, strict=True):
        corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (0, 2)])
        at = np.array([0.0, -0.10, 0.0]) + corners * np.array([0.025, 0.025, 0.04])
        pixels, _ = project(view.camera, at)
        low, high = pixels.min(axis=0), pixels.max(axis=0)
        assert crop.left_px < low[0]
        assert crop.top_px < low[1]
        assert crop.left_px + crop.side_px > high[0]
        assert crop.top_px + crop.side_px > high[1]
        assert crop.side_px < 1.5 * (high - low).max()


def test_one_pass_looks_once_and_asks_all_of_the_whole_picture() -> None:
    network, found = ground(two_pass="off")
    assert len(network.images) == 1
    assert all(crop == whole_crop() for one in found for crop in map(vars_of, one.crops))


def vars_of(crop: object) -> tuple[float, float, float]:
    return (crop.left_px, crop.top_px, crop.side_px)  # type: ignore[attr-defined]


def whole_crop() -> tuple[float, float, float]:
    return vars_of(whole(table_observation((), ASKED).views[0]))


def test_the_words_that_are_fed_are_those_of_the_plan_or_none() -> None:
    network, _ = ground()
    asked = np.concatenate(network.tokens)
    assert (asked[:4] == phrase_tokens(FIND)).all()
    assert (asked[4:] == phrase_tokens(Phrase("grasp", "box", "body"))).all()
    blind, _ = ground(text="blind")
    assert not np.concatenate(blind.tokens).any()


def test_a_sentence_is_fed_as_it_is() -> None:
    query = AtomicQuery("contact", HOLD, "image", text=ASKED.text)
    network, _ = ground(plan=Plan("raw.v1", "grasp", HOLD, (query,), "grasp"))
    assert (np.concatenate(network.tokens) == text_tokens(ASKED.text)).all()


def test_shape_is_hidden_where_it_is_switched_off() -> None:
    seen, _ = ground()
    hidden, _ = ground(geometry_features="off")
    assert seen.images[0][:, 3:].any()
    assert not hidden.images[0][:, 3:].any()
    assert (seen.images[0][:, :3] == hidden.images[0][:, :3]).all()


def test_temperatures_divide_logits() -> None:
    _, (one, _) = ground(temperature=4.0)
    assert logit(one.presence.astype(float)) == pytest.approx(0.5, abs=1e-5)
    assert logit(one.feasible.astype(float)) == pytest.approx(-1.0, abs=1e-5)


def test_no_queries_no_look() -> None:
    network, found = ground(plan=Plan("none.v1", "grasp", HOLD, (), "none", abstain_reason="no"))
    assert found == ()
    assert not network.images


def test_the_hottest_thing_is_picked_not_the_largest() -> None:
    large = Block((0.0, 0.12, 0.06), (0.12, 0.12, 0.12))
    cloud = object_cloud(table_observation((RED, large), ASKED).views)
    heat = np.zeros((4, 224, 224), np.float32)
    index, column, row = cloud.pixels.T
    own = cloud.points_m[:, 1] < -0.05
    heat[index[own], row[own], column[own]] = 0.4
    heat[index[~own], row[~own], column[~own]] = 0.2
    assert (thing_of(cloud, heat) == own).all()


def test_a_window_is_a_square_with_its_margin() -> None:
    view = table_observation((), ASKED).views[0]
    heat = np.zeros((224, 224), np.float32)
    heat[50:90, 100:160] = 0.8
    heat[5, 5] = 1.0
    crop = window_about_heat(view, heat)
    assert crop.side_px == pytest.approx(MARGIN * 60.0)
    assert crop.left_px + 0.5 * crop.side_px == pytest.approx(130.0)
    assert crop.top_px + 0.5 * crop.side_px == pytest.approx(70.0)
    assert vars_of(window_about_heat(view, np.zeros_like(heat))) == whole_crop()
    assert vars_of(window_about_points(view, np.zeros((0, 3)))) == whole_crop()
    behind = view.camera.world_from_camera.position_m[None] * 2.0
    assert vars_of(window_about_points(view, behind)) == whole_crop()


def test_naming_the_reasoner_does_not_import_onnxruntime_or_torch() -> None:
    code = (
        "import sys; from ivlm_bench.reasoners import REASONERS; REASONERS.get('ivlm'); "
        "print([m for m in ('onnxruntime', 'torch', 'safetensors') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
