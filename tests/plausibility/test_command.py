"""``ivlm-bench plausibility`` as people call it: good pairs are measured beside bad files."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
import trimesh

from ivlm_bench.cli.main import main
from ivlm_bench.testing.miniatures import make_miniature

BALL = trimesh.creation.icosphere(subdivisions=3, radius=0.03)
#: Volume of the two caps that balls of 30 mm share whose centres are 50 mm apart, cm3.
LENS_CM3 = 2.0 * np.pi * 0.5**2 * (3.0 * 3.0 - 0.5) / 3.0


def saved(path: Path, shift: tuple[float, float, float] = (0, 0, 0), scale: float = 1.0) -> None:
    mesh = BALL.copy()
    mesh.apply_translation(shift)
    mesh.apply_scale(scale)
    mesh.export(path)


def results(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "plausibility.csv").open() as file:
        return {row["name"]: row for row in csv.DictReader(file)}


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    folder = tmp_path / "pairs"
    folder.mkdir()
    for name, gap in (("deep", 0.05), ("touching", 0.0615), ("apart", 0.2)):
        saved(folder / f"{name}.hand.obj")
        saved(folder / f"{name}.object.ply", (gap, 0, 0))
    return folder


def test_pairs_are_measured_and_bad_files_cost_their_pair_only(
    pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved(pairs / "large.hand.obj", scale=1000.0)
    saved(pairs / "large.object.obj")
    saved(pairs / "alone.hand.obj")
    out = tmp_path / "out"
    assert main(["plausibility", str(pairs), "--no-simulation", "--out", str(out)]) == 5
    said = capsys.readouterr()
    assert "large: " in said.err
    assert "--units mm" in said.err
    assert "alone.hand.obj has no object" in said.err
    assert "2 of 5 pairs were not measured" in said.err
    rows = results(out)
    assert float(rows["deep"]["volume_cm3"]) == pytest.approx(LENS_CM3, rel=0.05)
    assert float(rows["deep"]["depth_max_mm"]) == pytest.approx(10.0, abs=0.2)
    bits = ("penetration", "volume", "contact", "plausible")
    assert [rows["deep"][bit] for bit in bits] == ["0", "0", "1", "0"]
    assert [rows["touching"][bit] for bit in bits] == ["1", "1", "1", "1"]
    assert [rows["apart"][bit] for bit in bits] == ["1", "1", "0", "0"]
    assert rows["touching"]["unjudged"] == "displacement"
    assert rows["large"]["plausible"] == ""
    found = json.loads((out / "plausibility.json").read_text())
    assert found["summary"]["n_measured"] == 3
    assert found["summary"]["rates"]["contact"] == pytest.approx(2 / 3)


def test_the_page_holds_its_pictures_and_needs_nothing_else(pairs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    main(["plausibility", str(pairs), "--no-simulation", "--pictures", "2", "--out", str(out)])
    page = (out / "page.html").read_text()
    assert page.count("<article") == 2
    assert page.count('src="data:image/jpeg;base64,') == 8
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)


def test_a_single_pair_is_simulated_in_the_engine_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved(tmp_path / "h.obj")
    saved(tmp_path / "o.obj", (0.2, 0, 0))
    files = [str(tmp_path / "h.obj"), str(tmp_path / "o.obj")]
    out = tmp_path / "out"
    assert main(["plausibility", *files, "--engines", "mujoco", "--out", str(out)]) == 0
    (row,) = results(out).values()
    assert float(row["mujoco_displacement_cm"]) == pytest.approx(122.6, rel=0.005)
    assert row["mujoco_stable_directions"] == "0.0"
    assert (row["displacement"], row["stability"], row["plausible"]) == ("0", "0", "0")
    assert row["pybullet_displacement_cm"] == row["legacy_displacement_cm"] == ""
    assert "body as 1 convex piece (" in row["notes"]
    assert "FAIL" in capsys.readouterr().out


def test_contact_is_compared_with_labels(tmp_path: Path) -> None:
    saved(tmp_path / "h.obj")
    saved(tmp_path / "o.obj", (0.05, 0, 0))
    right = np.flatnonzero(np.linalg.norm(BALL.vertices - [0.05, 0, 0], axis=1) < 0.0349)
    half = right[: len(right) // 2].tolist()
    (tmp_path / "half.json").write_text(json.dumps(half))
    args = ["plausibility", str(tmp_path / "h.obj"), str(tmp_path / "o.obj"), "--no-simulation"]
    out = tmp_path / "out"
    assert main([*args, "--labels", str(tmp_path / "half.json"), "--out", str(out)]) == 0
    (row,) = results(out).values()
    assert float(row["contact_recall"]) == 1.0
    assert float(row["contact_precision"]) == pytest.approx(0.5, abs=0.05)


def test_an_open_object_has_depth_and_contact_but_no_volume(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved(tmp_path / "h.obj")
    half = BALL.copy()
    half.apply_translation([0.05, 0, 0])
    half.update_faces(half.triangles_center[:, 0] < 0.052)
    half.export(tmp_path / "o.obj")
    files = [str(tmp_path / "h.obj"), str(tmp_path / "o.obj")]
    out = tmp_path / "out"
    assert main(["plausibility", *files, "--no-simulation", "--out", str(out)]) == 5
    (row,) = results(out).values()
    assert float(row["depth_max_mm"]) == pytest.approx(10.0, abs=0.2)
    assert (row["volume_cm3"], row["volume"], row["penetration"]) == ("", "", "0")
    assert "no volume_cm3: o.obj is not closed" in capsys.readouterr().err


def test_a_body_in_a_scene_has_its_own_limits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = trimesh.creation.capsule(height=1.2, radius=0.2)
    body.apply_translation([0, 0, -body.bounds[0][2] - 0.015])
    body.export(tmp_path / "a.body.obj")
    corners = np.array([[-2.0, -2, 0], [2, -2, 0], [2, 2, 0], [-2, 2, 0]])
    trimesh.Trimesh(corners, [[0, 1, 2], [0, 2, 3]]).export(tmp_path / "a.scene.ply")
    out = tmp_path / "out"
    assert main(["plausibility", str(tmp_path), "--body", "--out", str(out)]) == 0
    row = results(out)["a"]
    assert float(row["depth_max_mm"]) == pytest.approx(15.0, abs=0.1)
    below = float((body.vertices[:, 2] < -1e-9).mean())
    assert float(row["non_collision"]) == pytest.approx(1.0 - below)
    assert (row["penetration"], row["contact"], row["plausible"]) == ("1", "1", "1")
    assert row["volume"] == row["volume_cm3"] == row["mujoco_displacement_cm"] == ""
    assert "not closed" in capsys.readouterr().err


def test_a_room_about_a_body_is_free_inside(tmp_path: Path) -> None:
    body = trimesh.creation.capsule(height=1.2, radius=0.2)
    body.apply_translation([0, 0, -body.bounds[0][2] - 0.03])
    body.export(tmp_path / "a.body.obj")
    room = trimesh.creation.box(extents=[4, 4, 3])
    room.apply_translation([0, 0, 1.5])
    room.invert()
    room.export(tmp_path / "a.scene.obj")
    out = tmp_path / "out"
    assert main(["plausibility", str(tmp_path), "--body", "--out", str(out)]) == 0
    row = results(out)["a"]
    assert float(row["depth_max_mm"]) == pytest.approx(30.0, abs=0.1)
    assert row["penetration"] == "0"
    assert "taken as a room" in row["notes"]


def test_frames_of_one_motion_are_measured_as_such(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = trimesh.creation.box(extents=[0.3, 0.3, 1.7])
    corners = np.array([[-9.0, -9, -0.001], [9, -9, -0.001], [9, 9, -0.001], [-9, 9, -0.001]])
    for k in range(8):
        moved = body.copy()
        moved.apply_translation([0.1 * k, 0, 0.85 + 0.02])
        moved.export(tmp_path / f"{k:03d}.body.obj")
        floor = trimesh.Trimesh(corners, [[0, 1, 2], [0, 2, 3]])
        floor.export(tmp_path / f"{k:03d}.object.obj")
    (tmp_path / "feet.json").write_text('{"left": [0], "right": [2]}')
    out, feet = tmp_path / "out", tmp_path / "feet.json"
    args = ["--body", "--sequence", "--feet", str(feet), "--out", str(out), "--pictures", "0"]
    assert main(["plausibility", str(tmp_path), *args]) == 0
    found = json.loads((out / "plausibility.json").read_text())["sequence"]
    assert found == {
        "skating_ratio": 1.0,  # 2 m/s, 2 cm above the floor
        "float_mm": pytest.approx(20.0),
        "penetrate_mm": 0.0,
    }
    assert "a foot slides: 1.000" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--hand", "--body"], "exclude each other"),
        (["--engines", "flex"], "not 'flex'"),
        (["--sequence"], "equally many vertices"),
    ],
)
def test_flags_that_make_no_sense_are_refused(
    tmp_path: Path, flags: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    saved(tmp_path / "h.obj")
    saved(tmp_path / "o.obj")
    files = [str(tmp_path / "h.obj"), str(tmp_path / "o.obj")]
    args = ["plausibility", *files, *flags, "--no-simulation", "--out", str(tmp_path / "out")]
    assert main(args) == 2
    assert said in capsys.readouterr().err


def test_where_nothing_was_measured_nothing_is_said_of_measures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ball.hand.obj").write_text("v 0 0 0\n")
    saved(tmp_path / "ball.object.ply")
    assert main(["plausibility", str(tmp_path), "--out", str(tmp_path / "out")]) == 5
    said = capsys.readouterr()
    assert "ObMan" not in said.out
    assert "1 of 1 pair was not measured" in said.err
    page = (tmp_path / "out" / "page.html").read_text()
    assert "0 of 1 pair measured" in page
    assert "ObMan" not in page
    assert "passes up to" not in page


def test_the_made_up_pairs_touch_run_in_and_miss(tmp_path: Path) -> None:
    """Each finger reaches so far beyond the can's radius; the draw changes it by 0.3 mm at most."""
    folder = make_miniature("pairs", tmp_path / "pairs")
    words = ["plausibility", str(folder), "--no-simulation", "--pictures", "0"]
    assert main([*words, "--out", str(tmp_path / "out")]) == 0
    rows = results(tmp_path / "out")
    depths = {name: float(row["depth_max_mm"]) for name, row in rows.items()}
    assert depths == pytest.approx({"apart": 0.0, "deep": 12.0, "touching": 1.0}, abs=0.35)
    bits = {name: (row["penetration"], row["contact"]) for name, row in rows.items()}
    assert bits == {"apart": ("1", "0"), "deep": ("0", "1"), "touching": ("1", "1")}
