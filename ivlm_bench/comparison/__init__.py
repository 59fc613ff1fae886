"""Two runs of the same questions: what they share, how they differ, and what that proves."""

from ivlm_bench.comparison.compare import Comparison as Comparison
from ivlm_bench.comparison.compare import TaskComparison as TaskComparison
from ivlm_bench.comparison.compare import compare as compare
from ivlm_bench.comparison.pair import NotComparableError as NotComparableError
from ivlm_bench.comparison.pair import Pairs as Pairs
from ivlm_bench.comparison.pair import pair_runs as pair_runs
