"""What an import may cost."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "transformers", "mujoco", "pybullet", "pandas", "gymnasium", "tyro", "numba")


@pytest.mark.parametrize("module", ["ivlm_bench", "ivlm_bench.types", "ivlm_bench.protocols"])
def test_import_stays_light(module: str) -> None:
    code = f"import sys, {module}; print(' '.join(m for m in {HEAVY!r} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
