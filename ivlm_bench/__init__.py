"""Simulation-in-the-loop benchmarking of 3D interaction reasoning from images."""

__version__ = "0.1.0"
