"""Training of the models of target sentiment."""
