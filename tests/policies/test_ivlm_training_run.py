"""Training on a toy world of balls with knobs: windows, steps, going on, files."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from ivlm_bench.cli.main import main
from ivlm_bench.cli.progress import counting
from ivlm_bench.errors import AssetError, ConfigError, MissingDependencyError, StoreError
from ivlm_bench.geometry.camera import look_at, ray_directions
from ivlm_bench.learning.files import VERSION
from ivlm_bench.learning.trainers import TRAINERS, Training
from ivlm_bench.types import Camera
from ivlm_policies.ivlm.grounding.channels import INPUT_PX, whole
from ivlm_policies.ivlm.stages import Crop
from ivlm_policies.ivlm.training.pictures import Pictures, read_pictures, split_scenes
from ivlm_policies.ivlm.training.recipe import recipe
from ivlm_policies.ivlm.training.samples import Sampler, region_in
from ivlm_policies.ivlm.training.shapes import shape_channels
from ivlm_policies.ivlm.weights import (
    DECODER_FILE,
    ENCODER_FILE,
    FUSION_FILE,
    MODEL_FILE,
    load_weights,
    shipped,
    write_tensors,
)

torch = pytest.importorskip("torch", reason="training needs the extra train")
pytest.importorskip("onnx", reason="training needs the extra train")
_stage1 = import_module("ivlm_policies.ivlm.training._stage1")
_export = import_module("ivlm_policies.ivlm.training._export")
_run = import_module("ivlm_policies.ivlm.training._run")
_stage2 = import_module("ivlm_policies.ivlm.training._stage2")

SIZE_PX, N_SCENES, N_VIEWS = 160, 12, 4
BODY, KNOB = 0.05, 0.02


def toy(folder: Path, *, n_scenes: int = N_SCENES, seed: int = 0) -> Path:
    """Write scenes of a ball with a small one beside it on a table, seen by four cameras."""
    rng = np.random.default_rng(seed)
    scenes = [_scene(rng) for _ in range(n_scenes)]
    folder.mkdir()
    for name in scenes[0]:
        np.save(folder / f"{name}.npy", np.stack([scene[name] for scene in scenes]))
    surfaces = [
        {"placement": "table", "part": "board", "category": "table", "role": "support"},
        {"placement": "pot", "part": "body", "category": "pot", "role": "target"},
        {"placement": "pot", "part": "knob", "category": "pot", "role": "target"},
    ]
    _lines(folder / "scenes", [{"source": "toy", "task": "toy", "surfaces": surfaces}] * n_scenes)
    _lines(folder / "questions", [q for scene in range(n_scenes) for q in _questions(scene)])
    (folder / "order.json").write_text(json.dumps({"version": VERSION, "seed": seed}))
    return folder


def _lines(file: Path, rows: list[dict[str, object]]) -> None:
    file.with_suffix(".jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def _scene(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return one scene's arrays: its views stacked, and where the ball is in each."""
    turn = rng.uniform(0, 2 * np.pi)
    ball = np.array([*rng.uniform(-0.05, 0.05, 2), BODY])
    knob = ball + 0.06 * np.array([np.cos(turn), np.sin(turn), 0.3])
    views = []
    for view in range(N_VIEWS):
        angle = np.pi / 2 * view + rng.uniform(-0.3, 0.3)
        eye = np.array([0.5 * np.cos(angle), 0.5 * np.sin(angle), 0.4])
        camera = look_at(eye, np.zeros(3), fov_rad=0.7, size_px=SIZE_PX)
        views.append(_view(camera, ball, knob))
    arrays = {name: np.stack([view[name] for view in views]) for name in views[0]}
    return arrays | {"maps": np.where(arrays["surface"] == 1, 255, 0).astype(np.uint8)}


def _view(camera: Camera, ball: np.ndarray, knob: np.ndarray) -> dict[str, np.ndarray]:
    """Return what a camera sees: the table, the ball and the small one, ray by ray."""
    pose, shape = camera.world_from_camera, (SIZE_PX, SIZE_PX)
    eye = pose.position_m
    rows, columns = np.indices(shape)
    rays = ray_directions(camera, np.stack([columns.ravel(), rows.ravel()], axis=1))
    board = -eye[2] / rays[:, 2]
    board[board <= 0] = np.inf
    depths = np.stack([board, _ball(eye, rays, ball, BODY), _ball(eye, rays, knob, KNOB)])
    which, nearest = depths.argmin(axis=0), depths.min(axis=0)
    colours = np.array([[120, 100, 80], [90, 90, 200], [200, 60, 60]], np.uint8)
    depth = 1e4 * np.where(np.isfinite(nearest), nearest, 0.0)
    return {
        "rgb": colours[which].reshape(*shape, 3),
        "depth": np.rint(depth).reshape(shape).astype(np.uint16),
        "surface": which.reshape(shape).astype(np.int16),
        "cameras": np.column_stack([pose.rotation, pose.position_m, camera.intrinsics_px]),
    }


def _ball(eye: np.ndarray, rays: np.ndarray, centre: np.ndarray, radius: float) -> np.ndarray:
    """Return how far along each ray a ball lies; infinity beside it."""
    a, b = (rays**2).sum(axis=1), rays @ (eye - centre)
    c = ((eye - centre) ** 2).sum() - radius**2
    root = b**2 - a * c
    return np.where(root > 0, (-b - np.sqrt(np.maximum(root, 0))) / a, np.inf)


def _questions(scene: int) -> list[dict[str, object]]:
    common = {"scene": scene, "noun": "pot", "colour": "", "place": "", "sense": ""}
    common |= {"target_surfaces": [1, 2], "present": True, "feasible": None, "map": None}
    return [
        common
        | {"kind": "task", "interaction": "grasp", "part": "", "text": "Take the pot."}
        | {"surfaces": None, "map": scene, "feasible": scene % 2 == 0},
        common
        | {"kind": "object", "interaction": "find", "part": "", "text": "Where is the pot?"}
        | {"surfaces": [1, 2]},
        common
        | {"kind": "part", "interaction": "grasp", "part": "knob", "text": "Hold its knob."}
        | {"surfaces": [2]},
        common
        | {"kind": "absent", "interaction": "grasp", "part": "blade", "text": "Hold its blade."}
        | {"surfaces": [], "present": False, "feasible": False},
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy(tmp_path_factory.mktemp("toy") / "pictures")


@pytest.fixture(scope="module")
def pictures(folder: Path) -> Pictures:
    return read_pictures(folder)


@pytest.fixture(scope="module")
def shapes(pictures: Pictures, tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    path = tmp_path_factory.mktemp("shapes") / "shapes.npy"
    return shape_channels(pictures, path, seed=0, step=lambda: None)


@pytest.fixture(scope="module")
def trained(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trained")
    TRAINERS.get("ivlm")(Training("smoke", folder, out), counting)
    return out


def test_regions(pictures: Pictures) -> None:
    _, _, knob, blade = (pictures.questions[i] for i in pictures.by_scene[0])
    shown = int((pictures.surface[0, 0] == 2).sum())
    everything = whole(pictures.view(0, 0))
    heat, there = region_in(pictures, knob, 0, everything)
    assert shown > 20
    assert there == 1.0
    assert heat.sum() * (SIZE_PX / INPUT_PX) ** 2 == pytest.approx(shown, rel=0.05, abs=2.0)
    assert region_in(pictures, blade, 0, everything)[1] == 0.0
    # A window on the bare table: the pot is there, but not here.
    assert region_in(pictures, knob, 0, Crop(-200.0, -200.0, 100.0))[1] == 0.0


def test_hidden_part_is_not_told(pictures: Pictures) -> None:
    hiding = replace(pictures, surface=np.where(pictures.surface == 2, 1, pictures.surface))
    knob = pictures.questions[pictures.by_scene[0][2]]
    heat, there = region_in(hiding, knob, 0, whole(pictures.view(0, 0)))
    assert np.isnan(there)
    assert not heat.any()


def test_scenes_held_back_are_not_learnt(pictures: Pictures, shapes: np.ndarray) -> None:
    learnt, held = split_scenes(pictures, held_back=0.25)
    assert sorted(learnt + held) == list(range(N_SCENES))
    assert len(held) == 3
    sampler = Sampler(pictures, shapes, learnt)
    assert {pictures.questions[int(i)].scene for i in sampler._indices} == set(learnt)


def test_batch_depends_on_rng_alone(pictures: Pictures, shapes: np.ndarray) -> None:
    sampler = Sampler(pictures, shapes, list(range(N_SCENES)))
    one, same, other = (
        sampler.batch(np.random.default_rng(seed), n_images=3, n_asked=2) for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(one.images, same.images)
    np.testing.assert_array_equal(one.tokens, same.tokens)
    assert not np.array_equal(one.images, other.images)
    assert one.images.shape == (3, 8, INPUT_PX, INPUT_PX)
    assert one.heat.shape == (6, INPUT_PX, INPUT_PX)


class _StopError(Exception):
    pass


def test_going_on_gives_the_same_bits(
    pictures: Pictures, shapes: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_stage1, "KEEP_EVERY", 2)
    short = replace(recipe("smoke"), n_steps=4, n_images=2)
    sampler = Sampler(pictures, shapes, list(range(N_SCENES)))
    straight = _stage1.Stage1(short)
    straight.run(sampler, tmp_path, lambda: None)
    stopped = _stage1.Stage1(short)

    def stop() -> None:
        if stopped.n_done == 3:
            raise _StopError

    (tmp_path / "b").mkdir()
    with pytest.raises(_StopError):
        stopped.run(sampler, tmp_path / "b", stop)
    again = _stage1.Stage1(replace(short))
    again.resume(tmp_path / "b")
    assert again.n_done == 2
    again.run(sampler, tmp_path / "b", lambda: None)
    for mine, other in ((straight.net, again.net), (straight.mean, again.mean)):
        for key, value in mine.state_dict().items():
            assert torch.equal(value, other.state_dict()[key]), key
    assert straight.curve == again.curve


def test_broken_state_is_told(tmp_path: Path) -> None:
    (tmp_path / _stage1.STATE_FILE).write_bytes(b"no state")
    (tmp_path / _stage1.CURVE_FILE).write_text("[]")
    with pytest.raises(StoreError, match="train without --resume"):
        _stage1.Stage1(recipe("smoke")).resume(tmp_path)


def test_it_learns(trained: Path) -> None:
    curve = json.loads((trained / _stage1.CURVE_FILE).read_text())
    assert len(curve) == recipe("smoke").n_steps
    first, last = (np.mean([s["heat"] + s["overlap"] for s in p]) for p in (curve[:5], curve[-5:]))
    assert last < 0.8 * first


def test_files(trained: Path, pictures: Pictures) -> None:
    weights = load_weights(str(trained / "weights"))
    assert weights.metadata["data_hash"] == pictures.content_hash
    assert weights.metadata["nouns"] == ["pot"]
    assert set(weights.metadata["parts"]) == {"knob", "blade"}
    assert all(0.1 < value < 21 for value in weights.temperatures.values())
    size = sum(path.stat().st_size for path in weights.folder.iterdir())
    assert size < 20e6
    metrics = json.loads((trained / "metrics.json").read_text())
    assert set(metrics["tracks"]) == {"rgbd4", "rgbd", "rgb4", "rgb"}
    assert set(metrics["labels"]) == {"0", "0.01", "0.1", "1"}
    assert "| rgbd4 |" in (trained / "report.md").read_text()
    assert (trained / "curves.png").is_file()
    assert (trained / "answers.png").is_file()


def test_training_on(trained: Path, tmp_path: Path) -> None:
    weights = load_weights(str(trained / "weights"))
    start = _run._start(str(weights.folder))
    state = torch.load(trained / _stage1.STATE_FILE, weights_only=True)["mean"]
    assert set(start) == set(state)
    assert all(torch.equal(start[key], value) for key, value in state.items())
    for path in weights.folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    narrow = {key: value.numpy()[:1] for key, value in state.items() if value.ndim}
    write_tensors(tmp_path / MODEL_FILE, narrow, {})
    with pytest.raises(AssetError, match="another form of the net"):
        _run._start(str(tmp_path))


def test_share_of_labels() -> None:
    points = list(range(160))
    counts = [len(_run._labelled(points, share)) for share in _run.LABEL_SHARES]
    assert counts == [0, 2, 16, 160]


@pytest.mark.parametrize("n", [1, 5])
def test_onnx_equals_torch(n: int, tmp_path: Path) -> None:
    torch.manual_seed(3)
    net = _export.Net()
    for name, buffer in net.named_buffers():
        if "running" in name:  # an untrained norm would hide a wrong one
            buffer.uniform_(0.5, 1.5)
    net.eval()
    _export.write_onnx(net, tmp_path)
    rng = np.random.default_rng(n)
    image = rng.standard_normal((n, 8, 128, 128)).astype(np.float32)
    tokens = np.where(rng.random((n, 24)) < 0.7, 0, rng.integers(1, 2048, (n, 24)))
    encoder = onnxruntime.InferenceSession(tmp_path / ENCODER_FILE)
    decoder = onnxruntime.InferenceSession(tmp_path / DECODER_FILE)
    features, pooled = encoder.run(None, {"image": image})
    said = decoder.run(None, {"features": features, "pooled": pooled, "tokens": tokens})
    with torch.no_grad():
        wanted = net.encoder(torch.from_numpy(image))
        answer = _export.Plain(net.decoder).eval()(*wanted, torch.from_numpy(tokens))
    assert said[0].shape == (n, 128, 128)
    for mine, other in zip((features, pooled, *said), (*wanted, *answer), strict=True):
        np.testing.assert_allclose(mine, other.numpy(), atol=1e-4, rtol=1e-4)


def test_padding_says_nothing() -> None:
    torch.manual_seed(0)
    text = _export.Net().decoder.text
    short = torch.tensor([[7, 9, 0]])
    long = torch.tensor([[7, 9, 0, 0, 0]])
    torch.testing.assert_close(text(short), text(long))
    assert not torch.allclose(text(short), text(torch.tensor([[7, 8, 0]])))


def test_head_learns_what_the_mean_cannot(tmp_path: Path) -> None:
    """Truth is in height alone: the plain mean is blind to it."""
    rng = np.random.default_rng(0)
    features = rng.standard_normal((4000, 10)).astype(np.float32)
    truth = (features[:, 7] > 0.3).astype(np.float32)
    points = [_stage2.Points(features, truth)]
    short = replace(recipe("smoke"), n_fusion_steps=200)
    head, losses = _stage2.train_head(points, short)
    right = (_stage2_logits(features, head) > 0) == (truth > 0.5)
    assert right.mean() > 0.95
    assert losses[-1] < 0.5 * losses[0]
    plain, none = _stage2.train_head([], short)
    assert none == []
    np.testing.assert_allclose(_stage2_logits(features, plain), features[:, 4], atol=1e-6)


def _stage2_logits(features: np.ndarray, head: dict[str, np.ndarray]) -> np.ndarray:
    from ivlm_policies.ivlm.fusing.features import head_logits

    return head_logits(features, head)


@pytest.mark.parametrize("name", [ENCODER_FILE, FUSION_FILE])
def test_damaged_weights_are_told(name: str, trained: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in (trained / "weights").iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    broken = bytearray((copy / name).read_bytes())
    broken[5] ^= 255
    (copy / name).write_bytes(bytes(broken))
    with pytest.raises(AssetError, match="copy the whole folder again"):
        load_weights(str(copy))
    (copy / name).unlink()
    with pytest.raises(AssetError, match=f"lack {name}"):
        load_weights(str(copy))


def test_shipped_weights() -> None:
    assert "small" in shipped()
    weights = load_weights()
    assert not {"kettle", "microwave", "screwdriver", "tap"} & set(
        weights.metadata.get("categories", [])
    )
    assert sum(path.stat().st_size for path in weights.folder.iterdir()) < 20e6
    with pytest.raises(AssetError, match="no weights called 'huge'"):
        load_weights("huge")


def test_without_torch(monkeypatch: pytest.MonkeyPatch, folder: Path, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingDependencyError, match="pip install torch"):
        TRAINERS.get("ivlm")(Training("smoke", folder, tmp_path / "out"), counting)


def test_plugins_load_without_torch() -> None:
    code = (
        "import sys; from ivlm_bench.registry import load_plugins; load_plugins();"
        "from ivlm_bench.learning.trainers import TRAINERS; assert 'ivlm' in TRAINERS.names();"
        "assert 'torch' not in sys.modules and 'onnx' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--preset", "smal"], "Did you mean 'small'"),
        (["--reasoner", "ivml"], "Did you mean 'ivlm'"),
        (["--pictures", "nowhere"], "holds no finished set of labelled pictures"),
        (["--pictures", "nowhere", "--steps", "0"], "--steps is 0"),
        (["--pictures", "nowhere", "--labels", "2"], "--labels is 2"),
    ],
)
def test_wrong_flags(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--out", str(tmp_path / "out"), *words]) == 2
    assert said in capsys.readouterr().err


def test_other_settings_cannot_go_on(trained: Path, folder: Path) -> None:
    order = Training("smoke", folder, trained, seed=5, resume=True)
    with pytest.raises(ConfigError, match="begun with other settings"):
        TRAINERS.get("ivlm")(order, counting)
