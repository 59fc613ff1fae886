"""Training on a toy world of boxes with a bar each: samples, a few steps, files, the matrix."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ivlm_bench.cli.main import main
from ivlm_bench.cli.progress import counting
from ivlm_bench.errors import ConfigError
from ivlm_bench.learning.trainers import TRAINERS, Training
from ivlm_policies.ivlm.training.pictures import Pictures, read_pictures
from ivlm_policies.ivlm.training.samples import PARTS
from ivlm_policies.ivlm_points.training import store
from ivlm_policies.ivlm_points.training.families import GROUPS, PointsTransfer, only
from ivlm_policies.ivlm_points.training.samples import CloudSampler
from ivlm_policies.ivlm_points.training.store import Clouds, clouds_of, region_of
from ivlm_policies.ivlm_points.training.varying import varied
from ivlm_policies.ivlm_points.weights import load_weights


@pytest.fixture(scope="module")
def pictures(pictures_folder: Path) -> Pictures:
    return read_pictures(pictures_folder)


@pytest.fixture(scope="module")
def clouds(pictures: Pictures, tmp_path_factory: pytest.TempPathFactory) -> Clouds:
    return clouds_of(pictures, tmp_path_factory.mktemp("clouds") / "c.npz", step=lambda: None)


def test_points_belong_to_what_stands_where_they_are(clouds: Clouds) -> None:
    one = clouds.of(0, 0)
    assert set(np.unique(one.surface)) >= {1, 2}
    bar, box = one.cloud.points_m[one.surface == 2], one.cloud.points_m[one.surface == 1]
    assert np.ptp(bar, axis=0) == pytest.approx([0.03, 0.02, 0.06], abs=0.012)
    assert np.ptp(box, axis=0) == pytest.approx([0.08, 0.06, 0.10], abs=0.012)
    assert len(clouds.of(0, 1).surface) < len(one.surface)


def test_making_that_was_stopped_goes_on(
    pictures: Pictures, clouds: Clouds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "CHUNK", 3)
    steps: list[int] = []

    def five() -> None:
        steps.append(1)
        if len(steps) == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        clouds_of(pictures, tmp_path / "c.npz", step=five)
    made = clouds_of(pictures, tmp_path / "c.npz", step=lambda: steps.append(1))
    assert len(steps) == 5 + 5, "the first chunk of three is taken, the others are made"
    for scene, kind in ((0, 0), (4, 1), (7, 0)):
        one, other = made.of(scene, kind), clouds.of(scene, kind)
        assert (one.cloud.points_m == other.cloud.points_m).all()
        assert (one.surface == other.surface).all()
    assert [file.name for file in tmp_path.iterdir()] == ["c.npz"]


def test_regions_are_those_of_the_pictures(pictures: Pictures, clouds: Clouds) -> None:
    one = clouds.of(0, 0)
    task, thing, part, absent = pictures.questions[:4]
    for asked in (task, part):
        assert (region_of(pictures, asked, one) == (one.surface == 2)).all()
    assert (region_of(pictures, thing, one) == (one.surface > 0)).all()
    assert not region_of(pictures, absent, one).any()


def test_a_batch_says_of_each_point_what_it_is(pictures: Pictures, clouds: Clouds) -> None:
    sampler = CloudSampler(pictures, clouds, list(range(8)))
    batch = sampler.draw(np.random.default_rng(1), n_clouds=6, n_asked=4)
    handle, body = PARTS.index("handle"), PARTS.index("body")
    assert set(np.unique(batch.parts)) <= {handle, body, PARTS.index("board")}
    regions = batch.heat.reshape(6, 4, -1) > 0.5
    inside = np.broadcast_to(batch.parts[:, None], regions.shape)[regions]
    assert set(np.unique(inside)) == {handle, body}
    assert (batch.presence[~regions.any(axis=2).ravel()] != 1.0).all()
    # Colours come from the same points: the bar is blue in any light, where colour is left.
    red, blue = batch.points[..., 6], batch.points[..., 8]
    coloured = (batch.parts == handle) & (red != blue)
    assert coloured.any()
    assert (blue > red)[coloured].mean() > 0.9


def test_a_batch_depends_on_its_rng_alone(pictures: Pictures, clouds: Clouds) -> None:
    one, other = (
        CloudSampler(pictures, clouds, [0, 1]).draw(np.random.default_rng(7), n_clouds=2, n_asked=2)
        for _ in range(2)
    )
    assert (one.points == other.points).all()
    assert (one.tokens == other.tokens).all()


def test_a_cloud_in_other_light_keeps_its_form(clouds: Clouds) -> None:
    cloud = clouds.of(0, 0).cloud
    out = varied(cloud, np.random.default_rng(4))
    stretch = np.linalg.norm(np.ptp(out.points_m[:, 2])) / np.linalg.norm(
        np.ptp(cloud.points_m[:, 2])
    )
    some = np.random.default_rng(0).integers(0, len(cloud), (200, 2))
    before, after = (
        np.linalg.norm(c.points_m[some[:, 0]] - c.points_m[some[:, 1]], axis=1)
        for c in (cloud, out)
    )
    assert 0.8 < stretch < 1.3
    assert after == pytest.approx(stretch * before, abs=0.012)
    assert np.linalg.norm(out.normals, axis=1) == pytest.approx(np.ones(len(cloud)))


def test_one_group_is_taught_its_own_things_alone(pictures: Pictures, clouds: Clouds) -> None:
    mugs = only(pictures, ("mug",))
    assert {one.noun for one in mugs.questions} == {"mug"}
    assert len(mugs.questions) == len(pictures.questions) // 2
    # In scene 1 a crate stands: it is no mug, and its parts go unnamed.
    sampler = CloudSampler(pictures, clouds, [1], families=frozenset(("mug",)))
    batch = sampler.draw(np.random.default_rng(1), n_clouds=3, n_asked=2)
    assert (batch.parts == -1).all()


def test_no_group_has_what_is_held_out() -> None:
    trained = {name for group in GROUPS.values() for name in group}
    assert not trained & {"kettle", "microwave", "screwdriver", "tap"}
    assert len(trained) == sum(map(len, GROUPS.values())), "a family is in two groups"


def test_a_few_steps_make_weights_that_answer(
    torch: Any, pictures_folder: Path, tmp_path: Path
) -> None:
    order = Training("smoke", pictures_folder, tmp_path / "out")
    metrics = TRAINERS.get("ivlm-points")(order, counting)
    curve = json.loads((order.out / "losses.json").read_text())
    losses = [sum(step.values()) for step in curve]
    assert len(losses) == metrics["training"]["steps"] == 5
    assert np.isfinite(losses).all()
    # The first three see half as many points: their losses are others'.
    assert losses[4] < losses[3]
    assert {"rgbd4", "rgbd"} == set(metrics["tracks"])
    assert metrics["tracks"]["rgbd4"]["all"]["n"] > 0
    weights = load_weights(str(tmp_path / "out" / "weights"))
    assert weights.facts["data_hash"] == read_pictures(pictures_folder).content_hash
    assert all(value > 0 for value in weights.temperatures.values())


@pytest.mark.parametrize("changes", [{"start": "small"}, {"label_share": 0.5}, {"resume": True}])
def test_what_means_nothing_here_is_refused(
    torch: Any, pictures_folder: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    order = Training("smoke", pictures_folder, tmp_path / "out", **changes)
    with pytest.raises(ConfigError, match="ivlm-points"):
        TRAINERS.get("ivlm-points")(order, counting)


def test_the_matrix_has_a_row_for_each_group_that_is_trained_on(
    torch: Any, pictures_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["transfer", "--pictures", str(pictures_folder), "--group", "handles"]
    words += ["--steps", "2", "--out", str(tmp_path / "m")]
    assert main(words) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].split()[2:] == [name for name in PointsTransfer().groups if name != "all"]
    row = told[1].split()
    assert row[0] == "handles"
    assert row[1:].count("n/a") == 5, "only mugs are held back and known"
    stored = json.loads((tmp_path / "m" / "handles.json").read_text())
    assert stored["cells"]["handles"]["n"] > 0
    # A second call reads what is there, and says the same.
    assert main(words) == 0
    assert capsys.readouterr().out.splitlines() == told


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--group", "handels"), "handles"),
        (("--steps", "0"), "--steps is 0"),
        (("--reasoner", "ivlm-point"), "ivlm-points"),
    ],
)
def test_what_is_asked_wrongly_is_told(
    pictures_folder: Path,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    said: str,
) -> None:
    assert main(["transfer", "--pictures", str(pictures_folder), *words]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert len(told.strip().splitlines()) == 1
