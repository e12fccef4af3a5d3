"""`newsline push`."""
