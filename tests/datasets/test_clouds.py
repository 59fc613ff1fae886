"""PIAD, PIADv2 and 3DIR on files written here by hand; the parts that they share."""

from __future__ import annotations

import math
import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ivlm_bench.datasets import DATASETS, DataItem
from ivlm_bench.datasets.clouds import centred, read_text_cloud
from ivlm_bench.datasets.streams import found, locate
from ivlm_bench.errors import AssetError

N = 2048


def numbers(row: int, n_affordances: int) -> list[float]:
    """Return x y z and affordances of a point; affordance j of point i is (i + j) / 4096."""
    return [row * 1.0, 2.0, -1.0, *((row + j) / 4096 for j in range(n_affordances))]


def text_cloud(n_affordances: int, *, before: str = "", n: int = N) -> str:
    rows = (" ".join(str(v) for v in numbers(i, n_affordances)) for i in range(n))
    return "".join(f"{before}{row} \n" for row in rows)


def image(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 4)).save(path)


def put_piad(folder: Path, *, lists: dict[str, list[str]] | None = None) -> Path:
    """Write one photograph and one cloud of a bag; return the cloud."""
    cloud = folder / "Seen/Point/Test/Bag/Point_Test_Bag_7.txt"
    cloud.parent.mkdir(parents=True)
    cloud.write_text(text_cloud(17, before="cbc15 Bag "))
    image(folder / "Seen/Img/Test/Bag/lift/Img_Test_Bag_lift_3.jpg")
    named = {
        "Img": ["Data/Seen/Img/Test/Bag/lift/Img_Test_Bag_lift_3.jpg"],
        "Point": ["Data/Seen/Point/Test/Bag/Point_Test_Bag_7.txt"],
        "Box": ["Data/Seen/Box/Test/Bag/lift/Img_Test_Bag_lift_3.json"],
    }
    for kind, lines in (named | (lists or {})).items():
        (folder / "Seen" / f"{kind}_Test.txt").write_text("\n".join(lines) + "\n")
    return cloud


def read(name: str, folder: Path, split: str | None = None) -> list[DataItem]:
    return list(DATASETS.get(name).read(folder, split))


def test_piad_asks_for_the_column_of_the_image_name(tmp_path: Path) -> None:
    put_piad(tmp_path)
    (item,) = read("piad", tmp_path)
    assert item.id == "Img_Test_Bag_lift_3"
    truth = item.truth()
    assert truth.dtype == np.float32
    wanted = [(row + 2) / 4096 for row in range(N)]  # lift is the third affordance
    assert truth.tolist() == pytest.approx(wanted, rel=1e-7)
    assert item.mask is not None
    assert item.mask().tolist() == [value >= 0.5 for value in wanted]
    assert item.image == tmp_path / "Seen/Img/Test/Bag/lift/Img_Test_Bag_lift_3.jpg"
    assert item.query is not None
    assert item.query.text == "Where would you lift the bag?"
    assert (item.category, item.cluster) == ("lift", "Point_Test_Bag_7")


def test_points_are_centred_and_of_radius_one(tmp_path: Path) -> None:
    put_piad(tmp_path)
    (item,) = read("piad", tmp_path)
    assert item.points_m is not None
    points = item.points_m()
    middle = (N - 1) / 2.0  # x is 0 to 2047, y and z are constant
    assert points[:, 0] == pytest.approx((np.arange(N) - middle) / middle, abs=1e-12)
    assert points[:, 1:] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("where", ["", "Data"])
def test_the_folder_may_be_data_or_lie_above_it(where: str, tmp_path: Path) -> None:
    put_piad(tmp_path / where)
    (item,) = read("piad", tmp_path)
    assert item.truth().shape == (N,)


def test_one_image_with_two_clouds_is_two_items(tmp_path: Path) -> None:
    lists = {
        "Img": ["x/Img_Test_Bag_lift_3.jpg", "x/Img_Test_Bag_lift_3.jpg"],
        "Point": ["Point_Test_Bag_7.txt", "Point_Test_Bag_8.txt"],
        "Box": ["b", "b"],
    }
    put_piad(tmp_path, lists=lists)
    wanted = ["Img_Test_Bag_lift_3", "Img_Test_Bag_lift_3/Point_Test_Bag_8"]
    assert [item.id for item in read("piad", tmp_path)] == wanted


def test_a_bad_row_of_a_list_spoils_no_other(tmp_path: Path) -> None:
    good = "Data/Seen/Img/Test/Bag/lift/Img_Test_Bag_lift_3.jpg"
    cloud = "Data/Seen/Point/Test/Bag/Point_Test_Bag_7.txt"
    lists = {
        "Img": ["Img_Test_Bag_fly_1.jpg", good, "Img_Test_Bag_open_1.jpg"],
        "Point": [cloud, cloud, "Data/Seen/Point/Test/Bag/nowhere.txt"],
        "Box": ["b", "b", "b"],
    }
    put_piad(tmp_path, lists=lists)
    unnamed, right, lost = read("piad", tmp_path)
    with pytest.raises(AssetError, match=r"Img_Test\.txt line 1: .*names no affordance of PIAD"):
        unnamed.truth()
    assert right.truth().shape == (N,)
    with pytest.raises(AssetError, match=r"nowhere\.txt of the list lies neither at") as error:
        lost.truth()
    assert str(tmp_path / "nowhere.txt") in str(error.value), "the last place that was tried"


def test_lists_of_different_lengths_are_refused(tmp_path: Path) -> None:
    put_piad(tmp_path, lists={"Point": ["a", "b"]})
    with pytest.raises(AssetError, match=r"Img_Test\.txt has 1 lines, .*Point_Test\.txt has 2"):
        read("piad", tmp_path)


def test_an_empty_list_is_named(tmp_path: Path) -> None:
    put_piad(tmp_path, lists={"Point": []})
    with pytest.raises(AssetError, match=r"Point_Test\.txt holds no line"):
        read("piad", tmp_path)


def spoiled(text: str, how: str) -> str:
    lines = text.splitlines(keepends=True)
    if how == "short":
        return "".join(lines[:-5])
    changed = {
        "nan": "cbc15 Bag nan 2.0 -1.0 " + "0.0 " * 17 + "\n",
        "column": lines[9].rstrip().rpartition(" ")[0] + "\n",
        "word": lines[9].replace("2.0", "two"),
    }
    lines[9] = changed[how]
    return "".join(lines)


@pytest.mark.parametrize(
    ("how", "cause"),
    [
        ("short", "has 2043 points where 2048 are expected"),
        ("nan", "line 10 holds NaN or infinity"),
        ("column", "line 10 has 21 columns where 22 are expected"),
        ("word", "line 10 holds something that is no number"),
    ],
)
def test_a_bad_cloud_is_named_with_its_line(how: str, cause: str, tmp_path: Path) -> None:
    cloud = put_piad(tmp_path)
    cloud.write_text(spoiled(cloud.read_text(), how))
    (item,) = read("piad", tmp_path)
    assert item.points_m is not None
    for reader in (item.truth, item.points_m):
        with pytest.raises(AssetError, match=cause) as error:
            reader()
        assert str(cloud) in str(error.value)


def put_piadv2(folder: Path, values: object) -> Path:
    cloud = folder / "Point/Mug/Test/grasp/m_1.npy"
    cloud.parent.mkdir(parents=True)
    np.save(cloud, np.asarray(values))
    image(folder / "Img/Mug/Test/grasp/i_1.jpg")
    (folder / "Seen").mkdir()
    (folder / "Seen/Img_test.txt").write_text("/home/them/PIADv2/Img/Mug/Test/grasp/i_1.jpg\n")
    (folder / "Seen/Point_test.txt").write_text("/home/them/PIADv2/Point/Mug/Test/grasp/m_1.npy\n")
    return cloud


def test_piadv2_takes_all_from_paths_and_four_columns(tmp_path: Path) -> None:
    put_piadv2(tmp_path, [numbers(row, 1) for row in range(N)])
    (item,) = read("piadv2", tmp_path)
    assert item.id == "Mug/grasp/i_1"
    assert item.truth().tolist() == [row / 4096 for row in range(N)]
    assert item.image == tmp_path / "Img/Mug/Test/grasp/i_1.jpg"
    assert item.category == "grasp"


@pytest.mark.parametrize(
    ("values", "cause"),
    [
        (np.zeros((N, 5)), r"shape \(2048, 5\)"),
        (np.full((N, 4), np.nan), r"row 1 holds NaN or infinity \(2048 such"),
        (np.full((N, 4), "x"), "where numbers of shape"),
    ],
)
def test_a_bad_array_is_named_with_its_cause(
    values: np.ndarray, cause: str, tmp_path: Path
) -> None:
    cloud = put_piadv2(tmp_path, values)
    (item,) = read("piadv2", tmp_path)
    with pytest.raises(AssetError, match=cause) as error:
        item.truth()
    assert str(cloud) in str(error.value)


def put_3dir(folder: Path, name: str = "Backpack_carry_9", *, behave: bool = False) -> None:
    home = folder / "Behave" if behave else folder
    middle = "Seq1" if behave else "Backpack/carry"
    image_name = f"{name}_k" if behave else name
    image(home / f"Images/{middle}/{image_name}.jpg")
    contact = f"Contact/{middle}/{name}_contact.pkl"
    centre = f"obj_center/{middle}/{name}.pkl"
    if not behave:
        contact, centre = (
            f"smplh_contact_pkl/{middle}/{name}.pkl",
            f"obj_center/Backpack/{name}.pkl",
        )
    touched = np.zeros(6890)
    touched[[5, 6889]] = 1.0
    for path, values in ((contact, touched), (centre, np.array([[0.1, -0.2, 0.3]]))):
        (home / path).parent.mkdir(parents=True)
        (home / path).write_bytes(pickle.dumps(values))
    cloud = folder / "Objects/Backpack/b_1.txt"
    cloud.parent.mkdir(parents=True)
    cloud.write_text(text_cloud(17))
    (folder / "txt_scripts").mkdir()
    place = f"{'Behave/' if behave else ''}Images/{middle}/{image_name}.jpg"
    (folder / "txt_scripts/val.txt").write_text(f"Data/{place}\n")
    (folder / "txt_scripts/Point_val.txt").write_text("Data/Objects/Backpack/b_1.txt\n")


@pytest.mark.parametrize("behave", [False, True])
def test_3dir_finds_contact_centre_and_affordance(behave: bool, tmp_path: Path) -> None:
    put_3dir(tmp_path, behave=behave)
    (item,) = read("3dir", tmp_path)
    truth = item.truth()
    assert np.flatnonzero(truth["contact"]).tolist() == [5, 6889]
    assert truth["contact"].shape == (6890,)
    assert truth["centre_m"].tolist() == [0.1, -0.2, 0.3]
    wanted = [(row + 16) / 4096 for row in range(N)]  # carry is the last of 17
    assert truth["affordance"].tolist() == pytest.approx(wanted, rel=1e-7)
    assert item.image is not None
    assert item.image.is_file()


@pytest.mark.parametrize("word", ["wear", "listen"])
def test_3dir_knows_the_old_name_of_a_column(word: str, tmp_path: Path) -> None:
    put_3dir(tmp_path, f"Earphone_{word}_1", behave=True)
    (item,) = read("3dir", tmp_path)
    wanted = [(row + 10) / 4096 for row in range(N)]
    assert item.truth()["affordance"].tolist() == pytest.approx(wanted, rel=1e-7)


def test_a_cloud_of_one_place_stays_finite() -> None:
    assert centred(np.full((N, 3), 4.0)).tolist() == [[0.0, 0.0, 0.0]] * N


def test_a_cloud_is_scaled_by_its_farthest_point() -> None:
    points = np.array([[3.0, 0.0, 0.0], [-1.0, 2.0, 0.0], [-2.0, -2.0, 0.0]])
    wanted = points / 3.0  # the mean is the origin, radii 3, sqrt 5 and sqrt 8
    assert centred(points) == pytest.approx(wanted)
    assert math.isclose(np.linalg.norm(centred(points), axis=1).max(), 1.0)


def test_paths_of_another_machine_are_found_by_their_ends(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/c.txt").write_text("")
    for entry in ("a/b/c.txt", "/x/y/a/b/c.txt", "Data\\a\\b\\c.txt", "../a/b/c.txt"):
        assert locate(tmp_path, entry) == tmp_path / "a/b/c.txt"
    assert locate(tmp_path, "x/y.txt") == tmp_path / "x/y.txt"
    with pytest.raises(AssetError, match=r"x/y\.txt of the list lies neither"):
        found(tmp_path, "x/y.txt")


def test_text_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(AssetError, match=r"c\.txt can't be read as text"):
        read_text_cloud(tmp_path / "c.txt", n_columns=3)
