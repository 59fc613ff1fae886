"""Runs on public data sets: what is asked, what is scored, and what a damaged file does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from ivlm_bench.codec import decode, encode
from ivlm_bench.codec.interaction import fine_side_px
from ivlm_bench.datasets import DATASETS
from ivlm_bench.errors import AssetError, ConfigError, InvalidAnswerError, IvlmBenchError
from ivlm_bench.exports import export
from ivlm_bench.harness.config import RunConfig
from ivlm_bench.harness.dataset_items import protocol_of, read_items
from ivlm_bench.harness.dataset_numbers import predictions
from ivlm_bench.harness.dataset_plan import plan_of
from ivlm_bench.harness.messages import DataSource
from ivlm_bench.harness.run import RunOutcome, execute
from ivlm_bench.leaderboard import leaderboard_tables, run_table, verify
from ivlm_bench.metrics import evaluate
from ivlm_bench.posing.answers import prediction_of
from ivlm_bench.posing.item import Posed, pose_item
from ivlm_bench.records import sensors_of
from ivlm_bench.report import write_page
from ivlm_bench.scoring import score_files
from ivlm_bench.store import load_run
from ivlm_bench.testing.miniatures import make_miniature
from ivlm_bench.testing.privileged import OracleRegionReasoner
from ivlm_bench.tracks import Sensors
from ivlm_bench.types import Interaction

SETS = ("agd20k", "piad", "laso", "where2place", "refspatial", "pointbench")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return a miniature of each data set."""
    home = tmp_path_factory.mktemp("miniatures")
    return {name: make_miniature(name, home / name) for name in SETS}


def source_of(name: str, folder: Path) -> DataSource:
    dataset = DATASETS.get(name)
    return DataSource(
        dataset=name,
        folder=str(folder),
        split=dataset.splits[0],
        profile=dataset.profiles[0],
    )


def first_posed(name: str, folder: Path) -> Posed:
    source = source_of(name, folder)
    profile, _ = protocol_of(source)
    track, size_px = ("rgbd4", 96) if profile.form == "values" else ("rgb", 200)
    return pose_item(read_items(source)[0], profile, Sensors(track=track, size_px=size_px))


@pytest.fixture(scope="module")
def centre_run(
    folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, RunOutcome]:
    """Run the baseline that only points, over AGD20K with one truncated photograph."""
    home = tmp_path_factory.mktemp("damaged")
    data = make_miniature("agd20k", home / "agd20k")
    photo = sorted((data / "Seen/testset/egocentric").rglob("*.jpg"))[2]
    photo.write_bytes(photo.read_bytes()[:700])
    config = RunConfig(
        dataset="agd20k", data=str(data), reasoner="centre", workers=1, out=str(home / "run")
    )
    return photo, execute(config)


def test_a_truncated_photograph_ends_as_the_files_fault_and_the_others_are_scored(
    centre_run: tuple[Path, RunOutcome],
) -> None:
    photo, outcome = centre_run
    statuses = [result.episode.status for result in outcome.run.results]
    assert outcome.exit_code == 5
    assert str(photo) in outcome.complaint
    assert "centre" not in outcome.complaint
    assert statuses.count("data_error") == 1
    assert statuses.count("ok") == len(statuses) - 1
    data = outcome.run.manifest.data
    assert data is not None
    assert (data.n_unread, data.n["kld"]) == (1, len(statuses) - 1)


def test_the_table_equals_score_files_on_the_same_predictions(
    centre_run: tuple[Path, RunOutcome], tmp_path: Path
) -> None:
    photo, outcome = centre_run
    run, data = outcome.run, outcome.run.manifest.data
    assert data is not None
    folder = str(photo).split("/Seen/")[0]
    source = source_of("agd20k", Path(folder))
    taken, truths = {}, {}
    for name, posed, prediction in predictions(source, sensors_of(run.manifest), run.results):
        taken[name], truths[name] = prediction, posed.official
        target = tmp_path / f"{name}.npy"
        target.parent.mkdir(parents=True, exist_ok=True)
        np.save(target, prediction)
    _, params = protocol_of(source)
    found = evaluate("agd20k:locate", taken, truths, **params)
    assert dict(found) == data.numbers
    by_id = {data.items[r.episode.seed]: r.episode.scores for r in run.results}
    assert all(dict(sample.scores) == by_id[sample.id] for sample in found.samples)
    scored = score_files("agd20k:locate", tmp_path, folder, controls=False)
    # The item whose photograph is damaged has a truth, but no prediction.
    assert {line.quantity.name: line.value for line in scored.lines} == data.numbers
    assert len(scored.missing) == 1


def test_a_deleted_photograph_and_one_without_a_map_are_told(tmp_path: Path) -> None:
    data = make_miniature("agd20k", tmp_path / "agd20k")
    photos = sorted((data / "Seen/testset/egocentric/hold/cup").glob("*.jpg"))
    photos[0].unlink()
    photos[1].write_bytes(b"no image")
    config = RunConfig(
        dataset="agd20k", data=str(data), reasoner="centre", workers=1, out=str(tmp_path / "run")
    )
    outcome = execute(config)
    head, *lines = outcome.complaint.splitlines()
    n = len(outcome.run.results)
    assert head.startswith(f"2 of {n} items of data/agd20k/seen could not be read")
    assert [str(photo) in line for photo, line in zip(photos[:2], lines, strict=True)] == [True] * 2
    notes = "\n".join(run_table(outcome.run).notes)
    # One image of each of the five affordances of an object has no heat map.
    assert "5 images have no heat map and so no part in any number" in notes
    assert f"2 of {n} items could not be read and are in no number." in notes


def test_no_table_page_or_form_of_it_tells_a_success(
    centre_run: tuple[Path, RunOutcome],
) -> None:
    photo, outcome = centre_run
    run = outcome.run
    page = write_page(run.folder).read_text(encoding="utf-8")
    assert "success" not in run_table(run).text().lower()
    assert "success" not in page.split("<style>")[0] + page.split("</style>")[1].split("<script")[0]
    assert photo.name in page
    assert page.count("data:image/jpeg") == 2 * (len(run.results) - 1)
    assert "heat map: made from the point." in page
    assert "Heat map made from the point (" in page
    assert "by the shared executor" not in page
    assert "shared tools" not in page
    with pytest.raises(ConfigError, match="export it as csv"):
        export(run, "junit")
    assert verify(run.folder) == []
    board = leaderboard_tables([run])[0]
    assert board.headers[2:5] == ("kld ↓", "sim ↑", "nss ↑")


def test_a_resumed_run_is_the_same_and_another_split_is_refused(
    centre_run: tuple[Path, RunOutcome],
) -> None:
    photo, outcome = centre_run
    folder = outcome.run.folder
    config = RunConfig(
        dataset="agd20k",
        data=str(photo).split("/Seen/")[0],
        reasoner="centre",
        workers=1,
        out=str(folder),
        resume=True,
    )
    assert execute(config).run.manifest == outcome.run.manifest
    with pytest.raises(IvlmBenchError, match="another configuration"):
        execute(replace(config, limit=3))


def test_an_abstention_counts_as_a_blank_map(folders: dict[str, Path], tmp_path: Path) -> None:
    config = RunConfig(
        dataset="agd20k",
        data=str(folders["agd20k"]),
        reasoner="abstain",
        profile="agd20k:ooal",
        limit=2,
        workers=1,
        out=str(tmp_path / "run"),
    )
    run = execute(config).run
    data = run.manifest.data
    assert data is not None
    items = read_items(source_of("agd20k", folders["agd20k"]))[:2]
    truths = [item.truth() for item in items]
    blanks = [np.zeros((224, 224)) for _ in truths]
    assert data.numbers == dict(evaluate("agd20k:ooal", blanks, truths, crop_size=224))
    assert (data.n_blank, data.numbers["sim"]) == (2, 0.0)
    assert load_run(run.folder).manifest.notes == "only the first 2 questions of a task"


@pytest.mark.parametrize("name", SETS)
def test_the_oracle_survives_storing_and_scores_as_the_truth_itself(
    name: str, folders: dict[str, Path]
) -> None:
    source = source_of(name, folders[name])
    profile, params = protocol_of(source)
    posed = first_posed(name, folders[name])
    stored = decode(encode(posed.truth.oracle, fine=True))
    found = prediction_of(stored, posed, profile, params)
    bound = profile.controls["oracle"](posed.official, np.random.default_rng(0))
    ours = profile.score(found.value, posed.official, params).scores
    theirs = profile.score(bound, posed.official, params).scores
    assert found.made_by == "own"
    for key in ours.keys() & {"sim", "auc", "aiou", "accuracy"}:
        assert ours[key] == pytest.approx(theirs[key], rel=0.01), key


@pytest.mark.parametrize("name", SETS)
def test_nothing_of_the_truth_is_in_the_observation(name: str, folders: dict[str, Path]) -> None:
    observation = first_posed(name, folders[name]).observation
    is_cloud = name in ("piad", "laso")
    assert len(observation.views) == (4 if is_cloud else 1)
    assert (observation.object_mesh is not None) == is_cloud
    assert all((view.depth_m is not None) == is_cloud for view in observation.views)
    assert observation.query.text


def test_values_on_another_number_of_points_are_refused(folders: dict[str, Path]) -> None:
    source = source_of("piad", folders["piad"])
    profile, params = protocol_of(source)
    posed = first_posed("piad", folders["piad"])
    with pytest.raises(InvalidAnswerError, match="2048 points of object_mesh"):
        prediction_of(Interaction(vertex_prob=np.ones(7)), posed, profile, params)


def test_maps_of_a_cloud_come_back_to_its_points(folders: dict[str, Path]) -> None:
    cloud = first_posed("piad", folders["piad"]).cloud
    assert cloud is not None
    height = cloud.points_m[:, 2]
    values = (height / height.max()).astype(np.float32)
    back = cloud.lifted(cloud.drawn(values))
    assert np.corrcoef(back, values)[0, 1] > 0.98
    assert cloud.points_m[:, 2].min() == 0.0
    assert np.ptp(cloud.points_m, axis=0).max() <= 0.3 + 1e-9


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "suite": ({"suite": "core-v0"}, "--suite is for simulated suites"),
    "engine": ({"engines": ("mujoco",)}, "--engine is for simulated suites"),
    "repeats": ({"repeats": 2}, "--repeats is for simulated suites"),
    "isolate": ({"isolate": True}, "--isolate is for simulated suites"),
    "track": ({"track": "rgbd4"}, "one view without depth"),
    "split": ({"split": "sean"}, "Did you mean 'seen'"),
    "profile": ({"profile": "piad:iagnet"}, "does not score agd20k"),
    "no data": ({"data": None}, "needs --data DIR"),
    "set": ({"dataset": "agd20"}, "Did you mean 'agd20k'"),
    "no set": ({"dataset": None}, "name it by --dataset"),
    "limit": ({"limit": 0}, "--limit is 0"),
    "3dir": ({"dataset": "3dir"}, "3dir asks for contact of a body's vertices beside"),
    "damon": ({"dataset": "damon"}, "damon asks for contact of a body's vertices, which no"),
    "affordancenet": ({"dataset": "affordancenet"}, "asks for values of 18 affordances at once"),
    "chairs": ({"dataset": "chairs"}, "chairs asks for voxels, which no reasoner answers"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_can_not_apply_is_refused_in_a_sentence(case: str, folders: dict[str, Path]) -> None:
    changes, message = REFUSED[case]
    fields: dict[str, Any] = {"dataset": "agd20k", "data": str(folders["agd20k"]), **changes}
    with pytest.raises(ConfigError, match=message):
        plan_of(RunConfig(**fields))


def test_a_folder_without_the_files_says_where_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=r"is missing; get agd20k from its owner"):
        plan_of(RunConfig(dataset="agd20k", data=str(tmp_path)))


def test_fine_answers_keep_the_tails_of_a_map_and_plain_ones_do_not() -> None:
    heat = np.full((1, 224, 224), 1e-4, np.float32)
    heat[0, 100:110, 100:110] = 1.0
    answer = Interaction(affordance_maps=heat)
    fine, plain = decode(encode(answer, fine=True)), decode(encode(answer))
    assert fine.affordance_maps is not None
    assert plain.affordance_maps is not None
    assert fine.affordance_maps.shape == (1, 224, 224)
    assert fine.affordance_maps[0, 0, 0] == pytest.approx(1e-4, rel=2**-10)
    assert plain.affordance_maps.shape == (1, 56, 56)
    assert plain.affordance_maps[0, 0, 0] == 0.0
    assert (fine_side_px(1), fine_side_px(4)) == (224, 112)


def test_the_command_runs_to_its_page(folders: dict[str, Path], tmp_path: Path) -> None:
    words = ["run", "--dataset", "where2place", "--data", str(folders["where2place"])]
    words += ["--reasoner", "oracle", "--workers", "1", "--out", str(tmp_path / "run")]
    done = subprocess.run(
        [sys.executable, "-m", "ivlm_bench.cli.main", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "accuracy" in done.stdout
    assert (tmp_path / "run" / "report.html").is_file()
    assert run_table(load_run(tmp_path / "run")).rows[0][:2] == ("accuracy ↑", "1.000")


@pytest.mark.parametrize("name", ["agd20k", "piad"])
def test_the_oracle_that_only_marks_the_region_marks_the_whole_true_map(
    name: str, folders: dict[str, Path]
) -> None:
    source = source_of(name, folders[name])
    profile, params = protocol_of(source)
    posed = first_posed(name, folders[name])
    answer = OracleRegionReasoner().predict_with_truth(posed.observation, posed.truth)
    found = prediction_of(answer, posed, profile, params)
    similarity = profile.score(found.value, posed.official, params).scores["sim"]
    assert isinstance(similarity, float)
    assert similarity > (0.99 if name == "agd20k" else 0.8)


def test_errors_of_a_reasoner_are_blanks_and_the_others_are_scored(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(
        "import numpy as np\n"
        "from ivlm_bench.types import Interaction\n"
        "class Mine:\n"
        "    n = 0\n"
        "    def predict(self, observation):\n"
        "        self.n += 1\n"
        "        if self.n == 1:\n"
        "            raise ValueError('no idea')\n"
        "        if self.n == 2:\n"
        "            return 3\n"
        "        return Interaction(vertex_prob=np.full(7 if self.n == 3 else 2048, 0.5))\n"
    )
    config = RunConfig(
        dataset="laso",
        data=str(folders["laso"]),
        reasoner=f"{mine}:Mine",
        limit=4,
        workers=1,
        out=str(tmp_path / "run"),
    )
    outcome = execute(config)
    statuses = [result.episode.status for result in outcome.run.results]
    assert statuses == ["reasoner_error", "invalid_answer", "invalid_answer", "ok"]
    assert outcome.exit_code == 5
    data = outcome.run.manifest.data
    assert data is not None
    truths = [item.truth() for item in read_items(source_of("laso", folders["laso"]))[:4]]
    values = [np.full(2048, 0.5 if k == 3 else 0.0, np.float32) for k in range(4)]
    assert data.numbers == dict(evaluate("laso", values, truths))
    assert (data.n_blank, data.n_unread) == (3, 0)
