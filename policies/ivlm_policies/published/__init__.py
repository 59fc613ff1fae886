"""Published methods, run with the weights that their packages ship."""
