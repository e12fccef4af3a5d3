"""`newsline reenrich`."""
