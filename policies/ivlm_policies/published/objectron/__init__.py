"""Objectron: the box about a cup, from one picture."""
