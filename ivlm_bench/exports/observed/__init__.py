"""Observations as files that methods outside of this package read, a question a folder or file.

Each question goes by its key (``codec.observation_key``); ``instructions.jsonl`` tells what is
asked about each. Reasoners that look answers up in files find them by the same key.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ivlm_bench.codec import observation_key
from ivlm_bench.errors import StoreError
from ivlm_bench.harness.observations import Observations
from ivlm_bench.store.faults import told
from ivlm_bench.types import Observation

#: Written last: a line a question.
INSTRUCTIONS = "instructions.jsonl"


@dataclass(frozen=True, slots=True)
class ObservedForm:
    """A form: the module whose ``write`` makes it, what reads it, whether it needs depth."""

    module: str
    reader: str
    needs_depth: bool = False


#: Forms by name.
OBSERVED_FORMS: dict[str, ObservedForm] = {
    "scenes": ObservedForm("scenes", "a folder a question: pictures, depth, cameras, point cloud"),
    "contact-graspnet": ObservedForm("contact_graspnet", "an npz a view", needs_depth=True),
    "graspnet": ObservedForm("graspnet", "folders like GraspNet-1Billion's", needs_depth=True),
    "interactvlm": ObservedForm("interactvlm", "folders like InteractVLM's demo's"),
}


class Instruction(msgspec.Struct, frozen=True, kw_only=True):
    """One line of ``instructions.jsonl``."""

    key: str
    number: int
    task: str
    interaction: str
    object: str
    part: str | None
    text: str
    n_views: int


def export_observations(
    observations: Observations, form: str, out: Path, *, heard: Callable[[], object] = lambda: None
) -> int:
    """Write all questions of a folder of observations into ``out``; return how many there are.

    The truth is never read. ``heard`` is called after each question.

    Raises
    ------
    StoreError
        If ``out`` holds anything, can't be written, or an observation lacks what the form needs.
    """
    asked = observations.manifest.questions
    seen = ((q.task, observations.observation(q.scenario_key)) for q in asked)
    return export_questions(seen, form, out, heard=heard)


def export_questions(
    questions: Iterable[tuple[str, Observation]],
    form: str,
    out: Path,
    *,
    heard: Callable[[], object] = lambda: None,
) -> int:
    """Write questions, each with the name of its task, as ``export_observations`` does."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise StoreError(f"{out} holds something already; choose another --out folder.")
    kind = OBSERVED_FORMS[form]
    module = importlib.import_module(f"ivlm_bench.exports.observed.{kind.module}")
    write: Callable[[Path, str, int, Observation], None] = module.write
    lines: dict[str, Instruction] = {}
    for task, seen in questions:
        if kind.needs_depth and any(view.depth_m is None for view in seen.views):
            raise StoreError(
                f"A question of {task} has no depth, which the form {form!r} needs; render the "
                "observations with --track rgbd or rgbd4."
            )
        key, number = observation_key(seen), len(lines)
        if key not in lines:
            lines[key] = _instruction(key, number, task, seen)
            with told(out, "writing"):
                out.mkdir(parents=True, exist_ok=True)
                write(out, key, number, seen)
        heard()
    with told(out, "writing"):
        text = b"".join(msgspec.json.encode(line) + b"\n" for line in lines.values())
        (out / INSTRUCTIONS).write_bytes(text)
    return len(lines)


def _instruction(key: str, number: int, task: str, seen: Observation) -> Instruction:
    query = seen.query
    return Instruction(
        key=key,
        number=number,
        task=task,
        interaction=query.interaction,
        object=query.object_name,
        part=query.part_name,
        text=query.text,
        n_views=len(seen.views),
    )
