"""Tasks on articulated objects."""
