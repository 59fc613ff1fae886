"""``ivlm-bench doctor``: does everything that a run needs work on this machine?"""

from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from tyro.conf import UseAppendAction, arg

import ivlm_bench
from ivlm_bench.cli.parse import parameters, parse
from ivlm_bench.engines import ENGINES, available_engines, get_engine
from ivlm_bench.errors import ConfigError, IvlmBenchError, MissingDependencyError
from ivlm_bench.geometry.camera import look_at
from ivlm_bench.harness.cache import open_cache
from ivlm_bench.harness.manifest import machine, packages
from ivlm_bench.harness.plan import RUNS
from ivlm_bench.harness.run import INCOMPLETE
from ivlm_bench.protocols import Surface
from ivlm_bench.registry import load_plugins
from ivlm_bench.render import get_renderer
from ivlm_bench.render.gl_backend import choose_backend
from ivlm_bench.testing.engine import check_engine, run_check
from ivlm_bench.types import Check

#: Engine checks that together take about a second.
QUICK_CHECKS = ("free_fall", "resting_weight", "round_trip")

#: The engine without which nothing runs.
REFERENCE = "mujoco"

#: Free space below which a run may not fit, bytes.
MIN_FREE_BYTES = 200_000_000

#: Largest error of the depth of a plane as drawn, metres: float32 at one metre is 6e-8.
MAX_DEPTH_ERROR_M = 1e-5


class DoctorFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Check versions, plugins, engines, renderer and disk; or the conventions of a reasoner.

    With --reasoner it is asked about scenes with one right answer, and what its answers look like
    is told: 0-1000, y first. 0: calibrated; 1: something deviates; 3: the answers do not tell.
    """

    full: bool = False
    """Run every analytic check of each engine, and print each value against its limit."""
    reasoner: Annotated[str | None, arg(metavar="NAME|MODULE:ATTR|FILE.py:ATTR")] = None
    """Examine the conventions of this reasoner instead; its runs then say what was found."""
    param: Annotated[
        UseAppendAction[tuple[str, ...]], arg(aliases=["-P"], metavar="KEY=VALUE")
    ] = ()
    """Constructor parameter of the reasoner."""


class Findings:
    """Prints what is found, and remembers whether something needed is broken.

    ``full``: every check of an engine is wanted, not only the quick ones.
    """

    def __init__(self, *, full: bool = False) -> None:
        self.n_broken = 0
        self.full = full

    def say(self, state: str, what: str, detail: str) -> None:
        """Print one line; ``state`` is ``ok``, ``note`` or ``BROKEN``."""
        self.n_broken += state == "BROKEN"
        print(f"{state:<7} {what:<10} {detail}")


def command(argv: Sequence[str]) -> int:
    """Print one line a finding; 5 if something needed is broken.

    Of a reasoner's conventions: 1 if something deviates, 3 if the answers do not tell.
    """
    flags = parse(DoctorFlags, "doctor", argv)
    if flags.reasoner is not None or flags.param:
        from ivlm_bench.cli.conventions import examined

        return examined(flags.reasoner, parameters(flags.param), full=flags.full)
    findings = Findings(full=flags.full)
    found = {"ivlm_bench": ivlm_bench.__version__, **packages()}
    findings.say("ok", "versions", ", ".join(f"{name} {v}" for name, v in found.items()))
    findings.say("ok", "machine", ", ".join(f"{name} {v}" for name, v in machine().items()))
    for check in (_plugins, _engines, _renderer, _gl, _disk, _cache):
        try:
            check(findings)
        except (IvlmBenchError, ImportError, OSError) as error:
            findings.say("BROKEN", check.__name__.strip("_"), str(error))
    if findings.n_broken:
        print(f"ivlm-bench: {findings.n_broken} things are broken.", file=sys.stderr)
        return INCOMPLETE
    return 0


def _plugins(findings: Findings) -> None:
    load_plugins()
    from ivlm_bench.env import TASKS
    from ivlm_bench.reasoners import REASONERS
    from ivlm_bench.suite import suite_names

    counts = {"suites": suite_names(), "tasks": TASKS.names(), "reasoners": REASONERS.names()}
    detail = ", ".join(f"{len(names)} {kind}" for kind, names in counts.items())
    findings.say("ok" if all(counts.values()) else "BROKEN", "plugins", detail)


def _engines(findings: Findings) -> None:
    installed = available_engines()
    for name, entry in ENGINES.items():
        if name in installed:
            _engine(findings, name)
        else:
            state = "BROKEN" if name == REFERENCE else "note"
            findings.say(state, name, f"not installed. {entry.if_missing}")


def _engine(findings: Findings, name: str) -> None:
    engine = get_engine(name)
    if findings.full:
        findings.say("ok", name, engine.version)
        for check in check_engine(engine):
            bad = "BROKEN" if check.gating else "note"
            findings.say("ok" if check.passed else bad, name, _against_limit(check))
        return
    checks = [check for quick in QUICK_CHECKS for check in run_check(engine, quick)]
    failed = [c for c in checks if c.gating and not c.passed]
    if not failed:
        quick = ", ".join(QUICK_CHECKS).replace("_", " ")
        findings.say("ok", name, f"{engine.version}, passed: {quick}; for all checks: --full")
    for check in failed:
        findings.say("BROKEN", name, _against_limit(check))


def _against_limit(check: Check) -> str:
    limit = f"{check.relation} {check.limit:.3g} {check.unit}"
    return f"{check.name} is {check.value:.3g}; limit {limit}".rstrip()


def _renderer(findings: Findings) -> None:
    """Draw the plane z = 0 from 1 m away: depth at the centre is known."""
    side = np.array([[-1.0, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]])
    texture = np.arange(48, dtype=np.uint8).reshape(4, 4, 3) * 5
    plane = Surface(
        name="plane",
        vertices_m=side,
        faces=np.array([[0, 1, 2], [0, 2, 3]], np.int32),
        uv=((side[:, :2] + 1) / 2).astype(np.float32),
        texture=texture,
        smooth=False,
    )
    eye = np.array([0.6, 0.0, 0.8])
    camera = look_at(eye, np.zeros(3), fov_rad=0.5, size_px=33)
    drawn = get_renderer("soft").render((plane,), camera)
    error_m = abs(float(drawn.depth_m[16, 16]) - float(np.linalg.norm(eye)))
    digest = hashlib.sha256(drawn.rgb.tobytes()).hexdigest()[:16]
    state = "ok" if error_m <= MAX_DEPTH_ERROR_M else "BROKEN"
    findings.say(state, "renderer", f"soft, image {digest}, depth error {error_m:.1e} m")


def _gl(findings: Findings) -> None:
    """Say whether the second renderer works here; a run does not need it."""
    try:
        backend = choose_backend()
    except (MissingDependencyError, ConfigError) as error:
        findings.say("note", "mujoco-gl", str(error))
    else:
        findings.say("ok", "mujoco-gl", f"headless OpenGL by {backend}")


def _disk(findings: Findings) -> None:
    folder = RUNS if RUNS.is_dir() else Path.cwd()
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"ivlm-bench")
    free = shutil.disk_usage(folder).free
    state = "ok" if free >= MIN_FREE_BYTES else "BROKEN"
    findings.say(state, "disk", f"{folder.resolve()} is writable, {free / 1e9:.1f} GB free")


def _cache(findings: Findings) -> None:
    """Tell where drawn questions are kept, and how much room they take."""
    opened = open_cache()
    if opened is None:
        findings.say("note", "cache", "no home folder; name a folder in IVLM_BENCH_CACHE")
        return
    blobs = opened.blobs
    room = f"{blobs.size_bytes() / 1e9:.2f} of at most {blobs.limit_bytes / 1e9:g} GB"
    findings.say("ok", "cache", f"{room} of drawn questions in {blobs.folder}")
