"""The manifest of a run: what ran, on what, with which versions."""

from __future__ import annotations

import os
import platform
from importlib import metadata

import ivlm_bench
from ivlm_bench.harness.messages import Ready
from ivlm_bench.harness.plan import Plan
from ivlm_bench.records import Manifest
from ivlm_bench.store import RunHeader
from ivlm_bench.trials.protocol import PROTOCOL_ID, protocol_hash

SCHEMA_VERSION = 1

#: Packages whose versions may change a record.
RECORDED = ("numpy", "scipy", "numba", "llvmlite", "mujoco", "pybullet", "gymnasium", "msgspec")


def make_manifest(plan: Plan, ready: Ready, header: RunHeader) -> Manifest:
    """Return the manifest; sealing fills in files, counts and digests."""
    notes = [plan.scope] if plan.scope else []
    if len(ready.engines) == 1:
        notes.append(f"single-engine: {next(iter(ready.engines))} alone, no cross-check")
    return Manifest(
        schema_version=SCHEMA_VERSION,
        run_id=header.run_id,
        created_at=header.created_at,
        tool_version=ivlm_bench.__version__,
        suite=plan.suite.name,
        suite_hash=plan.suite.hash,
        track=plan.sensors.track,
        size_px=plan.sensors.size_px,
        protocol=PROTOCOL_ID,
        protocol_hash=protocol_hash(),
        engines=ready.engines,
        renderer=plan.sensors.renderer,
        single_engine=len(ready.engines) == 1,
        reasoner=ready.card,
        n_planned=len(plan.specs),
        n_by_status={},
        n_perturbed=plan.n_perturbed,
        base_seed=plan.config.seed,
        bit_digest="",
        outcome_digest="",
        machine=machine(),
        packages=packages(),
        files=(),
        notes="; ".join(notes),
        cross_check_share=plan.cross_check_share,
        repeats=plan.repeats,
        shard=plan.config.shard or "",
        config=header.config,
        isolation=ready.isolation,
        imagination=ready.imagination,
        calibration=ready.calibration,
    )


def machine() -> dict[str, str]:
    """Return the class of machine: what bit-equality may depend on."""
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "cores": str(os.cpu_count() or 0),
        "cpu": _cpu(),
    }


def packages() -> dict[str, str]:
    """Return the installed versions of the packages that may change a record."""
    found = {}
    for name in RECORDED:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def _cpu() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            names = [line.partition(":")[2].strip() for line in lines if "model name" in line]
    except OSError:
        names = []
    return names[0] if names else platform.processor()
