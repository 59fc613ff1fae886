"""The items of a split, listed once in a process; nothing heavy is read before it is asked for."""

from __future__ import annotations

from functools import cache
from typing import Any

from ivlm_bench.datasets import DATASETS, DataItem
from ivlm_bench.digest import blake_key
from ivlm_bench.harness.messages import DataSource
from ivlm_bench.metrics import PROFILES, Profile
from ivlm_bench.metrics.evaluate import checked


@cache
def read_items(source: DataSource) -> tuple[DataItem, ...]:
    """Return the items of a split in the owner's order.

    Raises
    ------
    ConfigError
        If there is no such data set or split.
    AssetError
        If files are missing; the message says which and where to get them.
    """
    return tuple(DATASETS.get(source.dataset).read(source.folder, source.split))


def items_hash(items: tuple[DataItem, ...]) -> str:
    """Return the hash of all that is asked of items: ids, questions, classes, clusters, files."""
    return blake_key(
        [
            [
                item.id,
                None
                if item.query is None
                else [
                    item.query.interaction,
                    item.query.object_name,
                    item.query.part_name,
                    item.query.text,
                ],
                item.category,
                item.cluster,
                "" if item.image is None else item.image.name,
            ]
            for item in items
        ]
    )


def protocol_of(source: DataSource) -> tuple[Profile, dict[str, Any]]:
    """Return the profile of a source and its parameters: those of the official pipeline."""
    profile = PROFILES.get(source.profile)
    return profile, checked(profile, profile.official)
