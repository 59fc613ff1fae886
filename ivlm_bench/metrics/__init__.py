"""Scores: ``METRICS`` of one episode, ``evaluate`` and ``PROFILES`` of official protocols."""

from ivlm_bench.metrics import affordance as affordance  # each module fills METRICS
from ivlm_bench.metrics import binding as binding
from ivlm_bench.metrics import calibration as calibration
from ivlm_bench.metrics import choice as choice
from ivlm_bench.metrics import contact as contact
from ivlm_bench.metrics import outcome as outcome
from ivlm_bench.metrics import pointing as pointing
from ivlm_bench.metrics import region as region
from ivlm_bench.metrics import sizes as sizes
from ivlm_bench.metrics.choice import physbench_accuracy as physbench_accuracy
from ivlm_bench.metrics.evaluate import Evaluation as Evaluation
from ivlm_bench.metrics.evaluate import SampleScores as SampleScores
from ivlm_bench.metrics.evaluate import evaluate as evaluate
from ivlm_bench.metrics.lift import lift_human as lift_human
from ivlm_bench.metrics.lift import lift_human_hard as lift_human_hard
from ivlm_bench.metrics.lift import lift_object_mesh as lift_object_mesh
from ivlm_bench.metrics.lift import lift_object_points as lift_object_points
from ivlm_bench.metrics.lift import lift_views as lift_views
from ivlm_bench.metrics.profile import PROFILES as PROFILES
from ivlm_bench.metrics.profile import Profile as Profile
from ivlm_bench.metrics.reply_points import text_points as text_points
from ivlm_bench.metrics.spec import METRICS as METRICS
from ivlm_bench.metrics.spec import Absent as Absent
from ivlm_bench.metrics.spec import MetricSpec as MetricSpec

from ivlm_bench.metrics import profiles as profiles  # isort: skip  # needs all of the above
