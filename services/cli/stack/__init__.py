"""`newsline up` and `newsline down`."""
