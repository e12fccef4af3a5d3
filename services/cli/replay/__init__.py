"""`newsline dlq replay`."""
