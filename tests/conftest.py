"""One thread each, and shapes checked in every call of the pure floors."""

from __future__ import annotations

import os

from jaxtyping import install_import_hook

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(name, "1")

# Shapes in signatures are contracts of the geometry floor: at test time every call checks them.
# (Nouns and statistics accept lists and integers and convert them, so they check for themselves.)
install_import_hook("ivlm_bench.geometry", "beartype.beartype")
