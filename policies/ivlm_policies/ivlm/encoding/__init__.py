"""Encoders of pictures to train with: our own, or a frozen one with a light trained neck."""
