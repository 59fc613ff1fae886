"""Reasoners of ivlm_bench."""
