"""Labelled pictures that a reasoner can learn from, drawn from the environments' generators."""
