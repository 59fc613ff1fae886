"""Predictions on disk, scored as a public data set's official code does."""

from ivlm_bench.scoring.files import score_files as score_files
from ivlm_bench.scoring.scored import Fault as Fault
from ivlm_bench.scoring.scored import Line as Line
from ivlm_bench.scoring.scored import Scored as Scored
