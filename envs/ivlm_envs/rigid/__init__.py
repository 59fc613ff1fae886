"""Tasks on free rigid objects."""
