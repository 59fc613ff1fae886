"""Training of ``ivlm-points`` on the pictures that ``ivlm`` learns from."""
