"""The shared lifter and executor: complete an answer that leaves out what a trial needs.

What the reasoner said is never changed. Whatever is added is marked ``shared`` in the stages, so
that a method that only points and one that plans a grasp meet the same physics and are never taken
to have done the same work.
"""

from __future__ import annotations

from ivlm_bench.completion.stages import complete
from ivlm_bench.geometry.regions import region_weights

__all__ = ["complete", "region_weights"]
