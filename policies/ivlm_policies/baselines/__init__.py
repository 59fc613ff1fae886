"""Baselines that know nothing: chance, the object's centre, silence."""
