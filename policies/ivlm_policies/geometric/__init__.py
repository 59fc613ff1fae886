"""Answers from depth and simple rules about shape: no learning, no language model."""
