"""Files of any kind: every format gives the same mesh, every damage one sentence that names it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh

from ivlm_bench.errors import AssetError, ConfigError
from ivlm_bench.plausibility.pairs import find_pairs
from ivlm_bench.plausibility.read import read_labels, read_mesh
from ivlm_bench.plausibility.solid import make_solid

BALL = trimesh.creation.icosphere(subdivisions=3, radius=0.03)


def saved(folder: Path, name: str, mesh: trimesh.Trimesh = BALL) -> Path:
    path = folder / name
    mesh.export(path)
    return path


@pytest.mark.parametrize("suffix", ["obj", "ply", "stl", "glb"])
def test_every_format_gives_the_same_ball(tmp_path: Path, suffix: str) -> None:
    mesh = read_mesh(saved(tmp_path, f"ball.{suffix}"), role="held")
    assert len(mesh.vertices_m) == len(BALL.vertices)
    assert make_solid(mesh).volume_m3 == pytest.approx(float(BALL.volume), rel=1e-5)


def test_an_ascii_stl_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "ball.stl").write_text(BALL.export(file_type="stl_ascii"))
    mesh = read_mesh(tmp_path / "ball.stl", role="held")
    assert make_solid(mesh).volume_m3 == pytest.approx(float(BALL.volume), rel=1e-4)


def test_an_obj_keeps_its_vertices_and_takes_polygons_and_indices_from_the_end(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.obj").write_text(
        "# a square\nv 0 0 0\nv\t1 0 0 0.5 0.5 0.5\r\n v 1 1 0\nv 0 1 0\nv 5 5 5\n"
        "vt 0 0\nf -5/1 -4/1 -3/1 4//2\n"
    )
    mesh = read_mesh(tmp_path / "a.obj", role="object")
    assert len(mesh.vertices_m) == 5
    assert mesh.faces.tolist() == [[0, 1, 2], [0, 2, 3]]


def test_units_scale(tmp_path: Path) -> None:
    large = BALL.copy()
    large.apply_scale(1000.0)
    path = saved(tmp_path, "ball.obj", large)
    assert np.ptp(read_mesh(path, role="held", unit="mm").vertices_m) == pytest.approx(0.06)


def damaged(folder: Path, kind: str) -> Path:
    text = BALL.export(file_type="obj")
    lines = text.splitlines()
    first = next(k for k, line in enumerate(lines) if line.startswith("v "))
    texts = {
        "empty": "",
        "half a line": text[: len(text) // 3],
        "no faces": "\n".join(line for line in lines if line[:2] == "v "),
        "nan": "\n".join([*lines[:first], "v nan 0 0", *lines[first + 1 :]]),
        "infinite": "\n".join([*lines[:first], "v inf 0 0", *lines[first + 1 :]]),
        "missing vertex": text + "\nf 1 2 9999\n",
        "words": text.replace("v ", "v x", 1),
        "millimetres": trimesh.Trimesh(BALL.vertices * 1e3, BALL.faces).export(file_type="obj"),
        "one point": "v 1 1 1\nv 1 1 1\nv 1 1 1\nf 1 2 3\n",
        "a binary": "\0\1\2",
    }
    (folder / "bad.obj").write_text(texts[kind])
    return folder / "bad.obj"


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("empty", "is empty"),
        ("half a line", "line .* is damaged or cut off"),
        ("no faces", "642 points without faces"),
        ("nan", r"1 of 642 vertices are NaN or infinite .*number 0"),
        ("infinite", "1 of 642 vertices are NaN or infinite"),
        ("missing vertex", "names vertex 9999, but there are 642"),
        ("words", "line .* is damaged"),
        ("millimetres", "is 60 m large, which no object in a hand is .*--units mm"),
        ("one point", "in one place"),
        ("a binary", "no vertices"),
    ],
)
def test_a_damaged_obj_is_told_in_one_sentence(tmp_path: Path, kind: str, said: str) -> None:
    with pytest.raises(AssetError, match=said) as caught:
        read_mesh(damaged(tmp_path, kind), role="held")
    assert str(tmp_path / "bad.obj") in str(caught.value)


@pytest.mark.parametrize("suffix", ["ply", "stl", "glb"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_a_file_that_is_cut_off_is_refused(tmp_path: Path, suffix: str, share: float) -> None:
    path = saved(tmp_path, f"cut.{suffix}")
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(AssetError, match=rf"cut\.{suffix}"):
        read_mesh(path, role="held")


GLB = bytes(BALL.export(file_type="glb"))
PLY = bytes(BALL.export(file_type="ply"))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("text.glb", b"no mesh at all " * 9, "is no GLB file: it does not begin with 'glTF'"),
        ("text.ply", b"no mesh at all " * 9, "is no PLY file: it does not begin with 'ply'"),
        ("short.glb", GLB[:10], "ends within its header of 12 bytes"),
        ("old.glb", GLB[:4] + b"\1\0\0\0" + GLB[8:], "is glTF 1, and only glTF 2 is read"),
        ("noise.glb", GLB[:4] + b"\xa9\x07\xcd\x80" + GLB[8:], "no glTF version"),
        ("cut.ply", PLY[:-40], "is cut off or damaged: it.* export it again"),
        ("word.ply", PLY.replace(b"float", b"flout"), "has the unknown word 'flout'"),
        ("head.ply", PLY[:60], "it cannot be read as PLY; export it again"),
    ],
)
def test_a_damaged_glb_or_ply_is_told_in_words_of_the_file(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(AssetError, match=said):
        read_mesh(tmp_path / name, role="held")


def test_text_that_is_no_utf8_is_refused_and_nothing_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = saved(tmp_path, "ball.glb")
    content = bytearray(path.read_bytes())
    content[60] = 0xB5
    path.write_bytes(bytes(content))
    with pytest.raises(AssetError, match="no UTF-8"):
        read_mesh(path, role="held")
    assert capsys.readouterr().err == ""


def test_an_ascii_stl_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    text = BALL.export(file_type="stl_ascii")
    (tmp_path / "ball.stl").write_text(text[: len(text) // 2])
    with pytest.raises(AssetError, match="endsolid"):
        read_mesh(tmp_path / "ball.stl", role="held")


def test_a_cloud_of_points_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cloud.ply"
    cloud: Any = trimesh.PointCloud
    cloud(BALL.vertices).export(path)
    with pytest.raises(AssetError, match="642 points without faces"):
        read_mesh(path, role="object")


def test_missing_files_other_suffixes_and_metres_called_millimetres_are_refused(
    tmp_path: Path,
) -> None:
    with pytest.raises(AssetError, match="does not exist"):
        read_mesh(tmp_path / "none.obj", role="hand")
    (tmp_path / "a.fbx").write_text("x")
    with pytest.raises(AssetError, match=r"none of \.obj"):
        read_mesh(tmp_path / "a.fbx", role="hand")
    with pytest.raises(AssetError, match=r"0\.06 mm large.*--units m\b"):
        read_mesh(saved(tmp_path, "ball.obj"), role="held", unit="mm")


def test_labels_of_every_kind_say_the_same(tmp_path: Path) -> None:
    flags = np.zeros(10, bool)
    flags[[2, 7]] = True
    np.save(tmp_path / "flags.npy", flags)
    np.save(tmp_path / "prob.npy", np.where(flags, 0.5, 0.49))
    np.save(tmp_path / "index.npy", np.array([7, 2]))
    (tmp_path / "index.json").write_text("[2, 7]")
    (tmp_path / "index.txt").write_text("2\n7\n")
    for name in ("flags.npy", "prob.npy", "index.npy", "index.json", "index.txt"):
        assert read_labels(tmp_path / name, 10).tolist() == flags.tolist()


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.json", "[1, 99]", "do not fit"),
        ("a.json", "{", "holds no labels"),
        ("a.json", "[[1], [2, 3]]", "holds no labels"),
        ("a.txt", "1 two", "holds no labels"),
        ("a.npy", "no array", "holds no labels"),
    ],
)
def test_bad_labels_are_refused(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(AssetError, match=said):
        read_labels(tmp_path / name, 10)


def touch(folder: Path, *names: str) -> None:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_text("x")


def test_a_folder_pairs_by_name_and_tells_of_the_unpaired(tmp_path: Path) -> None:
    touch(tmp_path, "a.hand.obj", "a.object.ply", "b.body.glb", "b.scene.stl", "readme.md")
    touch(tmp_path, "c.hand.obj", "d.object.obj", "e.obj", "f.hand.obj", "f.hand.ply", "f.obj.obj")
    pairs = {pair.name: pair for pair in find_pairs([str(tmp_path)])}
    assert pairs["a"].error is None
    assert pairs["b"].obj == tmp_path / "b.scene.stl"
    assert "no object" in str(pairs["c"].error)
    assert "no body or hand" in str(pairs["d"].error)
    assert "rename it" in str(pairs["e.obj"].error)
    assert "claim the same name" in str(pairs["f"].error)


def test_two_folders_pair_by_stem(tmp_path: Path) -> None:
    touch(tmp_path / "hands", "1.obj", "2.obj")
    touch(tmp_path / "things", "1.ply", "3.obj")
    pairs = find_pairs([str(tmp_path / "hands"), str(tmp_path / "things")])
    assert [pair.name for pair in pairs] == ["1", "2", "3"]
    assert [pair.error is None for pair in pairs] == [True, False, False]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.csv", "name,hand,object,labels\nx,h.obj,o.obj,l.npy\n,h2.obj,o.obj,\n"),
        (
            "list.json",
            '[{"name": "x", "body": "h.obj", "object": "o.obj", "labels": "l.npy"},'
            ' {"body": "h2.obj", "object": "o.obj"}]',
        ),
    ],
)
def test_a_list_names_pairs(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    first, second = find_pairs([str(tmp_path / name)])
    assert (first.name, first.body, first.obj) == ("x", tmp_path / "h.obj", tmp_path / "o.obj")
    assert (first.labels, second.labels) == (tmp_path / "l.npy", None)
    assert second.name == "h2"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("list.json", "{", "cannot be read"),
        ("list.json", "[1]", "list of rows"),
        ("list.csv", "", "holds no meshes"),
    ],
)
def test_a_bad_list_is_refused(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError, match=said):
        find_pairs([str(tmp_path / name)])


def test_a_row_without_an_object_is_an_error_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("hand,object\nh.obj\nh.obj,o.obj\n")
    first, second = find_pairs([str(tmp_path / "list.csv")])
    assert "row 1 needs" in str(first.error)
    assert second.error is None


def test_nothing_to_measure_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        find_pairs([str(tmp_path / "nowhere")])
    with pytest.raises(ConfigError, match="holds no meshes"):
        find_pairs([str(tmp_path)])
    with pytest.raises(ConfigError, match="Give two mesh files"):
        find_pairs(["a", "b", "c"])
    with pytest.raises(ConfigError, match="Give two mesh files"):
        find_pairs([])


def test_labels_are_found_by_name(tmp_path: Path) -> None:
    touch(tmp_path / "pairs", "a.hand.obj", "a.object.obj", "b.hand.obj", "b.object.obj")
    touch(tmp_path / "labels", "a.json")
    a, b = find_pairs([str(tmp_path / "pairs")], labels=str(tmp_path / "labels"))
    assert (a.labels, b.labels) == (tmp_path / "labels" / "a.json", None)
    with pytest.raises(ConfigError, match="give a folder"):
        find_pairs([str(tmp_path / "pairs")], labels=str(tmp_path / "labels" / "a.json"))
