"""One thread each, repeatable examples, and shapes checked in every call of the geometry."""

from __future__ import annotations

import os

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
