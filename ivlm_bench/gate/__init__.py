"""The nightly gate: does a new run show that something got worse?"""

from ivlm_bench.gate.ladder import GateResult as GateResult
from ivlm_bench.gate.ladder import TaskVerdict as TaskVerdict
from ivlm_bench.gate.ladder import judge_night as judge_night
from ivlm_bench.gate.policy import GatePolicy as GatePolicy
from ivlm_bench.gate.policy import Verdict as Verdict
