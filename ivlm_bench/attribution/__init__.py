"""Where success is lost: the truth put into a run's failed episodes, stage by stage."""
