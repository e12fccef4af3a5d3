"""Sentiment of documents and of the entities in them."""
