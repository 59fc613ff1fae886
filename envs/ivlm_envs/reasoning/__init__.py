"""Questions of the other tasks, sorted by what makes them hard: shape, category, wording, doubt."""
