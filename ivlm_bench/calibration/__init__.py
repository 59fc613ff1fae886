"""The convention firewall: scenes with one right answer, and which convention an answer follows."""
