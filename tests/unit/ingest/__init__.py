"""From bytes to an accepted article."""
