"""Procedural objects with named parts, convex pieces, affordances and known grasps."""
