"""Photographs and point clouds as observations, and answers to them as predictions to score."""
