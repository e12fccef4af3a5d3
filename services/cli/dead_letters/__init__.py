"""`newsline dlq list` and `newsline dlq show`."""
