"""Trains the models of target sentiment."""
