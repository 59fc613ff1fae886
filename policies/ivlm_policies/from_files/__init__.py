"""Answers that a foreign method wrote into files, question by question."""
