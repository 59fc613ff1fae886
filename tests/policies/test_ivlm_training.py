"""Scores, features and windows of the training, against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from ivlm_policies.ivlm.fusing.features import FEATURES, MAX_LOGIT, head_logits, point_features
from ivlm_policies.ivlm.training import scores
from ivlm_policies.ivlm.training.augment import mirrored, vary
from ivlm_policies.ivlm.training.pictures import Asked
from ivlm_policies.ivlm.training.samples import crop_about, said


def test_iou_and_pointing() -> None:
    prob, truth = np.array([0.9, 0.6, 0.2, 0.1]), np.array([1.0, 0.0, 1.0, 0.0])
    assert scores.iou(prob, truth) == pytest.approx(1 / 3)
    assert scores.pointing(prob, truth) == 1.0
    assert scores.pointing(prob[::-1], truth) == 0.0
    assert scores.iou(np.zeros(3), np.zeros(3)) == 1.0


def test_auroc() -> None:
    # Pairs (yes, no): 3 > 2, 3 > 1, 1 < 2, 1 = 1: 2.5 of 4.
    score, truth = np.array([3.0, 1.0, 2.0, 1.0]), np.array([1.0, 1.0, 0.0, 0.0])
    assert scores.auroc(score, truth) == pytest.approx(2.5 / 4)
    assert scores.auroc(score, np.ones(4)) is None


def test_calibration_error() -> None:
    # Bin 0.9..1: says 0.95 twice, right once: |0.95 - 0.5| of 2; bin 0.2..0.3: exact for 0.25.
    prob = np.array([0.95, 0.95, 0.25, 0.25, 0.25, 0.25])
    truth = np.array([1.0, 0.0, 1.0, 0.0, 0.0, 0.0])
    assert scores.calibration_error(prob, truth) == pytest.approx(0.45 * 2 / 6)


@pytest.mark.parametrize("wanted", [0.5, 1.0, 3.0])
def test_temperature(wanted: float) -> None:
    logits = np.repeat([-2.0, -0.5, 1.0, 3.0], 1000)
    truth = np.concatenate(
        [np.arange(1000) < 1000 / (1 + np.exp(-x / wanted)) for x in (-2.0, -0.5, 1.0, 3.0)]
    )
    assert scores.temperature(logits, truth.astype(float)) == pytest.approx(wanted, rel=0.02)
    assert scores.temperature(np.zeros(0), np.zeros(0)) == 1.0


def test_point_features() -> None:
    logits = np.array([[2.0, 50.0, 1.0], [-4.0, 3.0, 1.0]], np.float32)
    seen = np.array([[True, True, False], [True, False, False]])
    cosine = np.array([[0.5, 1.0, 0.3], [1.0, 0.2, 0.3]], np.float32)
    height_m = np.array([0.15, 0.0, 0.03], np.float32)
    presence = np.array([1.0, -2.0], np.float32)
    table = point_features(logits, seen, cosine, height_m, presence)
    first = dict(zip(FEATURES, table[0].tolist(), strict=True))
    assert first == pytest.approx(
        {
            "mean": -1.0,
            "max": 2.0,
            "min": -4.0,
            "std": 3.0,
            "frontal_mean": (0.5 * 2.0 - 4.0) / 1.5,
            "one_over_n": 0.5,
            "best_cosine": 1.0,
            "height": 1.0,
            "presence_mean": -0.5,
            "presence_max": 1.0,
        }
    )
    assert table[1, FEATURES.index("mean")] == MAX_LOGIT
    assert table[1, FEATURES.index("std")] == 0.0
    unseen = table[2]
    assert [unseen[FEATURES.index(k)] for k in ("mean", "max", "min")] == [-MAX_LOGIT] * 3
    assert unseen[FEATURES.index("best_cosine")] == 0.0


def test_head_logits() -> None:
    head = {
        "centre": np.array([1.0, 0.0]),
        "scale": np.array([2.0, 1.0]),
        "w1": np.array([[1.0, -1.0], [0.5, 0.0]]),
        "b1": np.array([0.0, 0.25]),
        "w2": np.array([2.0, 4.0]),
        "b2": np.array(0.5),
        "skip": np.array(0.0),
    }
    # unit (1, 2): hidden (2, max(-0.75, 0)): 4.5; unit (-1, 0): hidden (0, 1.25): 5.5.
    points = np.zeros((2, 10))
    points[:, :2] = [[3.0, 2.0], [-1.0, 0.0]]
    wide = {**head, "centre": np.pad(head["centre"], (0, 8)), "w1": np.pad(head["w1"], ((0, 8), (0, 0)))}  # fmt: skip # noqa: E501
    wide["scale"] = np.pad(head["scale"], (0, 8), constant_values=1.0)
    np.testing.assert_allclose(head_logits(points.astype(np.float32), wide), [4.5, 5.5])


def test_window_about_a_thing() -> None:
    target = np.zeros((160, 160), bool)
    target[40:80, 60:80] = True  # 40 high, 20 wide; middle at edge coordinates (70, 60)
    crop = crop_about(target, margin=1.5)
    assert (crop.left_px, crop.top_px, crop.side_px) == pytest.approx((40.0, 30.0, 60.0))
    small = np.zeros((160, 160), bool)
    small[10, 10] = True
    assert crop_about(small).side_px == 24.0


def test_mirror() -> None:
    image = np.random.default_rng(0).standard_normal((8, 16, 16)).astype(np.float32)
    turned = mirrored(image)
    np.testing.assert_array_equal(turned[3], -image[3, :, ::-1])
    np.testing.assert_array_equal(turned[4:], image[4:, :, ::-1])
    np.testing.assert_array_equal(mirrored(turned), image)


def test_a_share_has_no_shape() -> None:
    image = np.ones((8, 32, 32), np.float32) * 0.3
    blind = [not vary(image, np.random.default_rng(seed))[3:].any() for seed in range(200)]
    assert 0.30 < np.mean(blind) < 0.50  # 0.4, three standard errors about it


def test_words_vary_where_the_label_allows() -> None:
    common = {"scene": 0, "interaction": "grasp", "noun": "mug", "text": "Take the mug."}
    part = Asked(kind="part", part="handle", present=True, target_surfaces=(1,), **common)  # type: ignore[arg-type]
    absent = Asked(kind="absent", present=False, **common)  # type: ignore[arg-type]

    def forms(asked: Asked) -> int:
        draws = [(np.random.default_rng(seed), seed % 4 == 0) for seed in range(300)]
        tokens = (said(asked, rng, near=True, raw=raw) for rng, raw in draws)
        return len({tuple(t.tolist()) for t in tokens})

    # Canonical, raw, silent; and with the noun hidden, which would make an absent mug an object.
    assert forms(part) == 4
    assert forms(absent) == 3
