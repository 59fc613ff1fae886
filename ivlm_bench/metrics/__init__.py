"""Scores of one episode: ``METRICS`` holds every metric by name; the functions are pure."""

from ivlm_bench.metrics import affordance as affordance  # each module fills METRICS
from ivlm_bench.metrics import calibration as calibration
from ivlm_bench.metrics import contact as contact
from ivlm_bench.metrics import outcome as outcome
from ivlm_bench.metrics import pointing as pointing
from ivlm_bench.metrics.spec import METRICS as METRICS
from ivlm_bench.metrics.spec import Absent as Absent
from ivlm_bench.metrics.spec import MetricSpec as MetricSpec
