"""Environments, objects and suites of ivlm_bench."""
