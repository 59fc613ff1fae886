"""Two-stage training on pictures that the environments draw; needs torch."""
