"""How long each stage of an episode takes, as ratios to work of a fixed kind done beside it."""
