"""Sentiment of a text, and towards the entities in it."""
