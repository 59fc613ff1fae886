"""Where in each picture an atomic query's answer lies."""
