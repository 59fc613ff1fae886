"""Scores of one episode: ``METRICS`` holds every metric by name; the functions are pure."""

from ivlm_bench.metrics import affordance, calibration, contact, outcome, pointing
from ivlm_bench.metrics.spec import METRICS as METRICS
from ivlm_bench.metrics.spec import Absent as Absent
from ivlm_bench.metrics.spec import MetricSpec as MetricSpec

#: Modules that fill ``METRICS``.
FAMILIES = (affordance, calibration, contact, outcome, pointing)
