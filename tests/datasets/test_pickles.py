"""Pickles: data comes through in every protocol, everything else is refused by name."""

from __future__ import annotations

import collections
import os
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ivlm_bench.datasets.pickles import (
    PANDAS_TABLE,
    as_mapping,
    load_npy,
    load_npz_objects,
    load_pickle,
    npz_member,
    npz_names,
)
from ivlm_bench.errors import AssetError

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
ARRAYS = {
    "doubles": np.arange(6.0).reshape(2, 3),
    "columns first": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "other end first": np.arange(3, dtype=">i4"),
    "text": np.array(["ab", "c"]),
    "truths": np.array([True, False]),
    "objects": np.array(["x", None, {"hold": [1, 2]}], dtype=object),
    "empty": np.zeros((0, 3), dtype=np.float32),
    "complex": np.array([1 + 2j]),
}
PLAIN = {
    "text": "ä",
    "bytes": b"\x00\xff",
    "numbers": [1, 2.5, -(10**30), True, None, 1j],
    "nested": {"a": ({"b": []}, (1,), slice(1, 2))},
    "ordered": collections.OrderedDict(a=1),
    "numpy number": np.float32(0.5),
}


class Calls:
    """Asks to call something when it is unpickled."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.called = (function, arguments)

    def __reduce__(self) -> tuple[Any, Any]:
        return self.called


def written(path: Path, thing: object, protocol: int = 4) -> Path:
    path.write_bytes(pickle.dumps(thing, protocol=protocol))
    return path


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_come_through(name: str, protocol: int, tmp_path: Path) -> None:
    wanted = ARRAYS[name]
    found = np.asarray(load_pickle(written(tmp_path / "a.pkl", wanted, protocol)))
    assert found.shape == wanted.shape
    assert found.dtype.kind == wanted.dtype.kind
    assert found.tolist() == wanted.tolist()


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", PLAIN)
def test_plain_data_comes_through(name: str, protocol: int, tmp_path: Path) -> None:
    assert load_pickle(written(tmp_path / "a.pkl", PLAIN[name], protocol)) == PLAIN[name]


@pytest.mark.parametrize(
    ("thing", "refused"),
    [
        (Calls(os.system, "touch escaped"), f"{os.name}.system"),
        (Calls(eval, "1"), "builtins.eval"),
        (Calls(getattr, "", "join"), "builtins.getattr"),
        (Calls(np.load, "x.npy"), "numpy.load"),
        (np.random.default_rng(0), "numpy.random"),
        (Path("x"), "pathlib"),
        (pd.DataFrame({"a": [1]}), "pandas"),
    ],
)
def test_what_is_no_data_is_refused_by_name(
    thing: object, refused: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AssetError, match="asks to run") as error:
        load_pickle(written(tmp_path / "a.pkl", thing))
    assert refused in str(error.value)
    assert str(tmp_path / "a.pkl") in str(error.value)
    assert not (tmp_path / "escaped").exists()


@pytest.mark.parametrize("protocol", PROTOCOLS[2:])  # the oldest need a builder of any class
def test_sets_come_through(protocol: int, tmp_path: Path) -> None:
    sets = [{"b"}, frozenset({1})]
    assert load_pickle(written(tmp_path / "a.pkl", sets, protocol)) == sets


def test_an_array_class_can_not_be_called(tmp_path: Path) -> None:
    """``numpy.ndarray(shape, object, buffer)`` would take numbers for pointers."""
    thing = Calls(np.ndarray, (1,), "O", b"12345678")
    with pytest.raises(AssetError, match="damaged or of another kind"):
        load_pickle(written(tmp_path / "a.pkl", thing))


def test_flags_of_a_dtype_do_not_hide_objects(tmp_path: Path) -> None:
    """A dtype's state may claim that objects are plain bytes; then bytes became pointers."""
    code = (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"
        b"(I1\n(I1\ntcnumpy\ndtype\n(S'O8'\nI00\nI01\ntR(I3\nS'|'\nNNNI-1\nI-1\nI0\ntb"
        b"I00\nS'12345678'\ntb."
    )
    (tmp_path / "a.pkl").write_bytes(code)
    with pytest.raises(AssetError, match=r"a\.pkl is damaged"):
        load_pickle(tmp_path / "a.pkl")


def test_records_are_refused(tmp_path: Path) -> None:
    records = np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])
    with pytest.raises(AssetError, match=r"a\.pkl"):
        load_pickle(written(tmp_path / "a.pkl", records))


def test_tables_come_through_where_they_are_allowed(tmp_path: Path) -> None:
    table = pd.DataFrame({"n": [1, 2], "x": [0.5, 1.5]})
    table["name"] = pd.Series(["a", "b"], dtype=object)
    table.columns = pd.Index(["n", "x", "name"], dtype=object)
    found = load_pickle(written(tmp_path / "t.pkl", table), extra=PANDAS_TABLE)
    assert found.to_dict("list") == {"n": [1, 2], "x": [0.5, 1.5], "name": ["a", "b"]}


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "empty \\(0 bytes\\)"),
        (pickle.dumps([1] * 1000)[:-50], "damaged"),
        (b"no pickle at all", "damaged"),
    ],
)
def test_a_damaged_file_is_named_with_its_cause(content: bytes, cause: str, tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(content)
    with pytest.raises(AssetError, match=f"{re.escape(str(tmp_path / 'a.pkl'))} is {cause}"):
        load_pickle(tmp_path / "a.pkl")


def test_no_change_of_bytes_ends_otherwise_than_in_an_error(tmp_path: Path) -> None:
    """Some of these ended the process when numpy filled its arrays itself."""
    rng = np.random.default_rng(4)
    right = pickle.dumps([ARRAYS["doubles"], ARRAYS["objects"], ARRAYS["text"]], protocol=4)
    n_refused = 0
    for _ in range(400):
        changed = bytearray(right)
        for place in rng.integers(0, len(right), 3):
            changed[place] = rng.integers(256)
        (tmp_path / "a.pkl").write_bytes(changed)
        try:
            load_pickle(tmp_path / "a.pkl")
        except AssetError:
            n_refused += 1
    assert 200 < n_refused < 400


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=r"a\.pkl is missing"):
        load_pickle(tmp_path / "a.pkl")


@pytest.mark.parametrize("compressed", [False, True])
def test_members_of_an_archive_are_read_one_by_one(compressed: bool, tmp_path: Path) -> None:
    objects = np.empty(2, dtype=object)
    objects[:] = [{"cup": [1, 2]}, {}]
    arrays: dict[str, Any] = {
        "objects": objects,
        "numbers": np.arange(6).reshape(2, 3),
        "bad": np.ones(3),
    }
    save: Any = np.savez_compressed if compressed else np.savez
    save(tmp_path / "a.npz", **arrays)
    assert set(npz_names(tmp_path / "a.npz")) == {"objects", "numbers", "bad"}
    assert npz_member(tmp_path / "a.npz", "objects").tolist() == [{"cup": [1, 2]}, {}]
    found = load_npz_objects(tmp_path / "a.npz", ("numbers",))
    assert found.keys() == {"numbers"}
    assert found["numbers"].tolist() == [[0, 1, 2], [3, 4, 5]]
    with pytest.raises(AssetError, match=r"no array 'more' but objects, numbers, bad"):
        npz_member(tmp_path / "a.npz", "more")


def test_objects_in_an_array_file_are_held_to_the_same_rule(tmp_path: Path) -> None:
    evil = np.empty(1, dtype=object)
    evil[0] = Calls(os.system, "true")
    np.save(tmp_path / "a.npy", evil, allow_pickle=True)
    np.savez(tmp_path / "a.npz", evil=evil)
    with pytest.raises(AssetError, match="asks to run"):
        load_npy(tmp_path / "a.npy")
    with pytest.raises(AssetError, match="asks to run"):
        npz_member(tmp_path / "a.npz", "evil")


def test_an_array_file_that_ends_early_says_so(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(100.0))
    (tmp_path / "a.npy").write_bytes((tmp_path / "a.npy").read_bytes()[:-80])
    with pytest.raises(AssetError, match="ends after 720 of 800 bytes"):
        load_npy(tmp_path / "a.npy")


def test_an_archive_that_ends_early_says_so(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", numbers=np.arange(1000.0))
    (tmp_path / "a.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:-100])
    with pytest.raises(AssetError, match=r"a\.npz is damaged"):
        npz_member(tmp_path / "a.npz", "numbers")


def test_something_else_than_a_mapping_is_named(tmp_path: Path) -> None:
    assert as_mapping(tmp_path, {"a": 1}, what="it") == {"a": 1}
    with pytest.raises(AssetError, match="holds it as list where a dictionary"):
        as_mapping(tmp_path, [1], what="it")
