"""One thread each, repeatable examples, and shapes checked in every call of the geometry."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings
from jaxtyping import install_import_hook

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(name, "1")

# Shapes in signatures are contracts of the geometry floor: at test time every call checks them.
# (Nouns and statistics accept lists and integers and convert them, so they check for themselves.)
install_import_hook("ivlm_bench.geometry", "beartype.beartype")

# The same examples on every run, and no clock: a check on a push must not fail by chance.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


@pytest.fixture(scope="session", autouse=True)
def observation_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep drawn questions in a folder of this session; a person's cache stays as it is."""
    os.environ["IVLM_BENCH_CACHE"] = str(tmp_path_factory.mktemp("observations"))
