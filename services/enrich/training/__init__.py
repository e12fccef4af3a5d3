"""Rebuilds and measures what `models/` holds; left out of the wheel."""
