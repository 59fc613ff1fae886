"""Public checks of what plugs in, and reasoners that know the truth."""
