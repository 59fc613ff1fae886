"""A folder of observations: what a reasoner may see of a suite, and apart from it the truth."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypeVar

import msgspec

from ivlm_bench.codec import decode_observation, decode_truth, encode_observation, encode_truth
from ivlm_bench.env import Episode
from ivlm_bench.errors import StoreError
from ivlm_bench.harness.config import RunConfig
from ivlm_bench.store.faults import told
from ivlm_bench.store.packed import pack, unpack
from ivlm_bench.store.seal import write_whole
from ivlm_bench.tracks import Sensors
from ivlm_bench.types import Observation, Truth

#: Written last: its presence marks a complete folder.
MANIFEST = "observations.json"
#: Folders of what may be seen, and of the truth; the second can be left out of a copy.
SEEN, TRUTH = "seen", "truth"

T = TypeVar("T")


class RenderedQuestion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One question of the folder, its key, and the SHA-256 sums of its two files."""

    task: str
    seed: int
    scenario_key: str
    seen_sha256: str
    truth_sha256: str


class ObservationManifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a folder of observations holds, and from what it was made.

    ``asked``: which part of the suite, and how shown; ``repeats``: times each question is asked.
    """

    schema_version: int
    created_at: str
    tool_version: str
    suite: str
    suite_hash: str
    protocol_hash: str
    asked: RunConfig
    sensors: Sensors
    repeats: int
    questions: tuple[RenderedQuestion, ...]
    machine: dict[str, str]
    packages: dict[str, str]
    notes: str = ""


class Observations:
    """A complete folder, read question by question, each held to its sum."""

    def __init__(self, folder: Path, manifest: ObservationManifest) -> None:
        self.folder, self.manifest = folder, manifest
        self._questions = {question.scenario_key: question for question in manifest.questions}

    @property
    def has_truth(self) -> bool:
        """Whether the truth came with the folder."""
        return (self.folder / TRUTH).is_dir()

    def observation(self, scenario_key: str) -> Observation:
        """Return what is seen of a question; ``StoreError`` if its file is missing or damaged."""
        path = seen_path(self.folder, scenario_key)
        return _read(path, self._questions[scenario_key].seen_sha256, decode_observation)

    def truth(self, scenario_key: str) -> Truth:
        """Return the truth of a question; ``StoreError`` if its file is missing or damaged."""
        path = truth_path(self.folder, scenario_key)
        return _read(path, self._questions[scenario_key].truth_sha256, decode_truth)


def seen_path(folder: Path, scenario_key: str) -> Path:
    """Return the file of what is seen of a question."""
    return folder / SEEN / f"{scenario_key}.obs"


def truth_path(folder: Path, scenario_key: str) -> Path:
    """Return the file of the truth of a question."""
    return folder / TRUTH / f"{scenario_key}.truth"


def write_question(folder: Path, scenario_key: str, episode: Episode) -> None:
    """Write both files of a question; ``StoreError`` if the disk is full or not writable."""
    contents = {
        seen_path(folder, scenario_key): encode_observation(episode.observation),
        truth_path(folder, scenario_key): encode_truth(episode.truth),
    }
    for path, content in contents.items():
        with told(path, "writing"):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, pack(content))


def is_complete(folder: Path) -> bool:
    """Tell whether a folder holds a complete set of observations."""
    return (folder / MANIFEST).is_file()


def write_manifest(folder: Path, manifest: ObservationManifest) -> None:
    """Write the manifest, which makes the folder complete."""
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    with told(folder / MANIFEST, "writing"):
        write_whole(folder / MANIFEST, text + b"\n")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 sum of a file, in hex."""
    with told(path, "reading"):
        return hashlib.sha256(path.read_bytes()).hexdigest()


def load_observations(folder: Path | str) -> Observations:
    """Open a folder; its files are checked one by one when they are read.

    Raises
    ------
    StoreError
        If the folder holds no complete set of observations, or its manifest is damaged.
    """
    home = Path(folder)
    path = home / MANIFEST
    if not path.is_file():
        raise StoreError(
            f"{home} holds no observations ({MANIFEST} is missing); make them with: "
            "ivlm-bench render --suite SUITE --out FOLDER"
        )
    with told(path, "reading"):
        content = path.read_bytes()
    try:
        return Observations(home, msgspec.json.decode(content, type=ObservationManifest))
    except msgspec.DecodeError as error:
        raise _broken(path, str(error)) from None


@cache
def opened(folder: str) -> Observations:
    """Return the folder, opened once in a process."""
    return load_observations(folder)


def _read(path: Path, sha256: str, decode: Callable[[bytes], T]) -> T:
    if not path.is_file():
        raise _broken(path, "it is missing")
    with told(path, "reading"):
        packed = path.read_bytes()
    if hashlib.sha256(packed).hexdigest() != sha256:
        raise _broken(path, "its SHA-256 is not the one in the manifest")
    try:
        return decode(bytes(unpack(packed)))
    except StoreError as error:
        raise _broken(path, str(error).rstrip(".")) from None


def _broken(path: Path, detail: str) -> StoreError:
    return StoreError(f"{path} is damaged ({detail}); render the observations again.")
