"""Scoring files against a data set: numbers, intervals, controls, and what goes wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.stats import t as student

from ivlm_bench.datasets import DATASETS, DataItem, DataSet
from ivlm_bench.errors import AssetError, ConfigError, InvalidAnswerError
from ivlm_bench.metrics import profiles  # noqa: F401  # registers the protocols
from ivlm_bench.metrics.evaluate import evaluate
from ivlm_bench.metrics.profile import PROFILES, Measured, Profile, Quantity
from ivlm_bench.scoring import score_files
from ivlm_bench.scoring.output import as_text
from ivlm_bench.scoring.words import notes_of
from ivlm_bench.testing.miniatures import MINIATURES, make_miniature


def _gap(prediction: Any, truth: Any, params: Mapping[str, Any]) -> Measured:
    if prediction.shape != truth.shape:
        raise InvalidAnswerError(f"The prediction has shape {prediction.shape}.")
    return Measured({"gap": float(np.abs(prediction - truth).mean())})


#: Mean absolute difference: small enough to be worked out by hand.
GAP = Profile(
    name="test:gap",
    title="Mean absolute difference",
    source="own",
    form="values",
    prediction="values",
    truth="values",
    quantities=(Quantity(name="gap", higher_is_better=False, empty_truth="as any other"),),
    score=_gap,
    controls={
        "oracle": lambda truth, rng: truth,
        "constant": lambda truth, rng: np.ones(truth.shape),
        "random": lambda truth, rng: rng.random(truth.shape),
    },
)


@pytest.fixture
def own(tmp_path: Path) -> tuple[Path, Path]:
    """Return predictions and truths of 12 items: truth 0, prediction k / 20 in item k."""
    for k in range(12):
        for folder, value in (("p", k / 20), ("t", 0.0)):
            (tmp_path / folder).mkdir(exist_ok=True)
            np.save(tmp_path / folder / f"item{k:02}.npy", np.full(4, value))
    return tmp_path / "p", tmp_path / "t"


def test_value_interval_and_controls_are_those_worked_out_by_hand(own: tuple[Path, Path]) -> None:
    scored = score_files(GAP, *own)
    (line,) = scored.lines
    values = np.arange(12) / 20
    # Wilson's ends: where the mean is t deviations away, these in proportion to sqrt(p (1 - p)).
    share = student.ppf(0.975, 11) ** 2 * values.var(ddof=1) / 12 / (0.275 * 0.725)
    low, high = np.roots([1 + share, -2 * 0.275 - share, 0.275**2])[::-1]
    assert line.value == pytest.approx(0.275, abs=1e-12)
    assert line.interval is not None
    assert line.interval.low == pytest.approx(low, abs=1e-9)
    assert line.interval.high == pytest.approx(high, abs=1e-9)
    assert (line.n, scored.n_scored, scored.n_items, scored.exit_code) == (12, 12, 12, 0)
    assert line.controls["oracle"] == 0.0
    assert line.controls["constant"] == 1.0
    assert line.controls["random"] == pytest.approx(0.5, abs=0.2)


def test_random_controls_depend_on_the_item_alone(own: tuple[Path, Path]) -> None:
    whole = score_files(GAP, *own).lines[0].controls["random"]
    assert score_files(GAP, *own).lines[0].controls["random"] == whole
    for k in range(1, 12):
        (own[0] / f"item{k:02}.npy").unlink()
        (own[1] / f"item{k:02}.npy").unlink()
    first = score_files(GAP, *own).lines[0].controls["random"]
    assert first is not None
    assert whole is not None
    assert 0 < first < 1
    assert first != whole


def test_few_items_have_no_interval(own: tuple[Path, Path]) -> None:
    for k in range(9, 12):
        (own[0] / f"item{k:02}.npy").unlink()
    line = score_files(GAP, *own).lines[0]
    assert line.interval is None
    assert line.no_interval == "under 10 clusters"


def test_without_controls_there_are_none(own: tuple[Path, Path]) -> None:
    assert score_files(GAP, *own, controls=False).lines[0].controls == {}


def test_each_fault_is_named_and_the_others_are_scored(own: tuple[Path, Path]) -> None:
    predictions, _ = own
    (predictions / "item00.npy").write_bytes(b"no array")
    np.save(predictions / "item01.npy", np.full(4, np.nan))
    np.save(predictions / "item02.npy", np.zeros(5))
    (predictions / "item03.json").write_text("[0, 0, 0, 0]")
    (predictions / "item04.npy").rename(predictions / "item4.npy")
    (predictions / "readme.md").write_text("x")
    scored = score_files(GAP, *own)
    assert [fault.id for fault in scored.faults] == ["item00", "item01", "item02", "item03"]
    causes = [f"{fault.where}: {fault.cause}" for fault in scored.faults]
    for cause, words in zip(
        causes, ("no readable", "4 of 4 numbers that are NaN", "shape (5,)", "2 times"), strict=True
    ):
        assert str(predictions) in cause
        assert words in cause
    assert scored.missing == ("item04",)
    assert scored.foreign == ("item4",)
    assert scored.problems == (
        "readme.md was left out: .md is not one of .npy, .npz, .json, .txt.",
    )
    assert scored.n_scored == 7
    assert scored.value("gap") == pytest.approx(np.mean([k / 20 for k in range(5, 12)]), abs=1e-12)
    assert scored.exit_code == 5
    assert "The numbers are of 7 of 12 items" in scored.warnings[-1]


def test_a_damaged_truth_is_named_and_the_others_are_scored(own: tuple[Path, Path]) -> None:
    (own[1] / "item00.npy").write_bytes(b"no array")
    scored = score_files(GAP, *own)
    assert scored.n_scored == 11
    assert "Truth: " in scored.faults[0].cause
    assert str(own[1] / "item00.npy") in scored.faults[0].cause


def test_whatever_a_protocol_raises_the_other_items_are_scored(own: tuple[Path, Path]) -> None:
    def fragile(prediction: Any, truth: Any, params: Mapping[str, Any]) -> Measured:
        return Measured({"gap": 1.0 / float(prediction[0])})

    broken = Profile(
        name="test:fragile", title="x", source="own", form="values", prediction="x", truth="x",
        quantities=GAP.quantities, score=fragile,
    )  # fmt: skip
    scored = score_files(broken, *own)
    assert [fault.id for fault in scored.faults] == ["item00"]
    assert "ZeroDivisionError" in scored.faults[0].cause
    assert scored.n_scored == 11


def test_no_id_in_common_is_refused_with_a_near_one(own: tuple[Path, Path]) -> None:
    for path in list(own[0].iterdir()):
        path.rename(path.with_name(path.name.replace("item", "Item_")))
    with pytest.raises(ConfigError, match=r"None of the 12 .*'item00'.*Did you mean 'Item_00'"):
        score_files(GAP, *own)


def test_only_one_item_is_held_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []

    def items(folder: Path, split: str) -> Iterator[DataItem]:
        for k in range(3):
            heard.append(f"item {k}")
            np.save(tmp_path / "p" / f"{k}.npy", np.zeros(2))  # only now is it there to be read

            def truth(k: int = k) -> np.ndarray:
                heard.append(f"truth {k}")
                return np.zeros(2)

            yield DataItem(id=str(k), truth=truth)

    (tmp_path / "p").mkdir()
    for k in range(3):
        (tmp_path / "p" / f"{k}.npy").write_bytes(b"not yet")
    lazy = DataSet(
        name="lazy", title="x", splits=("all",), profiles=(), items=items, layout=(), where="x",
        licence="x",
    )  # fmt: skip
    monkeypatch.setitem(DATASETS._entries, "lazy", lazy)
    profile = Profile(
        name="test:lazy", title="x", source="own", dataset="lazy", form="values", prediction="x",
        truth="x", quantities=GAP.quantities, score=_gap,
    )  # fmt: skip
    scored = score_files(profile, tmp_path / "p", tmp_path)
    assert scored.n_scored == 3
    assert heard == ["item 0", "truth 0", "item 1", "truth 1", "item 2", "truth 2"]


def test_files_get_the_numbers_of_evaluate(agd20k: Path, heat_maps: Path) -> None:
    items = list(DATASETS.get("agd20k").read(agd20k, "seen"))
    maps = {i.id: np.asarray(Image.open(heat_maps / f"{i.id}.png")) / 255.0 for i in items}
    truths = {i.id: i.truth() for i in items}
    for name in DATASETS.get("agd20k").profiles:
        official: dict[str, Any] = dict(PROFILES.get(name).official)
        expected = evaluate(name, maps, truths, **official)
        scored = score_files(name, heat_maps, agd20k)
        assert {line.quantity.name: line.value for line in scored.lines} == pytest.approx(expected)
        assert scored.split == "seen"
        assert [s.id for s in scored.samples] == [i.id for i in items]


def test_images_that_are_no_item_are_told_in_one_line(agd20k: Path, heat_maps: Path) -> None:
    notes = list(notes_of(score_files("agd20k:locate", heat_maps, agd20k, controls=False)))
    # The miniature has one image without a heat map for each of its five pairs.
    assert sum("5 images have no heat map" in note for note in notes) == 1


def test_official_parameters_hold_unless_others_are_given(agd20k: Path, heat_maps: Path) -> None:
    official = score_files("agd20k:locate", heat_maps, agd20k)
    own_size = score_files("agd20k:locate", heat_maps, agd20k, params={"crop_size": "gt"})
    assert official.params["crop_size"] == 224
    assert own_size.params["crop_size"] == "gt"
    assert official.value("kld") != own_size.value("kld")


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"split": "sen"}, ConfigError, "no split 'sen'"),
        ({"params": {"crop": 1}}, ConfigError, "no parameter 'crop'"),
    ],
)
def test_wrong_names_are_refused(
    agd20k: Path, heat_maps: Path, options: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        score_files("agd20k:locate", heat_maps, agd20k, **options)


def test_the_folder_of_another_data_set_is_told(heat_maps: Path) -> None:
    with pytest.raises(AssetError, match="get agd20k from its owner"):
        score_files("agd20k:locate", heat_maps, heat_maps)


def test_a_split_without_a_data_set_is_refused(own: tuple[Path, Path]) -> None:
    with pytest.raises(ConfigError, match="leave it out"):
        score_files(GAP, *own, split="seen")


def _plain(value: Any) -> Any:
    """Return a prediction as JSON can hold it."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value


def _save(path: Path, prediction: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(prediction, np.ndarray):
        np.save(f"{path}.npy", prediction)
    elif isinstance(prediction, str):
        Path(f"{path}.txt").write_text(prediction)
    else:
        Path(f"{path}.json").write_text(json.dumps(_plain(prediction)))


PAIRS = [
    (name, profile)
    for name, dataset in DATASETS
    for profile in dataset.profiles
    if name in MINIATURES and profile in PROFILES
]


@pytest.mark.parametrize(("name", "profile"), PAIRS, ids=[p for _, p in PAIRS])
def test_the_truth_saved_as_prediction_gets_what_the_oracle_gets(
    tmp_path: Path, name: str, profile: str
) -> None:
    home = make_miniature(name, tmp_path / "data", seed=3)
    oracle = PROFILES.get(profile).controls["oracle"]
    for item in DATASETS.get(name).read(home):
        _save(tmp_path / "p" / item.id, oracle(item.truth(), np.random.default_rng(0)))
    scored = score_files(profile, tmp_path / "p", home)
    assert scored.exit_code == 0, scored.faults
    assert not scored.foreign
    own = {line.quantity.name: line.value for line in scored.lines if line.value is not None}
    assert own
    bound = {line.quantity.name: line.controls["oracle"] for line in scored.lines}
    assert own == pytest.approx({name: x for name, x in bound.items() if x is not None}, rel=1e-6)


@pytest.mark.parametrize(("name", "profile"), PAIRS, ids=[p for _, p in PAIRS])
def test_no_prediction_is_so_odd_that_the_others_are_not_scored(
    tmp_path: Path, name: str, profile: str
) -> None:
    home = make_miniature(name, tmp_path / "data", seed=3)
    oracle = PROFILES.get(profile).controls["oracle"]
    odd = ["null", "3", '"word"', "[]", "{}", '{"a": [1]}', "[[null]]", '[{"score": "x"}]']
    items = list(DATASETS.get(name).read(home))
    _save(tmp_path / "p" / items[0].id, oracle(items[0].truth(), np.random.default_rng(0)))
    for item, text in zip(items[1:], odd, strict=False):
        path = tmp_path / "p" / f"{item.id}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    scored = score_files(profile, tmp_path / "p", home)
    assert scored.n_scored >= 1
    assert items[0].id not in {fault.id for fault in scored.faults}
    assert all("\n" not in fault.cause for fault in scored.faults)


def _epic(oracles: Mapping[str, Any]) -> Any:
    return {"version": "0.2", "challenge": "action_detection", "results": oracles}


def _coco(oracles: Mapping[str, Any]) -> Any:
    return [{**box, "image_id": int(i)} for i, boxes in oracles.items() for box in boxes]


def _indexed(oracles: Mapping[str, Any]) -> Any:
    return [{"idx": int(i), "answer": answer} for i, answer in oracles.items()]


def _asked(oracles: Mapping[str, Any]) -> Any:
    return [{"question_id": int(i), "points": points} for i, points in oracles.items()]


@pytest.mark.parametrize(
    ("name", "make", "best"),
    [
        ("epic", _epic, {"verb_map_avg": 1.0, "action_map_avg": 1.0}),
        ("visor", _coco, {"bbox_ap": 1.0}),
        ("physbench", _indexed, {"accuracy": 100.0, "not_submitted": 0.0}),
        ("where2place", _asked, {"accuracy": 1.0}),
    ],
)
def test_the_files_that_official_codes_take_are_read(
    tmp_path: Path, name: str, make: Any, best: dict[str, float]
) -> None:
    home = make_miniature(name, tmp_path / "data", seed=3)
    dataset = DATASETS.get(name)
    oracle, rng = PROFILES.get(dataset.profiles[0]).controls["oracle"], np.random.default_rng(0)
    oracles = {item.id: _plain(oracle(item.truth(), rng)) for item in dataset.read(home)}
    (tmp_path / "all.json").write_text(json.dumps(make(oracles)))
    scored = score_files(dataset.profiles[0], tmp_path / "all.json", home)
    assert scored.exit_code == 0, scored.faults
    assert {quantity: scored.value(quantity) for quantity in best} == pytest.approx(best)


def test_what_is_missing_counts_as_nothing_where_the_protocol_says_so(tmp_path: Path) -> None:
    home = make_miniature("physbench", tmp_path / "data", seed=3)
    items = list(DATASETS.get("physbench").read(home))
    answers = [{"idx": int(item.id), "answer": item.truth()["answer"]} for item in items[1:]]
    (tmp_path / "all.json").write_text(json.dumps(answers))
    scored = score_files("physbench", tmp_path / "all.json", home)
    assert scored.filled == (items[0].id,)
    assert scored.missing == ()
    assert scored.exit_code == 0
    assert scored.value("not_submitted") == 1.0


def test_predictions_of_no_item_do_not_count_as_items(tmp_path: Path) -> None:
    home = make_miniature("epic", tmp_path / "data", seed=3)
    oracle, rng = PROFILES.get("epic:c2").controls["oracle"], np.random.default_rng(0)
    found = {i.id: _plain(oracle(i.truth(), rng)) for i in DATASETS.get("epic").read(home)}
    found["P99_99"] = next(iter(found.values()))
    (tmp_path / "all.json").write_text(json.dumps(_epic(found)))
    scored = score_files("epic:c2", tmp_path / "all.json", home)
    assert scored.foreign == ("P99_99",)
    assert scored.n_scored == scored.n_items == len(found) - 1
    text = as_text(scored)
    assert f"{scored.n_items} of {scored.n_items} items scored" in text
    assert "1 prediction of no item of this split, counted as the protocol does: P99_99." in text
