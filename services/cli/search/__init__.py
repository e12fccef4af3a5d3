"""`newsline search` and `newsline show`."""
