"""Scores of the models on the gold data."""
