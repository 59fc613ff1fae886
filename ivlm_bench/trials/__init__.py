"""Protocol IVLM-Phys v1: how an answer is tried, written once over the engine protocol.

A trial never names an engine. ``ivlm_bench.trials.judge.judge`` is the way in; every constant
stands in ``ivlm_bench.trials.protocol``.
"""
