"""What holds of every data set, tried on the miniatures of them."""

from __future__ import annotations

import inspect
import itertools
from pathlib import Path

import numpy as np
import pytest

from ivlm_bench.datasets import DATASETS, DataSet
from ivlm_bench.errors import AssetError, ConfigError
from ivlm_bench.metrics import PROFILES
from ivlm_bench.testing.miniatures import MINIATURES, make_miniature

NAMES = DATASETS.names()

#: Splits whose answers their owners keep.
HIDDEN = {("physbench", "test")}


def splits() -> list[tuple[str, str]]:
    return [(name, split) for name in NAMES for split in DATASETS.get(name).splits]


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Make every miniature once."""
    folder = tmp_path_factory.mktemp("miniatures")
    return {name: make_miniature(name, folder / name) for name in MINIATURES.names()}


def test_every_data_set_has_a_miniature() -> None:
    assert set(NAMES) <= set(MINIATURES.names())


@pytest.mark.parametrize("name", NAMES)
def test_what_a_user_must_know_is_told(name: str) -> None:
    dataset = DATASETS.get(name)
    assert dataset.name == name
    assert all((dataset.title, dataset.where, dataset.licence, dataset.layout, dataset.splits))
    assert len(set(dataset.splits)) == len(dataset.splits)


@pytest.mark.parametrize("name", NAMES)
def test_its_profiles_are_there_and_name_it(name: str) -> None:
    for profile in DATASETS.get(name).profiles:
        assert PROFILES.get(profile).dataset == name


@pytest.mark.parametrize(("name", "split"), splits())
def test_every_item_can_be_read(name: str, split: str, homes: dict[str, Path]) -> None:
    items = list(DATASETS.get(name).read(homes[name], split))
    assert items
    assert len({item.id for item in items}) == len(items)
    for item in items:
        if (name, split) in HIDDEN:
            with pytest.raises(AssetError, match="not given out"):
                item.truth()
        else:
            assert item.truth() is not None
        if item.points_m is not None:
            points = item.points_m()
            assert points.ndim == 2
            assert points.shape[1] == 3
            assert np.isfinite(points).all()
        if item.mask is not None:
            assert item.mask().dtype == bool
        if item.image is not None:
            assert item.image.is_file()
        assert item.query is None or item.query.text.strip()


@pytest.mark.parametrize(("name", "split"), splits())
def test_the_order_is_the_same_every_time(name: str, split: str, homes: dict[str, Path]) -> None:
    read = DATASETS.get(name).read
    once, again = (list(read(homes[name], split)) for _ in range(2))
    assert [item.id for item in once] == [item.id for item in again]


@pytest.mark.parametrize("name", NAMES)
def test_reading_is_lazy(name: str, homes: dict[str, Path]) -> None:
    stream = DATASETS.get(name).read(homes[name])
    assert inspect.isgenerator(stream)
    assert len(list(itertools.islice(stream, 1))) == 1
    assert next(stream, None) is not None, "the rest is still to come"


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_that_is_not_there_says_where_to_get_the_set(name: str, tmp_path: Path) -> None:
    dataset = DATASETS.get(name)
    with pytest.raises(AssetError) as missing:
        list(dataset.read(tmp_path / "nowhere"))
    assert str(tmp_path / "nowhere") in str(missing.value)
    assert dataset.where in str(missing.value)


@pytest.mark.parametrize(("name", "split"), splits())
def test_an_empty_folder_says_what_is_missing(name: str, split: str, tmp_path: Path) -> None:
    dataset = DATASETS.get(name)
    with pytest.raises(AssetError, match="is missing") as missing:
        list(dataset.read(tmp_path, split))
    assert str(tmp_path) in str(missing.value)
    assert dataset.layout[0] in str(missing.value)


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_split_lists_the_known_ones(name: str, homes: dict[str, Path]) -> None:
    dataset: DataSet = DATASETS.get(name)
    with pytest.raises(ConfigError, match=f"{name} has no split 'nonsense'") as wrong:
        list(dataset.read(homes[name], "nonsense"))
    assert "Known" in str(wrong.value) or "Did you mean" in str(wrong.value)
