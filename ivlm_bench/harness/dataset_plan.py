"""What a run on a public data set will do: a split is a suite of one task, its items the seeds."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from ivlm_bench.codec.interaction import MAX_FINE_VALUES
from ivlm_bench.datasets import DATASETS, DataItem, DataSet
from ivlm_bench.digest import blake_key
from ivlm_bench.errors import ConfigError, did_you_mean
from ivlm_bench.harness.config import RunConfig, check_config, flag_of
from ivlm_bench.harness.dataset_items import items_hash, protocol_of, read_items
from ivlm_bench.harness.messages import DataSource
from ivlm_bench.harness.plan import Plan, make_plan
from ivlm_bench.harness.render import DATA_PREFIX
from ivlm_bench.metrics import PROFILES
from ivlm_bench.posing.forms import FORMS
from ivlm_bench.records import DataNumbers, EpisodeSpec, Manifest
from ivlm_bench.registry import load_plugins
from ivlm_bench.suite import Suite
from ivlm_bench.suite_file import SuiteFile, TaskSeeds
from ivlm_bench.tracks import Sensors, get_track

#: Longer side of a photograph's view, px, and side of a cloud's views, unless ``--size`` says so.
PHOTOGRAPH_PX, CLOUD_PX = 448, 224

#: Fields of a configuration that mean nothing where nothing is simulated or drawn as a scene.
_ONLY_SIMULATED = (
    *("suite", "tasks", "engines", "n_perturbed", "views", "renderer", "repeats"),
    *("cross_check_share", "shard", "isolate"),
)
#: Fields that need a data set.
_ONLY_DATA = ("data", "split", "profile")

_SEEN = {
    "photograph": (
        "the photograph, reduced to at most {size} px on its longer side, aspect kept, never "
        "enlarged; no depth; a guessed camera (60 degrees, 0.40 m above a table, 35 degrees down)"
    ),
    "cloud": (
        "views of the cloud of {size} px as discs, y taken as up, radius 0.15 m, its points as "
        "object_mesh in the owner's order; no photograph"
    ),
}
_MADE = {
    "heatmap": "the first affordance map, else Gaussians (8 % of the longer side) about points",
    "points": "the points, else the peak of the map, as whole pixels of the owner's image",
    "values": (
        "vertex_prob, else the mean of the maps over the views that see a point, else a Gaussian "
        "(8 % of the radius) about points"
    ),
}


class DataSuite(Suite):
    """A split in the place of a suite; its hash covers items, questions and protocol."""

    def __init__(self, dataset: DataSet, source: DataSource, items: tuple[DataItem, ...]) -> None:
        self.source, self.items_hash = source, items_hash(items)
        is_cloud = PROFILES.get(source.profile).form == "values"
        name = f"{DATA_PREFIX}{dataset.name}/{source.split}"
        super().__init__(
            SuiteFile(
                name=name,
                title=dataset.title,
                track="rgbd4" if is_cloud else "rgb",
                size_px=CLOUD_PX if is_cloud else PHOTOGRAPH_PX,
                tasks={name: TaskSeeds(count=len(items))},
                n_perturbed=0,
            )
        )

    @property
    def hash(self) -> str:
        """BLAKE2b-128 of all that decides what is asked and how it is scored."""
        profile, params = protocol_of(self.source)
        return blake_key([self.name, self.items_hash, profile.name, _texts(params)])


def plan_of(config: RunConfig) -> Plan:
    """Check ``config`` and return what it means, for a suite or a data set.

    Raises
    ------
    ConfigError
        If a value is out of range, or of no meaning beside another.
    UnknownNameError
        If suite, task, data set or profile is unknown.
    AssetError
        If files of the data set are missing.
    """
    if config.dataset is not None:
        return _data_plan(config, DATASETS.get(config.dataset))
    for field in _ONLY_DATA:
        if getattr(config, field) is not None:
            raise ConfigError(
                f"{flag_of(field)} belongs to a public data set; name it by --dataset, or leave "
                f"{flag_of(field)} out."
            )
    return make_plan(config)


def _data_plan(config: RunConfig, dataset: DataSet) -> Plan:
    check_config(config)
    load_plugins()
    _refuse_simulated(config)
    if config.data is not None:  # the page is made from wherever the run's folder lies then
        config = replace(config, data=str(Path(config.data).resolve()))
    source = _source(config, dataset)
    items = read_items(source)
    suite = DataSuite(dataset, source, items)
    sensors = _sensors(config, suite)
    seeds = range(len(items))[: config.limit]
    specs = tuple(EpisodeSpec(task=suite.name, seed=seed) for seed in seeds)
    return Plan(config, suite, suite.tasks, specs, (), 0, sensors, source)


def _refuse_simulated(config: RunConfig) -> None:
    defaults = RunConfig()
    for field in _ONLY_SIMULATED:
        if getattr(config, field) != getattr(defaults, field):
            raise ConfigError(
                f"{flag_of(field)} is for simulated suites and means nothing with --dataset; "
                "leave it out."
            )


def _source(config: RunConfig, dataset: DataSet) -> DataSource:
    if config.data is None:
        raise ConfigError(
            f"--dataset {dataset.name} needs --data DIR, the folder with its files; "
            f"{dataset.how_to_get()}"
        )
    split = dataset.splits[0] if config.split is None else config.split
    if split not in dataset.splits:
        hint = did_you_mean(split, list(dataset.splits))
        raise ConfigError(f"{dataset.name} has no split {split!r}.{hint}")
    name = dataset.profiles[0] if config.profile is None else config.profile
    profile = PROFILES.get(name)
    if name not in dataset.profiles:
        raise ConfigError(
            f"The profile {name!r} does not score {dataset.name}; those that do are "
            f"{', '.join(dataset.profiles)}."
        )
    if profile.form not in FORMS or dataset.unanswered:
        raise ConfigError(
            f"{dataset.name} asks for {dataset.unanswered or profile.form}, which no reasoner "
            "answers here; score predictions on disk with: ivlm-bench score-files."
        )
    return DataSource(dataset=dataset.name, folder=config.data, split=split, profile=name)


def _sensors(config: RunConfig, suite: DataSuite) -> Sensors:
    track = get_track(config.track or suite.sensors.track)
    if suite.sensors.track == "rgb" and track.name != "rgb":
        raise ConfigError(
            f"--track is {track.name}, and a photograph is one view without depth; leave it out."
        )
    return Sensors(track=track.name, size_px=config.size_px or suite.sensors.size_px)


def described(plan: Plan, manifest: Manifest) -> Manifest:
    """Return the manifest with what a data set's run is about; as it is for a suite's."""
    if plan.data is None or not isinstance(plan.suite, DataSuite):
        return manifest
    profile, params = protocol_of(plan.data)
    dataset, items = DATASETS.get(plan.data.dataset), read_items(plan.data)
    seen = _SEEN["cloud" if profile.form == "values" else "photograph"]
    convention = (
        f"Shown: {seen.format(size=plan.sensors.size_px)}. Asked: the query's text. Scored: "
        f"{_MADE[profile.form]}; maps are stored in half precision, {MAX_FINE_VALUES} values in "
        "all; an error or an abstention counts as a blank prediction."
    )
    texts = _texts(params)
    data = DataNumbers(
        dataset=dataset.name,
        split=plan.data.split,
        title=dataset.title,
        licence=dataset.licence,
        profile=profile.name,
        params=texts,
        form=profile.form,
        convention=convention,
        items_hash=plan.suite.items_hash,
        items=tuple(items[spec.seed].id for spec in plan.specs),
        remarks=dataset.remarks(Path(plan.data.folder), plan.data.split),
    )
    protocol_hash = blake_key([profile.name, profile.source, texts, convention])
    return replace(manifest, data=data, protocol=profile.name, protocol_hash=protocol_hash)


def _texts(params: dict[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in sorted(params.items())}
