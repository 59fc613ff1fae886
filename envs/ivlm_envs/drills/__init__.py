"""Scenes to learn from: the tasks' own, and put-together things that teach what parts look like."""
