"""Evaluation of the models on gold data."""
