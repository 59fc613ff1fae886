"""From a sentence to atomic 2D queries, by versioned templates."""
