"""Cards of a run on a public data set: the item as it was shown, the answer, and the truth."""

from __future__ import annotations

import shlex
from dataclasses import replace

import numpy as np

from ivlm_bench.codec import decode
from ivlm_bench.errors import ConfigError
from ivlm_bench.harness.dataset_items import items_hash, protocol_of, read_items
from ivlm_bench.harness.messages import DataSource
from ivlm_bench.harness.settings import CONFIG, read_config
from ivlm_bench.metrics.shown import number
from ivlm_bench.posing.answers import prediction_of
from ivlm_bench.posing.forms import MADE
from ivlm_bench.posing.item import Posed, pose_item
from ivlm_bench.records import DataNumbers, EpisodeRecord, EpisodeResult, Manifest, sensors_of
from ivlm_bench.render.overlay import draw_interaction
from ivlm_bench.report.cards import Card, stages_of
from ivlm_bench.report.images import data_uri, enlarged
from ivlm_bench.report.marks import outline
from ivlm_bench.report.pictures import VIEW_PX, Picture
from ivlm_bench.report.posed import attempt
from ivlm_bench.report.words import GROUPS, STAGE_OWNERS, group_of, outcome_sentence
from ivlm_bench.store import Run
from ivlm_bench.types import Interaction


def data_cards(run: Run, data: DataNumbers, chosen: list[EpisodeResult]) -> list[Card]:
    """Return the cards of the chosen items; whatever can't be shown becomes a note in its card."""
    source, notes = attempt(lambda: source_of(run, data), "The items can't be shown")
    return [_card(result, run.manifest, data, (source, notes)) for result in chosen]


def source_of(run: Run, data: DataNumbers) -> DataSource:
    """Return where the items of a run lie, by the configuration in its folder.

    Raises
    ------
    ConfigError
        If the folder's configuration does not tell, or other items lie there now.
    """
    folder = read_config(run.folder / CONFIG).get("data")
    if folder is None:
        raise ConfigError(f"{run.folder / CONFIG} does not tell where the data set lies.")
    source = DataSource(dataset=data.dataset, folder=folder, split=data.split, profile=data.profile)
    if items_hash(read_items(source)) != data.items_hash:
        raise ConfigError(f"{folder} holds other items than those of the run.")
    return source


def _card(
    result: EpisodeResult,
    manifest: Manifest,
    data: DataNumbers,
    place: tuple[DataSource | None, tuple[str, ...]],
) -> Card:
    episode, (source, notes) = result.episode, place
    answer, why = attempt(
        lambda: decode(result.prediction) if result.prediction else None,
        "The stored answer can't be read",
    )
    notes += why
    shown: tuple[Picture, ...] = ()
    if source is not None and episode.status != "data_error":
        drawn, why = attempt(
            lambda: pictures(source, episode.seed, answer, manifest), "The item can't be shown"
        )
        shown, notes = drawn or (), notes + why
    return Card(
        episode=episode,
        anchor=episode.episode_key,
        task=f"{data.dataset}, {data.split}",
        group=group_of(episode),
        group_name=GROUPS[group_of(episode)],
        sentence=_sentence(episode, data),
        impossible="",
        reason=(answer.abstain_reason or "") if answer is not None and answer.abstain else "",
        engines=(),
        stages=_stages(episode, data),
        views=shown,
        film=(),
        film_engine="",
        notes=notes,
        command=_command(episode, manifest, data),
        command_note=""
        if episode.seed == 0
        else f"it asks about the first {episode.seed + 1} items",
    )


def _stages(episode: EpisodeRecord, data: DataNumbers) -> tuple[tuple[str, str], ...]:
    """Return what was scored and what it was made of; nothing is executed here."""
    if data.form not in MADE:
        return stages_of(episode)
    what, how = MADE[data.form]
    owners = STAGE_OWNERS | {"shared": how}
    return tuple((what, owners.get(owner, owner)) for owner in episode.stages.values())


def _sentence(episode: EpisodeRecord, data: DataNumbers) -> str:
    """Return the item's id and numbers, or what went wrong."""
    name = data.items[episode.seed] if episode.seed < len(data.items) else f"item {episode.seed}"
    scores = ", ".join(
        f"{key} {number(episode.scores.get(key))}"
        for key in data.numbers
        if episode.scores.get(key) is not None
    )
    if group_of(episode) == "scored":
        return f"{name}: {scores or 'no number'}."
    if episode.status == "abstained":
        return f"{name}: the reasoner declined to answer, which counts as a blank ({scores})."
    blank = f" It counts as a blank ({scores})." if scores else ""
    return f"{name}: {outcome_sentence(episode)}{blank}"


def _command(episode: EpisodeRecord, manifest: Manifest, data: DataNumbers) -> str:
    card = manifest.reasoner
    words = ["ivlm-bench", "run", "--dataset", data.dataset, "--data", "DIR", "--split", data.split]
    words += ["--profile", data.profile, "--reasoner", card.name]
    for key, value in sorted(card.params.items()):
        words += ["-P", f"{key}={value}"]
    words += ["--track", manifest.track, "--size", str(sensors_of(manifest).size_px)]
    return shlex.join([*words, "--seed", str(manifest.base_seed), "--limit", str(episode.seed + 1)])


def pictures(
    source: DataSource, seed: int, answer: Interaction | None, manifest: Manifest
) -> tuple[Picture, ...]:
    """Return the views of an item with the answer drawn on them, then one of the truth.

    What is drawn is what was scored: values on points are drawn as a map. The true region is
    outlined in all of them.
    """
    profile, params = protocol_of(source)
    posed = pose_item(read_items(source)[seed], profile, sensors_of(manifest))
    given = None if answer is None or answer.abstain else answer
    if given is not None and posed.cloud is not None:
        values = prediction_of(given, posed, profile, params).value
        given = replace(given, affordance_maps=posed.cloud.drawn(values))
    elif given is not None and given.affordance_maps is None and profile.form == "heatmap":
        heat = prediction_of(given, posed, profile, params).value
        given = replace(given, affordance_maps=np.asarray(heat, np.float32)[None])
    n_views = len(posed.observation.views)
    own = [_picture(posed, given, index, "answer") for index in range(n_views)]
    best = int(np.argmax(posed.region.reshape(n_views, -1).sum(axis=1)))
    truth = Interaction(affordance_maps=posed.truth.affordance_maps)
    return (*own, _picture(posed, truth, best, "truth"))


def _picture(posed: Posed, shown: Interaction | None, index: int, what: str) -> Picture:
    view, mask = posed.observation.views[index], posed.region[index]
    rgb = view.rgb
    if shown is not None:
        rgb = draw_interaction(view, shown, posed.observation.gripper, view_index=index)
    if mask.any():
        rgb = outline(rgb, mask)
    rgb = enlarged(rgb, max(1, -(-VIEW_PX // max(view.camera.width_px, 1))))
    several = len(posed.observation.views) > 1
    side = f", view {index + 1}" if several else ""
    caption = f"Truth{side}" if what == "truth" else f"Answer{side}, true region outlined"
    alt = f"{caption}: {posed.observation.query.text}"
    return Picture(data_uri(rgb), rgb.shape[1], rgb.shape[0], alt, caption)
