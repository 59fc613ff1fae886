from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from ivlm_bench.errors import ConfigError, MissingDependencyError, UnknownNameError
from ivlm_bench.reasoners import (
    REASONERS,
    ReasonerEntry,
    describe_reasoner,
    resolve_reasoner,
)

GOOD = """
from ivlm_bench.types import Interaction

class Mine:
    def __init__(self, n: int = 3, *, scale: float = 1.0, deep: bool = False,
                 tag: str = "a", limit: int | None = 5, bare=2.5):
        self.got = (n, scale, deep, tag, limit, bare)

    def predict(self, observation):
        return Interaction()

class Needy(Mine):
    def __init__(self, n: int):
        super().__init__(n)

class NotOne:
    pass

ready = Mine()
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(GOOD)
    return path


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("\nraise RuntimeError('no GPU\\nat all')", "RuntimeError: no GPU (bad.py, line 2)"),
        ("import sys\n\nsys.exit(3)", "SystemExit: 3 (bad.py, line 3)"),
        ("from pathlib import no_such", "(bad.py, line 1)"),
        ("\n\nimport json\njson.loads('')", "(bad.py, line 4)"),
        ("class Mine:\n    def __init__(self):\n        1 / 0", "zero (bad.py, line 3)"),
        ("class Mine:\n    def __init__(self):\n        raise SystemExit", "SystemExit (bad.py,"),
    ],
)
def test_errors_of_a_users_file_are_one_line_that_names_it(
    tmp_path: Path, source: str, told: str
) -> None:
    path = tmp_path / "bad.py"
    path.write_text(source + "\n")
    with pytest.raises(ConfigError) as error:
        resolve_reasoner(f"{path}:Mine")
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_all_registered_reasoners_resolve() -> None:
    names = REASONERS.names()
    assert {"random", "centre", "geometric", "abstain", "oracle", "oracle-region"} <= set(names)
    assert {"random-region", "null", "wrong-part", "near-miss", "rotated"} <= set(names)
    entries = {name: REASONERS.get(name) for name in names}
    names = [name for name in names if not (entries[name].needs or entries[name].install)]
    cards = {name: resolve_reasoner(name)[1] for name in names}
    assert len({card.fingerprint for card in cards.values()}) == len(names)
    assert all(card.licence and card.display for card in cards.values())
    honest = {"random", "centre", "geometric", "geometric-words", "abstain"}
    assert not any(cards[name].privileged for name in honest)
    assert all(cards[name].privileged for name in ("oracle", "oracle-region", "null"))


@pytest.mark.parametrize(
    ("key", "value", "place", "expected"),
    [
        ("n", "7", 0, 7),
        ("scale", "0.25", 1, 0.25),
        ("deep", "true", 2, True),
        ("deep", "no", 2, False),
        ("tag", "7", 3, "7"),
        ("limit", "none", 4, None),
        ("limit", "9", 4, 9),
        ("bare", "4", 5, 4.0),
    ],
)
def test_parameters_are_converted_by_annotation(
    file: Path, key: str, value: str, place: int, expected: object
) -> None:
    reasoner, card = resolve_reasoner(f"{file}:Mine", {key: value})
    got = reasoner.got[place]  # type: ignore[union-attr]
    assert got == expected
    assert type(got) is type(expected)
    assert card.params == {key: value}
    assert not card.privileged


def test_an_object_that_is_ready_is_taken_as_it_is(file: Path) -> None:
    assert resolve_reasoner(f"{file}:ready")[0].got[0] == 3  # type: ignore[union-attr]
    with pytest.raises(ConfigError, match="takes no parameters"):
        resolve_reasoner(f"{file}:ready", {"n": "1"})


@pytest.mark.parametrize(
    ("attribute", "params", "message"),
    [
        ("Mien", {}, r"has no 'Mien'\. Did you mean 'Mine'"),
        ("NotOne", {}, "is not a reasoner: NotOne has no method 'predict'"),
        ("Mine", {"scal": "1"}, r"no parameter 'scal'\. Did you mean 'scale'"),
        ("Mine", {"n": "many"}, "n = 'many' is not of type int"),
        ("Mine", {"deep": "perhaps"}, "not a bool; write true or false"),
        ("Needy", {}, "needs the parameter 'n'; give it by -P n=VALUE"),
        ("", {}, "names no class"),
    ],
)
def test_what_does_not_fit_is_said_in_one_sentence(
    file: Path, attribute: str, params: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        resolve_reasoner(f"{file}:{attribute}", params)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_near_one(file: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"no reasoner file .*mime\.py'\. Did you mean 'mine\.py'"
    ):
        resolve_reasoner(f"{file.parent / 'mime.py'}:Mine")


def test_a_syntax_error_is_named_with_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.py"
    path.write_text("x = 1\n\ndef f(:\n")
    with pytest.raises(ConfigError, match=r"broken\.py line 3: .*mend the syntax"):
        resolve_reasoner(f"{path}:Mine")


def test_a_missing_package_is_named(tmp_path: Path) -> None:
    path = tmp_path / "hungry.py"
    path.write_text("import no_such_package_here.sub\n")
    with pytest.raises(MissingDependencyError, match="pip install no_such_package_here"):
        resolve_reasoner(f"{path}:Mine")


def test_a_missing_module_and_a_missing_name() -> None:
    with pytest.raises(ConfigError, match=r"no Python module 'ivlm_policies\.nowhere'"):
        resolve_reasoner("ivlm_policies.nowhere:Mine")
    with pytest.raises(UnknownNameError, match="Did you mean 'geometric"):
        resolve_reasoner("geometrc")


def test_a_file_may_import_its_neighbour(file: Path) -> None:
    (file.parent / "neighbour_of_mine.py").write_text("VALUE = 11\n")
    other = file.parent / "two.py"
    other.write_text("from neighbour_of_mine import VALUE\n" + GOOD + "\nmarked = Mine(VALUE)\n")
    assert resolve_reasoner(f"{other}:marked")[0].got[0] == 11  # type: ignore[union-attr]


def test_a_module_path_resolves_as_the_registered_class_does() -> None:
    by_path, _ = resolve_reasoner("ivlm_policies.baselines.abstain:AbstainReasoner")
    by_name, _ = resolve_reasoner("abstain")
    assert type(by_path) is type(by_name)


def test_fingerprints_follow_source_and_parameters_and_not_the_folder(
    file: Path, tmp_path: Path
) -> None:
    first = resolve_reasoner(f"{file}:Mine")[1].fingerprint
    assert resolve_reasoner(f"{file}:Mine")[1].fingerprint == first
    assert resolve_reasoner(f"{file}:Mine", {"n": "4"})[1].fingerprint != first
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    (moved / "mine.py").write_text(GOOD)
    assert resolve_reasoner(f"{moved / 'mine.py'}:Mine")[1].fingerprint == first
    (moved / "mine.py").write_text(GOOD + "\n# changed\n")
    assert resolve_reasoner(f"{moved / 'mine.py'}:Mine")[1].fingerprint != first


def test_an_unprivileged_source_never_gets_the_truth(tmp_path: Path) -> None:
    path = tmp_path / "greedy.py"
    path.write_text("class Greedy:\n    def predict_with_truth(self, o, t):\n        return t\n")
    with pytest.raises(ConfigError, match="no method 'predict'"):
        resolve_reasoner(f"{path}:Greedy")


def test_what_a_registered_reasoner_reads_is_part_of_its_fingerprint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "weighed.py").write_text(GOOD)
    weights = tmp_path / "weights" / "small.bin"
    weights.parent.mkdir()
    weights.write_bytes(b"1")
    monkeypatch.syspath_prepend(str(tmp_path))
    factory = importlib.import_module("weighed").Mine
    monkeypatch.setitem(REASONERS._entries, "weighed", ReasonerEntry(factory, "Weighed"))
    first = describe_reasoner("weighed")[0].fingerprint
    assert resolve_reasoner("weighed")[1].fingerprint == first
    weights.write_bytes(b"2")
    assert describe_reasoner("weighed")[0].fingerprint != first
    weights.write_bytes(b"1")
    assert describe_reasoner("weighed")[0].fingerprint == first
