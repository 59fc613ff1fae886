"""From 2D evidence to one probability for each point of the surface."""
