"""MiniLM: embeddings of words."""
