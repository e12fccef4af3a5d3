"""Trains the entity models."""
