"""The run machinery: four phases, spawned workers, one terminal record an episode."""
