"""Training of the entity models."""
