"""Intervals and agreement: pure functions of arrays (numpy and scipy only)."""
