"""One module a family of models; each registers its dialect when it is imported."""
