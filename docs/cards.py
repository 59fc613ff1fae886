"""The text of the generated pages: one of each task, object family, reasoner and metric."""

from __future__ import annotations

import dis
import inspect
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from ivlm_bench.env import Episode, InteractionEnv
from ivlm_bench.geometry.kinematics import link_poses
from ivlm_bench.geometry.mesh import bounds_m, concatenated, transformed
from ivlm_bench.metrics.spec import MetricSpec
from ivlm_bench.objects import ObjectFamily
from ivlm_bench.reasoners import ReasonerEntry
from ivlm_bench.suite import load_suite, suite_names
from ivlm_bench.trials.protocol import PROTOCOL
from ivlm_bench.types import Joint, ObjectModel, Placement, Pose
from ivlm_envs.held_out import held_out_categories

#: Paragraphs that the docstring of a task opens with these words, in order.
TASK_HEADS = ("Asked", "Randomised", "Success", "Source")
#: Units by the ending of a constant's name.
UNITS = {
    "_m_s2": "m/s2", "_m_s": "m/s", "_rad_s": "rad/s", "_rad": "rad", "_m": "m", "_n": "N",
    "_s": "s", "_hz": "Hz", "_kg": "kg",
}  # fmt: skip
#: Data files that a page shows when they are there, each with the command that made it.
#: ``engine_rates.json``: {"command", "tasks": {task: {"n", "agree", "fragile", "success"}}}, with
#: ``success`` by engine. ``certificates*.json``: {"command", "rows": [{"task", "engine", "kind",
#: "n", "n_success", "limit"}]}. Rates are in [0, 1].
DATA = Path(__file__).parent / "data"


def task_page(name: str, cls: type[InteractionEnv], episodes: Sequence[Episode]) -> str:
    """Return the page of a task, whose picture lies at ``pictures/tasks``."""
    short = name.rsplit("/", maxsplit=1)[-1]
    title, said = _task_docstring(cls)
    n_without = sum(not e.truth.feasible for e in episodes)
    seeds = f"seeds 0 to {len(episodes) - 1}"
    categories = sorted({e.scene.target.model.category for e in episodes})
    held_out = [c for c in categories if c in held_out_categories()]
    linked = ", ".join(f"[{c}](../objects/{c}.md)" for c in categories)
    return _page(
        f"# {short}",
        title,
        f"![First views of {short}](../pictures/tasks/{short}.jpg)",
        "First view and sentence of some questions. What can't be done is marked; the right answer "
        "to it is to abstain.",
        *(f"**{head}.** {said[head]}" for head in TASK_HEADS if head in said),
        "## Facts",
        f"* Name: `{name}`. Suites: {_suites_with(name)}.",
        f"* Object families of the target in {seeds}: {linked}."
        + (f" Held out: {', '.join(held_out)}." if held_out else ""),
        f"* Questions without an answer in {seeds}: {n_without} of {len(episodes)}.",
        *_fragile(name),
        *_certificate(name, short),
        *(_trial(kind) for kind in sorted({e.truth.trial.kind for e in episodes})),
        "## Try it",
        _shell(f"ivlm-bench run --suite {_first_suite(name)} --tasks {short} --limit 3")
        if _first_suite(name)
        else _shell(f"ivlm-bench check {short}"),
    )


def family_page(family: ObjectFamily, models: Sequence[ObjectModel]) -> str:
    """Return the page of an object family; ``models`` are the instances of its picture."""
    first = models[0]
    held_out = "yes: all instances are unseen" if family.name in held_out_categories() else "no"
    return _page(
        f"# {family.name}",
        _first_paragraph(_maker(family)),
        f"![Instances of {family.name}](../pictures/objects/{family.name}.jpg)",
        _first_paragraph(sys.modules[_maker(family).__module__]),
        f"* Pools: {family.n_seen} seen, {family.n_unseen} unseen instances. "
        f"Held-out category: {held_out}.",
        f"* Size of the {len(models)} instances above (x, y, z): {_size_range(models)}.",
        f"* Mass: {_span([sum(k.mass_kg for k in m.links) for m in models])} kg"
        + (", fixed to the table." if first.fixed_base else "."),
        f"* Affordances: {', '.join(f'`{a}`' for a in sorted(first.affordances)) or 'none'}. "
        f"Grasps known from construction: {_whole([len(m.grasps) for m in models])}.",
        f"* Source: {first.source}; licence {first.licence}.",
        f"## Parts of `{first.name}`",
        _table(("link", "parts", "joint"), [_link_row(k) for k in first.links]),
        "## Check it",
        _shell(f"ivlm-bench check {family.name}"),
    )


def reasoner_page(name: str, entry: ReasonerEntry) -> str:
    """Return the page of a reasoner."""
    privileged = (
        "yes: it is shown the truth, and never ranked"
        if entry.privileged
        else "no: it sees what every reasoner sees"
    )
    needed = "".join(f" -P {example}" for example in entry.needs)
    return _page(
        f"# {name}",
        f"**{entry.display}**",
        _prose(inspect.getdoc(entry.factory) or ""),
        f"* Licence: {entry.licence or 'not stated'}.",
        *([f"* Notes: {entry.notes}."] if entry.notes else []),
        f"* Privileged: {privileged}.",
        "## Parameters",
        _parameters(entry.factory),
        *(["## Install", _shell(entry.install)] if entry.install else []),
        "## Try it",
        _shell(f"ivlm-bench run --suite smoke-v0 --reasoner {name}{needed} --limit 3"),
    )


def metric_page(name: str, metric: MetricSpec) -> str:
    """Return the page of a metric."""
    low = "unbounded" if metric.low is None else f"{metric.low:g}"
    high = "unbounded" if metric.high is None else f"{metric.high:g}"
    abstained = "no score" if metric.abstained is None else f"{metric.abstained:g}"
    if not metric.answerable_only:
        asked = "all questions, those without an answer among them"
    else:
        asked = f"questions that have an answer; an abstention there gets: {abstained}"
    return _page(
        f"# {name}",
        f"{metric.headline}.",
        *_formulas(metric.function),
        "## Facts",
        f"* Unit: {'none (a plain number)' if metric.unit == '1' else metric.unit}.",
        f"* Bounds: {low} to {high}.",
        f"* Better: {'higher' if metric.higher_is_better else 'lower'}.",
        f"* Scored on: {asked}.",
        f"* An answer without the needed field: {metric.empty}.",
        f"* Source: {metric.source}.",
    )


def index_page(
    title: str, about: str, rows: Iterable[tuple[str, str]], *, picture: str = ""
) -> str:
    """Return the page that lists all pages of one folder."""
    linked = [(f"[{name}]({name}.md)", what) for name, what in rows]
    return _page(f"# {title}", about, picture, _table(("name", "what it is"), linked))


def first_sentence(page: str) -> str:
    """Return the first line of text below the heading of a page, without marks."""
    lines = [x for x in page.splitlines() if x and not x.startswith(("#", "!", "<!--"))]
    return lines[0].strip("*") if lines else ""


def _page(*blocks: str) -> str:
    mark = "<!-- Made by docs/generate.py; change the code it describes, not this page. -->"
    text = "\n\n".join(block for block in (mark, *blocks) if block)
    return re.sub(r"^(\* .*\n)\n(?=\* )", r"\1", text, flags=re.MULTILINE) + "\n"


def _shell(command: str) -> str:
    return f"```sh\n{command}\n```"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines
    )


def _task_docstring(cls: type[InteractionEnv]) -> tuple[str, Mapping[str, str]]:
    """Return the first sentence and the paragraphs by head; wrapped lines are joined."""
    title, _, rest = (inspect.getdoc(cls) or "").partition("\n\n")
    starts = rf"^({'|'.join(TASK_HEADS)}): "
    pieces = re.split(starts, rest, flags=re.MULTILINE)[1:]
    heads, texts = pieces[::2], pieces[1::2]
    said = {h: _upper(_one_line(t)) for h, t in zip(heads, texts, strict=True)}
    return _one_line(title), said


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _first_paragraph(thing: Any) -> str:
    """Return the first paragraph of a docstring as what a thing is, not what a function does."""
    text = _one_line((inspect.getdoc(thing) or "").partition("\n\n")[0])
    return _upper(re.sub(r"^(Build|Return) ", "", text))


def _maker(family: ObjectFamily) -> Any:
    """Return the function that builds instances, below what was bound to it."""
    return getattr(family.make, "func", family.make)


def _suites_with(name: str) -> str:
    found = [s for s in suite_names() if name in load_suite(s).tasks]
    return ", ".join(f"`{s}`" for s in found) or "none"


def _first_suite(name: str) -> str:
    return next((s for s in suite_names() if name in load_suite(s).tasks), "")


def _trial(kind: str) -> str:
    """Return the constants of a trial as a table."""
    constants = getattr(PROTOCOL, kind)
    rows = [
        (f"`{field.name}`", f"{getattr(constants, field.name):.6g}", _unit(field.name))
        for field in msgspec.structs.fields(type(constants))
    ]
    return _page_part(
        f"## Constants of the trial `{kind}`",
        "[The protocol](../protocol.md) tells what is done with them. The gripper, the perturbed "
        "repetitions and the conditions are those of every trial.",
        _table(("constant", "value", "unit"), rows),
    )


def _page_part(*blocks: str) -> str:
    return "\n\n".join(blocks)


def _unit(name: str) -> str:
    return next((unit for ending, unit in UNITS.items() if name.endswith(ending)), "")


def _data(name: str) -> Any:
    path = DATA / name
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _fragile(name: str) -> list[str]:
    """Say how often the engines agree on a task, where that was measured."""
    measured = _data("engine_rates.json")
    rates = measured.get("tasks", {}).get(name)
    if rates is None:
        return []
    mark = " **Engine-fragile**: read its rates as a range." if rates["fragile"] else ""
    shown = ", ".join(f"{e} {100 * rate:.0f} %" for e, rate in sorted(rates["success"].items()))
    return [
        f"* The engines agree on {100 * rates['agree']:.0f} % of {rates['n']} answers "
        f"(success: {shown}).{mark} Measured by `{measured['command']}`."
    ]


def _certificate(name: str, short: str) -> list[str]:
    """Return the certificate table where it was measured, and the command that makes it."""
    for path in sorted(DATA.glob("certificates*.json")):
        measured = _data(path.name)
        rows = [row for row in measured["rows"] if row["task"] == name]
        cells = [
            (r["engine"], r["kind"], f"{r['n_success']} of {r['n']}", r["limit"]) for r in rows
        ]
        if cells:
            return ["## Certificate", f"Measured by `{measured['command']}`.",
                    _table(("engine", "kind of answer", "succeeds", "limit"), cells)]  # fmt: skip
    command = f"ivlm-bench certify --suite {_first_suite(name)} --tasks {short}"
    return ["## Certificate", _shell(command)] if _first_suite(name) else []


def _link_row(link: Any) -> tuple[str, str, str]:
    parts = ", ".join(f"`{part.name}`" for part in link.parts)
    return f"`{link.name}`", parts, "root" if link.joint is None else _joint(link.joint)


def _joint(joint: Joint) -> str:
    unit = "rad" if joint.kind == "hinge" else "m"
    return f"{joint.kind}, {joint.lower:.3g} to {joint.upper:.3g} {unit}"


def _size_range(models: Sequence[ObjectModel]) -> str:
    sizes = []
    for model in models:
        poses = link_poses(Placement("it", model, Pose.identity(), "target"))
        meshes = [transformed(p.mesh, poses[k.name]) for k, p in model.parts]
        low, high = bounds_m(concatenated(meshes))
        sizes.append((high - low).tolist())
    return (
        ", ".join(_span([1000 * size[axis] for size in sizes], "{:.0f}") for axis in range(3))
        + " mm"
    )


def _span(values: Sequence[float], form: str = "{:.2g}") -> str:
    low, high = form.format(min(values)), form.format(max(values))
    return low if low == high else f"{low} to {high}"


def _whole(values: Sequence[int]) -> str:
    return _span([float(v) for v in values], "{:.0f}")


def _parameters(factory: Callable[..., Any]) -> str:
    found = inspect.signature(factory).parameters.values()
    rows = []
    for parameter in found:
        kind = parameter.annotation
        kind = getattr(kind, "__name__", str(kind)) if kind is not parameter.empty else ""
        default = "needed" if parameter.default is parameter.empty else repr(parameter.default)
        rows.append((f"`{parameter.name}`", f"`{kind}`", f"`{default}`"))
    if not rows:
        return "None."
    return _table(("`-P` name", "type", "default"), rows)


def _formulas(function: Any) -> list[str]:
    """Return the docstrings of a metric and of the documented functions that it calls."""
    loaded = {i.argval for i in dis.get_instructions(function) if i.opname == "LOAD_GLOBAL"}
    inner = inspect.getclosurevars(function)
    called = [*inner.nonlocals.values(), *(inner.globals.get(name) for name in sorted(loaded))]
    public = [c for c in called if inspect.isfunction(c) and not c.__name__.startswith("_")]
    texts = [_prose(inspect.getdoc(c) or "") for c in public]
    named = [f"**`{c.__name__}`**: {text}" for c, text in zip(public, texts, strict=True)]
    own = inspect.getdoc(function)
    return [_prose(own), *named] if own else [texts[0], *named[1:]]


def _prose(docstring: str) -> str:
    """Return a numpydoc docstring as Markdown: heads in bold, examples fenced."""
    text = re.sub(r"^(Return|Build) (\w)", lambda m: m[2].upper(), docstring)
    text = re.sub(r"^(\w+)\n-+$", r"**\1**\n", text, flags=re.MULTILINE)
    return re.sub(r"^(>>>.*(?:\n.+)*)", r"```text\n\1\n```", text, flags=re.MULTILINE)
